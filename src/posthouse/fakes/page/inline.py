"""Draws what is within a line: links, emphasis, a vendor's own marks; all else, HTML in the first place, is text.

Everything is escaped before anything is drawn from it. Images are named, not loaded; links lead to http(s) or are text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape
from typing import Literal
from urllib.parse import SplitResult, parse_qs, urlsplit

Draw = Callable[[str], str]
#: A vendor's own mark, and what draws a match of it, given a way to draw what is inside.
Mark = tuple[re.Pattern[str], Callable[[re.Match[str], Draw], str]]
Block = Literal["heading", "list", "rule", "table", "fence"]
Feature = Block | Literal["code", "escape", "link", "entity", "bold", "italic", "strike"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one vendor's clients show.

    ``quotes`` may be inside one another; a line ends where the text has a line end, or only where two spaces or a
    "<br>" say so (``folds``). ``marks`` are looked for in order, before anything else but code.
    """

    shows: frozenset[Feature] = frozenset()
    quotes: int = 0
    folds: bool = False
    marks: tuple[Mark, ...] = ()


def inline(text: str, dialect: Dialect) -> str:
    """Return a text within a line as HTML."""
    return _Line(dialect).draw(text.replace("\0", ""))


def link(name: str, address: str) -> str:
    """Return a link in HTML, of which ``name`` is HTML already; the name alone where it does not lead to http(s)."""
    target = _target(address)
    return f'<a href="{escape(target)}" rel="noreferrer noopener">{name}</a>' if target else name


def mention(name: str) -> str:
    """Return a name as it looks where somebody is notified."""
    return f'<span class="mention">@{escape(name)}</span>'


class _Line:
    """Draws one line: what is finished is put aside and a place kept for it, so that nothing is drawn twice."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._finished: list[str] = []

    def draw(self, text: str) -> str:
        shows = self._dialect.shows
        if "code" in shows:
            text = _CODE.sub(lambda match: self._keep(f"<code>{escape(match[1])}</code>"), text)
        if "escape" in shows:
            text = _ESCAPE.sub(lambda match: self._keep(escape(match[1])), text)
        for pattern, drawn in self._dialect.marks:
            text = self._marked(text, pattern, drawn)
        if "link" in shows:
            text = _LINK.sub(self._link, text)
        if "entity" in shows:
            text = _ENTITY.sub(lambda match: self._keep(escape(unescape(match[0]).replace("\0", ""))), text)
        return self._complete(self._emphasis(escape(text)))

    def _marked(self, text: str, pattern: re.Pattern[str], drawn: Callable[[re.Match[str], Draw], str]) -> str:
        """Draw marks from the inside out: a mark that is inside another one is found first."""
        for _ in range(_NESTED):
            text, count = pattern.subn(lambda match: self._keep(drawn(match, self.draw)), text)
            if not count:
                break
        return text

    def _link(self, match: re.Match[str]) -> str:
        name = self.draw(match[2])
        return self._keep(f"🖼 {name}" if match[1] else link(name, match[3]))

    def _emphasis(self, html: str) -> str:
        shows = self._dialect.shows
        if "bold" in shows:
            html = _BOLD.sub(r"<strong>\2</strong>", html)
        if "italic" in shows:
            html = _ITALIC.sub(r"<em>\2</em>", html)
        return _STRIKE.sub(r"<s>\1</s>", html) if "strike" in shows else html

    def _keep(self, html: str) -> str:
        self._finished.append(self._complete(html))
        return f"\0{len(self._finished) - 1}\0"

    def _complete(self, html: str) -> str:
        return _PLACE.sub(lambda match: self._finished[int(match[1])], html)


_NESTED = 8
_PLACE = re.compile("\0([0-9]+)\0")
_CODE = re.compile(r"`([^`\n]{1,2000})`")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
#: The optional mark of an image, the text, the address.
_LINK = re.compile(r"(!?)\[([^\[\]\n]*)\]\(([^\s()<>]*)\)")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});")
_BOLD = re.compile(r"(\*\*|(?<!\w)__)(?=\S)(.{1,1000}?)(?<=\S)\1")
_ITALIC = re.compile(r"(?<![\w*])([*_])(?=[^\s*_])([^*_<>]+?)(?<=\S)\1(?![\w*])")
_STRIKE = re.compile(r"~~(?=\S)(.{1,1000}?)(?<=\S)~~")


def _target(address: str) -> str:
    parts = _split(address)
    if (parts.scheme, parts.netloc, parts.path) == ("dingtalk", "dingtalkclient", "/page/link"):
        address = parse_qs(parts.query).get("url", [""])[0]
        parts = _split(address)
    return address if parts.scheme in {"http", "https"} and parts.netloc else ""


def _split(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
