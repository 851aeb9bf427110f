"""Makes Feishu's cards, of version 2.0 and of version 1.0, from finished parts.

Version 2.0 refuses a whole card for one property that it does not know (200621), so what is made here has none but
those in the table of a test. Source: "Card JSON 2.0 structure", "Card JSON 2.0 release notes", and the pages on the
components of both versions.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from posthouse import Block, Buttons, Fields, Items, Level, Link, Payload, Quote
from posthouse.notifiers.feishu.markup import CardMarkdown

COLOURS = {Level.INFO: "blue", Level.SUCCESS: "green", Level.WARNING: "orange", Level.FAILURE: "red"}
#: Of a longer text the rest is not shown, and nobody is told. Not documented, but reported.
ELEMENT_CHARACTERS = 9000
#: What has more characters than a body may have bytes fits in no way.
HOPELESS_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Parts:
    """What a card is made of: ``texts`` and ``call`` are finished Markdown, all else is plain text."""

    title: str
    level: Level
    texts: Sequence[str]
    call: str = ""
    buttons: Sequence[Link] = ()
    keyword: str = ""


def texts_of(blocks: Iterable[Block], dialect: CardMarkdown) -> list[str]:
    """Return blocks as Markdown in few long texts; what has several lines is divided where it is too long.

    A text of more than `ELEMENT_CHARACTERS` in the result was a single line, or does not fit into any card.
    """
    texts: list[str] = []
    for block in blocks:
        for text in () if isinstance(block, Buttons) else _divided(block, dialect):
            if texts and len(texts[-1]) + len(text) + 2 <= ELEMENT_CHARACTERS:
                texts[-1] = f"{texts[-1]}\n\n{text}"
            else:
                texts.append(text)
    return texts


def new_card(parts: Parts) -> Payload:
    """Return a card of version 2.0: buttons stand alone, or side by side in columns."""
    texts = [text for text in (*parts.texts, parts.call) if text]
    elements: list[dict[str, Any]] = [{"tag": "markdown", "content": text} for text in texts]
    buttons = [_new_button(link, first=number == 0) for number, link in enumerate(parts.buttons)]
    if len(buttons) > 1:
        columns = [{"tag": "column", "width": "auto", "elements": [button]} for button in buttons]
        buttons = [{"tag": "column_set", "flex_mode": "flow", "columns": columns}]
    elements += buttons
    if parts.keyword:
        small = {"tag": "plain_text", "content": parts.keyword, "text_size": "notation", "text_color": "grey"}
        elements.append({"tag": "div", "text": small})
    card = {"schema": "2.0", "config": {"update_multi": True}, "header": _header(parts), "body": {"elements": elements}}
    return {"msg_type": "interactive", "card": card}


def old_card(parts: Parts) -> Payload:
    """Return a card of version 1.0, which overlooks properties that it does not know."""
    texts = [text for text in (*parts.texts, parts.call) if text]
    elements: list[dict[str, Any]] = [{"tag": "div", "text": {"tag": "lark_md", "content": text}} for text in texts]
    if parts.buttons:
        buttons = [_button(link, first=number == 0) | {"url": link.url} for number, link in enumerate(parts.buttons)]
        elements.append({"tag": "action", "actions": buttons})
    if parts.keyword:
        elements.append({"tag": "note", "elements": [{"tag": "plain_text", "content": parts.keyword}]})
    card = {"config": {"wide_screen_mode": True}, "header": _header(parts), "elements": elements}
    return {"msg_type": "interactive", "card": card}


def _header(parts: Parts) -> dict[str, Any]:
    return {"title": {"tag": "plain_text", "content": parts.title}, "template": COLOURS[parts.level]}


def _new_button(link: Link, *, first: bool) -> dict[str, Any]:
    return _button(link, first=first) | {"behaviors": [{"type": "open_url", "default_url": link.url}]}


def _button(link: Link, *, first: bool) -> dict[str, Any]:
    text = {"tag": "plain_text", "content": link.text}
    return {"tag": "button", "text": text, "type": "primary" if first else "default"}


def _divided(block: Block, dialect: CardMarkdown) -> Iterator[str]:
    text = dialect.block(block)
    halves = _halves(block) if ELEMENT_CHARACTERS < len(text) <= HOPELESS_CHARACTERS else ()
    for half in halves:
        yield from _divided(half, dialect)
    if text.strip() and not halves:
        yield text


def _halves(block: Block) -> tuple[Block, ...]:
    """Return a block of several lines as two; none if it has but one."""
    match block:
        case Quote(text=text):
            written = [line for line in text.splitlines() if line.strip()]
            middle = len(written) // 2
            return (Quote("\n".join(written[:middle])), Quote("\n".join(written[middle:]))) if middle else ()
        case Fields(pairs=pairs):
            middle = len(pairs) // 2
            return (Fields(pairs[:middle]), Fields(pairs[middle:])) if middle else ()
        case Items(lines=lines, more=more):
            middle = len(lines) // 2
            return (Items(lines[:middle]), Items(lines[middle:], more)) if middle else ()
        case _:
            return ()
