"""The three ways in which WeCom's robots take content, each with what its clients show of it.

Source: WeCom's page on group robots. Whether a backslash escapes is not documented for any of them.
"""

from abc import abstractmethod
from itertools import accumulate
from typing import ClassVar

from posthouse import Block, Buttons, Fields, Level, Site
from posthouse.notifiers.fitting import clip
from posthouse.notifiers.markdown import MARKS, FullWidthDialect, calm, clean, sound_url
from posthouse.notifiers.wecom.mentions import Mentioned

#: How much is shown of those whom nobody can notify: of each name in characters, and of all names in bytes.
NAME_CHARACTERS = 20
NAMES_BYTES = 120


class Content(FullWidthDialect):
    """What goes into ``content``. Its bytes are limited, and nothing is cut for the sender: too much is refused."""

    msgtype: ClassVar[str]
    #: How many bytes of UTF-8 the content may have, once the JSON around it is read.
    most_bytes: ClassVar[int]
    #: What stands between two blocks.
    gap: ClassVar[str] = "\n\n"
    line_break = "\n"
    url_characters = 1024

    @abstractmethod
    def heading(self, title: str, level: Level) -> str:
        """Return a user's title as the first line."""

    def call(self, people: Mentioned) -> str:
        """Return the line that calls those who can be notified within the content, and names those who cannot."""
        names = self._shown_names(people)
        others = len(people.names) - len(names)
        parts = (self.tags(people), ("、" if self._chinese else ", ").join(names), f"… +{others}" if others else "")
        called = " ".join(part for part in parts if part)
        return f"{'提醒：' if self._chinese else 'For: '}{called}" if called else ""

    def calls_all(self, people: Mentioned) -> bool:
        """Tell whether everybody is notified who can be, and the others have their whole names shown."""
        whole = all(len(name) <= NAME_CHARACTERS for name in people.names)
        return whole and not people.more and len(self._shown_names(people)) == len(people.names)

    def tags(self, people: Mentioned) -> str:  # noqa: ARG002 - Markdown looks at it
        """Return what notifies people within the content."""
        return ""

    def lists(self, people: Mentioned) -> dict[str, list[str]]:  # noqa: ARG002 - texts look at it
        """Return what notifies people beside the content."""
        return {}

    def _shown_names(self, people: Mentioned) -> list[str]:
        names = [self.inline((clip(name, NAME_CHARACTERS),)) for name in people.names]
        sizes = accumulate(len(f"{name}、".encode()) for name in names)
        return [name for name, size in zip(names, sizes, strict=True) if size <= NAMES_BYTES]


class Markdown(Content):
    """Markdown as all clients show it: headings, bold, links, code, quotes of one level, three colours, mentions.

    There are no lists, so entries begin with a dash that is shown as such; a line ends where it ends.
    """

    msgtype = "markdown"
    most_bytes = 4096

    def heading(self, title: str, level: Level) -> str:
        """Return the title in the colour of its level."""
        shown = f"{MARKS[level]}{self.inline((title,))}"
        colour = _COLOURS.get(level)
        return f'### <font color="{colour}">{shown}</font>' if colour else f"### {shown}"

    def code(self, shown: str) -> str:
        """Return a name from a machine as code, which may have one line."""
        return f"`{shown.strip()}`"

    def tags(self, people: Mentioned) -> str:
        """Return a tag for each user id; there is none for mobile numbers."""
        return people.tags


#: Green and orange; the third colour, "comment", is a grey.
_COLOURS = {Level.SUCCESS: "info", Level.WARNING: "warning", Level.FAILURE: "warning"}


class MarkdownV2(Content):
    """Markdown with lists and tables, for clients since 4.1.36; it knows neither colours nor mentions."""

    msgtype = "markdown_v2"
    most_bytes = 4096
    # Whether a line ends where it ends is not documented here; two blanks are seen by nobody.
    line_break = "  \n"

    def heading(self, title: str, level: Level) -> str:
        """Return the title with the mark of its level."""
        return f"### {MARKS[level]}{self.inline((title,))}"

    def code(self, shown: str) -> str:
        """Return a name from a machine as code."""
        return f"`{shown.strip()}`"

    def block(self, block: Block) -> str:
        """Return several fields as a table, and everything else as usual."""
        if not isinstance(block, Fields) or len(block.pairs) < 2:
            return super().block(block)
        head = "| 名称 | 内容 |" if self._chinese else "| Name | Value |"
        rows = (f"| {self.inline((name,))} | {self.inline(line)} |" for name, line in block.pairs)
        return "\n".join([head, "| :-- | :-- |", *rows])


class Plain(Content):
    """Text without markup, which members in personal WeChat see too, and which everybody can be called with.

    An address is shown where it is a button's; those in the text would make it unreadable, and are shown only with
    ``addresses``: in what has no button, such as a digest. "<@lilei>" notifies Li Lei here too, so "<" is no less
    dangerous than in Markdown.
    """

    msgtype = "text"
    # A robot has said that it takes 5,120; 2,048 is what is documented.
    most_bytes = 2048
    gap = "\n"

    def heading(self, title: str, level: Level) -> str:
        """Return the title with the mark of its level."""
        return f"{MARKS[level]}{self.inline((title,))}"

    def escape(self, text: str) -> str:
        """Return a user's text as one line in which nothing is a mention."""
        line = clean(text)
        # Without a "<" a ">" is an arrow or a comparison.
        return calm(line.translate(_BRACKETS) if "<" in line else line)

    def line_start(self, line: str) -> str:
        """Return the line: nothing at its beginning means anything."""
        return line

    def __init__(self, site: Site, *, addresses: bool = False) -> None:
        super().__init__(site)
        self._addresses = addresses

    def link(self, shown: str, address: str) -> str:
        """Return the text of a link, and where it leads if nothing else says so."""
        return f"{shown} {address}" if self._addresses else shown

    def bold(self, shown: str) -> str:
        """Return the text alone."""
        return shown

    def lists(self, people: Mentioned) -> dict[str, list[str]]:
        """Return lists of ids and of numbers."""
        return people.lists

    def block(self, block: Block) -> str:
        """Return a button as its name and its address, and everything else as usual."""
        if not isinstance(block, Buttons):
            return super().block(block)
        shown = ((self.escape(link.text), sound_url(link.url, limit=self.url_characters)) for link in block.links)
        return "\n".join(f"{name}{self.colon}{address}" for name, address in shown)


_BRACKETS = str.maketrans({"<": "＜", ">": "＞"})
