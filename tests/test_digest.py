"""What one message says that tells many, and what operators are told about their robots."""

import pytest

from posthouse import Bold, Buttons, Fields, Items, Level, Link, Mention, Message, Text
from posthouse.alerts import nearly_used_up, set_up_wrongly
from posthouse.core.budget import Budget, Circuit
from posthouse.digest import MENTIONED, TITLE, digest

URL = "https://gitlab.example.com/"


def message(title: str, *, project: str = "finance/ledger", **more: object) -> Message:
    button = Buttons((Link("Open", URL + title.replace(" ", "-")),))
    return Message(title, (button,), facts={"project": project}, **more)  # type: ignore[arg-type]


def test_a_digest_names_every_message_below_its_project() -> None:
    told = digest(
        [message("one"), message("two", project="finance/web"), message("three", level=Level.FAILURE)], language="en"
    )
    assert told.title == "3 messages, 1 failure among them"
    assert told.level is Level.FAILURE
    assert told.blocks == (
        Text((Bold("finance/ledger"),)),
        Items((("", Link("one", f"{URL}one")), ("❌ ", Link("three", f"{URL}three")))),
        Text((Bold("finance/web"),)),
        Items((("", Link("two", f"{URL}two")),)),
    )


@pytest.mark.parametrize(
    ("levels", "worst"),
    [
        (["success", "success"], "success"),
        (["success", "info"], "info"),
        (["info", "warning"], "warning"),
        (["failure", "warning"], "failure"),
    ],
)
def test_a_digest_is_as_bad_as_the_worst_news_in_it(levels: list[str], worst: str) -> None:
    assert digest([message("x", level=Level(level)) for level in levels], language="zh").level == worst


def test_a_message_leads_where_its_first_link_does() -> None:
    bare = Message("bare", (Text(("no link",)),))
    linked = Message(
        "linked", (Fields((("Page", (Link("x", URL),)),)), Text((Link("y", "https://other.example.com"),)))
    )
    (block,) = digest([bare, linked], language="en").blocks
    assert block == Items((("", "bare"), ("", Link("linked", URL))))


def test_what_belongs_to_no_project_is_told_among_others() -> None:
    told = digest([message("one"), Message("two")], language="zh")
    assert told.title == "2 条消息"
    assert told.blocks[2] == Text((Bold("其他"),))


def test_a_space_is_a_place_too() -> None:
    told = digest([Message("page", facts={"space": "Handbook"}), message("one")], language="en")
    assert told.blocks[0] == Text((Bold("Handbook"),))


def test_long_titles_are_one_line() -> None:
    (_, block) = digest([message("x" * 1000 + "\nnext"), message("y")], language="en").blocks
    assert isinstance(block, Items)
    first = block.lines[0][1]
    assert isinstance(first, Link)
    assert len(first.text) <= TITLE + 1


def test_everybody_who_is_mentioned_is_mentioned_once() -> None:
    people = [Mention(f"p{number}", (f"gitlab:p{number}",)) for number in range(40)]
    told = digest([message("x", mentions=tuple(people)), message("y", mentions=tuple(people[:3]))], language="en")
    assert told.mentions == tuple(people[:MENTIONED])
    assert not told.everybody
    assert digest([message("x"), message("y", everybody=True)], language="en").everybody


def test_operators_are_told_what_to_do() -> None:
    circuit = Circuit(1.0, "errcode 300005: token is not exist", "Copy the token again.")
    told = set_up_wrongly("ops", circuit, language="en").to_text()
    assert "ops" in told
    assert "token is not exist" in told
    assert "Copy the token again." in told
    assert "ops" in set_up_wrongly("ops", circuit, language="zh").title
    assert "has used 2400 of 3000" in nearly_used_up("ops", Budget("t", used=2400), 3000, language="en").title
    assert "2400/3000" in nearly_used_up("ops", Budget("t", used=2400), 3000, language="zh").title
