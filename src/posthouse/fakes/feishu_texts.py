"""What a group reads in a Feishu message, and whom the message notifies. Pure.

Source: Feishu's pages on custom bots and on the ``markdown`` and ``div`` components of cards.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from posthouse.fakes.exchange import EVERYBODY, objects

Kind = Literal["plain", "markdown"]


def visible_text(payload: Mapping[str, Any]) -> str:
    """Return titles and texts, one a line, without the targets of links and whatever is in angle brackets."""
    lines = [text if kind == "plain" else _TAG.sub("", _LINK.sub(r"\1", text)) for kind, text in _texts(payload)]
    return "\n".join(lines)


def mentions(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return whom a message notifies, by open id or user id.

    A text says ``<at user_id="…">``, the Markdown of a card ``<at id=…>`` or ``<at ids=…>``, a post has parts with
    the tag at; each of them is nothing but text in another place. Custom bots know no addresses of mail and no union
    ids.
    """
    match payload.get("msg_type"):
        case "text":
            found = [match[1] or match[2] for kind, text in _texts(payload) for match in _IN_TEXT.finditer(text)]
        case "post":
            found = [str(part.get("user_id")) for part in post_parts(payload) if part.get("tag") == "at"]
        case "interactive":
            marked = [text for kind, text in _texts(payload) if kind == "markdown"]
            found = [name for text in marked for match in MARK.finditer(text) for name in marked_names(match)]
        case _:
            found = []
    everybody = (EVERYBODY,) if EVERYBODY in found else ()
    return everybody + tuple(name for name in dict.fromkeys(found) if name != EVERYBODY and is_id(name))


def post_parts(payload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parts of a post in every language."""
    for language in _languages(payload):
        lines = language.get("content")
        for line in lines if isinstance(lines, list) else ():
            yield from objects(line)


def is_id(name: str) -> bool:
    """Tell whether a custom bot can mention somebody by this: an address of mail or a union id is only shown."""
    return bool(name) and "@" not in name and not name.startswith("on_")


#: A mention in the Markdown of a card, with or without quotes around the ids.
MARK = re.compile(r"""<at\s+(?:id|ids)\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>/]*))\s*/?>(?:[^<]*</at>)?""")


def marked_names(match: re.Match[str]) -> list[str]:
    """Return the ids in a match of `MARK`."""
    return [name.strip() for name in (match[1] or match[2] or match[3] or "").split(",") if name.strip()]


#: Only quoted ids are documented; that others are taken for text is not, so they count.
_IN_TEXT = re.compile(r"""<at\s+user_id\s*=\s*(?:["']([^"'<>]+)["']|([^\s"'<>/]+))\s*/?>""")
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")
_TAG = re.compile(r"<[^<>]*>")


def _texts(payload: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
    content = payload.get("content")
    match payload.get("msg_type"):
        case "text" if isinstance(content, dict):
            yield "plain", str(content.get("text", ""))
        case "post":
            for language in _languages(payload):
                yield "plain", str(language.get("title", ""))
            for part in post_parts(payload):
                yield "plain", str(part.get("text", ""))
        case "interactive":
            yield from _card_texts(payload.get("card"))
            yield from _variables(payload.get("card"))


def _languages(payload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    content = payload.get("content")
    post = content.get("post") if isinstance(content, dict) else None
    for language in post.values() if isinstance(post, dict) else ():
        if isinstance(language, dict):
            yield language


def _card_texts(card: Any) -> Iterator[tuple[Kind, str]]:
    """Yield every text of a card, however deep; without recursion, because nothing limits the depth of old cards."""
    waiting = [card]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(reversed(node))
        elif isinstance(node, dict):
            kind = _KINDS.get(str(node.get("tag")))
            if kind is not None:
                others = node.get("i18n_content")
                contents = [node.get("content"), *(others.values() if isinstance(others, dict) else ())]
                yield from ((kind, text) for text in contents if isinstance(text, str))
            if node.get("tag") == "table":
                yield from _cells(node)
            waiting.extend(reversed(list(node.values())))


_KINDS: Mapping[str, Kind] = {"plain_text": "plain", "lark_md": "markdown", "markdown": "markdown"}


def _variables(card: Any) -> Iterator[tuple[Kind, str]]:
    """Yield what fills a template, wherever that shows it."""
    data = card.get("data") if isinstance(card, dict) else None
    variables = data.get("template_variable") if isinstance(data, dict) else None
    for text in variables.values() if isinstance(variables, dict) else ():
        if isinstance(text, str):
            yield "plain", text


def _cells(table: Mapping[str, Any]) -> Iterator[tuple[Kind, str]]:
    columns = objects(table.get("columns"))
    kinds = {str(column.get("name")): _KINDS.get(str(column.get("data_type")), "plain") for column in columns}
    for row in objects(table.get("rows")):
        yield from ((kinds[name], cell) for name, cell in row.items() if name in kinds and isinstance(cell, str))
