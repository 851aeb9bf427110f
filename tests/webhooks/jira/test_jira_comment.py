"""What is told of comments: once each, with what there is, and nothing of what not everybody may read."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from posthouse import Event, EventHandler, Mention, Message, No, Site
from posthouse.webhooks.jira.comment import CommentChangedNotifyEventHandler, CommentCreatedNotifyEventHandler
from posthouse.webhooks.jira.handler import JiraWebhookSettings
from posthouse.webhooks.jira.issue_update import IssueUpdatedNotifyEventHandler

CLOUD = "https://ledger.example.com"
SERVER = "https://jira.example.com/jira"
LI_LEI = {"name": "lilei", "key": "JIRAUSER10100", "displayName": "Li Lei"}
HAN_MEIMEI = {"name": "hanmeimei", "key": "JIRAUSER10101", "displayName": "Han Meimei"}
ON_CLOUD = {"accountId": "5f0c1d2e", "accountType": "atlassian", "displayName": "Han Meimei"}
RESTRICTED = ({"visibility": {"type": "role", "value": "Developers"}}, {"jsdPublic": False})
HANDLERS: dict[str, type[EventHandler]] = {
    "comment_created": CommentCreatedNotifyEventHandler,
    "comment_updated": CommentChangedNotifyEventHandler,
    "comment_deleted": CommentChangedNotifyEventHandler,
    "jira:issue_updated": IssueUpdatedNotifyEventHandler,
}


def comment(body: Any = "Round half up?", *, base: str = SERVER, author: Any = None, **more: Any) -> dict[str, Any]:
    who = author or (HAN_MEIMEI if base == SERVER else ON_CLOUD)
    moment = "2026-11-24T11:59:17.234+0800"
    return {
        "self": f"{base}/rest/api/2/issue/10300/comment/10082",
        "id": "10082",
        "author": who,
        "updateAuthor": who,
        "body": body,
        "created": moment,
        "updated": moment,
        **more,
    }


def issue(base: str = SERVER, **fields: Any) -> dict[str, Any]:
    address = f"{base}/rest/api/2/issue/10300"
    return {"id": "10300", "self": address, "key": "FIN-12", "fields": {"summary": "Round half up", **fields}}


def complete(said: dict[str, Any], kind: str = "issue_commented", **more: Any) -> dict[str, Any]:
    """Return what Server sends as an update of the issue."""
    return {
        "timestamp": 1795492757244,
        "issue_event_type_name": kind,
        "user": HAN_MEIMEI,
        "issue": issue(),
        "comment": said,
        **more,
    }


def bare(said: dict[str, Any]) -> dict[str, Any]:
    """Return what Server sends of the comment alone."""
    return {"timestamp": 1795492757234, "comment": said}


def handle(payload: dict[str, Any], name: str = "comment_created", **settings: Any) -> Sequence[Message] | No:
    found = JiraWebhookSettings(webhook_id="demo", type="JIRA", **settings)
    event = Event(name=name, payload={"webhookEvent": name, **payload})
    return HANDLERS[name](found, Site(language="en")).handle(event)


def told(payload: dict[str, Any], name: str = "comment_created", **settings: Any) -> Message:
    result = handle(payload, name, **settings)
    assert not isinstance(result, No), result
    (message,) = result
    return message


def silent(payload: dict[str, Any], name: str = "comment_created", **settings: Any) -> str:
    result = handle(payload, name, **settings)
    assert isinstance(result, No), result
    return result.reason


def test_the_bare_comment_waits_for_the_complete_one_which_takes_its_place_at_once() -> None:
    first, second = told(bare(comment())), told(complete(comment()), "jira:issue_updated")
    assert (
        first.occurrence
        == second.occurrence
        == ("jira:jira.example.com/jira:comment:10082:created:2026-11-24T11:59:17.234+0800")
    )
    assert first.hold
    assert second.hold
    assert first.hold.burst == second.hold.burst
    assert (first.hold.seconds, second.hold.seconds) == (5.0, 0.0)


def test_a_complete_comment_event_of_data_center_is_the_same_occurrence() -> None:
    event = told({"comment": comment(), "issue": issue(), "user": HAN_MEIMEI})
    assert event.occurrence == told(complete(comment()), "jira:issue_updated").occurrence
    assert event.hold
    assert event.hold.seconds == 0.0


def test_an_edit_is_another_occurrence_than_the_comment() -> None:
    edited = comment(updated="2026-11-24T12:01:00.000+0800")
    names = {told(bare(comment())).occurrence, told(bare(edited), "comment_updated").occurrence}
    assert len(names) == 2


def test_a_bare_comment_says_what_there_is_and_leads_to_the_issue_by_its_number() -> None:
    assert told(bare(comment())).to_text() == (
        "Han Meimei commented on an issue\n\n> Round half up?\n\n"
        f"[Open issue] {SERVER}/issues/?jql=id%20in%20%2810300%29"
    )


def test_a_comment_in_an_update_of_the_issue_is_told_as_a_comment() -> None:
    message = told(complete(comment()), "jira:issue_updated")
    assert message.title == "Han Meimei commented on FIN-12: Round half up"
    assert message.facts["action"] == "comment created"


@pytest.mark.parametrize(
    ("base", "link"),
    [
        (CLOUD, f"{CLOUD}/browse/FIN-12?focusedCommentId=10082"),
        (
            SERVER,
            (
                f"{SERVER}/browse/FIN-12?focusedCommentId=10082"
                "&page=com.atlassian.jira.plugin.system.issuetabpanels:comment-tabpanel#comment-10082"
            ),
        ),
    ],
)
def test_a_comment_is_linked_to_as_its_jira_does(base: str, link: str) -> None:
    message = told({"comment": comment(base=base), "issue": issue(base)})
    assert message.to_text().endswith(f"[Open comment] {link}")


def test_comments_in_updates_follow_the_switches_of_their_own_events() -> None:
    edited = complete(comment(updated="2026-11-24T12:01:00.000+0800"), "issue_comment_edited")
    assert silent(edited, "jira:issue_updated") == "the comment was updated, and comment_updated is off"
    assert told(edited, "jira:issue_updated", events={"comment_updated": True})
    assert silent(complete(comment()), "jira:issue_updated", events={"comment_created": False}) == (
        "the comment was created, and comment_created is off"
    )


@pytest.mark.parametrize(
    ("updated", "title"),
    [
        ("2026-11-24T11:59:17.234+0800", "Han Meimei commented on FIN-12: Round half up"),
        ("2026-11-24T12:01:00.000+0800", "Han Meimei edited a comment on FIN-12: Round half up"),
    ],
)
def test_an_old_server_tells_a_new_comment_by_its_times(updated: str, title: str) -> None:
    payload = complete(comment(updated=updated), issue_event_type_name=None)
    assert told(payload, "jira:issue_updated", events={"comment_updated": True}).title == title


def test_cloud_tells_of_comments_only_in_events_of_their_own() -> None:
    payload = {"comment": comment(base=CLOUD), "issue": issue(CLOUD), "changelog": {"id": "1", "items": []}}
    assert silent(payload, "jira:issue_updated") == "Jira Cloud tells of comments in events of their own"
    assert told({"comment": comment(base=CLOUD), "issue": issue(CLOUD)})


def test_a_comment_on_a_transition_stands_below_it_and_takes_the_place_of_the_bare_one() -> None:
    items = [{"field": "status", "fieldtype": "jira", "fromString": "To Do", "toString": "Done"}]
    payload = complete(comment("Done, [~lilei]"), "issue_resolved", changelog={"id": "1", "items": items})
    payload["issue"] = issue(reporter=LI_LEI)
    message = told(payload, "jira:issue_updated")
    assert message.title == "Han Meimei moved FIN-12 from To Do to Done: Round half up"
    assert "> Done, @Li Lei" in message.to_text()
    assert message.hold == told(complete(comment()), "jira:issue_updated").hold


def test_a_comment_with_changes_that_nobody_asked_for_is_told_as_a_comment() -> None:
    items = [{"field": "labels", "fieldtype": "jira", "fromString": "", "toString": "ui"}]
    payload = complete(comment(), "issue_updated", changelog={"id": "1", "items": items})
    assert told(payload, "jira:issue_updated").title == "Han Meimei commented on FIN-12: Round half up"


@pytest.mark.parametrize("sign", RESTRICTED, ids=["restricted", "internal"])
@pytest.mark.parametrize("setting", ["redact", "hide"])
def test_nothing_of_a_restricted_comment_is_told(sign: dict[str, Any], setting: Any) -> None:
    said = comment("not-to-be-told", **sign)
    items = [{"field": "status", "fieldtype": "jira", "fromString": "To Do", "toString": "Done"}]
    transition = complete(said, "issue_resolved", changelog={"id": "1", "items": items})
    for payload, name in (
        (bare(said), "comment_created"),
        (bare(said), "comment_updated"),
        (bare(said), "comment_deleted"),
        (complete(said), "jira:issue_updated"),
        (transition, "jira:issue_updated"),
    ):
        result = handle(payload, name, restricted_comments=setting)
        for message in () if isinstance(result, No) else result:
            assert "not-to-be-told" not in message.to_json()


def test_a_restricted_comment_says_that_it_is_one() -> None:
    role, internal = (told(complete(comment(**sign)), "jira:issue_updated").title for sign in RESTRICTED)
    assert role == "Han Meimei wrote a restricted comment on FIN-12: Round half up"
    assert internal == "Han Meimei wrote an internal comment on FIN-12: Round half up"


@pytest.mark.parametrize("sign", RESTRICTED, ids=["restricted", "internal"])
def test_restricted_comments_may_be_hidden_or_told_in_full(sign: dict[str, Any]) -> None:
    payload = complete(comment(**sign))
    reason = "the configuration says restricted_comments: hide"
    assert silent(payload, "jira:issue_updated", restricted_comments="hide") == reason
    assert "> Round half up?" in told(payload, "jira:issue_updated", restricted_comments="full").to_text()


@pytest.mark.parametrize(
    ("user", "author", "title"),
    [
        (None, HAN_MEIMEI, "A comment by Han Meimei on FIN-12 was deleted"),
        (LI_LEI, HAN_MEIMEI, "Li Lei deleted a comment by Han Meimei on FIN-12"),
        (HAN_MEIMEI, HAN_MEIMEI, "Han Meimei deleted their own comment on FIN-12"),
        (LI_LEI, {"name": 1}, "Li Lei deleted a comment on FIN-12"),
        (None, {"name": 1}, "A comment on FIN-12 was deleted"),
    ],
)
def test_nobody_is_said_to_have_deleted_a_comment_who_may_not_have(user: Any, author: Any, title: str) -> None:
    message = told({"comment": comment(author=author), "issue": issue(), "user": user}, "comment_deleted")
    assert message.title == f"{title}: Round half up"
    assert "Round half up?" not in message.to_json()
    assert message.facts.get("author") == (user and user["name"])


def test_a_deleted_comment_is_told_by_its_own_event_alone() -> None:
    payload = {"issue_event_type_name": "issue_comment_deleted", "user": HAN_MEIMEI, "issue": issue()}
    assert silent(payload, "jira:issue_updated", events={"comment_deleted": True}) == (
        "a comment was deleted, which an event of its own tells"
    )


def test_edits_and_deletions_are_told_only_on_demand() -> None:
    assert CommentCreatedNotifyEventHandler.on_by_default
    assert not CommentChangedNotifyEventHandler.on_by_default


def test_what_apps_write_is_silent() -> None:
    app = {"accountId": "557058f5", "accountType": "app", "displayName": "Automation for Jira"}
    payload = {"comment": comment(base=CLOUD, author=app), "issue": issue(CLOUD)}
    assert silent(payload) == "the comment was written by an app"


@pytest.mark.parametrize("mention", ["[~lilei]", "[~JIRAUSER10100]", "[Somebody else|~lilei]"])
def test_who_is_mentioned_goes_by_the_name_that_the_payload_knows(mention: str) -> None:
    payload = {"comment": comment(f"Ask {mention}"), "issue": issue(assignee=LI_LEI)}
    assert "> Ask @Li Lei" in told(payload).to_text()


def test_an_account_that_the_payload_does_not_know_is_not_shown() -> None:
    payload = {"comment": comment("Ask [~accountid:77aa88bb99]", base=CLOUD), "issue": issue(CLOUD)}
    message = told(payload)
    assert "77aa88bb99" not in replace(message, mentions=()).to_json()
    assert message.mentions == (Mention("", ("jira:77aa88bb99",)),)


@pytest.mark.parametrize("body", [None, 5, [], {"type": "table"}, {"type": "doc", "content": 5}, "", " \n"])
def test_a_body_that_nobody_can_read_is_left_out(body: Any) -> None:
    message = told({"comment": comment(body), "issue": issue()})
    assert {block.kind for block in message.blocks} == {"text", "buttons"}


def test_an_excluded_body_still_says_which_issue_was_commented_on() -> None:
    payload = {"webhookEvent": None, "issue": {"key": "FIN-12"}}
    message = told(payload, base_url=SERVER)
    assert message.title == "Somebody commented on FIN-12"
    assert message.to_text().endswith(f"{SERVER}/browse/FIN-12")
    assert silent(payload) == (
        "the payload has only the key of the issue, and without a base_url nothing can be linked to"
    )
