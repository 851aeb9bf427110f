"""Each payload file against its golden file: what is told about it, in both languages, or why nothing is.

``POSTHOUSE_UPDATE_GOLDEN=1`` writes the golden files anew; read them before you commit them.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from posthouse import Inbound, Message, No, NotifyEventHandler, Site
from posthouse.discovery import discover
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler, GitlabWebhookSettings

HERE = Path(__file__).parent
PAYLOADS = sorted((HERE / "payloads").glob("*.json"))
MESSAGES = HERE / "messages"
SITES = (Site(language="zh"), Site(language="en"))


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda path: path.stem)
def test_a_payload_is_told_as_its_golden_file_says(payload: Path) -> None:
    golden = MESSAGES / f"{payload.stem}.txt"
    told = "\n".join(line for site in SITES for line in outcome(payload, site))
    if os.environ.get("POSTHOUSE_UPDATE_GOLDEN"):
        golden.write_text(told, encoding="utf-8")
    assert golden.is_file(), f"{golden} is missing; POSTHOUSE_UPDATE_GOLDEN=1 writes it"
    assert told == golden.read_text(encoding="utf-8")


def test_no_golden_file_has_lost_its_payload() -> None:
    assert {path.stem for path in MESSAGES.glob("*.txt")} == {path.stem for path in PAYLOADS}


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda path: path.stem)
def test_a_pipelines_variables_are_never_told(payload: Path) -> None:
    for site in SITES:
        told = "\n".join(outcome(payload, site))
        assert "DEPLOY_PASSWORD" not in told
        assert "not-to-be-told" not in told


def outcome(payload: Path, site: Site) -> Iterator[str]:
    """Yield the lines of a golden file in one language; for what is silent also what would be said."""
    header = payload.stem.partition("__")[0].replace("_", " ").title()
    webhook = GitlabWebhookHandler(GitlabWebhookSettings(webhook_id="demo", type="GITLAB"), site)
    event = webhook.parse(Inbound({"x-gitlab-event": header}, {}, payload.read_bytes()))
    assert event.name == header
    yield f"=== {site.language}"
    found = discover().events.get(("GITLAB", event.name))
    if found is None:
        yield from ("silent: no handler", "")
        return
    handler = found(site)
    assert isinstance(handler, NotifyEventHandler)
    result = handler.handle(event)
    if isinstance(result, No):
        yield from (f"silent: {result.reason}", "", "--- would say")
        yield from _lines(handler.message(event))
    else:
        for message in result:
            yield from _lines(message)


def _lines(message: Message) -> Iterator[str]:
    yield f"level: {message.level}"
    for name, value in message.facts.items():
        yield f"fact {name}: {value if isinstance(value, str) else ' | '.join(value)}"
    yield from (f"story: {message.story or '-'}", "", message.to_text(), "")
