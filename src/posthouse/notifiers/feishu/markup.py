"""The Markdown in Feishu's cards, which differs between their versions 2.0 and 1.0.

Source: "Rich text (Markdown)" of both versions: the table of what is supported, and that of how to escape.
"""

import re
from collections.abc import Iterable

from posthouse.notifiers.feishu.mentions import Mentions
from posthouse.notifiers.markdown import MEANINGFUL, EscapingDialect


class CardMarkdown(EscapingDialect):
    """Markdown in cards of version 2.0: CommonMark, with a few tags in place of HTML.

    What means something is written as an HTML entity. Besides what all know that is ":DONE:", which is a picture.
    """

    #: A mere line feed may be ignored.
    line_break = "<br>"
    meaningful = re.compile(rf"{MEANINGFUL}|~|:(?=[A-Za-z][A-Za-z0-9_]*:)")

    def harmless(self, char: str) -> str:
        """Return the character's entity."""
        return f"&#{ord(char)};"

    def code(self, shown: str) -> str:
        """Return a name from a machine as code, unless something in it is escaped: code shows entities as they are."""
        return shown if "&" in shown else f"`{shown}`"

    def quote(self, lines: Iterable[str]) -> str:
        """Return finished lines as one quoted line with breaks in it."""
        quoted = self.line_break.join(lines)
        return f"> {quoted}" if quoted else ""

    def call(self, mentioned: Mentions) -> str:
        """Return the line that mentions people. Their ids are only letters, digits, "_" and "-"; names are escaped."""
        everybody = ["<at id=all></at>"] if mentioned.everybody else []
        people = [f"<at id={one.id}></at>" if one.id else self.escape(one.name) for one in mentioned.people]
        return self.label(mentioned) + self.comma.join([*everybody, *people, *mentioned.beyond])

    def label(self, mentioned: Mentions) -> str:
        """Return what says why there are names, if there is one that is only a name."""
        if all(one.id for one in mentioned.people):
            return ""
        return "提醒：" if self._chinese else "For: "

    @property
    def comma(self) -> str:
        """What stands between two people."""
        return "、" if self._chinese else ", "


class OldCardMarkdown(CardMarkdown):
    """Markdown in cards of version 1.0: bold text and links.

    Quotes, headings and code are shown as they are typed. One list makes a client before 7.6 show nothing but a hint to
    upgrade, so entries begin with a dot, and quoted lines with a bar.
    """

    line_break = "\n"
    bullet = "• "
    bar = "▎"

    def code(self, shown: str) -> str:
        """Return a name from a machine as it is."""
        return shown

    def quote(self, lines: Iterable[str]) -> str:
        """Return finished lines behind a bar."""
        return self.line_break.join(f"{self.bar}{line}" for line in lines)
