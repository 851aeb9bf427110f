"""Draws messages as DingTalk's groups see them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import Any

from posthouse.fakes.dingtalk_rules import mark
from posthouse.fakes.exchange import EVERYBODY, Shown, objects
from posthouse.fakes.page.inline import Dialect, Mark, inline, link, mention
from posthouse.fakes.page.markdown import markdown

DIALECT = Dialect(frozenset({"heading", "list", "link", "entity", "bold", "italic"}), quotes=8, folds=True)


def bubble(message: Shown) -> str:
    """Draw one message, below the title that shows in the list of conversations."""
    kind = str(message.payload.get("msgtype"))
    part = message.payload.get(kind)
    if not isinstance(part, dict):
        return f'<p class="plain">{escape(str(message.payload))}</p>'
    marks = _marks(message.mentions)
    everybody = f"<p>{mention('所有人')}</p>" if EVERYBODY in message.mentions else ""
    if kind == "text":
        return f'<p class="plain">{inline(str(part.get("content", "")), Dialect(marks=marks))}</p>{everybody}'
    if kind == "feedCard":
        return "".join(_headline(entry.get("title"), entry.get("messageURL")) for entry in objects(part.get("links")))
    if kind == "link":
        title = link(escape(str(part.get("title"))), str(part.get("messageUrl")))
        return f"<h4>{title}</h4><p>{escape(str(part.get('text', '')))}</p>"
    preview = f'<p class="preview">预览：{escape(str(part["title"]))}</p>' if "title" in part else ""
    text = markdown(str(part.get("text", "")), replace(DIALECT, marks=marks))
    return preview + text + everybody + _buttons(part)


def _marks(mentions: tuple[str, ...]) -> tuple[Mark, ...]:
    """Return what draws the ids of those who are notified; the same behind an "@" of anybody else is text."""
    people = [mark(person) for person in mentions if person != EVERYBODY]
    return ((re.compile("|".join(people)), lambda match, _: mention(match[0][1:])),) if people else ()


def _headline(title: Any, address: Any) -> str:
    return f"<p>{link(escape(str(title)), str(address))}</p>"


def _buttons(card: Mapping[str, Any]) -> str:
    if "singleTitle" in card:
        buttons = [(card["singleTitle"], card.get("singleURL"))]
    else:
        buttons = [(button.get("title"), button.get("actionURL")) for button in objects(card.get("btns"))]
    drawn = "".join(link(escape(str(title)), str(url)) for title, url in buttons)
    beside = " beside" if card.get("btnOrientation") == "1" else ""
    return f'<div class="actions{beside}">{drawn}</div>' if drawn else ""
