"""The Markdown that DingTalk's clients show, and plain text without anything to click on."""

import re
from collections.abc import Iterator
from urllib.parse import quote

from posthouse import Buttons, Fields, Items, Message, Quote, Site, Text, plain
from posthouse.notifiers.fitting import clip
from posthouse.notifiers.markdown import FullWidthDialect, calm, clean


class DingTalkMarkdown(FullWidthDialect):
    """The part of Markdown that every DingTalk client shows; whether a backslash escapes is not documented."""

    line_break = "  \n"

    def __init__(self, site: Site, *, open_links_in: str) -> None:
        super().__init__(site)
        self._open_links_in = open_links_in

    def address(self, url: str) -> str:
        """Wrap an address so that the desktop client opens it where the operator wants it."""
        if self._open_links_in == "app":
            return url
        side_bar = "true" if self._open_links_in == "sidebar" else "false"
        return f"dingtalk://dingtalkclient/page/link?url={quote(url, safe='')}&pc_slide={side_bar}"


def summary(message: Message, *, words: DingTalkMarkdown, limit: int) -> str:
    """Return what a message says below its title in at most ``limit`` characters, and without links.

    ``words`` has the colon and what is said of entries that are not shown.
    """
    lines: list[str] = []
    room = limit
    for line in _plain_lines(message, words):
        shown = without_links(clip(line, limit)).strip()
        if shown:
            lines.append(clip(shown, room))
            room -= len(shown) + 1
        if room <= 0:
            break
    return "\n".join(lines)


def _plain_lines(message: Message, words: DingTalkMarkdown) -> Iterator[str]:
    for block in message.blocks:
        match block:
            case Text(line=line):
                yield plain(line)
            case Quote(text=text):
                yield from text.splitlines()
            case Fields(pairs=pairs):
                yield from (f"{name}{words.colon}{plain(line)}" for name, line in pairs)
            case Items(lines=lines, more=more):
                yield from (f"- {plain(line)}" for line in lines)
                yield from [f"- {words.more(more)}"] if more else ()
            case Buttons():
                pass


def without_links(text: str) -> str:
    """Return one line without anything that a client would make a link of, and without a mention of everybody."""
    return calm(_LINKS.sub("…", clean(text)))


#: Addresses with a scheme, such as http://…; and without, such as www.… or a host with a path.
_LINKS = re.compile(
    r"[a-z][a-z0-9+.-]{0,30}://\S*|\bwww\.\S+|(?<![\w.-])(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}(?::\d+)?/\S*",
    re.IGNORECASE | re.ASCII,
)
