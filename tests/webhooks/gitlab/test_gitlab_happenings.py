"""What people can choose to be told of GitLab's events: each word is within reach, and is told well."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from making import REGISTRY, beside, event_of, made_handler, payload_files
from posthouse import Event, EventHandler, Message, No, Site

HANDLERS = sorted(
    {found for (kind, _), found in REGISTRY.events.items() if kind == "GITLAB" and found.happenings}, key=str
)
CHOICES = [(found, word) for found in HANDLERS for word in found.happenings]
LI, HAN = {"id": 41, "name": "Li Lei", "username": "lilei"}, {"id": 42, "name": "韩梅梅", "username": "hanmeimei"}


@pytest.mark.parametrize(("found", "word"), CHOICES, ids=lambda value: getattr(value, "__name__", value))
def test_what_can_be_chosen_is_told_of_some_payload(found: type[EventHandler], word: str) -> None:
    assert any(told(path, word) for path in payloads_of(found)), f"{found.__name__} never tells of {word}"


@pytest.mark.parametrize("found", HANDLERS, ids=lambda value: getattr(value, "__name__", value))
def test_where_nothing_is_chosen_nothing_is_told(found: type[EventHandler]) -> None:
    assert not [path.name for path in payloads_of(found) if told(path)]


@pytest.mark.parametrize(
    ("word", "title"),
    [
        ("assigned", "Li Lei assigned issue #12 to 韩梅梅: "),
        ("unassigned", "Li Lei unassigned Li Lei from issue #12: "),
        ("due_date_set", "Li Lei set the due date of issue #12 to 2026-03-10: "),
        ("labels_changed", "Li Lei changed the labels of issue #12: "),
        ("description_changed", "Li Lei edited the description of issue #12: "),
    ],
)
def test_of_what_came_together_the_title_tells_what_was_chosen(word: str, title: str) -> None:
    payload = issue_update(
        assignees={"previous": [LI], "current": [HAN]},
        due_date={"previous": None, "current": "2026-03-10"},
        labels={"previous": [], "current": [{"id": 7, "title": "bug"}]},
        description={"previous": "", "current": "x"},
    )
    message = say("Issue Hook", payload, events={"issue": [word]})
    assert isinstance(message, Message)
    assert message.title.startswith(title)
    assert message.facts["action"] == word


def test_of_what_came_together_the_most_urgent_is_told_by_default() -> None:
    payload = issue_update(
        labels={"previous": [], "current": [{"id": 7, "title": "bug"}]},
        due_date={"previous": None, "current": "2026-03-10"},
        assignees={"previous": [], "current": [HAN]},
    )
    message = say("Issue Hook", payload)
    assert isinstance(message, Message)
    assert message.facts["action"] == "assigned"


def test_assignees_that_an_old_gitlab_lists_with_a_push_are_not_told() -> None:
    payload = merge_request_update(assignees={"previous": [], "current": [HAN]})
    payload["object_attributes"]["oldrev"] = "8492246040cdc17cbf6fa1b675487de8d0daf1b6"
    answer = say("Merge Request Hook", payload, events={"merge request": ["assignees_added", "assignees_removed"]})
    assert answer == No("the update of the merge request changed only assignees")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "the update of the issue changed nothing worth telling"),
        ({"relative_position": {}, "updated_at": {}}, "the update of the issue changed nothing worth telling"),
        ({"weight": {"previous": 1, "current": 2}}, "the update of the issue changed only weight"),
        ({"labels": {"previous": [], "current": [{"id": 7}]}}, "the update of the issue changed only labels"),
        ({"confidential": {"previous": True, "current": False}}, "the update of the issue changed only confidential"),
    ],
)
def test_an_update_that_is_not_told_says_what_it_changed(changes: dict[str, Any], reason: str) -> None:
    assert say("Issue Hook", issue_update(**changes)) == No(reason)


@pytest.mark.parametrize(
    ("name", "payload", "events", "reason"),
    [
        (
            "Issue Hook",
            {"object_attributes": {"action": "close"}},
            {"issue": ["open"]},
            "the issue's action is close",
        ),
        ("Issue Hook", {"object_attributes": {"action": "promote"}}, {}, "the issue's action is promote"),
        ("Issue Hook", {"object_attributes": {}}, {}, "the issue's action is missing"),
        (
            "Merge Request Hook",
            {"object_attributes": {"action": "update", "oldrev": "8492246"}},
            {"merge request": ["merge"]},
            "the merge request's update is new_commits",
        ),
        (
            "Push Hook",
            {"before": "1" * 40, "after": "2" * 40, "total_commits_count": 1},
            {"push": ["create"]},
            "commits were pushed to a branch",
        ),
        ("Push Hook", {"before": "0" * 40, "after": "2" * 40}, {"push": ["push"]}, "a branch was created"),
        ("Push Hook", {"before": "1" * 40, "after": "2" * 40}, {"push": ["push"]}, "the push has no new commits"),
        (
            "Push Hook",
            {"before": "1" * 40, "after": "0" * 40, "ref_protected": True},
            {"push": ["push"]},
            "a protected branch was deleted",
        ),
        ("Push Hook", {"before": "1" * 40, "after": "0" * 40}, {}, "a branch that is not protected was deleted"),
        ("Tag Push Hook", {"before": "0" * 40, "after": "2" * 40}, {"tag push": ["move"]}, "a tag was created"),
        ("Tag Push Hook", {"before": "1" * 40, "after": "2" * 40}, {"tag push": ["create"]}, "a tag was moved"),
        ("Tag Push Hook", {"before": "1" * 40, "after": "0" * 40}, {}, "a tag that is not protected was deleted"),
        (
            "Note Hook",
            {"object_attributes": {"action": "create"}},
            {"note": ["update"]},
            "the comment's action is create",
        ),
        ("Note Hook", {"object_attributes": {"action": "update"}}, {}, "the comment was edited"),
        ("Note Hook", {"object_attributes": {"action": "resolve"}}, {}, "the comment's action is resolve"),
        ("Release Hook", {"action": "create"}, {"release": ["delete"]}, "the release's action is create"),
        ("Release Hook", {"action": "update"}, {}, "the release was updated"),
        ("Job Hook", {"build_status": "success"}, {}, "the job's status is success"),
        ("Job Hook", {"build_status": "failed"}, {"job": ["success"]}, "the job's status is failed"),
        ("Pipeline Hook", {"object_attributes": {"status": "running"}}, {}, "the pipeline's status is running"),
        ("Pipeline Hook", {}, {}, "the pipeline's status is missing"),
    ],
)
def test_a_reason_for_silence_is_plain(
    name: str, payload: dict[str, Any], events: Mapping[str, list[str]], reason: str
) -> None:
    assert say(name, payload, events=events) == No(reason)


@pytest.mark.parametrize("word", ["delete", "delete_protected"])
def test_the_end_of_a_protected_branch_is_told_to_those_who_chose_either(word: str) -> None:
    payload = {"before": "1" * 40, "after": "0" * 40, "ref": "refs/heads/main", "ref_protected": True}
    assert isinstance(say("Push Hook", payload, events={"push": [word]}), Message)
    tag = payload | {"ref": "refs/tags/v1"}
    assert isinstance(say("Tag Push Hook", tag, events={"tag push": [word]}), Message)


def test_the_end_of_the_default_branch_is_told_on_a_gitlab_that_says_nothing_of_protection() -> None:
    payload = {"before": "1" * 40, "after": "0" * 40, "ref": "refs/heads/main", "project": {"default_branch": "main"}}
    assert isinstance(say("Push Hook", payload), Message)


def test_jobs_are_off_by_default_and_tell_of_failures_where_they_are_on() -> None:
    handler = REGISTRY.events["GITLAB", "Job Hook"]
    assert not handler.on_by_default
    assert isinstance(say("Job Hook", {"build_status": "failed"}, events={"Job Hook": True}), Message)


@pytest.mark.parametrize("chosen", [True, ["create", "update"]])
def test_neither_bots_nor_gitlab_itself_are_told_of_whatever_is_chosen(chosen: Any) -> None:
    note = {"object_attributes": {"action": "create", "system": True}}
    bot = {"object_attributes": {"action": "create"}, "user": {"username": "project_15_bot_4f9c1e"}}
    assert say("Note Hook", note, events={"note": chosen}) == No("the comment was written by GitLab itself")
    assert say("Note Hook", bot, events={"note": chosen}) == No("the comment was written by a bot")


def payloads_of(found: type[EventHandler]) -> list[Path]:
    """Return the payload files of a handler's events, and of its relatives', which share their words."""
    relatives = [other for other in HANDLERS if issubclass(other, found) or issubclass(found, other)]
    return [path for other in relatives for name in other.events for path in payload_files("GITLAB", name)]


def told(path: Path, *words: str) -> bool:
    """Tell whether the event of a payload file is told where these words are chosen and nothing else."""
    event = event_of(path, Site())
    settings = beside(path).get("settings", {}) | {"events": {event.name: list(words)}}
    return not isinstance(made_handler(REGISTRY.events["GITLAB", event.name], Site(), **settings).handle(event), No)


def issue_update(**changes: Any) -> dict[str, Any]:
    attributes = {"id": 3012, "iid": 12, "title": "退款金额差一分钱", "action": "update", "type": "Issue"}
    return {"object_kind": "issue", "user": LI, "object_attributes": attributes, "changes": changes}


def merge_request_update(**changes: Any) -> dict[str, Any]:
    attributes = {"id": 9907, "iid": 7, "title": "按分计算金额", "action": "update"}
    return {"object_kind": "merge_request", "user": LI, "object_attributes": attributes, "changes": changes}


def say(name: str, payload: dict[str, Any], **settings: Any) -> Message | No:
    """Return the one message that the event is told with, in English, or why it is not."""
    handler = made_handler(REGISTRY.events["GITLAB", name], Site(language="en"), **settings)
    answer = handler.handle(Event(name=name, payload=payload))
    return answer if isinstance(answer, No) else answer[0]
