"""What the golden files cannot show: what two events have in common, and what must not be told."""

import json
from dataclasses import replace
from typing import Any

import pytest

from making import REGISTRY, event_of, made_handler, payload_files
from posthouse import Event, Message, No, Site
from posthouse.webhooks.confluence.payload import KEYS

LILEI, HANMEIMEI = "ff8080815e8f1a2b015e8f1a2b000001", "ff8080815e8f1a2b015e8f1a2b000002"
HOST = {"confluence": {"host": "https://confluence.example.com"}}
NOON = 1795492800000


def event(name: str, *, who: str = LILEI, at: int = NOON, page: Any = 65601, **found: Any) -> Event:
    payload = {"timestamp": at, "event": name, "userKey": who, name.partition("_")[0]: {"id": page}}
    return Event(name=name, payload=payload, looked_up=found)


def told(event: Event, *, language: Any = "en", **settings: Any) -> Message:
    made = made_handler(REGISTRY.events["CONFLUENCE", event.name], Site(language=language), **settings)
    answer = made.handle(event)
    assert not isinstance(answer, No)
    return answer[0]


def test_two_webhooks_of_one_confluence_report_one_occurrence() -> None:
    one, other = (told(event("page_moved"), webhook_id=name, conf=HOST) for name in ("finance", "everybody"))
    assert one.occurrence == other.occurrence == f"confluence:confluence.example.com:page_moved:65601:{NOON}"


def test_webhooks_of_which_nobody_knows_the_confluence_report_their_own() -> None:
    one, other = (told(event("page_moved"), webhook_id=name) for name in ("finance", "everybody"))
    assert one.occurrence != other.occurrence


def test_an_id_is_the_same_as_a_number_and_as_text() -> None:
    assert told(event("page_moved", page=65601)) == told(event("page_moved", page="65601"))


def test_the_next_edit_is_another_occurrence_of_the_same_burst() -> None:
    first, second = told(event("page_updated")), told(event("page_updated", at=NOON + 5000))
    assert first.occurrence != second.occurrence
    assert first.hold == second.hold
    assert first.hold is not None
    assert first.hold.seconds == 60


def test_another_persons_edit_is_another_burst() -> None:
    assert told(event("page_updated")).hold != told(event("page_updated", who=HANMEIMEI)).hold


def test_what_is_deleted_at_once_takes_the_place_of_its_edit() -> None:
    edited, deleted = told(event("page_updated")).hold, told(event("page_trashed")).hold
    assert edited is not None
    assert deleted is not None
    assert (deleted.burst, deleted.seconds) == (edited.burst, 0)


def test_nothing_is_held_back_where_bursts_are_off() -> None:
    assert told(event("page_updated"), burst_window=0).hold is None


def test_a_page_made_from_a_blueprint_is_told_once() -> None:
    payload = event("page_created").payload
    twice = (told(Event(name, payload), conf=HOST) for name in ("page_created", "blueprint_page_created"))
    assert len({message.occurrence for message in twice}) == 1


def test_a_comment_belongs_to_the_story_of_its_page() -> None:
    comment = event("comment_created", page=65801, container_id="65601", container_title="退款流程")
    assert told(comment).story == told(event("page_created")).story


@pytest.mark.parametrize("name", ["page_updated", "page_trashed", "blog_created", "comment_created"])
def test_nothing_is_told_of_what_is_hidden_and_its_title_is_forgotten(name: str) -> None:
    hidden = replace(event(name, hidden=True), last="Salaries 2027")
    message = told(hidden, conf=HOST)
    assert "Salaries" not in message.to_text()
    assert not {"space", "author"} & message.facts.keys()
    assert made_handler(REGISTRY.events["CONFLUENCE", name], Site()).remember(hidden) == ""


def test_a_title_is_remembered_until_the_page_is_gone() -> None:
    page = event("page_updated", title="Refunds")
    made = made_handler(REGISTRY.events["CONFLUENCE", "page_updated"], Site())
    gone = replace(event("page_removed"), last=made.remember(page))
    assert made.topic(page) == made_handler(REGISTRY.events["CONFLUENCE", "page_removed"], Site()).topic(gone)
    assert told(gone).title == "Somebody deleted a page for good: Refunds"
    assert not any(block.kind == "buttons" for block in told(gone).blocks)


def test_a_long_title_is_cut() -> None:
    message = told(event("page_created", title="x" * 5000, space_name="y" * 5000, author="z" * 5000))
    assert len(message.title) < 600
    assert len(message.to_text()) < 1000


def test_only_edits_without_the_mark_are_told_where_only_they_are_asked_for() -> None:
    minor, other = event("page_updated", minor_edit=True), event("page_updated")
    made = made_handler(REGISTRY.events["CONFLUENCE", "page_updated"], Site(), events={"page_updated": ["minor_edit"]})
    assert not isinstance(made.handle(minor), No)
    assert made.handle(other) == No("the edit is not marked as minor")


@pytest.mark.parametrize("path", payload_files("CONFLUENCE"), ids=lambda path: path.stem)
def test_no_key_of_a_person_is_told(path: Any) -> None:
    found = event_of(path, Site())
    answer = made_handler(REGISTRY.events["CONFLUENCE", found.name], Site()).handle(found)
    for message in () if isinstance(answer, No) else answer:
        text = message.to_text() + json.dumps(message.facts)
        assert not any(key in text for key in (LILEI, HANMEIMEI, "557058", "3f2c1a00"))


def test_every_kind_of_event_knows_where_to_look() -> None:
    kinds = {name.partition("_")[0] for kind, name in REGISTRY.events if kind == "CONFLUENCE"}
    assert kinds - KEYS.keys() == {"connection", "group", "relation", "theme", "user"}
