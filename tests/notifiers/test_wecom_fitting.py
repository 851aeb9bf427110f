"""What goes into a WeCom message's content: never too many bytes, and never markup but ours."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from notifiers.messages import HOSTILE, SERVER
from notifiers.strategies import ANY_MESSAGE, ANY_TEXT
from posthouse import Buttons, Fields, Items, Level, Link, Mention, Message, Payload, People, Person, Quote, Site, Text
from posthouse.notifiers.wecom import CorpWechatNotifier, CorpWechatSettings

ROOM = {"markdown": 4096, "markdown_v2": 4096, "text": 2048}
FORMATS = sorted(ROOM)
PEOPLE = People((Person("Li Lei", frozenset({"gitlab:lilei"}), ids={"wechat": "lilei"}),))
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
#: What of ours is no Markdown: colours around a title, and people.
TAGS = re.compile(r'<font color="(?:info|warning)">|</font>|<@lilei>')
#: The longest keyword, and the longest address that is a link.
KEYWORD = "🚨" * 64
LONGEST = f"{SERVER}/{'a' * (1024 - len(SERVER) - 1)}"


def notifier(language: Any = "zh", **settings: Any) -> CorpWechatNotifier:
    return CorpWechatNotifier(CorpWechatSettings(key="demo", **settings), Site(language=language, people=PEOPLE))


def content_of(robot: CorpWechatNotifier, payload: Payload) -> str:
    """Return the content, as WeCom reads it out of the body, which must be small enough."""
    body = robot.request(payload, now=0.0, idempotency_key="k").body
    assert len(body) <= robot.limits.body_bytes
    read = json.loads(body.decode("utf-8"))
    content = read[read["msgtype"]]["content"]
    assert len(content.encode()) <= ROOM[read["msgtype"]]
    return content


def huge_messages() -> list[Message]:
    button = Buttons((Link("打开", f"{SERVER}/1"), Link("变更", f"{SERVER}/2")))
    longest = Buttons((Link("🔗" * 50, LONGEST), Link("变更", LONGEST)))
    return [
        Message("提" * 10_000, (Text(("x",)), button)),
        Message("👨‍👩‍👧‍👦" * 3000, (Quote("👍🏽" * 30_000), longest)),
        Message("🎉" * 3000, (Text(("字" * 1_000_000,)), longest), level=Level.WARNING),
        Message("עברית " * 3000, (Text(("مرحبا \u202e" * 30_000,)), button)),
        Message('"\\' * 10_000, (Text(('"\\' * 30_000,)), longest), level=Level.FAILURE),
        Message("<" * 10_000, (Text(("<" * 30_000,)), longest), level=Level.SUCCESS),
        Message("t", (Items(tuple((Link(f"{n}", f"{SERVER}/{n}"), " 修复问题 " * 10) for n in range(5000))), button)),
        Message("t", (Quote("一行 words\n" * 80_000), button)),
        Message("t", (*(Text(("字" * 100,)) for _ in range(2000)), button)),
        Message("t", (Fields(tuple((f"n{n}", ("v" * 299,)) for n in range(500))), button)),
        Message("t", (Buttons(tuple(Link("钮" * 500, LONGEST) for _ in range(50))),)),
        Message(HOSTILE * 50, (Text((Link("x" * 9000, LONGEST),) * 20), longest), mentions=(Mention(HOSTILE),) * 9),
    ]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("number", range(len(huge_messages())))
def test_a_huge_message_fits_with_its_title_and_its_whole_first_link(number: int, format_: str) -> None:
    message = huge_messages()[number]
    first = next(link.url for block in message.blocks if isinstance(block, Buttons) for link in block.links)
    for language in ("zh", "en"):
        robot = notifier(language, format=format_, keyword=KEYWORD)
        for form in range(robot.forms):
            payload = robot.render(message, form=form)
            content = content_of(robot, payload)
            assert content.endswith(KEYWORD)
            assert any(mark in content.split("\n")[0] for mark in (message.title[:20], "＜＜＜", "＜at", "＼＼", '"'))
            if payload["msgtype"] == "text":
                assert re.search(rf"{re.escape(first)}$", content, re.MULTILINE)
            else:
                assert f"]({first})" in content
                assert content.count("](") == content.count("[")
                coloured = payload["msgtype"] == "markdown" and message.level is not Level.INFO
                assert content.count("<font") == content.count("</font>") == coloured
        assert not robot.is_whole(message)


@pytest.mark.parametrize("format_", FORMATS)
def test_what_just_fits_is_used_to_the_last_byte(format_: str) -> None:
    robot = notifier(format=format_)

    def content(characters: int) -> str:
        return content_of(robot, robot.render(Message("t", (Quote("x" * characters),))))

    room = ROOM[format_] - len(content(1).encode()) + 1
    assert len(content(room)) == ROOM[format_]
    assert robot.is_whole(Message("t", (Quote("x" * room),)))
    assert content(room).endswith("x")
    assert content(room + 1).endswith("x…")
    assert not robot.is_whole(Message("t", (Quote("x" * (room + 1)),)))


def test_bytes_are_counted_and_not_characters_or_their_json() -> None:
    robot = notifier()
    assert robot.is_whole(Message("t", (Text(("字" * 1363,)),)))
    assert not robot.is_whole(Message("t", (Text(("字" * 1364,)),)))
    assert robot.is_whole(Message("t", (Text(('"' * 4090,)),)))


def test_what_is_left_out_is_counted() -> None:
    message = Message(
        "t", (*(Text((f"{number} " + "字" * 100,)) for number in range(50)), Buttons((Link("a", LONGEST),)))
    )
    content = content_of(notifier(), notifier().render(message))
    shown = content.count("字" * 100)
    assert 0 < shown < 50
    assert f"…（内容过长，省略了 {50 - shown} 段）" in content
    assert content.endswith(f"[a]({LONGEST})")


def kinds(markdown: str) -> set[str]:
    tokens = [token for block in PARSER.parse(markdown) for token in (block, *(block.children or ()))]
    for token in tokens:
        if token.type == "link_open":
            assert str(token.attrs["href"]).startswith(("http://", "https://"))
    return {token.type for token in tokens}


@given(ANY_MESSAGE, st.lists(st.builds(Mention, ANY_TEXT) | st.just(Mention("x", ("gitlab:lilei",))), max_size=3))
@hypothesis_settings(deadline=None, max_examples=150)
def test_any_message_has_no_markup_but_ours_and_fits(message: Message, mentions: list[Mention]) -> None:
    called = Message(message.title, message.blocks, message.level, mentions=tuple(mentions))
    for format_ in FORMATS:
        robot = notifier(format=format_)
        for form in range(robot.forms):
            payload = robot.render(called, form=form)
            content = content_of(robot, payload)
            ours = TAGS.findall(content)
            assert ours.count("<@lilei>") <= 1
            bare = TAGS.sub("", content)
            assert not re.search(r"<@|<font|</font|@所有人|@all\b", bare, re.IGNORECASE)
            if payload["msgtype"] == "text":
                assert "<" not in bare
            else:
                assert not kinds(bare) & {
                    "image",
                    "html_inline",
                    "html_block",
                    "fence",
                    "code_block",
                    "em_open",
                    "s_open",
                }


@given(st.text(max_size=4000) | ANY_TEXT.map(lambda text: text * 40), st.sampled_from(FORMATS))
@hypothesis_settings(deadline=None, max_examples=150)
def test_title_and_first_link_are_there_whatever_the_title(title: str, format_: str) -> None:
    robot = notifier(format=format_, keyword=KEYWORD)
    message = Message(title, (Quote(title), Buttons((Link(title or "x", LONGEST), Link("x", LONGEST)))))
    for form in range(robot.forms):
        content = content_of(robot, robot.render(message, form=form))
        assert content.split("\n")[0].removeprefix("### ").strip()
        assert LONGEST in content
