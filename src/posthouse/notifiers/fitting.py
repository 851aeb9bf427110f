"""Fits a message into a robot's bytes: what is left out, in which order, and never in the middle of anything."""

import bisect
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from itertools import islice

from posthouse import Block, Buttons, Fields, Items, Line, Message, Quote, Text, excerpt

#: What titles and other texts are cut to when a message must shrink, in characters.
SHORT_TITLE = 200
SHORT_TEXT = 300

Phase = tuple[int, Callable[[int], Message]]


def fit(
    message: Message,
    *,
    size: Callable[[Message], int],
    room: int,
    left_out: Callable[[int], str],
) -> Message:
    """Return the message, shortened until its ``size`` is at most ``room``, never inside a link or a character.

    In this order, and each only as far as needed: the title to its first 200 characters; long texts, the longest
    first, down to 300; entries of lists from the end; whole blocks from the end, counted in a line from ``left_out``;
    buttons from the end. The title and the first button always stay: there must be room for these two.
    """
    for phase in (_short_title, _short_texts, _fewer_items, _fewer_blocks, _fewer_buttons):
        if size(message) <= room:
            return message
        steps, shortened = phase(message, left_out)
        if steps:
            message = _first_to_fit(steps, shortened, size=size, room=room)
    return message


def _first_to_fit(
    steps: int, shortened: Callable[[int], Message], *, size: Callable[[Message], int], room: int
) -> Message:
    """Return the least shortened message that fits, else the most shortened; halving keeps the work small."""
    shortest = shortened(steps - 1)
    if size(shortest) > room:
        return shortest
    return shortened(bisect.bisect_left(range(steps - 1), x=True, key=lambda step: size(shortened(step)) <= room))


def _short_title(message: Message, _: Callable[[int], str]) -> Phase:
    return 1, lambda _: replace(message, title=clip(message.title, SHORT_TITLE))


def _short_texts(message: Message, _: Callable[[int], str]) -> Phase:
    longest = max((_longest_text(block) for block in message.blocks), default=0)

    def shortened(step: int) -> Message:
        limit = longest - 1 - step
        return replace(message, blocks=tuple(_with_short_texts(block, limit) for block in message.blocks))

    return max(longest - SHORT_TEXT, 0), shortened


def _fewer_items(message: Message, _: Callable[[int], str]) -> Phase:
    total = sum(len(block.lines) for block in message.blocks if isinstance(block, Items))

    def shortened(step: int) -> Message:
        left = total - 1 - step
        blocks: list[Block] = []
        for block in message.blocks:
            if isinstance(block, Items):
                kept = min(left, len(block.lines))
                left -= kept
                blocks.append(replace(block, lines=block.lines[:kept], more=block.more + len(block.lines) - kept))
            else:
                blocks.append(block)
        return replace(message, blocks=tuple(blocks))

    return total, shortened


def _fewer_blocks(message: Message, left_out: Callable[[int], str]) -> Phase:
    buttons = tuple(block for block in message.blocks if isinstance(block, Buttons))
    others = tuple(block for block in message.blocks if not isinstance(block, Buttons))

    def shortened(step: int) -> Message:
        kept = len(others) - 1 - step
        return replace(message, blocks=(*others[:kept], Text((left_out(len(others) - kept),)), *buttons))

    return len(others), shortened


def _fewer_buttons(message: Message, _: Callable[[int], str]) -> Phase:
    links = [link for block in message.blocks if isinstance(block, Buttons) for link in block.links]
    others = tuple(block for block in message.blocks if not isinstance(block, Buttons))

    def shortened(step: int) -> Message:
        return replace(message, blocks=(*others, Buttons(tuple(islice(links, len(links) - 1 - step)))))

    return max(len(links) - 1, 0), shortened


def _longest_text(block: Block) -> int:
    match block:
        case Quote(text=text):
            return len(text)
        case Text(line=line):
            lines: tuple[Line, ...] = (line,)
        case Items(lines=lines):
            pass
        case Fields(pairs=pairs):
            lines = tuple((name, *line) for name, line in pairs)
        case Buttons():
            lines = ()
    return max((len(part if isinstance(part, str) else part.text) for line in lines for part in line), default=0)


def _with_short_texts(block: Block, limit: int) -> Block:
    match block:
        case Quote(text=text):
            return block if len(text) <= limit else Quote(excerpt(text, limit))
        case Text(line=line):
            return Text(_short_line(line, limit))
        case Items(lines=lines):
            return replace(block, lines=tuple(_short_line(line, limit) for line in lines))
        case Fields(pairs=pairs):
            return Fields(tuple((clip(name, limit), _short_line(line, limit)) for name, line in pairs))
        case Buttons():
            return block


def _short_line(line: Line, limit: int) -> Line:
    return tuple(
        clip(part, limit) if isinstance(part, str) else replace(part, text=clip(part.text, limit)) for part in line
    )


def clip(text: str, limit: int) -> str:
    """Return at most the first ``limit`` characters of a text, with an ellipsis where it is cut.

    A character stays whole with its accents, its colour and what it is joined to.
    """
    if len(text) <= limit:
        return text
    end = limit
    while end > max(limit - _LONGEST_CLUSTER, 0) and (text[end - 1] == _JOINER or _belongs_to_the_last(text[end])):
        end -= 1
    return text[:end].rstrip() + "…"


_JOINER = "\u200d"
_LONGEST_CLUSTER = 32


def _belongs_to_the_last(char: str) -> bool:
    return char == _JOINER or unicodedata.category(char) in {"Mn", "Me"} or "\U0001f3fb" <= char <= "\U0001f3ff"
