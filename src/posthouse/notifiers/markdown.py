"""From blocks to Markdown: a dialect's words for them, and fitting a message into a robot's bytes."""

import bisect
import json
import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import ClassVar, TypeVar
from urllib.parse import quote, urlsplit

from posthouse import (
    LINK_SCHEMES,
    Block,
    Bold,
    Buttons,
    Code,
    Fields,
    Inline,
    Items,
    Level,
    Line,
    Link,
    Message,
    Payload,
    Quote,
    Text,
    excerpt,
)

#: Robots have no colour that every client shows; a mark in front of the title they all show.
MARKS = {Level.INFO: "", Level.SUCCESS: "✅ ", Level.WARNING: "⚠️ ", Level.FAILURE: "❌ "}
#: What titles and other texts are cut to when a message must shrink, in characters.
SHORT_TITLE = 200
SHORT_TEXT = 300
#: A longer address is no link: browsers and vendors refuse it, and a message must have room for a few.
URL_CHARACTERS = 4000
#: What an address may hold besides letters and digits so that no Markdown is read into it; "%" is looked at before.
URL_SAFE = "/:?#@!$&'*+,;=%~-._"

Part = TypeVar("Part", str, Link, Bold, Code)
Phase = tuple[int, Callable[[int], Message]]


class Dialect(ABC):
    """One vendor's Markdown. Everything that came from a user passes through `escape` or `sound_url`."""

    line_break: ClassVar[str]
    colon: str = ": "

    @abstractmethod
    def escape(self, text: str) -> str:
        """Return a piece of a user's text on one line so that nothing in it is read as markup, wherever it stands."""

    def line_start(self, line: str) -> str:
        """Return a finished line so that its beginning is not read as a heading, a list or the like."""
        return line

    @abstractmethod
    def more(self, count: int) -> str:
        """Return the words for ``count`` entries that are not shown."""

    def address(self, url: str) -> str:
        """Return where a link leads in the vendor's client."""
        return url

    def inline(self, line: Line) -> str:
        """Return a line of parts as Markdown, to stand behind something else."""
        # An exclamation mark in front of a link would make it an image; every "[" in here is a link's.
        return "".join(self._part(part) for part in line).replace("![", "！[")

    def line(self, line: Line) -> str:
        """Return a line of parts as Markdown, to stand where a line begins."""
        return self.line_start(self.inline(line))

    def block(self, block: Block) -> str:
        """Return a block as Markdown; `Buttons` become links, for vendors without buttons."""
        match block:
            case Text(line=line):
                return self.line(line)
            case Quote(text=text):
                return self.line_break.join(f"> {self.line((line,))}" for line in text.splitlines() if line.strip())
            case Fields(pairs=pairs):
                return self.line_break.join(
                    f"{self._part(Bold(name))}{self.colon}{self.inline(line)}" for name, line in pairs
                )
            case Items(lines=lines, more=more):
                rows = [f"- {self.line(line)}" for line in lines]
                return "\n".join([*rows, f"- {self.more(more)}"] if more else rows)
            case Buttons(links=links):
                return " | ".join(self._part(link) for link in links)

    def _part(self, part: Inline) -> str:
        match part:
            case Link(text=text, url=url):
                shown, target = self.escape(text), sound_url(url)
                return f"[{shown}]({self.address(target)})" if target and shown.strip() else shown
            case Bold(text=text):
                shown = self.escape(text).strip()
                return f"**{shown}**" if shown else ""
            case Code(text=text):
                return self.escape(text)
            case _:
                return self.escape(part)


def sound_url(url: str) -> str:
    """Return an address that cannot end a Markdown link early, or an empty string if it is no usable http(s) one.

    What must be is percent-encoded, what is already stays as it is.
    """
    address = clean(url).strip() if len(url) <= URL_CHARACTERS else ""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme not in LINK_SCHEMES or not parts.netloc:
        return ""
    encoded_once = quote(_LONE_PERCENT.sub("%25", address), safe=URL_SAFE)
    return encoded_once if len(encoded_once) <= URL_CHARACTERS else ""


def clean(text: str) -> str:
    """Return text as one line, without control characters, half characters and what is invisible and misleading."""
    if text.isprintable() and "  " not in text:
        return text  # nearly every text, and much faster
    return _BLANKS.sub(" ", _INVISIBLE.sub("", text))


#: Control characters that are no white space, halves of characters, and marks without width: explicit ones of
#: direction could make a title show what it does not say, the others hide the beginning of a line. Right-to-left text
#: and joined emoji need none of them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff]"
)
_BLANKS = re.compile(r"\s\s+|[^\S ]")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def clip(text: str, limit: int) -> str:
    """Return at most the first ``limit`` characters of a text, with an ellipsis where it is cut.

    A character stays whole with its accents, its colour and what it is joined to.
    """
    if len(text) <= limit:
        return text
    end = limit
    while end > max(limit - _LONGEST_CLUSTER, 0) and (text[end - 1] == _JOINER or _belongs_to_the_last(text[end])):
        end -= 1
    return text[:end].rstrip() + "…"


_JOINER = "\u200d"
_LONGEST_CLUSTER = 32


def _belongs_to_the_last(char: str) -> bool:
    return char == _JOINER or unicodedata.category(char) in {"Mn", "Me"} or "\U0001f3fb" <= char <= "\U0001f3ff"


def encoded(payload: Payload) -> bytes:
    """Return the bytes that are sent: compact, and in UTF-8, where a Chinese character takes 3 bytes."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def fit(
    message: Message,
    *,
    size: Callable[[Message], int],
    room: int,
    left_out: Callable[[int], str],
) -> Message:
    """Return the message, shortened until its ``size`` is at most ``room``, never inside a link or a character.

    In this order, and each only as far as needed: the title to its first 200 characters; long texts, the longest
    first, down to 300; entries of lists from the end; whole blocks from the end, counted in a line from ``left_out``;
    buttons from the end. The title and the first button always stay: there must be room for these two.
    """
    for phase in (_short_title, _short_texts, _fewer_items, _fewer_blocks, _fewer_buttons):
        if size(message) <= room:
            return message
        steps, shortened = phase(message, left_out)
        if steps:
            message = _first_to_fit(steps, shortened, size=size, room=room)
    return message


def _first_to_fit(
    steps: int, shortened: Callable[[int], Message], *, size: Callable[[Message], int], room: int
) -> Message:
    """Return the least shortened message that fits, else the most shortened; halving keeps the work small."""
    shortest = shortened(steps - 1)
    if size(shortest) > room:
        return shortest
    return shortened(bisect.bisect_left(range(steps - 1), x=True, key=lambda step: size(shortened(step)) <= room))


def _short_title(message: Message, _: Callable[[int], str]) -> Phase:
    return 1, lambda _: replace(message, title=clip(message.title, SHORT_TITLE))


def _short_texts(message: Message, _: Callable[[int], str]) -> Phase:
    longest = max((_longest_text(block) for block in message.blocks), default=0)

    def shortened(step: int) -> Message:
        limit = longest - 1 - step
        return replace(message, blocks=tuple(_with_short_texts(block, limit) for block in message.blocks))

    return max(longest - SHORT_TEXT, 0), shortened


def _fewer_items(message: Message, _: Callable[[int], str]) -> Phase:
    total = sum(len(block.lines) for block in message.blocks if isinstance(block, Items))

    def shortened(step: int) -> Message:
        left = total - 1 - step
        blocks: list[Block] = []
        for block in message.blocks:
            if isinstance(block, Items):
                kept = min(left, len(block.lines))
                left -= kept
                blocks.append(replace(block, lines=block.lines[:kept], more=block.more + len(block.lines) - kept))
            else:
                blocks.append(block)
        return replace(message, blocks=tuple(blocks))

    return total, shortened


def _fewer_blocks(message: Message, left_out: Callable[[int], str]) -> Phase:
    buttons = tuple(block for block in message.blocks if isinstance(block, Buttons))
    others = tuple(block for block in message.blocks if not isinstance(block, Buttons))

    def shortened(step: int) -> Message:
        kept = len(others) - 1 - step
        return replace(message, blocks=(*others[:kept], Text((left_out(len(others) - kept),)), *buttons))

    return len(others), shortened


def _fewer_buttons(message: Message, _: Callable[[int], str]) -> Phase:
    links = [link for block in message.blocks if isinstance(block, Buttons) for link in block.links]
    others = tuple(block for block in message.blocks if not isinstance(block, Buttons))

    def shortened(step: int) -> Message:
        return replace(message, blocks=(*others, Buttons(tuple(islice(links, len(links) - 1 - step)))))

    return max(len(links) - 1, 0), shortened


def _longest_text(block: Block) -> int:
    match block:
        case Quote(text=text):
            return len(text)
        case Text(line=line):
            lines: tuple[Line, ...] = (line,)
        case Items(lines=lines):
            pass
        case Fields(pairs=pairs):
            lines = tuple((name, *line) for name, line in pairs)
        case Buttons():
            lines = ()
    return max((len(part if isinstance(part, str) else part.text) for line in lines for part in line), default=0)


def _with_short_texts(block: Block, limit: int) -> Block:
    match block:
        case Quote(text=text):
            return block if len(text) <= limit else Quote(excerpt(text, limit))
        case Text(line=line):
            return Text(_short_line(line, limit))
        case Items(lines=lines):
            return replace(block, lines=tuple(_short_line(line, limit) for line in lines))
        case Fields(pairs=pairs):
            return Fields(tuple((clip(name, limit), _short_line(line, limit)) for name, line in pairs))
        case Buttons():
            return block


def _short_line(line: Line, limit: int) -> Line:
    return tuple(
        clip(part, limit) if isinstance(part, str) else replace(part, text=clip(part.text, limit)) for part in line
    )
