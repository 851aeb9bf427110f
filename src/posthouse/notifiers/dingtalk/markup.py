"""The Markdown that DingTalk's clients show, and plain text without anything to click on."""

import re
from collections.abc import Iterator
from urllib.parse import quote

from posthouse import Buttons, Fields, Items, Message, Quote, Site, Text, plain
from posthouse.notifiers.fitting import clip
from posthouse.notifiers.markdown import Dialect, clean


class DingTalkMarkdown(Dialect):
    """The part of Markdown that every DingTalk client shows.

    Whether a backslash escapes is not documented, so characters that mean something are replaced by their
    full-width twins, and only where they would mean it: ``feature_x`` and ``C#`` stay as they are.
    """

    line_break = "  \n"

    def __init__(self, site: Site, *, open_links_in: str) -> None:
        self._chinese = site.language == "zh"
        self._open_links_in = open_links_in
        self.colon = "：" if self._chinese else ": "

    def escape(self, text: str) -> str:
        """Return a user's text as one line in which nothing is markup, a link or a mention."""
        line = clean(text)
        if not _MEANINGFUL.search(line):
            return line
        line = _UNDERSCORES.sub(lambda match: "＿" * len(match[0]), line)
        line = _BACKSLASHES.sub(lambda match: "＼" * len(match[0]), line)
        line = _ENTITIES.sub("＆", line)
        if line.count("~") > 1:
            line = line.replace("~", "～")
        return calm(line.translate(_TWINS))

    def line_start(self, line: str) -> str:
        """Return a line that begins with no heading, list, ruler or underline of a heading."""
        return _LINE_START.sub(lambda match: match["before"] + _LINE_STARTS[match["mark"]], line)

    def more(self, count: int) -> str:
        """Return the words for entries that are not shown."""
        return f"… 还有 {count} 项" if self._chinese else f"… {count} more"

    def left_out(self, count: int) -> str:
        """Return the words for blocks that did not fit."""
        if self._chinese:
            return f"…（内容过长，省略了 {count} 段）"
        return f"… ({count} {'part' if count == 1 else 'parts'} left out: too long)"

    def address(self, url: str) -> str:
        """Wrap an address so that the desktop client opens it where the operator wants it."""
        if self._open_links_in == "app":
            return url
        side_bar = "true" if self._open_links_in == "sidebar" else "false"
        return f"dingtalk://dingtalkclient/page/link?url={quote(url, safe='')}&pc_slide={side_bar}"


_MEANINGFUL = re.compile(r"[\\&~_@\[\]<>*`|]")
# Between letters an underscore is none; a backslash in front of a letter is one; "&" begins nothing but "&lt;".
_UNDERSCORES = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")
_BACKSLASHES = re.compile(r"\\{2,}|\\(?![\w ])")
_ENTITIES = re.compile(r"&(?=#?\w+;)")
_EVERYBODY = re.compile(r"@(?=所有人|all\b)", re.IGNORECASE)
_TWINS = str.maketrans({"[": "［", "]": "］", "<": "＜", ">": "＞", "*": "＊", "`": "ˋ", "|": "｜"})
#: "+1" and "-5" begin no list; some clients take "#5" for a heading, so that does not pass.
_LINE_START = re.compile(
    r"^(?P<before> ?(?:[0-9]{1,9}(?=[.)](?: |$)))?)(?P<mark>#|[+-](?=[ +-]|$)|=(?==* ?$)|(?<=[0-9])[.)])"
)
_LINE_STARTS = {"#": "＃", "+": "＋", "-": "－", "=": "＝", ".": "．", ")": "）"}


def calm(text: str) -> str:
    """Make sure that nobody is mentioned: "@所有人" is only text without ``isAtAll``, but let it not look alive."""
    return _EVERYBODY.sub("＠", text)


def summary(message: Message, *, limit: int) -> str:
    """Return what a message says below its title in at most ``limit`` characters, and without links."""
    lines: list[str] = []
    room = limit
    for line in _plain_lines(message):
        shown = without_links(clip(line, limit)).strip()
        if shown:
            lines.append(clip(shown, room))
            room -= len(shown) + 1
        if room <= 0:
            break
    return "\n".join(lines)


def _plain_lines(message: Message) -> Iterator[str]:
    for block in message.blocks:
        match block:
            case Text(line=line):
                yield plain(line)
            case Quote(text=text):
                yield from text.splitlines()
            case Fields(pairs=pairs):
                yield from (f"{name}: {plain(line)}" for name, line in pairs)
            case Items(lines=lines):
                yield from (f"- {plain(line)}" for line in lines)
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
