import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from making import REGISTRY, event_of, made_handler, payload_files
from posthouse import Event, EventHandler, Level, Message, No, Site

#: Every event that Jira names, and whether it is told where the configuration says nothing about it.
CATALOGUE = {
    **dict.fromkeys(("jira:issue_created", "jira:issue_updated", "jira:issue_deleted"), True),
    "comment_created": True,
    **dict.fromkeys(("comment_updated", "comment_deleted"), False),
    **dict.fromkeys(("worklog_created", "worklog_updated", "worklog_deleted", "jira:worklog_updated"), False),
    **dict.fromkeys(("attachment_created", "attachment_deleted"), False),
    **dict.fromkeys(("issuelink_created", "issuelink_deleted"), False),
    **dict.fromkeys(("issue_property_set", "issue_property_deleted"), False),
    **dict.fromkeys(("issuetype_created", "issuetype_updated", "issuetype_deleted"), False),
    **dict.fromkeys(("project_created", "project_updated", "project_deleted", "project_soft_deleted"), False),
    **dict.fromkeys(("project_restored_deleted", "project_archived", "project_restored_archived"), False),
    **dict.fromkeys(("jira:version_released", "jira:version_unreleased"), True),
    **dict.fromkeys(("jira:version_created", "jira:version_updated", "jira:version_moved"), False),
    **dict.fromkeys(("jira:version_deleted", "jira:version_merged"), False),
    **dict.fromkeys(("sprint_started", "sprint_closed"), True),
    **dict.fromkeys(("sprint_created", "sprint_updated", "sprint_deleted"), False),
    **dict.fromkeys(("board_created", "board_updated", "board_deleted", "board_configuration_changed"), False),
    **dict.fromkeys(("user_created", "user_updated", "user_deleted"), False),
    **dict.fromkeys(("filter_created", "filter_updated", "filter_deleted"), False),
    **dict.fromkeys(("option_voting_changed", "option_watching_changed", "option_unassigned_issues_changed"), False),
    **dict.fromkeys(("option_subtasks_changed", "option_attachments_changed", "option_issuelinks_changed"), False),
    **dict.fromkeys(("option_timetracking_changed", "option_timetracking_provider_changed"), False),
    "jira_expression_evaluation_failed": False,
    **dict.fromkeys(("app_access_to_objects_blocked", "app_access_to_objects_in_container_blocked"), False),
}
PAYLOADS = Path(__file__).parent / "payloads"
CLOUD_ID = "11223344-a1b2-4c3d-8e4f-5a6b7c8d9e0f"


def payload(file: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{file}.json").read_text(encoding="utf-8"))
    return found


def handler_of(event: Event, site: Site | None = None, **settings: Any) -> EventHandler:
    return made_handler(REGISTRY.events["JIRA", event.name], site or Site(language="en"), **settings)


def outcome(value: dict[str, Any], site: Site | None = None, **settings: Any) -> Message | No:
    event = Event(name=value["webhookEvent"], payload=value)
    found = handler_of(event, site, **settings).handle(event)
    return found if isinstance(found, No) else found[0]


def told(value: dict[str, Any], site: Site | None = None, **settings: Any) -> Message:
    found = outcome(value, site, **settings)
    assert isinstance(found, Message), found
    return found


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_event_of_jira_has_a_handler(name: str) -> None:
    assert REGISTRY.events["JIRA", name].on_by_default is CATALOGUE[name]


def test_no_handler_waits_for_an_event_that_jira_does_not_have() -> None:
    assert {name for kind, name in REGISTRY.events if kind == "JIRA"} == set(CATALOGUE)


@pytest.mark.parametrize(
    "path", [path for name in CATALOGUE for path in payload_files("JIRA", name)], ids=lambda path: path.stem
)
def test_neither_an_account_id_nor_an_address_of_a_person_is_shown(path: Path) -> None:
    for language in ("zh", "en"):
        site = Site(language=language)
        event = event_of(path, site)
        found = handler_of(event, site).handle(event)
        for message in () if isinstance(found, No) else found:
            text = replace(message, mentions=()).to_text() + " ".join(str(value) for value in message.facts.values())
            text += " ".join(mention.text for mention in message.mentions)
            assert not re.search(r"712020|JIRAUSER|@example\.com", text)


def test_a_restricted_work_log_is_told_of_as_the_settings_say() -> None:
    value = payload("worklog_created__restricted")
    assert outcome(value, restricted_comments="hide") == No(
        "the work log is restricted, and restricted_comments is hide"
    )
    assert "not-to-be-told" not in told(value).to_text()
    assert "logged not-to-be-told on issue 10045" in told(value, restricted_comments="full").to_text()


def test_a_work_log_that_was_deleted_does_not_blame_its_author() -> None:
    assert told(payload("worklog_deleted__cloud")).title == "A work log by Li Lei on issue 10045 was deleted"
    assert told(payload("worklog_deleted__data_center")).title == "Han Meimei deleted a work log on issue 10045"


def test_changes_of_a_work_log_are_told_apart_by_their_time() -> None:
    value = payload("worklog_updated__cloud")
    later = {**value, "worklog": {**value["worklog"], "updated": "2026-11-24T12:00:01.000+0800"}}
    again = {**value, "timestamp": value["timestamp"] + 12}
    assert told(value).occurrence == told(again).occurrence != told(later).occurrence


def test_a_webhook_without_a_body_tells_of_nothing_it_cannot_name() -> None:
    for name in CATALOGUE:
        if name.startswith(("worklog_", "attachment_", "issue_property_", "issuelink_", "sprint_", "project_")):
            event = Event(name=name, payload={})
            assert isinstance(handler_of(event).handle(event), No), name


def test_the_page_of_a_file_is_linked_to_only_where_people_find_jira() -> None:
    value = payload("attachment_created__data_center")
    content = value["attachment"]["content"]
    assert content in told(value).to_text()
    assert content not in told(value, base_url="https://tickets.example.com").to_text()
    assert "https://tickets.example.com/browse/FIN-12" in told(value, base_url="https://tickets.example.com").to_text()


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KB"), (1_289_410, "1.2 MB"), (5 * 1024**4, "5120.0 GB")],
)
def test_the_size_of_a_file_is_told_in_the_unit_that_fits(count: int, words: str) -> None:
    value = payload("attachment_created__cloud")
    assert f"Size: {words}\n" in told({**value, "attachment": {**value["attachment"], "size": count}}).to_text()


def test_links_that_jira_makes_itself_are_no_news() -> None:
    value = payload("issuelink_created__blocks")
    own = {**value["issueLink"], "issueLinkType": {**value["issueLink"]["issueLinkType"], "isSystemLinkType": True}}
    assert isinstance(told(value), Message)
    assert outcome({**value, "issueLink": own}) == No("the link is one of Jira's own")


def test_a_sprint_has_the_days_of_its_readers() -> None:
    value = payload("sprint_started__cloud")
    assert "Dates: 2026-11-23 to 2026-12-04" in told(value).to_text()
    assert "Dates: 2026-11-22 to 2026-12-04" in told(value, Site("en", time_zone="Europe/London")).to_text()


@pytest.mark.parametrize(
    ("dates", "words"),
    [
        ({"startDate": "2026-11-24T12:00:00.000+0800"}, "Dates: from 2026-11-24"),
        ({"endDate": "2026-12-04"}, "Dates: until 2026-12-04"),
        ({"startDate": "soon", "endDate": "0001-01-01T00:00:00.000+2359"}, ""),
        ({"startDate": 1795492800000, "endDate": "9999-12-31T23:59:59.000-2359"}, ""),
    ],
)
def test_a_sprint_may_lack_a_day(dates: dict[str, Any], words: str) -> None:
    value = payload("sprint_started__cloud")
    kept = {key: item for key, item in value["sprint"].items() if key not in ("startDate", "endDate", "goal")}
    text = told({**value, "sprint": {**kept, **dates}}).to_text()
    assert words in text
    assert ("Dates" in text) is bool(words)


def test_a_gateway_for_apps_is_no_page_to_open() -> None:
    value = payload("sprint_started__cloud")
    gateway = {**value["sprint"], "self": f"https://api.atlassian.com/ex/jira/{CLOUD_ID}/rest/agile/1.0/sprint/37"}
    assert "https://" not in told({**value, "sprint": gateway}).to_text()
    assert "https://jira.example.com/secure/RapidBoard.jspa?rapidView=8" in (
        told({**value, "sprint": gateway}, base_url="https://jira.example.com").to_text()
    )


def test_two_webhooks_report_one_start_of_a_sprint() -> None:
    value = payload("sprint_started__cloud")
    assert told(value).occurrence == told({**value, "timestamp": value["timestamp"] + 900}).occurrence
    assert told(value).occurrence != told({**value, "webhookEvent": "sprint_closed"}).occurrence


def test_updates_of_one_thing_are_not_taken_for_one() -> None:
    value = payload("jira_version_updated__cloud")
    assert told(value).occurrence != told({**value, "timestamp": value["timestamp"] + 900}).occurrence
    assert told({key: item for key, item in value.items() if key != "timestamp"}).occurrence is None


def test_merged_and_deleted_versions_are_chosen_apart() -> None:
    merged, deleted = payload("jira_version_deleted__merged"), payload("jira_version_deleted__data_center")
    only_merged = {"events": {"jira:version_deleted": ["merged"]}}
    assert told(merged, **only_merged).title == "Version Ledger 2.4 was merged into Ledger 2.5"
    assert outcome(deleted, **only_merged) == No("the version was deleted")
    assert told(deleted, events={"jira:version_deleted": True}).title == "Version deleted: Ledger 2.4"


def test_a_version_may_be_merged_into_one_without_a_name() -> None:
    value = payload("jira_version_deleted__merged")
    for target in ({}, {"id": "10211"}, "10211", 10211, []):
        assert told({**value, "mergedTo": target}).title == "Version Ledger 2.4 was merged into another version"
    assert told({**value, "mergedTo": None}).title == "Version deleted: Ledger 2.4"


def test_a_release_is_good_news_and_one_taken_back_is_not() -> None:
    value = payload("jira_version_released__cloud")
    assert told(value).level == Level.SUCCESS
    assert told({**value, "webhookEvent": "jira:version_unreleased"}).level == Level.WARNING


def test_what_is_gone_is_not_linked_to() -> None:
    for file in ("project_deleted__data_center", "project_soft_deleted__cloud", "sprint_deleted__future"):
        found = told(payload(file))
        assert found.level == Level.WARNING
        assert "https://" not in found.to_text()
    assert "https://" in told(payload("project_restored_deleted__cloud")).to_text()


def test_an_odd_key_stays_within_its_address() -> None:
    value = payload("project_updated__cloud")
    odd = {**value["project"], "key": "../x?y#z"}
    assert "/browse/..%2Fx%3Fy%23z" in told({**value, "project": odd}).to_text()


@pytest.mark.parametrize(("value", "words"), [("true", "Now: on"), (True, "Now: on"), ("false", "Now: off"), (7, "")])
def test_an_option_says_what_it_is_now_where_jira_does(value: object, words: str) -> None:
    event = {"webhookEvent": "option_watching_changed", "property": {"key": "jira.option.watching", "value": value}}
    text = told(event).to_text()
    assert text == "\n\n".join(part for part in ("A setting of Jira was changed: watching", words) if part)
