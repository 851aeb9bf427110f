"""What is told of issues: which changes count, how they read, where links lead, and who is named."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from posthouse import Event, EventHandler, Level, Message, No, Site
from posthouse.webhooks.jira.handler import JiraWebhookSettings
from posthouse.webhooks.jira.issue import IssueCreatedNotifyEventHandler, IssueDeletedNotifyEventHandler
from posthouse.webhooks.jira.issue_update import IssueUpdatedNotifyEventHandler

HOST = "https://ledger.example.com"
LI_LEI = {"accountId": "5f0c1d2e", "displayName": "Li Lei"}
HAN_MEIMEI = {"accountId": "77aa88bb", "displayName": "Han Meimei"}
HANDLERS: dict[str, type[EventHandler]] = {
    "jira:issue_created": IssueCreatedNotifyEventHandler,
    "jira:issue_updated": IssueUpdatedNotifyEventHandler,
    "jira:issue_deleted": IssueDeletedNotifyEventHandler,
}


def issue(url: str = f"{HOST}/rest/api/2/issue/10412", **fields: Any) -> dict[str, Any]:
    return {"id": "10412", "self": url, "key": "FIN-12", "fields": {"summary": "Round half up", **fields}}


def item(field: str, before: Any = None, after: Any = None, **more: Any) -> dict[str, Any]:
    return {"field": field, "fieldtype": "jira", "fromString": before, "toString": after, **more}


def update(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    changelog = {"id": "11500", "items": list(items)}
    return {"timestamp": 1795492681402, "user": LI_LEI, "issue": issue(), "changelog": changelog, **more}


def handle(payload: dict[str, Any], name: str = "jira:issue_updated", **settings: Any) -> Sequence[Message] | No:
    found = JiraWebhookSettings(webhook_id="demo", type="JIRA", **settings)
    event = Event(name=name, payload={"webhookEvent": name, **payload})
    return HANDLERS[name](found, Site(language="en")).handle(event)


def told(payload: dict[str, Any], name: str = "jira:issue_updated", **settings: Any) -> Message:
    result = handle(payload, name, **settings)
    assert not isinstance(result, No), result
    (message,) = result
    return message


def silent(payload: dict[str, Any], name: str = "jira:issue_updated", **settings: Any) -> str:
    result = handle(payload, name, **settings)
    assert isinstance(result, No), result
    return result.reason


@pytest.mark.parametrize(
    ("items", "title"),
    [
        ([item("status", "To Do", "In Progress")], "Li Lei moved FIN-12 from To Do to In Progress"),
        ([item("assignee", None, "Han Meimei", to="77aa88bb")], "Li Lei assigned FIN-12 to Han Meimei"),
        ([item("assignee", "Han Meimei", "Li Lei", to="5f0c1d2e")], "Li Lei assigned FIN-12 to themselves"),
        ([item("assignee", "Han Meimei", None)], "Li Lei unassigned Han Meimei from FIN-12"),
        ([item("resolution", None, "Done"), item("status", "Open", "Done")], "Li Lei resolved FIN-12 as Done"),
        ([item("status", "Done", "Open"), item("resolution", "Done", None)], "Li Lei reopened FIN-12"),
        ([item("priority", "Low", "High")], "Li Lei changed the priority of FIN-12 from Low to High"),
        ([item("duedate", None, "2026-12-04 00:00:00.0")], "Li Lei set the due date of FIN-12 to 2026-12-04"),
        ([item("Flagged", None, "Impediment", fieldtype="custom")], "Li Lei flagged FIN-12"),
        ([item("Flagged", "Impediment", None, fieldtype="custom")], "Li Lei removed the flag from FIN-12"),
        ([item("labels", "", "ui"), item("assignee", None, "Han Meimei")], "Li Lei assigned FIN-12 to Han Meimei"),
    ],
)
def test_the_title_says_the_most_important_change(items: list[dict[str, Any]], title: str) -> None:
    assert told(update(*items)).title == f"{title}: Round half up"


@pytest.mark.parametrize(
    "field", ["labels", "Sprint", "Fix Version", "Component", "description", "summary", "Link", "issuetype", "custom"]
)
def test_what_only_planning_changes_is_silent_by_default(field: str) -> None:
    assert silent(update(item(field, "a", "b"))) == f"the update of the issue changed only {field}"


def test_a_choice_takes_the_place_of_the_defaults() -> None:
    chosen: dict[str, Any] = {"events": {"jira:issue_updated": ["sprint"]}}
    sprint, status = item("Sprint", "", "Sprint 7", fieldtype="custom"), item("status", "To Do", "Done")
    assert told(update(sprint), **chosen).title == "Li Lei added FIN-12 to Sprint 7: Round half up"
    assert silent(update(status), **chosen) == "the update of the issue changed only status"


def test_what_is_told_brings_along_what_would_be_silent_alone() -> None:
    message = told(update(item("labels", "ui", "ui billing"), item("status", "To Do", "Done")))
    assert "Labels: added billing" in message.to_text()
    assert message.facts["action"] == ("status", "labels")


def test_what_happened_is_named_by_importance_then_as_jira_does() -> None:
    others = [item(field, "", "x") for field in ("Component", "labels", "environment", "Version", "reporter")]
    message = told(update(*others, item("status", "To Do", "Done")))
    assert message.facts["action"] == ("status", "component", "labels", "environment", "version", "reporter")


@pytest.mark.parametrize("field", ["Rank", "timeestimate", "timespent", "WorklogId", "RemoteWorkItemLink", "Workflow"])
def test_what_changes_by_itself_is_never_shown(field: str) -> None:
    message = told(update(item(field, "1", "not-to-be-told"), item("status", "To Do", "Done")))
    assert "not-to-be-told" not in message.to_text()
    assert message.facts["action"] == ("status",)


def test_a_comment_in_the_changelog_is_not_quoted() -> None:
    everything = {"events": {"jira:issue_updated": list(IssueUpdatedNotifyEventHandler.happenings)}}
    assert silent(update(item("Comment", "what was deleted", None)), **everything)


def test_a_field_that_an_administrator_made_is_no_field_of_jiras() -> None:
    own = item("Priority", "1", "2", fieldtype="custom", fieldId="customfield_10001")
    assert silent(update(own)) == "the update of the issue changed only Priority"


def test_two_fields_of_one_name_are_two() -> None:
    fields = [item("Points", "1", str(n), fieldtype="custom", fieldId=f"customfield_1000{n}") for n in (2, 3)]
    text = told(update(*fields), events={"jira:issue_updated": ["other"]}).to_text()
    assert "Points: 1 → *2*\nPoints: 1 → *3*" in text


def test_what_looks_the_same_before_and_after_has_not_changed() -> None:
    assert silent(update(item("status", "To Do", "To Do", **{"from": "1", "to": "2"}))) == (
        "the update of the issue changed only status"
    )


def test_items_about_one_list_are_one_change() -> None:
    items = [item("Fix Version", "2.3", None), item("Fix Version", None, "2.4"), item("Fix Version", None, "2.5")]
    text = told(update(*items), events={"jira:issue_updated": ["fix_version"]}).to_text()
    assert "Fix versions: added 2.4, 2.5; removed 2.3" in text


def test_long_lists_are_cut_and_counted() -> None:
    labels = " ".join(f"label-{number}" for number in range(40))
    text = told(update(item("labels", "", labels)), events={"jira:issue_updated": ["labels"]}).to_text()
    assert "label-9 … +30" in text
    assert "label-10" not in text


def test_long_texts_are_named_or_cut() -> None:
    long = told(update(item("status", "To Do", "Done"), item("description", "a" * 900, "b" * 900))).to_text()
    assert "Description: changed" in long
    assert "bbb" not in long
    custom = item("Notes", "a" * 900, "b" * 900, fieldtype="custom")
    assert f"*{'b' * 80}…*" in told(update(custom), events={"jira:issue_updated": ["other"]}).to_text()


def test_an_assignment_without_a_changelog_is_read_from_the_issue() -> None:
    payload = update(issue_event_type_name="issue_assigned") | {"issue": issue(assignee=HAN_MEIMEI)}
    assert told(payload).title == "Li Lei assigned FIN-12 to Han Meimei: Round half up"


def test_what_a_workflow_sends_is_a_transition() -> None:
    transition = {"from_status": "To Do", "to_status": "Done", "transitionName": "Finish"}
    payload = {"webhookEvent": None, "transition": transition, "issue": issue(), "user": LI_LEI}
    assert told(payload).title == "Li Lei moved FIN-12 from To Do to Done: Round half up"


def test_what_an_automation_rule_sends_is_told_though_nobody_says_what_changed() -> None:
    payload = {"webhookEvent": None, "issue": issue(status={"name": "Done"})}
    message = told(payload, events={"jira:issue_updated": ["sprint"]})
    assert message.title == "FIN-12 was updated: Round half up"
    assert "Status: Done" in message.to_text()


def test_a_key_alone_is_told_with_a_link_or_not_at_all() -> None:
    payload = {"webhookEvent": None, "issue": {"key": "FIN-12"}}
    assert told(payload, base_url=HOST).to_text().endswith(f"[Open issue] {HOST}/browse/FIN-12")
    assert silent(payload) == (
        "the payload has only the key of the issue, and without a base_url nothing can be linked to"
    )


@pytest.mark.parametrize(
    ("items", "status", "level"),
    [
        ([item("status", "To Do", "In Progress")], "indeterminate", Level.INFO),
        ([item("status", "In Progress", "Done")], "done", Level.SUCCESS),
        ([item("resolution", None, "Done")], "new", Level.SUCCESS),
        ([item("resolution", "Done", None)], "new", Level.WARNING),
        ([item("priority", "Low", "Blocker")], "new", Level.WARNING),
        ([item("priority", "Low", "High")], "done", Level.INFO),
        ([item("Flagged", None, "Impediment", fieldtype="custom")], "new", Level.WARNING),
        ([item("Flagged", "Impediment", None, fieldtype="custom")], "new", Level.INFO),
    ],
)
def test_what_is_done_is_good_news(items: list[dict[str, Any]], status: str, level: Level) -> None:
    payload = update(*items) | {"issue": issue(status={"name": "x", "statusCategory": {"key": status}})}
    assert told(payload).level == level


def test_a_quiet_bulk_edit_is_silent_and_a_loud_one_is_not() -> None:
    change = item("status", "To Do", "Done")
    assert silent(update(change, bulkOperationMetaData={"sendMail": False})) == (
        "it is part of a bulk edit that sends no mail"
    )
    assert told(update(change, bulkOperationMetaData={"sendMail": True}))


@pytest.mark.parametrize(
    ("address", "page"),
    [
        (f"{HOST}/rest/api/2/issue/10412", f"{HOST}/browse/FIN-12"),
        (f"{HOST}/rest/api/2/10412", f"{HOST}/browse/FIN-12"),
        (f"{HOST}/rest/api/3/issue/10412", f"{HOST}/browse/FIN-12"),
        ("https://example.com/jira/rest/api/2/issue/10412", "https://example.com/jira/browse/FIN-12"),
        ("http://jira.example.com:8080/rest/api/2/issue/10412", "http://jira.example.com:8080/browse/FIN-12"),
        ("https://jira.example.com/rest/agile/1.0/issue/10412", "https://jira.example.com/browse/FIN-12"),
        ("https://api.atlassian.com/ex/jira/0b6f6a52/rest/api/2/issue/10412", ""),
        ("javascript:alert(1)//rest/api/2/issue/10412", ""),
        ("https://example.com/?to=/rest/api/2/issue/10412", ""),
    ],
)
def test_links_lead_to_where_jira_is_browsed(address: str, page: str) -> None:
    text = told({"issue": issue(address), "user": LI_LEI}, "jira:issue_created").to_text()
    assert page in text
    assert ("[Open issue]" in text) is bool(page)


def test_a_base_url_wins_over_what_the_payload_says() -> None:
    payload = {"issue": issue("http://10.0.0.5:8080/rest/api/2/issue/10412")}
    message = told(payload, "jira:issue_created", base_url="https://jira.example.com/jira")
    assert "https://jira.example.com/jira/browse/FIN-12" in message.to_text()
    assert message.story == "jira:issue:jira.example.com/jira:FIN-12"
    assert "10.0.0.5" not in message.to_json()


def test_a_deleted_issue_is_not_linked_to() -> None:
    message = told({"issue": issue(), "user": LI_LEI}, "jira:issue_deleted")
    assert message.level == Level.WARNING
    assert "/browse/FIN-12" not in message.to_text()


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ({"displayName": "Li Lei", "name": "lilei", "accountId": "5f0c1d2e"}, "Li Lei"),
        ({"displayName": "lilei@example.com", "name": "lilei"}, "lilei"),
        ({"displayName": "li.lei@example.com", "emailAddress": "li.lei@example.com"}, "li.lei"),
        ({"name": "lilei", "key": "JIRAUSER10100"}, "lilei"),
        ({"accountId": "5f0c1d2e", "emailAddress": '"?"'}, "Somebody"),
        (None, "Somebody"),
    ],
)
def test_people_go_by_their_names_never_by_ids_or_addresses(user: Any, name: str) -> None:
    message = told({"issue": issue(), "user": user}, "jira:issue_created")
    assert message.title == f"{name} created FIN-12: Round half up"
    assert not any(word in message.to_json() for word in ("5f0c1d2e", "JIRAUSER", "@example.com"))


@pytest.mark.parametrize(
    ("setting", "title"),
    [
        ("notice", "There is news of the confidential issue FIN-12"),
        ("title", "Li Lei moved FIN-12 from To Do to Done: Round half up"),
        ("full", "Li Lei moved FIN-12 from To Do to Done: Round half up"),
    ],
)
def test_of_an_issue_with_a_security_level_only_so_much_is_told(setting: Any, title: str) -> None:
    secret = issue(security={"name": "Staff only"}, assignee=HAN_MEIMEI)
    message = told(update(item("status", "To Do", "Done")) | {"issue": secret}, confidential=setting)
    assert message.title == title
    assert ("Han Meimei" in message.to_text()) is (setting == "full")
    assert f"{HOST}/browse/FIN-12" in message.to_text()


def test_of_an_issue_with_a_security_level_nothing_may_be_told() -> None:
    payload = update(item("status", "To Do", "Done")) | {"issue": issue(security={"name": "Staff only"})}
    assert silent(payload, confidential="hide") == "the configuration says confidential: hide"


def test_one_change_is_one_occurrence_whichever_webhook_reports_it() -> None:
    first, second = update(item("status", "To Do", "Done")), update(item("status", "To Do", "Done"))
    second["timestamp"] += 12
    assert (
        told(first).occurrence
        == told(second).occurrence
        == ("jira:ledger.example.com:issue_updated:10412:changelog-11500")
    )


def test_without_a_changelog_the_time_tells_events_apart() -> None:
    payload = {"issue": issue(), "user": LI_LEI, "timestamp": 1795492681402}
    assert told(payload, "jira:issue_created").occurrence == (
        "jira:ledger.example.com:issue_created:10412:1795492681402"
    )


def test_what_does_not_say_when_it_happened_is_no_occurrence() -> None:
    assert told({"issue": issue()}, "jira:issue_created").occurrence is None


def test_a_changelog_of_any_length_is_read_in_no_time() -> None:
    payload = update(*(item("labels", "", "x" * 1000) for _ in range(100_000)), item("status", "a", "b"))
    assert len(json.dumps(silent(payload))) < 500
