"""One message that tells many: each in one line with its link, grouped by project. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from posthouse.core.message import (
    Block,
    Bold,
    Buttons,
    Fields,
    Inline,
    Items,
    Level,
    Line,
    Link,
    Mention,
    Message,
    Text,
    first_line,
)
from posthouse.core.plugin import Language

#: How much of a title a line shows, in characters.
TITLE = 120
#: Where a message says what it belongs to, in the order in which it is looked for.
PLACES = ("project", "space")
MARKS = {Level.INFO: "", Level.SUCCESS: "✅ ", Level.WARNING: "⚠️ ", Level.FAILURE: "❌ "}
#: From the worst: the digest has the level of the worst message in it.
LEVELS = (Level.FAILURE, Level.WARNING, Level.INFO, Level.SUCCESS)
#: How many people a digest mentions at most.
MENTIONED = 20


def digest(messages: Sequence[Message], *, language: Language) -> Message:
    """Return one message that names every one of ``messages``, of which there is at least one."""
    places: dict[str, list[Line]] = {}
    for message in messages:
        places.setdefault(_place(message), []).append(_line(message))
    return Message(
        title=_title(messages, language),
        blocks=tuple(
            block for place, lines in places.items() for block in _blocks(place, lines, len(places), language)
        ),
        level=next(level for level in LEVELS if any(message.level is level for message in messages)),
        mentions=tuple(dict.fromkeys(_mentions(messages)))[:MENTIONED],
        everybody=any(message.everybody for message in messages),
    )


def _title(messages: Sequence[Message], language: Language) -> str:
    failures = sum(message.level is Level.FAILURE for message in messages)
    if language == "zh":
        return f"{len(messages)} 条消息" + (f"，其中 {failures} 条失败" if failures else "")
    some = f"{failures} {'failure' if failures == 1 else 'failures'} among them"
    return f"{len(messages)} messages" + (f", {some}" if failures else "")


def _blocks(place: str, lines: Sequence[Line], places: int, language: Language) -> Iterator[Block]:
    if place:
        yield Text((Bold(place),))
    elif places > 1:
        yield Text((Bold("其他" if language == "zh" else "Others"),))
    yield Items(tuple(lines))


def _place(message: Message) -> str:
    named = (message.facts.get(place) for place in PLACES)
    return next((first_line(place, TITLE) for place in named if isinstance(place, str) and place), "")


def _line(message: Message) -> Line:
    title, url = first_line(message.title, TITLE), _url(message.blocks)
    return (MARKS[message.level], Link(title, url) if url else title)


def _url(blocks: Iterable[Block]) -> str:
    """Return where a message leads: its first button, else its first link."""
    buttons = [link for block in blocks if isinstance(block, Buttons) for link in block.links]
    parts = (part for block in blocks for line in _lines(block) for part in line)
    links = (part for part in parts if isinstance(part, Link))
    return next((link.url for link in (*buttons, *links) if link.url), "")


def _lines(block: Block) -> Iterable[tuple[Inline, ...]]:
    match block:
        case Text(line=line):
            return (line,)
        case Items(lines=lines):
            return lines
        case Fields(pairs=pairs):
            return (line for _, line in pairs)
        case _:
            return ()


def _mentions(messages: Sequence[Message]) -> Iterator[Mention]:
    for message in messages:
        yield from message.mentions
