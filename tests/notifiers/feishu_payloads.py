"""A robot of Feishu's, and what is in the payloads that it is sent."""

import json
from collections.abc import Iterator
from typing import Any

from posthouse import Payload, People, Person, Site
from posthouse.notifiers.feishu import FeiShuNotifier, FeiShuSettings

TOKEN = "00000000-demo-0000-0000-000000000000"
SECRET = "demo-0123456789"
CARD, UNMENTIONED, OLD_CARD, POST, TEXT, MINIMAL = FORMS = range(6)
PEOPLE = People((Person("Li Lei", frozenset({"gitlab:lilei"}), ids={"fei_shu": "ou_lilei"}),))
ZH = Site(language="zh", people=PEOPLE)


def notifier(site: Site = ZH, **settings: Any) -> FeiShuNotifier:
    return FeiShuNotifier(FeiShuSettings(token=TOKEN, **settings), site)


def sent(robot: FeiShuNotifier, payload: Payload, now: float = 1_700_000_000.0) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(robot.request(payload, now=now, idempotency_key="k" * 64).body)
    return body


def elements(payload: Payload) -> list[dict[str, Any]]:
    card = payload["card"]
    found: list[dict[str, Any]] = card["body"]["elements"] if "body" in card else card["elements"]
    return found


def markdown(payload: Payload) -> list[str]:
    """Return what a card shows as Markdown, element by element."""
    parts = (part.get("text", part) for part in elements(payload))
    return [part["content"] for part in parts if part["tag"] in {"markdown", "lark_md"}]


def rich_text(payload: Payload) -> dict[str, Any]:
    found: dict[str, Any] = payload["content"]["post"]["zh_cn"]
    return found


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a payload, however deep."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)
