"""Blocks leave out what is empty, and cut what is long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse import (
    Bold,
    Buttons,
    Code,
    Fields,
    Items,
    Line,
    Link,
    Quote,
    Site,
    buttons,
    fields,
    items,
    listed,
    plain,
    quote,
    quote_markdown,
)
from posthouse.core.plugin import Plugin

ZH, EN = (Plugin(Site(language=language)) for language in ("zh", "en"))
LINES: list[Line] = [(f"commit {number}",) for number in range(12)]


def test_fields_without_a_value_are_left_out() -> None:
    assert fields(
        ("Branch", (Code("main"),)), ("Tag", (Code(""),)), ("Author", "Li Lei"), ("Label", ""), ("Due", ())
    ) == (Fields((("Branch", (Code("main"),)), ("Author", ("Li Lei",)))),)


def test_nothing_makes_no_block() -> None:
    nothing = Link("Open", "")
    assert (fields(), fields(("Tag", "")), items([]), quote(" \n"), buttons(), buttons(nothing)) == ((),) * 6


def test_a_list_says_how_many_more_there_are() -> None:
    assert items(LINES) == (Items(tuple(LINES[:10]), 2),)
    assert items(LINES, shown=12) == (Items(tuple(LINES), 0),)


def test_a_link_to_nowhere_is_no_button() -> None:
    link = Link("Open", "https://git.example.com/finance/ledger")
    assert buttons(Link("Graph", ""), link) == (Buttons((link,)),)


def test_a_quote_is_the_beginning_of_a_text() -> None:
    assert quote("It was slow.\n\nNow it is not.") == (Quote("It was slow.\nNow it is not."),)
    assert quote("x" * 1000) == (Quote("x" * 300 + "…"),)
    assert quote("It was slow.", limit=6) == (Quote("It was…"),)


def test_a_quote_keeps_what_is_a_comment_in_markdown_alone() -> None:
    assert quote("1 <!-- 2 --> 3") == (Quote("1 <!-- 2 --> 3"),)


def test_a_quote_of_markdown_leaves_out_what_no_page_shows() -> None:
    assert quote_markdown("<!-- Say why. -->\nIt was slow.<!-- Thanks!") == (Quote("It was slow."),)
    assert quote_markdown("<!-- Say why. -->") == ()
    assert quote_markdown("") == ()


def test_a_quote_of_megabytes_of_markdown_is_short_and_takes_no_time() -> None:
    (block,) = quote_markdown("<!--" * 10 + "-->" + "x<!-- " * 1_000_000)
    assert isinstance(block, Quote)
    assert len(block.text) <= 301


def test_of_many_names_ten_are_listed() -> None:
    names = [f"P{number}" for number in range(12)]
    assert plain(listed(names, ", ")) == "P0, P1, P2, P3, P4, P5, P6, P7, P8, P9 … +2"
    assert plain(listed(names, ", ", shown=2)) == "P0, P1 … +10"
    assert plain(listed(names[:10], ", ")).endswith("P8, P9")


def test_what_is_listed_keeps_its_kind() -> None:
    assert listed([Code("bug"), Link("#7", ""), Bold("")], " / ") == (Code("bug"), " / ", Link("#7", ""))


@given(st.lists(st.text(max_size=3), max_size=30), st.integers(1, 12))
def test_everything_listed_is_shown_or_counted(names: list[str], shown: int) -> None:
    line = listed(map(Code, names), ", ", shown=shown)
    codes = [part.text for part in line if isinstance(part, Code)]
    known = [name for name in names if name]
    assert codes == known[:shown]
    assert plain(line).endswith(f" … +{len(known) - shown}") == (len(known) > shown)


@pytest.mark.parametrize(("plugin", "shown"), [(ZH, "Li Lei、Han Meimei"), (EN, "Li Lei, Han Meimei")])
def test_a_plugin_lists_names_as_its_language_does(plugin: Plugin, shown: str) -> None:
    assert plain(plugin.listed(["Li Lei", "", "Han Meimei"])) == shown


def test_a_title_ends_with_what_it_is_about() -> None:
    line = (Bold("Li Lei"), " opened an issue")
    assert EN.titled(line, "Ledger is slow") == "Li Lei opened an issue: Ledger is slow"
    assert ZH.titled((Bold("Li Lei"), " 创建了议题"), "账本很慢") == "Li Lei 创建了议题：账本很慢"
    assert EN.titled(line, "") == "Li Lei opened an issue"
