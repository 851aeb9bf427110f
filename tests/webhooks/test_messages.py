"""Each payload file against its golden file: what is told about it, in both languages, or why nothing is.

``POSTHOUSE_UPDATE_GOLDEN=1`` writes the golden files anew; read them before you commit them.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from making import REGISTRY, WEBHOOKS, beside, event_of, kind_of, made_handler, payload_files, slug
from posthouse import Message, No, NotifyEventHandler, Site

PAYLOADS = payload_files()
SITES = (Site(language="zh"), Site(language="en"))

each_payload = pytest.mark.parametrize("payload", PAYLOADS, ids=lambda path: f"{kind_of(path)}-{path.stem}")


@each_payload
def test_a_payload_is_told_as_its_golden_file_says(payload: Path) -> None:
    golden = payload.parents[1] / "messages" / f"{payload.stem}.txt"
    told = "\n".join(line for site in SITES for line in outcome(payload, site))
    if os.environ.get("POSTHOUSE_UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(told, encoding="utf-8")
    assert golden.is_file(), f"{golden} is missing; POSTHOUSE_UPDATE_GOLDEN=1 writes it"
    assert told == golden.read_text(encoding="utf-8")


def test_no_golden_file_has_lost_its_payload() -> None:
    golden = {(path.parts[-3], path.stem) for path in WEBHOOKS.glob("*/messages/*.txt")}
    assert golden == {(path.parts[-3], path.stem) for path in PAYLOADS}


def test_no_file_beside_a_payload_has_lost_it() -> None:
    beside_them = {path.with_name(path.name.replace(".with", "")) for path in WEBHOOKS.glob("*/payloads/*.with.json")}
    assert beside_them <= set(PAYLOADS)


@each_payload
def test_what_must_not_be_told_is_not(payload: Path) -> None:
    for site in SITES:
        told = "\n".join(outcome(payload, site))
        assert "DEPLOY_PASSWORD" not in told
        assert "not-to-be-told" not in told


def outcome(payload: Path, site: Site) -> Iterator[str]:
    """Yield the lines of a golden file in one language; for what is silent also what would be said."""
    event = event_of(payload, site)
    assert slug(event.name) == payload.stem.partition("__")[0]
    yield f"=== {site.language}"
    if event.confidential:
        yield "confidential"
    found = REGISTRY.events.get((kind_of(payload), event.name))
    if found is None:
        yield from ("silent: no handler", "")
        return
    if not found.on_by_default:
        yield "off by default"
    handler = made_handler(found, site, **beside(payload).get("settings", {}))
    if topic := handler.topic(event):
        yield f"remembers: {topic}: {handler.remember(event)}"
    result = handler.handle(event)
    if isinstance(result, No):
        yield f"silent: {result.reason}"
        if isinstance(handler, NotifyEventHandler):
            yield from ("", "--- would say")
            yield from _lines(handler.message(event))
        else:
            yield ""
        return
    for message in result:
        yield from _lines(message)


def _lines(message: Message) -> Iterator[str]:
    yield f"level: {message.level}"
    for name, value in message.facts.items():
        yield f"fact {name}: {value if isinstance(value, str) else ' | '.join(value)}"
    yield f"story: {message.story or '-'}"
    if message.occurrence:
        yield f"occurrence: {message.occurrence}"
    if message.hold:
        yield f"hold: {message.hold.burst} for {message.hold.seconds:g} s"
    yield from ("", message.to_text(), "")
