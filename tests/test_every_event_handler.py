"""What every event handler must stand, found by discovery: a new one is tested here without being told.

Payload files are ``tests/webhooks/<type>/payloads/<event>__<case>.json``, in lower case; see ``making.py``.
"""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from making import REGISTRY, beside, event_of, kind_of, made_handler, payload_files, webhook_settings
from posthouse import Event, EventHandler, Inbound, Message, No, NotifyEventHandler, Site

HANDLERS = REGISTRY.events
ABSENT = object()
#: What takes the place of each value in turn: nothing at all, null, and values of every other type.
STRANGERS = (ABSENT, None, "x", "", 0, [], {}, True, [None])
#: How deep into a payload, and how far into its lists, values are replaced.
DEPTH = 4
ENTRIES = 2
#: What only gets into a text by mistake, unless the payload has it.
LEFTOVERS = ("None", "null", "{", "()", "（）")


CASES = [(key, path) for key in sorted(HANDLERS) for path in payload_files(*key)]


@pytest.mark.parametrize("key", sorted(HANDLERS), ids=" ".join)
def test_a_handler_has_a_payload_for_each_of_its_events(key: tuple[str, str]) -> None:
    assert payload_files(*key), f"tests/webhooks/{key[0].lower()}/payloads has no file for {key[1]!r}"


@pytest.mark.parametrize(("key", "path"), CASES, ids=[path.stem for _, path in CASES])
def test_a_handler_survives_any_value_in_any_place(key: tuple[str, str], path: Path) -> None:
    event = event_of(path, Site())
    foreign = {word for word in LEFTOVERS if any(word in text for text in texts([event.payload, event.looked_up]))}
    extra = beside(path).get("settings", {})
    handlers = [made_handler(HANDLERS[key], Site(language=language), **extra) for language in ("zh", "en")]
    for value in (event.payload, event.looked_up):
        for number, place in enumerate(mutated(value)):
            # One language at a time, as most of the work is the same in both.
            try:
                check(handlers[number % 2], event, foreign, place)
            except Exception as error:
                error.add_note(f"{path.name}: {place}")
                raise


@pytest.mark.parametrize("path", payload_files(), ids=lambda path: f"{kind_of(path)}-{path.stem}")
def test_a_request_with_any_value_in_any_place_is_an_event_with_a_name(path: Path) -> None:
    kind = REGISTRY.webhooks[kind_of(path)]
    webhook = kind(webhook_settings(kind, **beside(path).get("settings", {})), Site())
    payload = json.loads(path.read_text(encoding="utf-8"))
    for place in mutated(payload, depth=2):
        event = webhook.parse(Inbound({}, {}, json.dumps(payload).encode()))
        assert 0 < len(event.name) < 200, f"{path.name}: {place}"


@pytest.mark.parametrize("kind", sorted(REGISTRY.webhooks))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_a_handler_survives_a_payload_that_nobody_has_seen(kind: str, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(name for of, name in HANDLERS if of == kind)))
    payload, looked_up = data.draw(strange_payloads(kind)), data.draw(strange_payloads(kind))
    last = data.draw(st.none() | st.text(max_size=20))
    foreign = {word for word in LEFTOVERS if any(word in text for text in texts([payload, looked_up, last]))}
    handler = made_handler(HANDLERS[kind, name], Site(language=data.draw(st.sampled_from(["zh", "en"]))))
    check(handler, Event(name=name, payload=payload, looked_up=looked_up, last=last), foreign, "strange")


@cache
def strange_payloads(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return objects of any shape, made of the keys and the values that the sender's payload files have."""
    keys, scalars = set[str](), set[Any]()
    for path in payload_files(kind):
        collect(json.loads(path.read_text(encoding="utf-8")), keys, scalars)
    known = st.sampled_from(sorted(keys))
    values = st.sampled_from(sorted(scalars, key=repr)) | st.sampled_from(STRANGERS[1:]) | st.text(max_size=8)
    inner = st.recursive(
        values,
        lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(known, deeper, max_size=8),
        max_leaves=40,
    )
    return st.dictionaries(known, inner, max_size=12)


def collect(value: Any, keys: set[str], scalars: set[Any]) -> None:
    if isinstance(value, dict):
        keys |= set(value)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        collect(item, keys, scalars)
    if not isinstance(value, dict | list):
        scalars.add(value)


@pytest.mark.parametrize("key", sorted(HANDLERS), ids=" ".join)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_handler_survives_an_empty_payload(key: tuple[str, str], language: Any) -> None:
    check(made_handler(HANDLERS[key], Site(language=language)), Event(name=key[1], payload={}), set(), "empty")


@pytest.mark.parametrize(("key", "path"), CASES, ids=[path.stem for _, path in CASES])
def test_a_handler_says_the_same_again(key: tuple[str, str], path: Path, site: Site) -> None:
    event, extra = event_of(path, site), beside(path).get("settings", {})
    handler = made_handler(HANDLERS[key], site, **extra)
    again = made_handler(HANDLERS[key], site, **extra)
    assert handler.handle(event) == handler.handle(event) == again.handle(event)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts(item)


def mutated(value: Any, depth: int = DEPTH, place: str = "") -> Iterator[str]:
    """Change one place after another in a payload, yield its name each time, and leave everything as it was."""
    keys = list(value) if isinstance(value, dict) else list(range(min(len(value), ENTRIES)))
    for key in keys:
        kept = value[key]
        for stranger in STRANGERS:
            if stranger is not ABSENT:
                value[key] = stranger
            elif isinstance(value, dict):
                del value[key]
            else:
                continue
            yield f"{place}.{key} = {'absent' if stranger is ABSENT else stranger!r}"
        value[key] = kept
        if depth > 1 and isinstance(kept, dict | list):
            yield from mutated(kept, depth - 1, f"{place}.{key}")


def check(handler: EventHandler, event: Event, foreign: set[str], place: str) -> None:
    topic, value = handler.topic(event), handler.remember(event)
    assert topic is None or topic.strip(), place
    assert value is None or "None" not in value, place
    result = handler.handle(event)
    if isinstance(result, No):
        assert result.reason.strip(), place
        assert "None" not in result.reason, place
        # What is silent today may be told tomorrow, by a subclass that decides otherwise.
        result = (handler.message(event),) if isinstance(handler, NotifyEventHandler) else ()
    for message in result:
        check_message(message, foreign, place)


def check_message(message: Message, foreign: set[str], place: str) -> None:
    text = message.to_text()
    for word in set(LEFTOVERS) - foreign:
        assert word not in text, f"{place}: {word!r} in {text}"
    assert message.title == message.title.strip(), place
    assert "\n" not in message.title, place
    assert not message.title.endswith((":", "：")), place
    for name in (message.story, message.occurrence, message.hold and message.hold.burst):
        assert name is None or "None" not in name, f"{place}: {name}"
    assert all(message.facts.values()), f"{place}: {message.facts}"
