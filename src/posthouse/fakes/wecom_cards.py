"""Which template cards WeCom refuses. Pure.

Source: WeCom's page "Group robots" (``path/91770``). How long a title should be is advice there, so it is none here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from posthouse.fakes import wecom_codes as codes
from posthouse.fakes.exchange import Refusal, objects
from posthouse.fakes.wecom_codes import invalid, missing
from posthouse.fakes.wecom_urls import url_refusal

#: How many entries a list may have.
MOST = {"horizontal_content_list": 6, "jump_list": 3, "vertical_content_list": 4}


def card_refusal(card: Mapping[str, Any]) -> Refusal | None:
    """Return why a card is not shown, or None if it is."""
    if card.get("card_type") not in ("text_notice", "news_notice"):
        return invalid("template_card.card_type")
    return next(_wrong(card), None)


def _wrong(card: Mapping[str, Any]) -> Iterator[Refusal]:
    title = _part(card, "main_title").get("title")
    if card["card_type"] == "text_notice" and not _has_text(title) and not _has_text(card.get("sub_title_text")):
        yield missing("template_card.main_title.title")
    if card["card_type"] == "news_notice":
        if not _has_text(title):
            yield codes.NO_TITLE
        yield from _if_any(url_refusal(_part(card, "card_image").get("url")))
    if not isinstance(card.get("card_action"), dict):
        yield missing("template_card.card_action")
    elif card["card_action"].get("type") not in (1, 2):
        yield invalid("template_card.card_action.type")
    yield from _wrong_jump(_part(card, "card_action"))
    for name, most in MOST.items():
        entries = card.get(name, [])
        if not isinstance(entries, list) or len(objects(entries)) != len(entries) or len(entries) > most:
            yield invalid(f"template_card.{name}")
    yield from _wrong_entries(card)


def _wrong_entries(card: Mapping[str, Any]) -> Iterator[Refusal]:
    for row in objects(card.get("horizontal_content_list")):
        if not _has_text(row.get("keyname")):
            yield missing("template_card.horizontal_content_list.keyname")
        if row.get("type") == 1:
            yield from _if_any(url_refusal(row.get("url")))
    for jump in objects(card.get("jump_list")):
        if not _has_text(jump.get("title")):
            yield codes.NO_TITLE
        yield from _wrong_jump(jump)
    for part in objects(card.get("vertical_content_list")):
        if not _has_text(part.get("title")):
            yield codes.NO_TITLE


def _wrong_jump(jump: Mapping[str, Any]) -> Iterator[Refusal]:
    """Look where something leads: 1 is an address, 2 a mini program."""
    if jump.get("type") == 1:
        yield from _if_any(url_refusal(jump.get("url")))
    if jump.get("type") == 2 and not _has_text(jump.get("appid")):
        yield missing("template_card.appid")


def _part(card: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = card.get(name)
    return part if isinstance(part, dict) else {}


def _has_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _if_any(refusal: Refusal | None) -> Iterator[Refusal]:
    if refusal is not None:
        yield refusal
