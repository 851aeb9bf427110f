"""From blocks to Markdown: a dialect's words for them, and what makes a user's text and addresses harmless."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import lru_cache
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
    Site,
    Text,
)

#: Robots have no colour that every client shows; a mark in front of the title they all show.
MARKS = {Level.INFO: "", Level.SUCCESS: "✅ ", Level.WARNING: "⚠️ ", Level.FAILURE: "❌ "}
#: A longer address is no link: browsers and vendors refuse it, and a message must have room for a few.
URL_CHARACTERS = 4000
#: What an address may hold besides letters, digits and "~-._", so that neither Markdown nor a mention is read into it,
#: even where it is typed out; "%" is looked at before.
URL_SAFE = "/:?#!$&'+,;=%"


class Dialect(ABC):
    """One vendor's Markdown. Everything that came from a user passes through `escape` or `sound_url`."""

    line_break: ClassVar[str]
    #: What an entry of a list begins with.
    bullet: ClassVar[str] = "- "
    #: The longest address that the vendor takes, when it is encoded and so has one byte a character.
    url_characters: ClassVar[int] = URL_CHARACTERS
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

    def link(self, shown: str, address: str) -> str:
        """Return a link of an escaped text."""
        return f"[{shown}]({address})"

    def bold(self, shown: str) -> str:
        """Return an escaped text, without blanks around it, so that it catches the eye."""
        return f"**{shown}**"

    def code(self, shown: str) -> str:
        """Return an escaped name from a machine."""
        return shown

    def quote(self, lines: Iterable[str]) -> str:
        """Return finished lines as a quotation."""
        return self.line_break.join(f"> {line}" for line in lines)

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
                return self.quote(self.line((line,)) for line in text.splitlines() if line.strip())
            case Fields(pairs=pairs):
                rows = [f"{self._part(Bold(name))}{self.colon}{self.inline(line)}" for name, line in pairs]
                return self.line_break.join(map(self.line_start, rows))
            case Items(lines=lines, more=more):
                rows = [f"{self.bullet}{self.line(line)}" for line in lines]
                return "\n".join([*rows, f"{self.bullet}{self.more(more)}"] if more else rows)
            case Buttons(links=links):
                return " | ".join(self._part(link) for link in links)

    def _part(self, part: Inline) -> str:
        match part:
            case Link(text=text, url=url):
                shown, target = self.escape(text), sound_url(url, limit=self.url_characters)
                return self.link(shown, self.address(target)) if target and shown.strip() else shown
            case Bold(text=text):
                shown = self.escape(text).strip()
                return self.bold(shown) if shown else ""
            case Code(text=text):
                shown = self.escape(text)
                return self.code(shown) if shown.strip() else shown
            case _:
                return self.escape(part)


class EscapingDialect(Dialect):
    """The Markdown of a vendor who has something harmless for a character that means something.

    Characters are replaced only where they would mean it: ``feature_x`` and ``C#`` stay as they are.
    """

    #: What would mean something, wherever it stands in a line.
    meaningful: ClassVar[re.Pattern[str]]

    def __init__(self, site: Site) -> None:
        self._chinese = site.language == "zh"
        self.colon = "：" if self._chinese else ": "

    @abstractmethod
    def harmless(self, char: str) -> str:
        """Return what stands for a character that would mean something."""

    def escape(self, text: str) -> str:
        """Return a user's text as one line in which nothing is markup, a link or a mention."""
        return calm(self.meaningful.sub(self._harmless, clean(text)))

    def _harmless(self, match: re.Match[str]) -> str:
        return "".join(map(self.harmless, match[0]))

    def line_start(self, line: str) -> str:
        """Return a line that begins with no heading, list, ruler or underline of a heading."""
        return _LINE_START.sub(lambda match: match["before"] + self.harmless(match["mark"]), line)

    def more(self, count: int) -> str:
        """Return the words for entries that are not shown."""
        return f"… 还有 {count} 项" if self._chinese else f"… {count} more"

    def left_out(self, count: int) -> str:
        """Return the words for blocks that did not fit."""
        if self._chinese:
            return f"…（内容过长，省略了 {count} 段）"
        return f"… ({count} {'part' if count == 1 else 'parts'} left out: too long)"


# Between letters an underscore is none; a backslash in front of a letter is one; "&" begins nothing but "&lt;".
MEANINGFUL = r"(?<![^\W_])_+|_+(?![^\W_])|\\{2,}|\\(?![^\W_]| )|&(?=#?\w+;)|[\[\]<>*`|]"
#: "+1" and "-5" begin no list; some clients take "#5" for a heading, so that does not pass.
_LINE_START = re.compile(
    r"^(?P<before> ?(?:[0-9]{1,9}(?=[.)](?: |$)))?)(?P<mark>#|[+-](?=[ +-]|$)|=(?==* ?$)|(?<=[0-9])[.)])"
)


class FullWidthDialect(EscapingDialect):
    """The Markdown of a vendor who does not say how to escape: a character's full-width twin takes its place."""

    meaningful = re.compile(MEANINGFUL)

    def escape(self, text: str) -> str:
        """Return a user's text as one line in which nothing is markup, a link or a mention."""
        line = super().escape(text)
        return line.replace("~", "～") if line.count("~") > 1 else line

    def harmless(self, char: str) -> str:
        """Return the character's twin."""
        return "ˋ" if char == "`" else chr(ord(char) + _TO_FULL_WIDTH)


_TO_FULL_WIDTH = ord("＃") - ord("#")


def calm(text: str) -> str:
    """Return text in which "@所有人" and "@all" do not look alive, whatever the vendor's clients make of them."""
    return _EVERYBODY.sub("＠", text) if "@" in text else text


_EVERYBODY = re.compile(r"@(?=所有人|all\b)", re.IGNORECASE)


def sound_url(url: str, *, limit: int = URL_CHARACTERS) -> str:
    """Return an address that cannot end a Markdown link early, or an empty string if it is no usable http(s) one.

    What must be is percent-encoded, what is already stays as it is. One of more than ``limit`` characters is none.
    """
    encoded_once = _encoded_once(url) if len(url) <= limit else ""
    return encoded_once if len(encoded_once) <= limit else ""


@lru_cache(maxsize=256)  # messages about one project lead to the same few places, and each one leads there twice
def _encoded_once(url: str) -> str:
    address = clean(url).strip()
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    # What else could stand in front of an "@" or behind a host would only disguise where the link leads.
    if parts.scheme not in LINK_SCHEMES or not _HOST.fullmatch(parts.netloc):
        return ""
    # In Markdown "&#64;" means "@" even in an address.
    without_entities = _ENTITY.sub(r"\1%3B", _LONE_PERCENT.sub("%25", address))
    return _MARKUP.sub(_percent_encoded, quote(without_entities, safe=URL_SAFE))


def _percent_encoded(match: re.Match[str]) -> str:
    return "".join(f"%{ord(char):X}" for char in match[0])


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
#: Brackets, as IPv6 has them, would have to be encoded, and are then no host any more.
_HOST = re.compile(r"[\w.-]+(?::[0-9]{1,5})?")
_ENTITY = re.compile(r"(&#?\w+);")
#: What `quote` always leaves. An underscore behind a letter or digit begins no slanted text.
_MARKUP = re.compile(r"~+|(?<![A-Za-z0-9_])_+")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def encoded(payload: Payload) -> bytes:
    """Return the bytes that are sent: compact, and in UTF-8, where a Chinese character takes 3 bytes."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
