"""What is confidential stays so: no word of it is in what is stored or told, unless the settings allow it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from making import REGISTRY, beside, event_of, made_handler, payload_files, webhook_settings
from posthouse import Event, Inbound, Message, No, NotifyEventHandler, Reader, Site

LANGUAGES: tuple[Any, ...] = ("zh", "en")
FILES = [
    path for event in ("Confidential Issue Hook", "Confidential Note Hook") for path in payload_files("GITLAB", event)
]
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
#: A word that stands nowhere else.
SECRET = "Grünspecht"
#: Where people write, in a payload: all of it is replaced by the word.
WRITTEN = ("title", "description", "note", "message")


@each_file
def test_a_notice_has_no_word_of_what_is_confidential(path: Path) -> None:
    event = event_of(path, Site())
    for language in LANGUAGES:
        told = message(event, language, confidential="notice").to_json()
        for word in confidential_words(event):
            assert not re.search(rf"(?<![A-Za-z]){word}(?![A-Za-z])", told), word


@each_file
def test_a_whole_message_has_such_words_so_that_they_would_be_found(path: Path) -> None:
    event = event_of(path, Site())
    told = message(event, "en", confidential="full").to_json()
    assert any(word in told for word in confidential_words(event))


@each_file
def test_a_notice_and_a_title_have_nothing_of_all_that_people_wrote_but_the_title(path: Path) -> None:
    event = event_of(path, Site())
    secret = Event(name=event.name, payload=replaced(event.payload), confidential=True)
    for language in LANGUAGES:
        notice = message(secret, language, confidential="notice")
        title = message(secret, language, confidential="title")
        bare = json.loads(notice.to_json()) | {"title": ""}
        assert SECRET not in json.dumps(bare, ensure_ascii=False)
        assert title.title.count(SECRET) <= 1
        assert (title.blocks, title.facts, title.story) == (notice.blocks, notice.facts, notice.story)


@each_file
def test_whatever_is_told_leads_to_the_thing_in_gitlab(path: Path) -> None:
    event = event_of(path, Site())
    for mode in ("notice", "title", "full"):
        assert event.reader.text("object_attributes.url") in message(event, "en", confidential=mode).to_text()


@each_file
def test_everything_is_told_with_a_mark_where_the_settings_allow_it(path: Path) -> None:
    event = event_of(path, Site())
    plain_name = event.name.removeprefix("Confidential ")
    for language, mark in (("zh", "【机密】"), ("en", "[Confidential] ")):
        full = message(event, language, confidential="full")
        plain = message(Event(name=plain_name, payload=event.payload), language)
        assert full.title.startswith(mark)
        assert full.blocks == plain.blocks


@each_file
def test_nothing_is_told_where_the_settings_hide_it(path: Path) -> None:
    event = event_of(path, Site())
    handler = made_handler(REGISTRY.events["GITLAB", event.name], Site(), confidential="hide")
    assert handler.handle(event) == No("the configuration says confidential: hide")


@each_file
def test_what_is_worth_telling_is_decided_as_for_what_is_not_confidential(path: Path) -> None:
    event = event_of(path, Site())
    chosen = next(iter(beside(path).get("settings", {}).get("events", {}).values()), True)
    answers = []
    for name in (event.name, event.name.removeprefix("Confidential ")):
        handler = made_handler(REGISTRY.events["GITLAB", name], Site(), events={name: chosen})
        answer = handler.handle(Event(name=name, payload=event.payload))
        answers.append(answer if isinstance(answer, No) else "told")
    assert answers[0] == answers[1]


@each_file
def test_only_marked_robots_hear_of_it(path: Path) -> None:
    assert event_of(path, Site()).confidential


def test_the_title_of_what_is_not_confidential_itself_is_told() -> None:
    note = {"object_kind": "note", "event_type": "confidential_note", "object_attributes": {"internal": True}}
    thing = {"iid": 7, "title": SECRET}
    public = {"merge_request": thing}, {"issue": thing | {"confidential": False}}
    unclear = {"issue": thing}, {"issue": thing | {"confidential": True}}, {"issue": thing | {"confidential": None}}
    assert all(SECRET in message(parsed(note | target), "en").title for target in public)
    assert not any(SECRET in message(parsed(note | target), "en").title for target in unclear)


def test_what_only_the_header_calls_confidential_is_told_without_any_title() -> None:
    note = {"object_kind": "note", "object_attributes": {"note": SECRET}}
    issue = {"object_kind": "issue", "object_attributes": {"title": SECRET, "confidential": False, "action": "open"}}
    for payload, header in (
        (note | {"merge_request": {"iid": 7, "title": SECRET}}, "Confidential Note Hook"),
        (note | {"issue": {"title": SECRET, "confidential": False}}, "Confidential Note Hook"),
        (issue, "Confidential Issue Hook"),
    ):
        event = parsed(payload, header)
        assert event.name == header
        assert SECRET not in message(event, "en").to_json()


def test_an_issue_made_public_is_an_ordinary_event_that_is_told_to_those_who_chose_it() -> None:
    payload = {
        "object_kind": "issue",
        "object_attributes": {"iid": 12, "title": "Refunds", "description": "One cent.", "action": "update"},
        "changes": {"confidential": {"previous": True, "current": False}},
    }
    event = parsed(payload, "Issue Hook")
    assert (event.name, event.confidential) == ("Issue Hook", False)
    plain = made_handler(REGISTRY.events["GITLAB", event.name], Site(language="en"))
    assert plain.handle(event) == No("the update of the issue changed only confidential")
    chosen = made_handler(
        REGISTRY.events["GITLAB", event.name], Site(language="en"), events={"issue": ["made_public"]}
    ).handle(event)
    assert not isinstance(chosen, No)
    assert chosen[0].title == "Somebody made issue #12 public: Refunds"


def test_an_issue_that_becomes_confidential_is_confidential_at_once() -> None:
    payload = {
        "object_kind": "issue",
        "object_attributes": {"iid": 12, "title": SECRET, "confidential": True, "action": "update"},
        "changes": {
            "confidential": {"previous": False, "current": True},
            "title": {"previous": SECRET, "current": "x"},
        },
    }
    event = parsed(payload, "Issue Hook")
    assert (event.name, event.confidential) == ("Confidential Issue Hook", True)
    told = message(event, "en", events={"Confidential Issue Hook": ["made_confidential"]})
    assert told.title == "Somebody updated confidential issue #12"
    assert SECRET not in told.to_json()


def message(event: Event, language: Any, **settings: Any) -> Message:
    """Return what is said of the event, or would be."""
    handler = made_handler(REGISTRY.events["GITLAB", event.name], Site(language=language), **settings)
    assert isinstance(handler, NotifyEventHandler)
    return handler.message(event)


def parsed(payload: dict[str, Any], header: str = "Note Hook") -> Event:
    kind = REGISTRY.webhooks["GITLAB"]
    body = json.dumps(payload).encode()
    return kind(webhook_settings(kind), Site()).parse(Inbound({"x-gitlab-event": header}, {}, body))


def confidential_words(event: Event) -> Iterator[str]:
    """Yield the words of what must not be told: of a comment, and of the issue unless only the comment is internal."""
    reader = event.reader
    yield from words(reader.text("object_attributes.note"))
    issue = reader.at("issue") if reader.has("issue") else reader.at("object_attributes")
    is_internal = reader.flag("object_attributes.internal")
    if reader.has("merge_request") or (is_internal and issue.at("confidential").value is False):
        return
    yield from words(issue.text("title"), issue.text("description"), reader.text("epic.title"), issue.text("due_date"))
    for thing in (issue, reader):
        for path in ("labels", "assignees", "changes.labels.previous", "changes.assignees.previous"):
            yield from set(words(*titles(thing, path))) - set(
                words(reader.text("user.name"), reader.text("user.username"))
            )


def words(*texts: str) -> Iterator[str]:
    """Yield words that are long enough to be recognized, and dates as a whole."""
    for text in texts:
        yield from re.findall(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[a-z]{4,}|[^\W\da-z]{2,}", text, re.IGNORECASE)


def titles(reader: Reader, path: str) -> Iterator[str]:
    for item in reader.each(path):
        yield from (text for key in ("title", "name", "username") if (text := item.text(key)))


def replaced(value: Any, key: str = "") -> Any:
    """Return a payload with the secret word in place of all that people wrote, and of all names but the actor's."""
    if isinstance(value, dict):
        kept = {"user", "project", "repository"}
        return {key: inner if key in kept else replaced(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [replaced(item, key) for item in value]
    return SECRET if isinstance(value, str) and key in {*WRITTEN, "name", "username", "due_date"} else value
