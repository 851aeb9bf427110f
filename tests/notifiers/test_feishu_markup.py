"""What users write to Feishu's groups: text in every form, and never a mention, an image or a link of theirs."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

from notifiers.feishu_payloads import CARD, FORMS, MINIMAL, OLD_CARD, POST, TEXT, markdown, notifier, objects
from notifiers.messages import INJECTIONS, MESSAGES, SERVER
from notifiers.strategies import ANY_MESSAGE
from posthouse import Block, Bold, Buttons, Code, Fields, Items, Link, Mention, Message, Quote, Text

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def only_text(blocks: tuple[Block, ...], form: int = CARD) -> str:
    (text,) = markdown(notifier().render(Message("t", blocks), form=form))
    return text


def tokens(markdown: str) -> Iterator[Token]:
    for block in PARSER.parse(markdown):
        yield from (block, *(block.children or ()))


@pytest.mark.parametrize("form", [CARD, OLD_CARD])
@pytest.mark.parametrize("text", INJECTIONS)
def test_what_users_write_is_text_in_a_card(text: str, form: int) -> None:
    blocks = (Text((text,)), Quote(text), Fields(((text, (text, Bold(text))),)), Items(((text,), (Code(text),))))
    for shown in markdown(notifier().render(Message("t", blocks, mentions=(Mention(text),)), form=form)):
        assert "<" not in shown.replace("<br>", "")
        found = list(tokens(shown.replace("<br>", "\n\n")))
        kinds = {token.type for token in found}
        assert not kinds & {"link_open", "image", "html_inline", "html_block", "fence", "code_block"}
        assert not kinds & {"heading_open", "hr", "table_open", "s_open", "em_open", "ordered_list_open"}


@pytest.mark.parametrize("form", [POST, TEXT, MINIMAL])
@pytest.mark.parametrize("text", INJECTIONS)
def test_what_users_write_has_no_tags_and_no_named_links_without_a_card(text: str, form: int) -> None:
    message = Message(text, (Text((text,)), Quote(text), Buttons((Link(text, f"{SERVER}/x"),))))
    shown = json.dumps(notifier().render(message, form=form)["content"], ensure_ascii=False)
    assert "<" not in shown
    assert "](" not in shown


@pytest.mark.parametrize("text", ["<at id=all></at>", "<font color='red'>x</font>", "<br>", "<person id='x'></person>"])
def test_a_tag_is_written_as_entities(text: str) -> None:
    assert only_text((Text((text,)),)) == text.replace("<", "&#60;").replace(">", "&#62;")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("feature_x and a - b", "feature_x and a - b"),
        ("C# AT&T 50% 12:30:45", "C# AT&T 50% 12:30:45"),
        (":DONE: x:OK:", "&#58;DONE: x&#58;OK:"),
        ("a ~~b~~ _c_", "a &#126;&#126;b&#126;&#126; &#95;c&#95;"),
        ("# a", "&#35; a"),
        ("- a", "&#45; a"),
        ("1. a", "1&#46; a"),
        ("&lt;at&gt;", "&#38;lt;at&#38;gt;"),
        ("[x](http://h/p)", "&#91;x&#93;(http://h/p)"),
    ],
)
def test_a_character_is_an_entity_only_where_it_would_mean_something(text: str, shown: str) -> None:
    for form in (CARD, OLD_CARD):
        assert only_text((Text((text,)),), form=form) == shown


def test_code_with_something_escaped_in_it_is_shown_as_text() -> None:
    assert (
        only_text(
            (
                Text(
                    (Code("main"), " ", Code("a`<b>")),
                ),
            )
        )
        == "`main` a&#96;&#60;b&#62;"
    )


@pytest.mark.parametrize("form", FORMS)
def test_only_http_addresses_are_links(form: int) -> None:
    rendered = json.dumps(notifier().render(MESSAGES["links_that_are_none"], form=form), ensure_ascii=False)
    assert "javascript:" not in rendered
    assert "data:" not in rendered


@given(ANY_MESSAGE)
@hypothesis_settings(deadline=None)
def test_any_message_has_no_markup_but_ours(message: Message) -> None:
    links = [found["default_url"] for found in objects(notifier().render(message)) if "default_url" in found]
    links += [found["href"] for found in objects(notifier().render(message, form=POST)) if "href" in found]
    assert all(link.startswith(("http://", "https://")) for link in links)
    for form in (CARD, OLD_CARD):
        for text in markdown(notifier().render(message, form=form)):
            assert "<" not in text.replace("<br>", "")
            kinds = {token.type for token in tokens(text.replace("<br>", "\n\n"))}
            assert not kinds & {"image", "html_inline", "html_block", "fence", "code_block", "heading_open", "hr"}
