"""From blocks to Markdown: a dialect's words for them, and what makes a user's text and addresses harmless."""

import json
import re
from abc import ABC, abstractmethod
from typing import ClassVar
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
    Payload,
    Quote,
    Text,
)

#: Robots have no colour that every client shows; a mark in front of the title they all show.
MARKS = {Level.INFO: "", Level.SUCCESS: "✅ ", Level.WARNING: "⚠️ ", Level.FAILURE: "❌ "}
#: A longer address is no link: browsers and vendors refuse it, and a message must have room for a few.
URL_CHARACTERS = 4000
#: What an address may hold besides letters and digits so that no Markdown is read into it; "%" is looked at before.
URL_SAFE = "/:?#@!$&'*+,;=%~-._"


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


def encoded(payload: Payload) -> bytes:
    """Return the bytes that are sent: compact, and in UTF-8, where a Chinese character takes 3 bytes."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
