"""Reads Jira's wiki markup, in one pass: every pattern here is possessive, so that no text makes it look back.

Source: Atlassian's page "Text Formatting Notation Help", and what the editors of Jira Cloud write, such as ``{*}``.
"""

import re
from collections.abc import Iterator, Mapping

from posthouse import first_line

#: How long the name of somebody who is mentioned may be, in characters.
NAME = 80
#: The characters behind the signs that Jira shows as little pictures.
EMOTICONS = {
    "(/)": "✅",
    "(x)": "❌",
    "(!)": "⚠️",
    "(?)": "❓",
    "(i)": "ℹ️",
    "(+)": "➕",
    "(-)": "➖",
    "(*)": "⭐",
    "(y)": "👍",
    "(n)": "👎",
    "(on)": "💡",
    "(flag)": "🚩",
}
SMILEYS = {":)": "🙂", ":-)": "🙂", ":(": "🙁", ":-(": "🙁", ":D": "😃", ":P": "😛", ";)": "😉", ";-)": "😉"}
#: The beginning of an address that a link leads to.
SCHEME = r"(?:(?:https?|ftp|file)://|mailto:)"
#: A letter or a digit of a script that puts spaces between words; marks work in the middle of Chinese.
WORD = r"[^\W_\u2e80-\U0010ffff]"
#: A mention, with or without a name of its own, or what is left of one that was cut off.
MENTION = r"\[(?:(?P<alias>[^\[\]|\n]++)\|)?~(?P<user>[^\[\]|\s]++)\]|~accountid:(?P<account>[\w:.-]*+)"
#: ``[address]`` or ``[text|address]``; what follows a second bar says how it is shown. "[x|y]" alone is no link.
LINK = rf"\[(?:(?P<text>[^\[\]|\n]++)\|(?={SCHEME}|[#/^])|(?={SCHEME}))(?P<url>[^\[\]|\n]++)(?:\|[^\[\]\n]*+)?\]"
#: What an address may end with, and what only belongs to it when more follows.
IN_ADDRESS = r"[^\s\[\]{}|<>\"\\*_+^~.,;:!?()'\u3000-\u303f\uff00-\uffef]"
INSIDE_ADDRESS = r"[*_+^~.,;:!?()']"
#: The name of a user in Data Center that people know; not a key (``JIRAUSER10100``), a mail address or an id.
LOGIN = re.compile(r"(?!JIRAUSER)[^\W\d_][\w.-]{0,19}")
MENTIONS = re.compile(MENTION)
CALLED = re.compile(rf"(?<!\\){MENTION}")
#: What stands between two of these stays as it is.
VERBATIM = re.compile(r"(?<!\\)\{(?P<name>code|noformat)(?::[^{}\n]*+)?\}")
#: What has lines of its own. Of its parameters only the title is to be read.
BLOCK = re.compile(r"(?<!\\)\{(?:quote|panel|expand|info|note|tip|warning|toc)(?::(?P<parameters>[^{}\n]*+))?\}")
RULE = re.compile(r"-{4,}+")
#: Headings, quotes and lists are told by the beginning of their line.
HEADING = re.compile(r"(?:h[1-6]|bq)\.\s++")
LIST = re.compile(r"(?:[*#]++[*#-]*+|-{1,2}+)\s++(?=\S)")
TOKEN = re.compile(
    rf"""
    (?P<newline> \\\\(?=\s|\Z) )
    | \\(?P<escaped> [-!\#&()*+:?@\[\]^_{{|}}~] )
    | \{{\{{(?P<mono> (?:[^{{}}\n]++|\{{[^{{}}\n]*+\}})++ )\}}\}}
    | (?P<mention> {MENTION} )
    | \[\^(?P<attachment> [^\[\]|\n]++ )(?:\|[^\[\]\n]*+)?\]
    | (?P<link> {LINK} )
    | (?<!{WORD})!(?=\S)(?P<image> [^!|\n]++(?:(?<=\.\w\w\w)|(?<=\.\w\w\w\w)) )(?:\|[^!\n]*+)?!
    | (?P<address> https?://(?:{IN_ADDRESS}++|{INSIDE_ADDRESS}++(?={IN_ADDRESS}))++ )
    | (?P<dropped> \{{(?:[*_+^~?]|(?:color|anchor)(?::[^{{}}\n]*+)?)\}} )
    | \{{(?P<dash> - )\}}
    | (?<!{WORD})(?P<emoticon> {"|".join(map(re.escape, EMOTICONS))} )(?!{WORD})
    | (?<!\S)(?P<smiley> {"|".join(map(re.escape, SMILEYS))} )(?!\w)
    | (?P<bar> \|\|?+ )
    | (?P<mark> [*_+^~] )
    """,
    re.VERBOSE,
)


def plain_text(text: str, people: Mapping[str, str]) -> str:
    """Return the text without its markup; what is no markup stays as it is. See `markup.excerpt_of` for ``people``.

    What is deleted keeps its dashes: ``-Friday- Monday`` without them would say something else.
    """
    return "\n".join(_block(block, people, verbatim=verbatim) for block, verbatim in _blocks(text))


def mentioned_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield who is mentioned outside of code: their account, name or key, and what the text itself calls them."""
    for block, verbatim in _blocks(text):
        for found in CALLED.finditer("" if verbatim else block):
            user = (found["user"] or "").strip()
            if user:  # what was cut off is no mention
                yield user.removeprefix("accountid:"), first_line(found["alias"] or _login(user), NAME)


def _blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Yield what is in code blocks, which is verbatim but for mentions, and what is around them; each says which."""
    begin, inside = 0, ""
    for tag in VERBATIM.finditer(text):
        if inside in ("", tag["name"]):
            yield text[begin : tag.start()], bool(inside)
            begin, inside = tag.end(), "" if inside else tag["name"]
    yield text[begin:], bool(inside)


def _block(text: str, people: Mapping[str, str], *, verbatim: bool) -> str:
    if verbatim:
        return _with_names(text, people)
    lines = BLOCK.sub(_title, text).splitlines()
    return "\n".join(_line(line.strip(), people) for line in lines)


def _title(tag: re.Match[str]) -> str:
    parameters = (tag["parameters"] or "").split("|")
    return "\n".join(["", *(word[6:] for word in parameters if word.startswith("title=")), ""])


def _line(line: str, people: Mapping[str, str]) -> str:
    if RULE.fullmatch(line):
        return ""
    if line.startswith("|"):
        return " ".join(_inline(line, people, bar=" | ").strip(" |").split())
    if heading := HEADING.match(line):
        return _inline(line[heading.end() :], people)
    if item := LIST.match(line):
        return f"• {_inline(line[item.end() :], people)}"
    return _inline(line, people)


def _inline(line: str, people: Mapping[str, str], *, bar: str | None = None) -> str:
    """Return a line without its markup, with ``bar`` in the place of the bars between a table's cells.

    A mark is left out together with the one that it opened with; one alone stays.
    """
    shown, opened, begin = list[str](), dict[str, int](), 0
    for token in TOKEN.finditer(line):
        shown.append(line[begin : token.start()])
        begin = token.end()
        match token.lastgroup:
            case "mark":
                shown.append(_mark(line, token, shown, opened))
            case "bar":
                shown.append(token.group() if bar is None else bar)
            case _:
                shown.append(_replacement(token, people))
    return "".join([*shown, line[begin:]])


def _mark(line: str, token: re.Match[str], shown: list[str], opened: dict[str, int]) -> str:
    """Return what is shown of a mark: nothing if it closes, and then nothing of the one that opened either."""
    mark, begin, end = token.group(), token.start(), token.end()
    before, after = line[max(begin - 1, 0) : begin], line[end : end + 1]
    if mark in (before, after):
        return mark
    if mark in opened and not before.isspace() and not _in_word(after):
        shown[opened.pop(mark)] = ""
        return ""
    if after and not after.isspace() and not _in_word(before):
        opened[mark] = len(shown)
    return mark


def _in_word(char: str) -> bool:
    """Tell whether a character belongs to a word; see `WORD`."""
    return char.isalnum() and char < "\u2e80"


def _replacement(token: re.Match[str], people: Mapping[str, str]) -> str:
    found = token.lastgroup or ""
    match found:
        case "newline":
            return "\n"
        case "mention":
            return _mention(token, people)
        case "link":
            # The text has no brackets, so it holds no further link.
            return _inline(token["text"] or token["url"].removeprefix("mailto:"), people)
        case "mono":
            # Cloud writes "{}" between braces that would run together.
            return _with_names(token[found].strip().removeprefix("{}").removesuffix("{}"), people)
        case "image":
            return f"🖼 {token[found].strip().rpartition('/')[2]}"
        case "attachment":
            return f"📎 {token[found].strip()}"
        case "dropped":
            return ""
        case "emoticon" | "smiley":
            return (EMOTICONS | SMILEYS)[token[found].strip()]
        case _:
            return token[found]


def _with_names(text: str, people: Mapping[str, str]) -> str:
    return MENTIONS.sub(lambda found: _mention(found, people), text)


def _mention(found: re.Match[str], people: Mapping[str, str]) -> str:
    user, alias = (found["user"] or "").strip(), (found["alias"] or "").strip()
    account = user.removeprefix("accountid:") if user else (found["account"] or "")
    known = people.get(account) or alias or _login(user)
    return f"@{first_line(known, NAME) or '…'}"


def _login(user: str) -> str:
    return user if LOGIN.fullmatch(user) else ""
