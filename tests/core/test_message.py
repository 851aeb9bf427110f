"""Messages keep what they are made of: our sentences, the parts in them, and the text of users."""

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse import (
    Bold,
    Buttons,
    Code,
    Fields,
    Items,
    Level,
    Link,
    Message,
    Quote,
    Text,
    excerpt,
    first_line,
    join,
    phrase,
    plain,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
INLINE = TEXT | st.builds(Link, text=TEXT, url=TEXT) | st.builds(Bold, text=TEXT) | st.builds(Code, text=TEXT)
LINE = st.lists(INLINE, max_size=4).map(tuple)
BLOCK = (
    st.builds(Text, line=LINE)
    | st.builds(Quote, text=TEXT)
    | st.builds(Fields, pairs=st.lists(st.tuples(TEXT, LINE), max_size=3).map(tuple))
    | st.builds(Items, lines=st.lists(LINE, max_size=3).map(tuple), more=st.integers(0, 99))
    | st.builds(Buttons, links=st.lists(st.builds(Link, text=TEXT, url=TEXT), max_size=3).map(tuple))
)
MESSAGE = st.builds(
    Message,
    title=TEXT,
    blocks=st.lists(BLOCK, max_size=4).map(tuple),
    level=st.sampled_from(Level),
    facts=st.dictionaries(TEXT, TEXT | st.lists(TEXT, max_size=3).map(tuple), max_size=3),
    story=st.none() | TEXT,
)


@settings(deadline=None)
@given(MESSAGE)
def test_a_stored_message_comes_back_as_it_was(message: Message) -> None:
    assert Message.from_json(message.to_json()) == message


@settings(deadline=None)
@given(MESSAGE)
def test_a_message_as_text_begins_with_its_title(message: Message) -> None:
    assert message.to_text().startswith(message.title)


def test_a_message_as_text_shows_every_block() -> None:
    message = Message(
        title="Li Lei pushed to main",
        blocks=(
            Text(("Project ", Link("finance/ledger", "https://gitlab.example.com/finance/ledger"))),
            Fields((("Branch", (Code("main"),)), ("By", (Bold("Li Lei"),)))),
            Quote("one\ntwo"),
            Items((("a",), ("b",)), more=3),
            Buttons((Link("Open", "https://gitlab.example.com/"),)),
        ),
    )
    assert message.to_text() == (
        "Li Lei pushed to main\n\n"
        "Project finance/ledger <https://gitlab.example.com/finance/ledger>\n\n"
        "Branch: `main`\nBy: *Li Lei*\n\n"
        "> one\n> two\n\n"
        "- a\n- b\n- … +3\n\n"
        "[Open] https://gitlab.example.com/"
    )


def test_a_phrase_keeps_the_kind_of_its_parts() -> None:
    line = phrase("{who} pushed to {branch}", who=Bold("Li Lei"), branch=Code("main"))
    assert line == (Bold("Li Lei"), " pushed to ", Code("main"))


def test_a_phrase_takes_whole_lines_as_parts() -> None:
    assert phrase("on {place}.", place=("a", Code("b"))) == ("on ", "a", Code("b"), ".")
    assert phrase("on {place}", place=()) == ("on ",)


def test_a_part_that_is_missing_is_a_bug() -> None:
    with pytest.raises(KeyError):
        phrase("{who} pushed")


@settings(deadline=None)
@given(TEXT)
def test_a_users_text_is_never_read_as_a_template(text: str) -> None:
    assert phrase("{who} pushed", who=text) == ((text, " pushed") if text else (" pushed",))
    assert plain(phrase("{who} pushed", who=Bold("{0} {secret}"))) == "{0} {secret} pushed"


@settings(deadline=None)
@given(LINE)
def test_a_plain_line_has_the_text_of_all_parts(line: tuple[Any, ...]) -> None:
    assert plain(line) == "".join(part if isinstance(part, str) else part.text for part in line)


def test_joined_lines_have_the_separator_between_them() -> None:
    assert join(["a", (Code("b"), "c"), Bold("d")], ", ") == ("a", ", ", Code("b"), "c", ", ", Bold("d"))
    assert join([], ", ") == ()


@settings(deadline=None)
@given(st.text(), st.integers(1, 50))
def test_an_excerpt_is_short_and_has_no_blank_lines(text: str, limit: int) -> None:
    short = excerpt(text, limit)
    assert len(short) <= limit + 1
    assert all(line.strip() for line in short.splitlines())
    assert len(short) <= limit or short.endswith("…")


def test_a_text_that_fits_is_not_cut() -> None:
    assert excerpt("one\n\n\ntwo  \n", 7) == "one\ntwo"


def test_a_cut_is_shown() -> None:
    assert excerpt("four lives", 4) == "four…"
    assert excerpt("a " * 1000, 3) == "a a…"


@settings(deadline=None)
@given(st.text(), st.integers(1, 50))
def test_a_first_line_is_short_and_one_line(text: str, limit: int) -> None:
    line = first_line(text, limit)
    assert len(line) <= limit + 1
    assert len(line.splitlines()) <= 1
    assert line == line.strip()


def test_a_first_line_skips_blank_ones() -> None:
    assert first_line("\n \n  Fix rounding \n\nbecause") == "Fix rounding"
    assert first_line("") == ""
    assert first_line(string.ascii_lowercase, 3) == "abc…"
