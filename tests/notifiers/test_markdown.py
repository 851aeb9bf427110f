"""Escaping and fitting, which every notifier with Markdown relies on."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from notifiers.messages import HOSTILE, MESSAGES
from notifiers.strategies import ANY_MESSAGE, ANY_TEXT, LINE, LINK
from posthouse import Block, Bold, Buttons, Fields, Items, Link, Message, Quote, Site, Text
from posthouse.notifiers.dingtalk.markup import DingTalkMarkdown
from posthouse.notifiers.fitting import clip, fit
from posthouse.notifiers.markdown import URL_CHARACTERS, Dialect, clean, encoded, sound_url

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
DIALECT = DingTalkMarkdown(Site(), open_links_in="app")


class Bare(Dialect):
    """A dialect that escapes nothing, to see what `Dialect` and `fit` do by themselves."""

    line_break = "\n"

    def escape(self, text: str) -> str:
        return clean(text)

    def more(self, count: int) -> str:
        return f"+{count}"


def tokens(markdown: str) -> list[Token]:
    flat: list[Token] = []
    for token in PARSER.parse(markdown):
        flat += [token, *(token.children or ())]
    return flat


def kinds(markdown: str) -> set[str]:
    return {token.type for token in tokens(markdown)}


PLAIN = {"paragraph_open", "paragraph_close", "inline", "text"}


def size(message: Message) -> int:
    blocks = [Bare().block(block) for block in message.blocks]
    return len(encoded({"title": clean(message.title), "text": "\n\n".join(blocks)}))


def fitted(message: Message, room: int) -> Message:
    return fit(message, size=size, room=room, left_out=lambda count: f"-{count}")


@pytest.mark.parametrize(
    "text",
    [
        *HOSTILE.split(" "),
        HOSTILE,
        "# heading",
        "###### heading",
        "- entry",
        "+ entry",
        "* entry",
        "1. entry",
        "12) entry",
        "---",
        "- - -",
        "***",
        "___",
        "===",
        "> quote",
        "```",
        "~~~",
        "    code",
        "\tcode",
        "a\\",
        "\\[x](http://h/p)",
        "__init__",
        "_a_",
        "a*b*c",
        "<!-- x -->",
        "<br>",
        "[x][y]",
        "[x]: http://h/p",
        "\ufeff# heading",
        "\u200b# heading",
        "line\n# heading",
        "line\r\n- entry",
        "line\u2028- entry",
    ],
)
def test_nothing_a_user_types_is_markup(text: str) -> None:
    assert kinds(DIALECT.line((text,))) <= PLAIN
    assert kinds("before " + DIALECT.inline((text,)) + " after") <= PLAIN


@given(ANY_TEXT)
@hypothesis_settings(deadline=None, max_examples=400)
def test_no_text_at_all_is_markup_in_a_paragraph(text: str) -> None:
    assert kinds(DIALECT.block(Text((text,)))) <= PLAIN


@given(ANY_TEXT)
@hypothesis_settings(deadline=None, max_examples=400)
def test_a_quote_holds_nothing_but_text(text: str) -> None:
    assert kinds(DIALECT.block(Quote(text))) <= PLAIN | {"blockquote_open", "blockquote_close", "hardbreak"}


@given(st.lists(ANY_TEXT, min_size=1, max_size=4))
@hypothesis_settings(deadline=None, max_examples=400)
def test_a_list_has_as_many_entries_as_it_should(texts: list[str]) -> None:
    markdown = DIALECT.block(Items(tuple((text,) for text in texts)))
    lists = {"bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"}
    assert kinds(markdown) <= PLAIN | lists
    assert sum(token.type == "list_item_open" for token in tokens(markdown)) == len(texts)


@given(LINE)
@hypothesis_settings(deadline=None, max_examples=400)
def test_a_line_has_no_links_but_ours(line: tuple[Any, ...]) -> None:
    links = [token.attrs["href"] for token in tokens(DIALECT.line(line)) if token.type == "link_open"]
    expected = [sound_url(part.url) for part in line if isinstance(part, Link) and DIALECT.escape(part.text).strip()]
    assert links == [PARSER.normalizeLink(url) for url in expected if url]
    assert not kinds(DIALECT.line(line)) & {"image", "html_inline", "html_block", "heading_open", "code_inline"}


@pytest.mark.parametrize("text", ["@所有人", "@all", "@ALL", "x@All y"])
def test_a_mention_of_everybody_is_dead(text: str) -> None:
    assert "@" not in DIALECT.escape(text)


@pytest.mark.parametrize(
    "text",
    [
        "feature_x",
        "C# und F#",
        "see https://gitlab.example.com/a_b/~user?x=1&y=2#frag now",
        "+1",
        "-5 °C",
        "1.5 GB",
        "C:\\Users\\x",
        "AT&T",
        "a - b",
        "user@example.com",
        "50%",
        "שלום",
        "👨‍👩‍👧‍👦",
    ],
)
def test_text_that_means_nothing_to_markdown_stays_as_typed(text: str) -> None:
    assert DIALECT.line((text,)) == text


def test_an_exclamation_mark_does_not_turn_a_link_into_an_image() -> None:
    assert kinds(DIALECT.line(("Done!", Link("x", LINK)))) == PLAIN | {"link_open", "link_close"}


def test_bold_text_without_anything_visible_leaves_no_stars() -> None:
    assert DIALECT.line(("a", Bold(" \u200b"), "b")) == "ab"


@pytest.mark.parametrize(
    ("url", "sound"),
    [
        ("https://h/a(b)", "https://h/a%28b%29"),
        ("https://h/a b", "https://h/a%20b"),
        (" https://h/a\n", "https://h/a"),
        ("https://h/%E4%B8%AD", "https://h/%E4%B8%AD"),
        ("https://h/100%", "https://h/100%25"),
        ("https://h/中", "https://h/%E4%B8%AD"),
        ("HTTP://h/x", "HTTP://h/x"),
        ('https://h/<>"`[]\\|', "https://h/%3C%3E%22%60%5B%5D%5C%7C"),
        ("https://h/?a=1&b=2#c", "https://h/?a=1&b=2#c"),
        ("https://h/@all/~lilei/*", "https://h/%40all/%7Elilei/%2A"),
        ("https://h/a_b/__init__.py", "https://h/a_b/%5F%5Finit__.py"),
        ("https://h/?a&#64;b&lt;c;d", "https://h/?a&#64%3Bb&lt%3Bc;d"),
        ("https://127.0.0.1:8080/x", "https://127.0.0.1:8080/x"),
        ("https://[::1]:8080/x", ""),
        ("https://gitlab_1.example.com", "https://gitlab_1.example.com"),
        ("https://h@evil.example.com/x", ""),
        ("https://h<at id=all></at>/x", ""),
        ("https://h:x/", ""),
        ("https://h&#64;evil.example.com/", ""),
        ("javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//h/x", ""),
        ("http:///x", ""),
        ("http://[::1", ""),
        ("", ""),
        ("x", ""),
        ("https://h/" + "a" * URL_CHARACTERS, ""),
        ("https://h/" + "中" * 2000, ""),
        ("https://h/" + "\ud800", "https://h/"),
    ],
)
def test_an_address_is_encoded_once_or_is_none(url: str, sound: str) -> None:
    assert sound_url(url) == sound
    assert sound_url(sound) == sound


@pytest.mark.parametrize(
    ("text", "limit", "clipped"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "abc…"),
        ("ab cd", 3, "ab…"),
        ("e\u0301e\u0301", 3, "e\u0301…"),
        ("a👍🏽b", 2, "a…"),
        ("a👨‍👩‍👧b", 3, "a…"),
        ("a👨‍👩‍👧b", 6, "a👨‍👩‍👧…"),
        ("\u0301" * 100, 50, "\u0301" * 18 + "…"),
    ],
)
def test_a_text_is_cut_between_characters(text: str, limit: int, clipped: str) -> None:
    assert clip(text, limit) == clipped


@given(ANY_TEXT)
@hypothesis_settings(deadline=None)
def test_clean_text_is_one_line_of_whole_characters(text: str) -> None:
    line = clean(text)
    assert len(line.splitlines()) <= 1
    assert line.encode().decode() == line
    assert clean(line) == line


def test_a_message_that_fits_is_not_touched() -> None:
    for message in MESSAGES.values():
        assert fitted(message, size(message)) is message


@given(ANY_MESSAGE, st.integers(min_value=0, max_value=2000))
@hypothesis_settings(deadline=None, max_examples=300)
def test_what_is_fitted_fits_if_title_and_button_do(message: Message, more_room: int) -> None:
    buttons = [link for block in message.blocks if isinstance(block, Buttons) for link in block.links][:1]
    least = replace(message, blocks=(Text(("-9",)), Buttons(tuple(buttons))))
    # Blocks of buttons that have none still have blank lines between them.
    room = size(least) + 4 * len(message.blocks) + more_room
    assert size(fitted(message, room)) <= room


@given(ANY_MESSAGE)
@hypothesis_settings(deadline=None)
def test_title_and_first_button_stay_even_without_any_room(message: Message) -> None:
    short = fitted(message, 0)
    links = [link for block in message.blocks if isinstance(block, Buttons) for link in block.links]
    assert short.title == clip(clip(message.title, 200), 60)
    kept = [link for block in short.blocks if isinstance(block, Buttons) for link in block.links]
    assert kept == [Link(clip(link.text, 40), link.url) for link in links[:1]]


def test_entries_go_before_blocks_and_are_counted() -> None:
    items = Items(tuple((f"entry {number}",) for number in range(1000)), more=5)
    message = Message("t", (Text(("first",)), items, Text(("last",))))
    short = fitted(message, 500)
    text, shown, last = short.blocks
    assert isinstance(shown, Items)
    assert (text, last) == (Text(("first",)), Text(("last",)))
    assert 0 < len(shown.lines) < 1000
    assert len(shown.lines) + shown.more == 1005
    assert size(short) <= 500 < size(replace(short, blocks=(text, _one_more(items, shown), last)))


def _one_more(items: Items, shown: Items) -> Items:
    kept = len(shown.lines) + 1
    return Items(items.lines[:kept], more=items.more + len(items.lines) - kept)


def test_the_last_list_is_shortened_first() -> None:
    first, second = (Items(tuple((f"{name} {number}",) for number in range(50))) for name in "ab")
    short = fitted(Message("t", (first, second)), size(Message("t", (first, second))) - 100)
    assert short.blocks[0] == first
    assert short.blocks[1] != second


def test_long_texts_are_cut_before_entries_go() -> None:
    message = Message("t", (Quote("字" * 100_000), Items((("one",), ("two",)))))
    short = fitted(message, 5000)
    quote, items = short.blocks
    assert items == message.blocks[1]
    assert isinstance(quote, Quote)
    assert quote.text.endswith("字…")
    assert 5000 - 3 <= size(short) <= 5000


def test_blocks_that_go_are_counted() -> None:
    message = Message("t", tuple(Text((f"block {number} " + "x" * 200,)) for number in range(50)))
    short = fitted(message, 2000)
    assert short.blocks[:-1] == message.blocks[: len(short.blocks) - 1]
    assert short.blocks[-1] == Text((f"-{51 - len(short.blocks)}",))


def huge() -> Iterator[tuple[str, tuple[Block, ...]]]:
    yield "entries", (Items(tuple((Link("abc", LINK), " x_y " * 40) for _ in range(5000))),)
    yield "quote", (Quote("words `and` code <b>\n" * 50_000),)
    yield "text", (Text(("字" * 1_000_000,)),)
    yield "blocks", tuple(Text(("字" * 70,)) for _ in range(5000))
    yield "backslashes", (Text(("\\" * 300_000 + "_" * 300_000 + "&" * 300_000 + "1" * 100_000,)),)
    yield "white space", (Text((" \n\u200b" * 300_000,)),)
    yield "names", (Fields(tuple((f"name {number}", ("v" * 300,)) for number in range(3000))),)


@pytest.mark.parametrize("blocks", [pytest.param(blocks, id=name) for name, blocks in huge()])
def test_a_megabyte_is_fitted_without_quadratic_work(blocks: tuple[Block, ...]) -> None:
    def measured(message: Message) -> int:
        text = "\n\n".join(DIALECT.block(block) for block in message.blocks)
        return len(encoded({"title": message.title, "text": text}))

    began = time.process_time()
    short = fit(Message("t", blocks), size=measured, room=19_900, left_out=DIALECT.left_out)
    assert measured(short) <= 19_900
    # Quadratic work on a megabyte takes hours; this takes a second at most.
    assert time.process_time() - began < 30


def test_fitting_measures_a_message_a_few_dozen_times_only() -> None:
    calls: Counter[str] = Counter()

    def counted(message: Message) -> int:
        calls["size"] += 1
        return size(message)

    message = Message("t", tuple(Items(tuple(("x" * 500,) for _ in range(10))) for _ in range(200)))
    fit(message, size=counted, room=300, left_out=str)
    assert calls["size"] < 60


def test_payloads_are_compact_utf8() -> None:
    assert encoded({"a": ["中", 1]}) == '{"a":["中",1]}'.encode()
    assert json.loads(encoded({"a": "中\n"})) == {"a": "中\n"}
