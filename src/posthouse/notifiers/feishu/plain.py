"""What Feishu's robots show without a card: rich text (``post``), text, and a title with a link.

Source: "Custom bot usage guide". A text has tags such as ``<at user_id="all">`` and no way to escape them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

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
        rows.append(_at_tags(mentioned, words))
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
    people = [_at(one.id, harmless(one.name)) if one.id else harmless(one.name) for one in mentioned.people]
    call = words.label(mentioned) + words.comma.join([*people, *mentioned.beyond])
    links = [f"{harmless(link.text)}{words.colon}{link.url}" for link in buttons]
    ending = [keyword] if not any(keyword in line for line in shown) else []
    return _text("\n".join(line for line in (*shown, call, *links, *ending) if line))


def title_and_link(title: str, message: Message, *, rest: str, buttons: Sequence[Link], keyword: str) -> Payload:
    """Return a text with the title and where it leads; ``rest`` says that there was more, if there was."""
    more = [rest] if any(plain(line).strip() for line in _inlines(message)) else []
    ending = [keyword] if keyword not in title else []
    return _text("\n".join(line for line in (title, *more, _address_of(message, buttons), *ending) if line))


def _text(content: str) -> Payload:
    return {"msg_type": "text", "content": {"text": content}}


def _address_of(message: Message, buttons: Sequence[Link]) -> str:
    """Return where a message leads: by its first button, else by the first link in it."""
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


def _at_tags(mentioned: Mentions, words: OldCardMarkdown) -> list[dict[str, str]]:
    """Return the row that mentions people."""
    people = [{"tag": "at", "user_id": one.id} if one.id else _text_tag(harmless(one.name)) for one in mentioned.people]
    label, comma = words.label(mentioned), _text_tag(words.comma)
    tags = [*people, *map(_text_tag, mentioned.beyond)]
    row = [tag for one in tags for tag in (comma, one)][1:]
    return [_text_tag(label), *row] if label else row


def _at(user_id: str, name: str) -> str:
    return f'<at user_id="{user_id}">{name}</at>'
