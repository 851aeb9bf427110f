"""Draws messages as Feishu's groups see them, but for what is in a card."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from posthouse.fakes.exchange import Shown, objects
from posthouse.fakes.page.feishu_cards import card, somebody
from posthouse.fakes.page.inline import Dialect, Draw, inline, link


def bubble(message: Shown) -> str:
    """Draw one message; a text or a post of version 1 has no type."""
    payload = message.payload
    content = payload.get("content")
    part: Mapping[str, Any] = content if isinstance(content, dict) else {}
    match payload.get("msg_type"):
        case "text":
            return f'<p class="plain">{inline(str(part.get("text", "")), _TEXT)}</p>'
        case "post" if isinstance(part.get("post"), dict):
            return "".join(_post(language) for language in objects(list(part["post"].values())[:1]))
        case "interactive" if isinstance(payload.get("card"), dict):
            return card(payload["card"])
        case "image" | "share_chat" as kind:
            name = "image_key" if kind == "image" else "share_chat_id"
            return f"<p>{'🖼' if kind == 'image' else '👥'} {escape(str(part.get(name)))}</p>"
        case None if isinstance(payload.get("text"), str):
            title = f"<h4>{escape(payload['title'])}</h4>" if isinstance(payload.get("title"), str) else ""
            return f'{title}<p class="plain">{escape(payload["text"])}</p>'
    return f'<p class="plain">{escape(str(payload))}</p>'


def _at(match: re.Match[str], _draw: Draw) -> str:
    return somebody(match[1], name=match[2] or "")


_TEXT = Dialect(marks=((re.compile(r"""<at\s+user_id\s*=\s*["']?([^\s"'<>/]+)["']?\s*/?>(?:([^<\n]*)</at>)?"""), _at),))


def _post(language: Mapping[str, Any]) -> str:
    title = f"<h4>{escape(str(language['title']))}</h4>" if language.get("title") else ""
    content = language.get("content")
    lines = [objects(line) for line in content] if isinstance(content, list) else []
    return title + "".join(f"<p>{''.join(_post_part(part) for part in line)}</p>" for line in lines)


def _post_part(part: Mapping[str, Any]) -> str:
    text = escape(str(part.get("text", "")))
    match part.get("tag"):
        case "a":
            return link(text, str(part.get("href")))
        case "at":
            return somebody(str(part.get("user_id")))
        case "img":
            return f"🖼 {escape(str(part.get('image_key')))}"
    return text
