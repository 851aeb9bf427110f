"""Fits a message into a robot's bytes: what is left out, in which order, and never in the middle of anything."""

import bisect
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from posthouse import Block, Buttons, Fields, Items, Line, Link, Message, Quote, Text

#: What titles, the names of buttons and other texts are cut to when a message must shrink, in characters.
SHORT_TITLE = 200
SHORT_NAME = 40
SHORT_TEXT = 300
#: What a title is cut to when there is nothing left besides it and one button, in characters.
SHORTEST_TITLE = 60

Phase = tuple[int, Callable[[int], Message]]
Shape = TypeVar("Shape")


def fitted(
    message: Message,
    shape: Callable[[Message], Shape],
    *,
    size: Callable[[Shape], int],
    room: int,
    left_out: Callable[[int], str],
) -> Shape:
    """Return what ``shape`` makes of a message, shortened as by `fit` until that has a ``size`` of at most ``room``.

    What fits at once, which is nearly every message, is made once.
    """
    made: list[tuple[Message, Shape]] = []

    def measured(shorter: Message) -> int:
        made[:] = [(shorter, shape(shorter))]
        return size(made[0][1])

    short = fit(message, size=measured, room=room, left_out=left_out)
    return next((shaped for which, shaped in made if which is short), None) or shape(short)


def fit(
    message: Message,
    *,
    size: Callable[[Message], int],
    room: int,
    left_out: Callable[[int], str],
) -> Message:
    """Return the message, shortened until its ``size`` is at most ``room``, never inside a link or a character.

    In this order, and each only as far as needed: the title to its first 200 characters and names of buttons to 40;
    long texts, the longest first, down to 300; entries of lists from the end; whole blocks from the end, counted in a
    line from ``left_out``; buttons from the end; the title to 60. The title and the first button always stay: there
    must be room for these two.
    """
    if size(message) <= room:
        return message
    # What has more characters than there is room for bytes does not fit, and measuring megabytes takes its time.
    message = _with_texts_of(replace(message, title=clip(message.title, max(room, SHORT_TITLE))), max(room, SHORT_TEXT))
    for phase in (_short_names, _short_texts, _fewer_items, _fewer_blocks, _fewer_buttons, _shortest_title):
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


def _short_names(message: Message, _: Callable[[int], str]) -> Phase:
    blocks = tuple(_with_short_names(block) if isinstance(block, Buttons) else block for block in message.blocks)
    return 1, lambda _: replace(message, title=clip(message.title, SHORT_TITLE), blocks=blocks)


def _short_texts(message: Message, _: Callable[[int], str]) -> Phase:
    longest = max((_longest_text(block) for block in message.blocks), default=0)
    return max(longest - SHORT_TEXT, 0), lambda step: _with_texts_of(message, longest - 1 - step)


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


def _shortest_title(message: Message, _: Callable[[int], str]) -> Phase:
    longest = len(message.title)
    return max(longest - SHORTEST_TITLE, 0), lambda step: replace(
        message, title=clip(message.title, longest - 1 - step)
    )


def _with_short_names(buttons: Buttons) -> Buttons:
    return Buttons(tuple(Link(clip(link.text, SHORT_NAME), link.url) for link in buttons.links))


def _with_texts_of(message: Message, limit: int) -> Message:
    return replace(message, blocks=tuple(_with_short_texts(block, limit) for block in message.blocks))


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
            return Quote(clip(text, limit))
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

    A character stays whole with its accents, its colour and what it is joined to, and so does an address, unless the
    text begins with it: a part of one would lead elsewhere.
    """
    if len(text) <= limit:
        return text
    end = _start_of_address(text, limit) or limit
    while end > max(limit - _LONGEST_CLUSTER, 0) and _inside_a_character(text, end):
        end -= 1
    return text[:end].rstrip() + "…"


def _start_of_address(text: str, end: int) -> int:
    """Return where the address begins that a cut at ``end`` would go through; 0 if there is none, or nothing else."""
    begin = max(end - _LONGEST_ADDRESS, 0)
    for match in _ADDRESS.finditer(text, begin, end + _LONGEST_ADDRESS):
        if match.start() < end < match.end():
            return match.start() if text[begin : match.start()].strip() else 0
    return 0


_ADDRESS = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_LONGEST_ADDRESS = 2000


def _inside_a_character(text: str, end: int) -> bool:
    """Tell whether what is shown as one character is on both sides of ``end``.

    Source: Unicode's annex 29, "Unicode Text Segmentation", without its rarest cases.
    """
    last, following = text[end - 1], text[end]
    if last in _FLAG_LETTERS and following in _FLAG_LETTERS:
        # Two of these letters are a flag, so it depends on how many stand in front.
        return (end - len(text[:end].rstrip(_FLAG_LETTERS))) % 2 == 1
    return (
        last == _JOINER
        or following in _JOINED
        or unicodedata.category(following) in {"Mn", "Me", "Mc"}
        or any(first <= following <= final for first, final in _PARTS)
        # A vowel killer joins two letters of India's scripts.
        or (unicodedata.combining(last) == _VOWEL_KILLER and following.isalpha())
    )


_LONGEST_CLUSTER = 32
_VOWEL_KILLER = 9
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_JOINER = "\u200d"
#: Joiners, and vowels of Thai and Lao that belong to the letter in front of them without being marks.
_JOINED = "\u200c\u200d\u0e33\u0eb3"
#: Colours of skin, what follows the black flag of England, and the vowels and ends of Korean syllables.
_PARTS = (("\U0001f3fb", "\U0001f3ff"), ("\U000e0020", "\U000e007f"), ("\u1160", "\u11ff"), ("\ud7b0", "\ud7fb"))
