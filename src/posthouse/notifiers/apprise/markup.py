"""What every service can be given: text and Markdown in which nothing that a user typed means anything.

Many services read Markdown into what they are given as text, so a text is as harmless as Markdown is.
"""

import re
from typing import ClassVar, Literal

from posthouse import Block, Buttons
from posthouse.notifiers.markdown import FullWidthDialect


class Markdown(FullWidthDialect):
    """Markdown that the library turns into what a service shows."""

    #: What the library calls it.
    format: ClassVar[Literal["text", "markdown"]] = "markdown"
    #: What stands between two blocks.
    gap: ClassVar[str] = "\n\n"
    line_break = "  \n"

    def escape(self, text: str) -> str:
        """Return a user's text as one line in which nothing is markup, a link or a mention."""
        return _CALLS.sub("＠", super().escape(text))


class Plain(Markdown):
    """Text without markup. Where a link leads stands behind it."""

    format = "text"
    gap = "\n"
    line_break = "\n"

    def link(self, shown: str, address: str) -> str:
        """Return the text of a link and its address."""
        return f"{shown} ({address})"

    def bold(self, shown: str) -> str:
        """Return the text alone."""
        return shown

    def block(self, block: Block) -> str:
        """Return buttons one a line, and everything else as usual."""
        if isinstance(block, Buttons):
            return "\n".join(self.line((link,)) for link in block.links)
        return super().block(block)


#: "@here" calls a group even within a word; other names call somebody unless they belong to an address.
_CALLS = re.compile(r"@(?=(?:everyone|here|channel|all)\b)|(?<![\w.+-])@", re.IGNORECASE)
