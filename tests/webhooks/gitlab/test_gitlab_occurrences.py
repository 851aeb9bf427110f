"""What happened once is told once: reports of one thing have one occurrence, those of two things have two."""

import json
from pathlib import Path
from typing import Any

import pytest

from making import REGISTRY, made_handler, webhook_settings
from posthouse import Inbound, NotifyEventHandler, Site

PAYLOADS = Path(__file__).parent / "payloads"
ABSENT = object()
#: What tells one event from the next, by a payload file: places in it, and another value for each.
IDENTIFYING = {
    "push_hook__two_commits": {
        "project.id": 16,
        "ref": "refs/heads/dev",
        "before": "1" * 40,
        "after": "2" * 40,
    },
    "tag_push_hook__annotated": {"project.id": 16, "ref": "refs/tags/v9", "before": "1" * 40, "after": "2" * 40},
    "issue_hook__close": {
        "object_attributes.id": 1,
        "object_attributes.action": "reopen",
        "object_attributes.updated_at": "2026-03-02 03:00:01 UTC",
    },
    "issue_hook__task": {"object_attributes.id": 1, "object_attributes.updated_at": "2026-03-02 03:00:01 UTC"},
    "confidential_issue_hook__open": {
        "object_attributes.id": 1,
        "object_attributes.updated_at": "2026-03-02 03:00:01 UTC",
    },
    "merge_request_hook__approved": {
        "object_attributes.id": 1,
        "object_attributes.action": "unapproved",
        "object_attributes.updated_at": "2026-03-02 03:00:01 UTC",
        "user.id": 43,
    },
    "note_hook__issue": {
        "object_attributes.id": 1,
        "object_attributes.action": "update",
        "object_attributes.updated_at": "2026-03-02 04:00:01 UTC",
    },
    "confidential_note_hook__internal": {"object_attributes.id": 1, "object_attributes.action": "update"},
    "pipeline_hook__failed": {"object_attributes.id": 1, "object_attributes.status": "success"},
    "job_hook__failed": {"build_id": 1, "build_status": "success"},
    "release_hook__update": {
        "project.id": 16,
        "tag": "v9",
        "action": "create",
        "description": "Another",
        "name": "Another",
        "assets.links": [],
    },
}
PLACES = [(name, place, value) for name, places in IDENTIFYING.items() for place, value in places.items()]
#: Without these, what happened cannot be told from something else.
NEEDED = [
    (name, place)
    for name, place, _ in PLACES
    if not place.endswith((".action", "user.id", "description", "name", "assets.links"))
]


@pytest.mark.parametrize("name", IDENTIFYING)
def test_one_thing_has_one_occurrence_in_every_language_whatever_key_it_comes_with(name: str) -> None:
    found = {
        occurrence_of(load(name), name, language=language, **headers)
        for language in ("zh", "en")
        for headers in ({"webhook-id": "a"}, {"webhook-id": "b"}, {"idempotency-key": "c"})
    }
    assert len(found) == 1
    assert found.pop()


@pytest.mark.parametrize(("name", "place", "value"), PLACES)
def test_another_thing_has_another_occurrence(name: str, place: str, value: Any) -> None:
    assert occurrence_of(put(load(name), place, value), name) != occurrence_of(load(name), name)


@pytest.mark.parametrize(("name", "place"), NEEDED)
def test_without_what_identifies_it_nothing_has_an_occurrence(name: str, place: str) -> None:
    payload = put(load(name), place, ABSENT)
    if place == "project.id":
        payload.pop("project_id", None)
    assert occurrence_of(payload, name) is None


@pytest.mark.parametrize(
    "name",
    ["push_hook__two_commits", "tag_push_hook__lightweight", "merge_request_hook__merge", "push_hook__new_branch"],
)
def test_a_system_hook_and_a_project_hook_report_one_thing(name: str) -> None:
    from_system = load(name)
    if "event_name" in from_system:  # as GitLab's page on system hooks shows pushes
        from_system = {key: value for key, value in from_system.items() if key not in {"object_kind", "commits"}}
    found = occurrence_of(from_system, name, **{"x-gitlab-event": "System Hook"})
    assert found
    assert found == occurrence_of(load(name), name)


def test_two_people_who_approve_in_one_second_approve_twice() -> None:
    name = "merge_request_hook__approval"
    assert occurrence_of(load(name), name) != occurrence_of(put(load(name), "user.id", 43), name)
    old = load(name)
    old["user"].pop("id")
    assert occurrence_of(old, name) != occurrence_of(put(old, "user.username", "hanmeimei2"), name)


def test_since_gitlab_says_when_a_step_was_taken_one_person_can_take_it_twice() -> None:
    name = "merge_request_hook__approved"
    first, second = (
        occurrence_of(put(load(name), "object_attributes.actioned_at", f"2026-03-02T05:00:0{second}.120Z"), name)
        for second in (1, 2)
    )
    assert first != second


def test_an_update_is_told_from_another_of_the_same_second_by_what_changed() -> None:
    one, other = (occurrence_of(load(name), name) for name in ("issue_hook__assigned", "issue_hook__due_date_set"))
    assert one
    assert other
    assert one != other


def test_a_release_of_megabytes_has_a_short_occurrence() -> None:
    found = occurrence_of(put(load("release_hook__update"), "description", "x" * 5_000_000), "release_hook__update")
    assert found
    assert len(found) < 100


def load(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    return value


def put(payload: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """Return the payload with another value in this place, or with none."""
    changed: dict[str, Any] = json.loads(json.dumps(payload))
    *path, key = place.split(".")
    inner = changed
    for step in path:
        inner = inner[step]
    if value is ABSENT:
        del inner[key]
    else:
        inner[key] = value
    return changed


def occurrence_of(payload: dict[str, Any], name: str, language: Any = "en", **headers: str) -> str | None:
    """Return the occurrence of the message about a payload that comes in with these headers."""
    site, kind = Site(language=language), REGISTRY.webhooks["GITLAB"]
    sent = {"x-gitlab-event": name.partition("__")[0].replace("_", " ").title()} | headers
    event = kind(webhook_settings(kind), site).parse(Inbound(sent, {}, json.dumps(payload).encode()))
    handler = made_handler(REGISTRY.events["GITLAB", event.name], site)
    assert isinstance(handler, NotifyEventHandler)
    return handler.message(event).occurrence
