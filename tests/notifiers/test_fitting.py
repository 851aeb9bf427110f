"""What fitting leaves out, for the limits of all vendors: whole characters, whole links, whole blocks, and counted."""

import re
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse import Block, Bold, Buttons, Code, Fields, Items, Link, Message, Quote, Site, Text
from posthouse.notifiers.dingtalk.markup import DingTalkMarkdown
from posthouse.notifiers.fitting import SHORTEST_TITLE, clip, fit
from posthouse.notifiers.markdown import encoded

DIALECT = DingTalkMarkdown(Site(language="en"), open_links_in="app")
ADDRESS = "https://gitlab.example.com/x"
#: What is one character to a reader, however many code points it has.
CHARACTERS = [
    *"aZ 中，。",
    "é",
    "e\u0301",
    "o\u0308\u0323",
    "🎉",
    "👍🏽",
    "👨‍👩‍👧‍👦",
    "👩🏽‍🚀",
    "❤️‍🔥",
    "1️⃣",
    "🇨🇳",
    "🇩🇪",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "✈️",
    "ש",
    "שׁ",
    "مُ",
    "ﷺ",
    "가",
    "각",
    "क्षि",
    "กำ",
    "ນ້ຳ",
    "நி",
]
#: In bytes, how much the vendors' messages may have, and how that is counted.
ROOMS: dict[str, tuple[int, Callable[[str, str], int]]] = {
    "body of 20,000": (19_900, lambda title, text: len(encoded({"title": title, "text": text}))),
    "content of 4,096": (4096, lambda title, text: len(f"{title}\n{text}".encode())),
    "content of 2,048": (2048, lambda title, text: len(f"{title}\n{text}".encode())),
}
every_room = pytest.mark.parametrize("room", ROOMS)


def text_of(message: Message) -> str:
    return "\n\n".join(DIALECT.block(block) for block in message.blocks)


def size(message: Message, room: str) -> int:
    return ROOMS[room][1](DIALECT.inline((message.title,)), text_of(message))


def fitted(message: Message, room: str) -> Message:
    return fit(message, size=lambda shorter: size(shorter, room), room=ROOMS[room][0], left_out=DIALECT.left_out)


def buttons_of(message: Message) -> list[Link]:
    return [link for block in message.blocks if isinstance(block, Buttons) for link in block.links]


@given(st.lists(st.sampled_from(CHARACTERS), max_size=40), st.integers(min_value=0, max_value=60))
@settings(deadline=None, max_examples=500)
def test_a_cut_goes_between_what_readers_call_characters(characters: list[str], limit: int) -> None:
    text = "".join(characters)
    cut = clip(text, limit)
    if len(text) <= limit:
        assert cut == text
    else:
        starts = {"".join(characters[:count]).rstrip() for count in range(len(characters) + 1)}
        assert cut.endswith("…")
        assert cut[:-1] in starts
        assert len(cut) <= limit + 1


@pytest.mark.parametrize("character", CHARACTERS)
def test_a_long_row_of_one_character_is_cut_to_the_last_whole_one(character: str) -> None:
    for limit in range(50, 90):
        cut = clip(character * 1000, limit)[:-1]
        assert cut == (character * (len(cut) // len(character))).rstrip()
        assert limit - 32 < len(cut) <= limit or character == " "


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("see https://gitlab.example.com/a/b now", 3, "see…"),
        ("see https://gitlab.example.com/a/b now", 5, "see…"),
        ("see https://gitlab.example.com/a/b now", 33, "see…"),
        ("see https://gitlab.example.com/a/b now", 34, "see https://gitlab.example.com/a/b…"),
        ("看 HTTP://gitlab.example.com/a，好", 20, "看…"),
        ("看 HTTP://gitlab.example.com/a，好", 29, "看 HTTP://gitlab.example.com/a…"),
        ("https://gitlab.example.com/a/b", 12, "https://gitl…"),
        ("https://h/a and https://h/b", 20, "https://h/a and…"),
    ],
)
def test_a_cut_goes_through_no_address_unless_there_is_nothing_else(text: str, limit: int, cut: str) -> None:
    assert clip(text, limit) == cut


WORD = st.lists(st.sampled_from(CHARACTERS), max_size=60).map("".join)
LONG = st.tuples(WORD, st.sampled_from([1, 1, 3, 40, 200])).map(lambda drawn: drawn[0] * drawn[1])
INLINE = LONG | LONG.map(Bold) | LONG.map(Code) | st.builds(Link, LONG, st.just(ADDRESS))
LINE = st.lists(INLINE, min_size=1, max_size=4).map(tuple)
BLOCK = st.one_of(
    st.builds(Text, LINE),
    st.builds(Quote, st.lists(LONG, max_size=5).map("\n".join)),
    st.builds(Fields, st.lists(st.tuples(WORD, LINE), max_size=5).map(tuple)),
    st.builds(Items, st.lists(LINE, max_size=30).map(tuple), st.integers(0, 9)),
)
MESSAGE = st.builds(
    lambda title, blocks, names: Message(title, (*blocks, Buttons(tuple(Link(name, ADDRESS) for name in names)))),
    LONG,
    st.lists(BLOCK, max_size=8).map(tuple),
    st.lists(LONG.filter(str.strip), min_size=1, max_size=6),
)


@every_room
@given(message=MESSAGE)
@settings(deadline=None, max_examples=40)
def test_whatever_a_message_holds_it_fits_with_its_title_and_its_first_button(room: str, message: Message) -> None:
    short = fitted(message, room)
    assert size(short, room) <= ROOMS[room][0]
    assert short == message or size(message, room) > ROOMS[room][0]
    assert short.title == message.title or short.title.endswith("…")
    assert short.title[:-1] in message.title
    assert len(short.title) >= min(len(message.title), SHORTEST_TITLE - 32)
    first, whole = buttons_of(short)[0], buttons_of(message)[0]
    assert first.url == whole.url
    assert first.text[:10] == whole.text[:10] or "…" in first.text[:11]


@every_room
@given(message=MESSAGE)
@settings(deadline=None, max_examples=40)
def test_every_link_that_is_left_leads_where_it_did(room: str, message: Message) -> None:
    text = text_of(fitted(message, room))
    assert set(re.findall(r"\]\(([^)]*)\)", text)) <= {ADDRESS}
    assert text.count("](") == text.count(f"]({ADDRESS})")


@every_room
@given(message=MESSAGE)
@settings(deadline=None, max_examples=40)
def test_what_goes_is_counted(room: str, message: Message) -> None:
    short = fitted(message, room)
    assert _entries(short) == _entries(message) or _left_out(short)
    others = [block for block in message.blocks if not isinstance(block, Buttons)]
    kept = [block for block in short.blocks if not isinstance(block, Buttons)]
    assert [type(block) for block in kept[: len(others) - _left_out(short)]] == [
        type(block) for block in others[: len(others) - _left_out(short)]
    ]


def _entries(message: Message) -> list[int]:
    return [len(block.lines) + block.more for block in message.blocks if isinstance(block, Items)]


def _left_out(message: Message) -> int:
    """Return how many blocks a fitted message says it lacks."""
    texts = [block.line[0] for block in message.blocks if isinstance(block, Text) and len(block.line) == 1]
    match = re.fullmatch(r"… \((\d+) parts? left out: too long\)", str(texts[-1])) if texts else None
    return int(match[1]) if match else 0


@every_room
def test_the_longest_title_leaves_room_for_the_longest_button(room: str) -> None:
    for title in ("字" * 5000, "👨‍👩‍👧‍👦" * 2000, "<" * 5000, "🎉" * 5000, ADDRESS * 100):
        message = Message(title, (Text(("x" * 9000,)), Buttons((Link("🎉" * 500, f"{ADDRESS}/" + "p" * 980),) * 9)))
        short = fitted(message, room)
        assert size(short, room) <= ROOMS[room][0]
        assert buttons_of(short)[0] == Link("🎉" * 40 + "…", f"{ADDRESS}/" + "p" * 980)


def test_a_title_is_cut_below_two_hundred_characters_only_when_nothing_else_is_left() -> None:
    message = Message("字" * 1000, (Text(("x" * 9000,)), Buttons((Link("Open", ADDRESS),))))
    assert fitted(message, "content of 4,096").title == "字" * 200 + "…"
    tight = replace(message, blocks=(*message.blocks, Buttons((Link("Open", f"{ADDRESS}/" + "p" * 1900),))))
    short = fit(tight, size=lambda shorter: size(shorter, "content of 2,048"), room=350, left_out=DIALECT.left_out)
    assert SHORTEST_TITLE < len(short.title) < 200
    assert size(short, "content of 2,048") <= 350


HUGE: dict[str, str] = {
    "chinese": "字" * 1_000_000,
    "families": "👨‍👩‍👧‍👦" * 90_000,
    "flags": "🇨🇳" * 300_000,
    "accents": "e\u0301" * 400_000,
    "nothing but accents": "\u0301" * 500_000,
    "right to left": "שלום عليكم \u202e" * 60_000,
    "addresses": f"{ADDRESS} " * 30_000,
    "one address": ADDRESS * 30_000,
    "markup": "[x](http://a) **b** `c` <d> | " * 30_000,
    "lines": "a\n" * 400_000,
    "blank lines": "\n \u200b" * 300_000 + "end",
}


SHAPES: dict[str, Callable[[str], Block]] = {
    "quote": Quote,
    "text": lambda text: Text((Link(text, ADDRESS),)),
    "items": lambda text: Items(((text[:50_000],),) * 20),
    "fields": lambda text: Fields(((text, ("value",)),)),
}


@pytest.mark.parametrize("name", HUGE)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_megabyte_fits_in_time(name: str, shape: str) -> None:
    began, room = time.process_time(), "content of 2,048"
    message = Message("t", (SHAPES[shape](HUGE[name]), Buttons((Link("Open", ADDRESS),))))
    short = fitted(message, room)
    assert size(short, room) <= ROOMS[room][0]
    assert [link.url for link in buttons_of(short)] == [ADDRESS]
    # It takes a second at most; with work that grows by the square, hours.
    assert time.process_time() - began < 20


def test_work_does_not_grow_faster_than_the_text() -> None:
    def worked(length: int) -> float:
        message = Message(
            "字" * length, (Quote("字 👍🏽 [x](http://a) " * length), Items((("e\u0301" * length,),) * 3))
        )
        began = time.process_time()
        fitted(message, "content of 2,048")
        return time.process_time() - began

    little = min(worked(2000) for _ in range(3))
    # Sixteen times the text; with work that grows by the square it would be 256 times the work.
    assert worked(32_000) < 64 * little
