"""From blocks to Markdown: a dialect's words for them, and fitting a message into a robot's bytes."""

import bisect
import json
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar
from urllib.parse import quote, urlsplit

from posthouse import (
    LINK_SCHEMES,
    Block,
    Bold,
    Buttons,
    Code,
    Fields,
    Items,
    Level,
    Line,
    Link,
    Message,
    Payload,
    Quote,
    Text,
)

#: Robots have no colour that every client shows; a mark in front of the title they all show.
MARKS = {Level.INFO: "", Level.SUCCESS: "✅ ", Level.WARNING: "⚠️ ", Level.FAILURE: "❌ "}
#: A title longer than this is cut when a message must shrink, in characters.
SHORT_TITLE = 200
#: What an address may hold besides letters and digits so that no Markdown is read into it.
URL_SAFE = "/:?#@!$&'*+,;=%~-._"


class Dialect(ABC):
    """One vendor's Markdown. Everything that came from a user passes through `escape` or `link`."""

    line_break: ClassVar[str]
    colon: str = ": "

    @abstractmethod
    def escape(self, text: str) -> str:
        """Return one line of a user's text so that nothing in it is read as markup."""

    @abstractmethod
    def more(self, count: int) -> str:
        """Return the words for ``count`` entries that are not shown."""

    def address(self, url: str) -> str:
        """Return where a link leads in the vendor's client."""
        return url

    def inline(self, line: Line) -> str:
        """Return a line of parts as Markdown."""
        return "".join(self._part(part) for part in line)

    def block(self, block: Block) -> str:
        """Return a block as Markdown; `Buttons` become links, for vendors without buttons."""
        match block:
            case Text(line=line):
                return self.inline(line)
            case Quote(text=text):
                return self.line_break.join(f"> {self.escape(line)}" for line in text.splitlines() if line.strip())
            case Fields(pairs=pairs):
                return self.line_break.join(
                    f"**{self.escape(name)}**{self.colon}{self.inline(line)}" for name, line in pairs
                )
            case Items(lines=lines, more=more):
                rows = [f"- {self.inline(line)}" for line in lines]
                return "\n".join([*rows, f"- {self.more(more)}"] if more else rows)
            case Buttons(links=links):
                return " | ".join(self._part(link) for link in links)

    def _part(self, part: str | Link | Bold | Code) -> str:
        match part:
            case Link(text=text, url=url):
                target = sound_url(url)
                return f"[{self.escape(text)}]({self.address(target)})" if target and text else self.escape(text)
            case Bold(text=text):
                return f"**{self.escape(text).strip()}**" if text.strip() else ""
            case Code(text=text):
                return self.escape(text)
            case _:
                return self.escape(part)


def sound_url(url: str) -> str:
    """Return an address that cannot end a Markdown link early, or an empty string if it is not http(s)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in LINK_SCHEMES or not parts.netloc:
        return ""
    return quote(clean(url), safe=URL_SAFE)


def clean(text: str) -> str:
    """Return text as one line, without control characters, marks that turn the direction, and half characters."""
    line = re.sub(r"\s+", " ", text)
    return "".join(char for char in line if unicodedata.category(char) not in {"Cc", "Cs"} and char not in _TURNS)


#: Explicit marks of direction: they could make a title show what it does not say. Right-to-left text needs none.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def encoded(payload: Payload) -> bytes:
    """Return the bytes that are sent: compact, and in UTF-8, where a Chinese character takes 3 bytes."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def fit(message: Message, *, fits: Callable[[Message], bool], left_out: Callable[[int], str]) -> Message:
    """Return the message, shortened until ``fits`` agrees, and never cut in the middle of anything.

    Entries of lists go first, then whole blocks from the end, and a line from ``left_out`` counts them; the buttons
    stay, and so does the title, at last with its first 200 characters. ``fits`` must hold for those alone.
    """
    if fits(message):
        return message
    for index in reversed(range(len(message.blocks))):
        block = message.blocks[index]
        if isinstance(block, Items):
            message = _with_fewer_items(message, index, block, fits)
            if fits(message):
                return message
    buttons = tuple(block for block in message.blocks if isinstance(block, Buttons))
    others = tuple(block for block in message.blocks if not isinstance(block, Buttons))
    for kept in range(len(others) - 1, -1, -1):
        note = Text((left_out(len(others) - kept),))
        shorter = replace(message, blocks=(*others[:kept], note, *buttons))
        if fits(shorter):
            return shorter
    title = message.title if len(message.title) <= SHORT_TITLE else message.title[:SHORT_TITLE] + "…"
    short = replace(message, title=title, blocks=(Text((left_out(len(others)),)), *buttons))
    return short if fits(short) else replace(short, blocks=short.blocks[:1])


def _with_fewer_items(message: Message, index: int, block: Items, fits: Callable[[Message], bool]) -> Message:
    """Return the message with as many entries of one list as fit."""

    def with_items(kept: int) -> Message:
        fewer = replace(block, lines=block.lines[:kept], more=block.more + len(block.lines) - kept)
        return replace(message, blocks=(*message.blocks[:index], fewer, *message.blocks[index + 1 :]))

    too_many = bisect.bisect_left(range(len(block.lines) + 1), x=True, key=lambda kept: not fits(with_items(kept)))
    return with_items(max(too_many - 1, 0))
