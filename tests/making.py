"""Makes plugins and events as posthouse itself does: from a payload file, with the smallest settings that will do."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from posthouse import Event, EventHandler, Inbound, Site, WebhookHandler
from posthouse.discovery import discover

WEBHOOKS = Path(__file__).parent / "webhooks"
REGISTRY = discover()
#: When the events of payload files come in: noon in Shanghai on 24 November 2026, in seconds since the epoch.
NOON = 1_795_492_800.0
#: What the settings of a webhook type cannot do without, by its name.
NEEDED: dict[str, dict[str, Any]] = {
    "GENERIC": {"title": "{{ title }}"},
}
#: How a sender names the event of a payload file in a header, from the words in front of the file's "__".
HEADERS: dict[str, Callable[[str], dict[str, str]]] = {
    "GITHUB": lambda words: {"x-github-event": words},
    "GITLAB": lambda words: {"x-gitlab-event": words.replace("_", " ").title()},
}


def made_handler(handler: type[EventHandler], site: Site, **settings: Any) -> EventHandler:
    """Return an event handler of a webhook with these settings."""
    return handler(webhook_settings(handler.webhook_type, **settings), site)


def webhook_settings(kind: type[WebhookHandler], **settings: Any) -> Any:
    """Return the settings of a webhook of this type."""
    values = {"webhook_id": "demo", "type": kind.type} | NEEDED.get(kind.type, {}) | settings
    return kind.settings_model.model_validate(values)


def payload_files(kind: str = "*", event: str = "*") -> list[Path]:
    """Return the payload files of a webhook type, or of one of its events: ``<type>/payloads/<event>__<case>.json``."""
    found = WEBHOOKS.glob(f"{slug(kind)}/payloads/{slug(event)}__*.json")
    return sorted(path for path in found if not path.name.endswith(".with.json"))


def kind_of(path: Path) -> str:
    """Return the webhook type of a payload file."""
    return path.parts[-3].upper()


def beside(path: Path) -> Mapping[str, Any]:
    """Return what a file ``<event>__<case>.with.json`` puts beside a payload.

    These are the webhook's ``settings``, the request's ``headers`` and ``query``, and the event's ``looked_up`` and
    ``last``.
    """
    found = path.with_suffix(".with.json")
    values: dict[str, Any] = json.loads(found.read_text(encoding="utf-8")) if found.is_file() else {}
    assert set(values) <= {"settings", "headers", "query", "looked_up", "last"}, found
    return values


def event_of(path: Path, site: Site) -> Event:
    """Return the event that a payload file reports."""
    kind, extra = kind_of(path), beside(path)
    named = HEADERS.get(kind, lambda _: {})(path.stem.partition("__")[0])
    webhook = REGISTRY.webhooks[kind]
    settings = webhook_settings(webhook, **extra.get("settings", {}))
    inbound = Inbound({**named, **extra.get("headers", {})}, extra.get("query", {}), path.read_bytes())
    event = webhook(settings, site).parse(inbound)
    return replace(event, received_at=NOON, looked_up=extra.get("looked_up", {}), last=extra.get("last"))


def slug(name: str) -> str:
    """Return an event's name as it stands in the names of files."""
    return name if name == "*" else re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
