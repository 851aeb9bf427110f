"""What Feishu's robots show without a card: rich text (``post``), text, and a title with a link.

Source: "Custom bot usage guide". A text has tags such as ``<at user_id="all">`` and no way to escape them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from posthouse import Bold, Buttons, Code, Fields, Inline, Items, Line, Link, Message, Payload, Quote, Text, plain
from posthouse.notifiers.feishu.markup import OldCardMarkdown
from posthouse.notifiers.feishu.mentions import Mentions
from posthouse.notifiers.markdown import calm, clean, sound_url


def harmless(text: str) -> str:
    """Return a user's text as one line in which no client finds a tag, a link with another name, or a mention."""
    return _EVERYBODY.sub("＠", calm(clean(text).translate(_TWINS)))


_TWINS = str.maketrans("<[]", "＜［］")
#: "@_all" is what Feishu itself writes for everybody.
_EVERYBODY = re.compile(r"@(?=_all)", re.IGNORECASE)


def post(
    title: str, message: Message, *, words: OldCardMarkdown, mentioned: Mentions, buttons: Sequence[Link], keyword: str
) -> Payload:
    """Return rich text: links can be clicked on, nothing is bold."""
    lines = list(_lines(message, words))
    rows = [_tags(line) for line in lines]
    if mentioned != Mentions():
        rows.append(_at_tags(mentioned))
    if buttons:
        rows.append(_tags([part for link in buttons for part in (link, "  ")][:-1]))
    if keyword and not any(keyword in shown for shown in (title, *(harmless(plain(line)) for line in lines))):
        rows.append([_text_tag(keyword)])
    content = {"title": title, "content": rows} if rows else {"title": "", "content": [[_text_tag(title)]]}
    return {"msg_type": "post", "content": {"post": {"zh_cn": content}}}


def text(
    title: str, message: Message, *, words: OldCardMarkdown, mentioned: Mentions, buttons: Sequence[Link], keyword: str
) -> Payload:
    """Return a text: only the buttons' addresses are in it."""
    shown = [title, *(harmless(plain(line)) for line in _lines(message, words))]
    people = [_at(one.id, harmless(one.name)) if one.id else _name(one.name) for one in mentioned.people]
    everybody = [_at("all", "")] if mentioned.everybody else []
    call = " ".join([*everybody, *people, mentioned.beyond]).strip()
    links = [f"{harmless(link.text)}{words.colon}{link.url}" for link in buttons]
    ending = [keyword] if not any(keyword in line for line in shown) else []
    return _text("\n".join(line for line in (*shown, call, *links, *ending) if line))


def title_and_link(title: str, message: Message, *, rest: str, keyword: str) -> Payload:
    """Return a text with the title and where it leads; ``rest`` says that there was more, if there was."""
    more = [rest] if any(plain(line).strip() for line in _inlines(message)) else []
    ending = [keyword] if keyword not in title else []
    return _text("\n".join(line for line in (title, *more, _first_address(message), *ending) if line))


def _text(content: str) -> Payload:
    return {"msg_type": "text", "content": {"text": content}}


def _first_address(message: Message) -> str:
    """Return where a message leads: by its first button, else by the first link in it."""
    buttons = [link for block in message.blocks if isinstance(block, Buttons) for link in block.links]
    links = (part for line in _inlines(message) for part in line if isinstance(part, Link))
    return next((url for url in (sound_url(link.url) for link in (*buttons, *links)) if url), "")


def _inlines(message: Message) -> Iterator[Line]:
    for block in message.blocks:
        match block:
            case Text(line=line):
                yield line
            case Fields(pairs=pairs):
                yield from (line for _, line in pairs)
            case Items(lines=lines):
                yield from lines
            case Quote(text=quoted):
                yield (quoted,)
            case Buttons():
                pass


def _lines(message: Message, words: OldCardMarkdown) -> Iterator[Line]:
    """Return everything but the buttons, line by line."""
    for block in message.blocks:
        match block:
            case Text(line=line):
                lines: Iterable[Line] = (line,)
            case Quote(text=quoted):
                lines = ((words.bar, line) for line in quoted.splitlines() if line.strip())
            case Fields(pairs=pairs):
                lines = ((f"{name}{words.colon}", *line) for name, line in pairs)
            case Items(lines=entries, more=more):
                ending = [(words.more(more),)] if more else []
                lines = ((words.bullet, *line) for line in (*entries, *ending))
            case Buttons():
                lines = ()
        yield from (line for line in lines if clean(plain(line)).strip())


def _tags(line: Iterable[Inline]) -> list[dict[str, str]]:
    """Return a line as the tags of rich text; what is no link is joined."""
    tags: list[dict[str, str]] = []
    for address, parts in groupby(line, key=_address):
        shown = harmless(plain(parts))
        if shown:
            tags.append({"tag": "a", "text": shown, "href": address} if address else _text_tag(shown))
    return tags


def _address(part: Inline) -> str:
    match part:
        case Link(text=shown, url=url):
            return sound_url(url) if shown.strip() else ""
        case Bold() | Code() | str():
            return ""


def _text_tag(shown: str) -> dict[str, str]:
    return {"tag": "text", "text": shown}


def _at_tags(mentioned: Mentions) -> list[dict[str, Any]]:
    """Return the row that mentions people, with a blank between two of them."""
    everybody = [{"tag": "at", "user_id": "all"}] if mentioned.everybody else []
    people = [{"tag": "at", "user_id": one.id} if one.id else _text_tag(_name(one.name)) for one in mentioned.people]
    ending = [_text_tag(mentioned.beyond)] if mentioned.more else []
    tags = [*everybody, *people, *ending]
    return [tag for one in tags for tag in (one, _text_tag(" "))][:-1]


def _name(name: str) -> str:
    return harmless(f"@{name}")


def _at(user_id: str, name: str) -> str:
    return f'<at user_id="{user_id}">{name}</at>'
