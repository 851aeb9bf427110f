"""The fake robots refuse what WeCom's refuse, and know whom a message really mentions."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from fakes.asking import JSON, NOW, Clock, ask
from posthouse.fakes import FakeReply, FakeWeCom, FakeWeComRobot, Fault

SEND = "/cgi-bin/webhook/send"
TEXT = {"msgtype": "text", "text": {"content": "hello"}}


def post(fake: FakeWeCom, payload: Any = TEXT, query: str = "key=key", **more: Any) -> FakeReply:
    return ask(fake, payload, SEND, query, **more)


def code(reply: FakeReply) -> Any:
    return json.loads(reply.body)["errcode"]


def errmsg(reply: FakeReply) -> str:
    return str(json.loads(reply.body)["errmsg"])


def one(**settings: Any) -> FakeWeCom:
    return FakeWeCom({"key": FakeWeComRobot(**settings)}, clock=lambda: NOW)


def test_a_message_is_shown_as_it_was_sent() -> None:
    fake = one()
    reply = post(fake)
    assert (reply.status, json.loads(reply.body)) == (200, {"errcode": 0, "errmsg": "ok"})
    assert fake.shown("key") == (TEXT,)
    (received,) = fake.requests("key")
    assert (received.at, received.payload, received.code, received.shown) == (NOW, TEXT, 0, True)


def test_a_refusal_says_who_asked() -> None:
    reply = post(one(), query="key=other", client="203.0.113.9")
    assert (reply.status, code(reply)) == (200, 93000)
    assert re.fullmatch(
        r"invalid webhook url, hint: \[1700000000\d{15}\], from ip: 203\.0\.113\.9, "
        r"more info at https://open\.work\.weixin\.qq\.com/devtool/query\?e=93000",
        errmsg(reply),
    )


@pytest.mark.parametrize("query", ["", "key=", "key=other", "token=key"])
def test_an_unknown_key_is_refused(query: str) -> None:
    fake = one()
    assert code(post(fake, query=query)) == 93000
    assert fake.requests("key") == ()


@pytest.mark.parametrize(("state", "expected"), [("disabled", 93004), ("not in group", 93008)])
def test_a_robot_may_be_out_of_order(state: str, expected: int) -> None:
    fake = one(state=state)
    assert code(post(fake)) == expected
    assert fake.shown("key") == ()


def test_the_address_takes_posts_alone() -> None:
    assert code(one().answer("GET", SEND, "key=key", JSON, b"")) == 40063
    assert one().answer("POST", "/cgi-bin/webhook/send/", "key=key", JSON, b"").status == 404


# Types

PNG = b"\x89PNG\r\n\x1a\n"


def image(raw: bytes, **more: Any) -> dict[str, Any]:
    part = {
        "base64": base64.b64encode(raw).decode(),
        "md5": hashlib.md5(raw, usedforsecurity=False).hexdigest(),
        **more,
    }
    return {"msgtype": "image", "image": part}


def news(*articles: Any) -> dict[str, Any]:
    return {"msgtype": "news", "news": {"articles": list(articles)}}


ARTICLE = {"title": "T", "url": "https://h/"}
CARD = {
    "card_type": "text_notice",
    "main_title": {"title": "流水线失败", "desc": "main"},
    "card_action": {"type": 1, "url": "https://h/"},
}
ROW = {"keyname": "作者", "value": "李雷"}
JUMP = {"type": 1, "title": "流水线", "url": "https://h/"}


def card(**more: Any) -> dict[str, Any]:
    return {"msgtype": "template_card", "template_card": {**CARD, **more}}


@pytest.mark.parametrize(
    "payload",
    [
        {"msgtype": "text", "text": {"content": "x", "mentioned_list": ["a"], "mentioned_mobile_list": ["@all"]}},
        {"msgtype": "text", "text": {"content": "驿" * 682 + "xx"}},
        {"msgtype": "markdown", "markdown": {"content": "驿" * 1365 + "x"}},
        {"msgtype": "markdown_v2", "markdown_v2": {"content": "x" * 4096}},
        news(*([{**ARTICLE, "description": "d" * 600, "picurl": "https://h/p"}] * 8)),
        image(PNG),
        {"msgtype": "file", "file": {"media_id": "m"}},
        {"msgtype": "voice", "voice": {"media_id": "m"}},
        card(),
        card(main_title={}, sub_title_text="x"),
        card(horizontal_content_list=[ROW, {**ROW, "type": 1, "url": "https://h/"}] * 3, jump_list=[JUMP] * 3),
        card(card_action={"type": 2, "appid": "a", "pagepath": "p"}),
        card(card_type="news_notice", card_image={"url": "https://h/p"}, vertical_content_list=[{"title": "x"}]),
    ],
)
def test_every_type_is_taken_as_documented(payload: dict[str, Any]) -> None:
    fake = one()
    reply = post(fake, payload)
    assert (code(reply), errmsg(reply)) == (0, "ok")
    assert fake.shown("key") == (payload,)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", 40008),
        (b"{", 40008),
        (b"[" * 20_000, 40008),
        ({}, 40008),
        ({"msg_type": "text", "content": {"text": "x"}}, 40008),
        ({"msgtype": "link"}, 40008),
        ({"msgtype": ["text"]}, 40008),
        ({"msgtype": "text"}, 40063),
        ({"msgtype": "text", "text": "x"}, 40063),
        ({"msgtype": "text", "text": {}}, 44004),
        ({"msgtype": "text", "text": {"content": ""}}, 44004),
        ({"msgtype": "text", "text": {"content": 1}}, 44004),
        ({"msgtype": "text", "text": {"content": "驿" * 683}}, 40058),
        ({"msgtype": "text", "text": {"content": "x", "mentioned_list": "lilei"}}, 40058),
        ({"msgtype": "text", "text": {"content": "x", "mentioned_mobile_list": [138]}}, 40058),
        ({"msgtype": "markdown", "markdown": {"text": "x"}}, 44004),
        ({"msgtype": "markdown", "markdown": {"content": "驿" * 1366}}, 40058),
        ({"msgtype": "markdown_v2", "markdown_v2": {"content": "x" * 4097}}, 40058),
        ({"msgtype": "markdown_v2", "markdown": {"content": "x"}}, 40063),
        ({"msgtype": "news", "news": {}}, 40063),
        (news(), 40063),
        (news("x"), 40063),
        (news(*([ARTICLE] * 9)), 45008),
        (news(ARTICLE, {"url": "https://h/"}), 41016),
        (news({"title": "T"}), 41010),
        (news({**ARTICLE, "url": "h/x"}), 45034),
        (news({**ARTICLE, "url": "http://[::1"}), 45034),
        (news({**ARTICLE, "url": "javascript:alert(1)"}), 45034),
        (news({**ARTICLE, "url": "https://h/" + "x" * 1015}), 40039),
        (news({**ARTICLE, "picurl": "h"}), 45034),
        ({"msgtype": "image", "image": {}}, 44001),
        ({"msgtype": "image", "image": {"base64": "eA=="}}, 40063),
        (image(PNG, base64="?"), 40058),
        (image(PNG, md5="0" * 32), 40058),
        (image(b"GIF89a"), 40009),
        (image(PNG + b"x" * 2 * 1024 * 1024), 40009),
        ({"msgtype": "file", "file": {}}, 40007),
        (card(card_type="button_interaction"), 40058),
        (card(card_type=[]), 40058),
        (card(main_title={"desc": "x"}), 40063),
        (card(card_action=None), 40063),
        (card(card_action={"type": 0}), 40058),
        (card(card_action={"type": 1}), 41010),
        (card(card_action={"type": 1, "url": "h"}), 45034),
        (card(card_action={"type": 2}), 40063),
        (card(card_type="news_notice"), 41010),
        (card(card_type="news_notice", card_image={"url": "https://h/p"}, main_title={}), 41016),
        (card(horizontal_content_list=[ROW] * 7), 40058),
        (card(horizontal_content_list=["x"]), 40058),
        (card(horizontal_content_list=[{"value": "x"}]), 40063),
        (card(horizontal_content_list=[{**ROW, "type": 1}]), 41010),
        (card(jump_list=[JUMP] * 4), 40058),
        (card(jump_list=[{"type": 1, "url": "https://h/"}]), 41016),
        (card(vertical_content_list=[{"desc": "x"}]), 41016),
    ],
)
def test_a_message_that_lacks_what_its_type_needs_is_refused(payload: Any, expected: int) -> None:
    fake = one()
    assert code(post(fake, payload)) == expected
    assert fake.shown("key") == ()


def test_what_is_too_long_is_named_with_its_limit() -> None:
    reply = post(one(), {"msgtype": "markdown", "markdown": {"content": "x" * 4097}})
    assert errmsg(reply).startswith("markdown.content exceed max length 4096. invalid Request Parameter, hint: [")


# Mentions


@pytest.mark.parametrize(
    ("kind", "part", "mentioned"),
    [
        ("text", {"content": "x", "mentioned_list": ["lilei", "hanmeimei"]}, ("lilei", "hanmeimei")),
        ("text", {"content": "x", "mentioned_mobile_list": ["13800000000"]}, ("13800000000",)),
        ("text", {"content": "x", "mentioned_list": ["lilei", "@all"]}, ("all", "lilei")),
        ("text", {"content": "x", "mentioned_mobile_list": ["@all"]}, ("all",)),
        ("text", {"content": "<@lilei> @all @所有人"}, ("lilei",)),
        ("markdown", {"content": "**x** <@lilei>\n<@hanmeimei><@lilei>"}, ("lilei", "hanmeimei")),
        ("markdown", {"content": "<@all>"}, ("all",)),
        ("markdown", {"content": "x", "mentioned_list": ["@all"]}, ()),
        ("markdown", {"content": "＜@all＞ <\u200b@all> @13800000000"}, ()),
        ("markdown_v2", {"content": "<@lilei>", "mentioned_list": ["@all"]}, ()),
    ],
)
def test_each_type_mentions_in_its_own_way(kind: str, part: dict[str, Any], mentioned: tuple[str, ...]) -> None:
    fake = one()
    assert code(post(fake, {"msgtype": kind, kind: part})) == 0
    assert fake.mentions("key") == (mentioned,)


def test_a_card_mentions_nobody() -> None:
    fake = one()
    assert code(post(fake, card(sub_title_text="<@all>"))) == 0
    assert fake.mentions("key") == ((),)


# Limits and faults


def test_too_many_requests_in_a_minute_are_refused_for_another_one() -> None:
    clock = Clock()
    fake = FakeWeCom({"key": FakeWeComRobot()}, clock=clock)
    assert [code(post(fake)) for _ in range(21)] == [0] * 20 + [45009]
    assert errmsg(post(fake)).startswith("api freq out of limit, hint: [")
    clock.now += 59.0
    assert code(post(fake)) == 45009
    clock.now += 1.0
    assert code(post(fake)) == 0


def test_the_rate_may_be_unlimited() -> None:
    fake = one(per_minute=0)
    assert {code(post(fake)) for _ in range(100)} == {0}


def test_a_code_on_demand_has_its_words() -> None:
    fake = one()
    fake.misbehave("key", Fault(errcode=45033), Fault(errcode=-1, shown=True), Fault(errcode=93000, errmsg="x exceed"))
    replies = [post(fake) for _ in range(3)]
    assert [code(reply) for reply in replies] == [45033, -1, 93000]
    assert errmsg(replies[0]).startswith("concurrent requests out of limit, hint: [")
    assert errmsg(replies[2]).startswith("x exceed, hint: [")
    assert fake.shown("key") == (TEXT,)


def test_a_message_has_no_key_against_repeats() -> None:
    fake = one()
    for _ in range(2):
        assert code(post(fake, {**TEXT, "msgUuid": "a"})) == 0
    assert len(fake.shown("key")) == 2
