"""The fake robots refuse what Feishu's custom bots refuse, and know whom a message really mentions."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from fakes.asking import JSON, NOW, Clock, ask
from posthouse.fakes import FakeFeishu, FakeFeishuRobot, FakeReply, Fault

HOOK = "/open-apis/bot/v2/hook/token"
TEXT = {"msg_type": "text", "content": {"text": "hello"}}
SIGNED_AT = 1_599_360_473
SIGNATURE = "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="


def post(fake: FakeFeishu, payload: Any = TEXT, path: str = HOOK, **more: Any) -> FakeReply:
    return ask(fake, payload, path, **more)


def code(reply: FakeReply) -> Any:
    return json.loads(reply.body)["code"]


def msg(reply: FakeReply) -> str:
    return str(json.loads(reply.body)["msg"])


def one(**settings: Any) -> FakeFeishu:
    settings = {"per_second": 0, **settings}
    return FakeFeishu({"token": FakeFeishuRobot(**settings)}, clock=lambda: NOW)


def interactive(card: Any) -> dict[str, Any]:
    return {"msg_type": "interactive", "card": card}


def new_card(*elements: Any, **more: Any) -> dict[str, Any]:
    return interactive({"schema": "2.0", "body": {"elements": list(elements)}, **more})


def plain(text: str) -> dict[str, Any]:
    return {"tag": "plain_text", "content": text}


def md(text: Any, **more: Any) -> dict[str, Any]:
    return {"tag": "markdown", "content": text, **more}


BUTTON = {
    "tag": "button",
    "text": plain("查看"),
    "type": "primary",
    "behaviors": [{"type": "open_url", "default_url": "https://h/"}],
}


def test_a_message_is_shown_as_it_was_sent() -> None:
    fake = one()
    reply = post(fake)
    assert reply.status == 200
    assert json.loads(reply.body) == {
        "StatusCode": 0,
        "StatusMessage": "success",
        "code": 0,
        "data": {},
        "msg": "success",
    }
    assert fake.shown("token") == (TEXT,)
    (received,) = fake.requests("token")
    assert (received.at, received.payload, received.code, received.shown) == (NOW, TEXT, 0, True)


def test_the_newer_success_has_a_code_alone() -> None:
    assert json.loads(post(one(wording="new")).body) == {"code": 0, "data": {}, "msg": "success"}


def test_an_unknown_token_and_a_disabled_robot_are_refused() -> None:
    fake = one(enabled=False)
    other = post(fake, path="/open-apis/bot/v2/hook/other")
    assert (other.status, code(other)) == (200, 19001)
    assert msg(other) == "param invalid: incoming webhook access token invalid"
    assert code(post(fake)) == 19007
    assert fake.shown("token") == ()


def test_a_slash_at_the_end_leads_nowhere() -> None:
    assert post(one(), path=f"{HOOK}/").status == 404
    assert post(one(), path="/open-apis/bot/v2/hook/").status == 404


def test_a_token_may_be_encoded_in_the_address() -> None:
    fake = FakeFeishu({"a b": FakeFeishuRobot()})
    assert code(post(fake, path="/open-apis/bot/v2/hook/a%20b")) == 0


def test_only_a_post_of_json_is_taken() -> None:
    fake = one()
    assert fake.answer("GET", HOOK, "", JSON, b"").status == 404
    form = fake.answer("POST", HOOK, "", {"content-type": "text/plain"}, json.dumps(TEXT).encode())
    assert (form.status, code(form)) == (400, 9499)
    assert fake.requests("token") == ()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"\xff", b"[" * 20_000])
def test_a_malformed_body_has_an_http_status_of_its_own(body: bytes) -> None:
    reply = post(one(), body)
    assert (reply.status, code(reply), msg(reply)) == (400, 9499, "Bad Request")


def test_a_body_has_a_limit_that_may_be_changed() -> None:
    size = len(json.dumps({"msg_type": "text", "content": {"text": ""}}))
    longest = {"msg_type": "text", "content": {"text": "x" * (20_000 - size)}}
    longer = {"msg_type": "text", "content": {"text": "x" * (20_001 - size)}}
    assert code(post(one(), longest)) == 0
    assert code(post(one(), longer)) == 19036
    assert code(post(one(body_bytes=30 * 1024), longer)) == 0


# Security settings


def signed(timestamp: Any = str(SIGNED_AT), signature: Any = SIGNATURE) -> dict[str, Any]:
    return {"timestamp": timestamp, "sign": signature, **TEXT}


def signature(timestamp: int, key: str = "demo") -> str:
    mac = hmac.digest(f"{timestamp}\n{key}".encode(), b"", hashlib.sha256)
    return base64.b64encode(mac).decode()


def at(now: float) -> FakeFeishu:
    return FakeFeishu({"token": FakeFeishuRobot(secret="demo")}, clock=lambda: now)


def test_the_published_signatures_pass() -> None:
    assert code(post(at(SIGNED_AT), signed())) == 0
    second = signed("1700000000", "8oT2n3SMKFfEnDoiwer8BUM/SjKLwe9SqoEIHlhDTKo=")
    assert code(post(at(1_700_000_000), second)) == 0


@pytest.mark.parametrize("skew", [-3600, 3600])
def test_a_signature_passes_within_an_hour(skew: int) -> None:
    assert code(post(at(SIGNED_AT + skew), signed())) == 0


@pytest.mark.parametrize(
    ("payload", "now"),
    [
        (TEXT, SIGNED_AT),
        (signed(signature="DkEDUyVoOOJ539qBvUgMyzkzIdRWlf4e/V3Rq+ONJnQ="), SIGNED_AT),  # DingTalk's algorithm
        (signed(signature="\ud800"), SIGNED_AT),
        (signed(signature=None), SIGNED_AT),
        (signed(timestamp=SIGNED_AT), SIGNED_AT),
        (signed(timestamp="now"), SIGNED_AT),
        (signed(timestamp=str(SIGNED_AT * 1000), signature=signature(SIGNED_AT * 1000)), SIGNED_AT),
        (signed(signature=signature(SIGNED_AT, "other")), SIGNED_AT),
        (signed(), SIGNED_AT + 3601),
        (signed(), SIGNED_AT - 3601),
    ],
)
def test_a_signature_that_is_not_exactly_right_is_refused(payload: Any, now: float) -> None:
    reply = post(at(now), json.dumps(payload).encode())
    assert (reply.status, code(reply)) == (200, 19021)


def test_only_addresses_on_the_list_may_send() -> None:
    fake = one(ip_list=["123.12.1.*", "10.0.0.0/8", "203.0.113.9"])
    for client in ("123.12.1.7", "10.1.2.3", "203.0.113.9"):
        assert code(post(fake, client=client)) == 0
    assert [code(post(fake, client=client)) for client in ("123.12.11.7", "203.0.113.10")] == [19022, 19022]


@pytest.mark.parametrize(
    "payload",
    [
        {"msg_type": "text", "content": {"text": "an alarm"}},
        {"msg_type": "post", "content": {"post": {"zh_cn": {"title": "alarm", "content": []}}}},
        {"msg_type": "post", "content": {"post": {"zh_cn": {"content": [[{"tag": "text", "text": "alarm"}]]}}}},
        new_card(md("an [alarm](https://h/)")),
        new_card(header={"title": plain("alarm")}),
        new_card({**BUTTON, "text": plain("alarm")}),
        new_card({"tag": "table", "columns": [{"name": "a"}], "rows": [{"a": "alarm"}]}),
        interactive({"elements": [{"tag": "note", "elements": [plain("alarm")]}]}),
        interactive({"type": "template", "data": {"template_id": "AAq", "template_variable": {"title": "alarm"}}}),
    ],
)
def test_the_keyword_may_be_in_any_text_or_title(payload: dict[str, Any]) -> None:
    assert code(post(one(keyword="alarm"), payload)) == 0


@pytest.mark.parametrize(
    "payload",
    [
        TEXT,
        new_card(md("[x](https://h/alarm)")),
        new_card(md("<font color='alarm'>x</font><a href='https://h/alarm'></a><at id=alarm></at>")),
        new_card({**BUTTON, "behaviors": [{"type": "open_url", "default_url": "https://h/alarm"}]}),
        {
            "msg_type": "post",
            "content": {"post": {"zh_cn": {"content": [[{"tag": "a", "text": "x", "href": "alarm"}]]}}},
        },
        {"msg_type": "image", "content": {"image_key": "alarm"}},
    ],
)
def test_the_keyword_may_not_be_in_the_target_of_a_link(payload: dict[str, Any]) -> None:
    assert code(post(one(keyword="alarm"), payload)) == 19024


# Types


@pytest.mark.parametrize(
    "payload",
    [
        {
            "msg_type": "post",
            "content": {
                "post": {
                    "zh_cn": {
                        "title": "标题",
                        "content": [
                            [{"tag": "text", "text": "x", "un_escape": True}, {"tag": "a", "text": "x", "href": "h"}],
                            [{"tag": "at", "user_id": "all"}, {"tag": "img", "image_key": "img_x"}],
                        ],
                    },
                    "en_us": {"content": []},
                }
            },
        },
        {"msg_type": "image", "content": {"image_key": "img_x"}},
        {"msg_type": "share_chat", "content": {"share_chat_id": "oc_x"}},
        interactive({}),
        interactive({"elements": [{"tag": "div", "anything": 1}], "anything": 1}),
        interactive({"schema": "1.0", "header": {"title": "x"}}),
        interactive({"type": "template", "data": {"template_id": "AAq", "template_variable": {}}}),
    ],
)
def test_every_type_is_taken_as_documented(payload: dict[str, Any]) -> None:
    fake = one()
    assert code(post(fake, payload)) == 0
    assert fake.shown("token") == (payload,)


@pytest.mark.parametrize(
    ("payload", "expected", "words"),
    [
        ({}, 19002, "params error, msg_type need"),
        ({"msgtype": "text", "text": {"content": "x"}}, 19002, "params error, msg_type need"),
        ({"msg_type": 1}, 19002, "msg_type need"),
        ({"msg_type": "markdown", "content": {"text": "x"}}, 19002, "msg_type"),
        ({"msg_type": "text"}, 19002, "content"),
        ({"msg_type": "text", "content": "{}"}, 19002, "content"),
        ({"msg_type": "text", "content": {}}, 10002, "text is nil"),
        ({"msg_type": "text", "content": {"text": ""}}, 10002, "text is nil"),
        ({"msg_type": "text", "content": {"text": 1}}, 10002, "text is nil"),
        ({"msg_type": "post", "content": {"zh_cn": {"content": []}}}, 19002, "post"),
        ({"msg_type": "post", "content": {"post": {"zh_cn": {"title": 1, "content": []}}}}, 19002, "post"),
        ({"msg_type": "post", "content": {"post": {"zh_cn": {"content": [{"tag": "text"}]}}}}, 19002, "post"),
        ({"msg_type": "post", "content": {"post": {"zh_cn": {"content": [[{"tag": "text"}]]}}}}, 19002, "tag"),
        (
            {"msg_type": "post", "content": {"post": {"zh_cn": {"content": [[{"tag": "md", "text": "x"}]]}}}},
            19002,
            "tag",
        ),
        ({"msg_type": "post", "content": {"post": {"zh_cn": {"content": [["x"]]}}}}, 19002, "tag"),
        ({"msg_type": "image", "content": {}}, 19002, "image_key"),
        ({"msg_type": "share_chat", "content": {"chat_id": "x"}}, 19002, "share_chat_id"),
        ({"msg_type": "interactive"}, 19002, "params error, unknown card value"),
        (interactive("{}"), 19002, "params error, unknown card value"),
        ({"msg_type": "interactive", "content": {"elements": []}}, 19002, "unknown card value"),
        (interactive({"type": "template", "data": {}}), 11246, "ErrCode: 200380"),
        (interactive({"elements": {}}), 11246, "ErrCode: 200621"),
        (interactive({"schema": "3.0"}), 11246, "ErrCode: 200621"),
    ],
)
def test_a_message_that_lacks_what_its_type_needs_is_refused(
    payload: dict[str, Any], expected: int, words: str
) -> None:
    fake = one()
    reply = post(fake, payload)
    assert (reply.status, code(reply)) == (200, expected)
    assert words in msg(reply)
    assert fake.shown("token") == ()


# Cards of version 2.0

ICON = {"tag": "standard_icon", "token": "chat_outlined", "color": "blue"}
COLUMN = {"tag": "column", "width": "weighted", "weight": 1, "elements": [BUTTON]}
PANEL = {
    "tag": "collapsible_panel",
    "expanded": False,
    "header": {"title": md("**x**"), "icon": ICON, "icon_position": "right"},
    "border": {"color": "grey", "corner_radius": "5px"},
    "elements": [md("x")],
}


@pytest.mark.parametrize(
    "payload",
    [
        interactive({"schema": "2.0"}),
        new_card(
            config={"update_multi": True, "width_mode": "fill", "summary": {"content": "x"}, "enable_forward": True},
            card_link={"url": "https://h/"},
            header={
                "title": plain("x"),
                "subtitle": {"tag": "lark_md", "content": "x"},
                "template": "carmine",
                "text_tag_list": [{"tag": "text_tag", "text": plain("x"), "color": "blue"}],
                "icon": ICON,
                "padding": "12px",
            },
        ),
        new_card(md("x", element_id="a", margin="0px", text_size="normal", icon=ICON), {"tag": "hr"}, BUTTON),
        new_card({"tag": "div", "text": {**plain("x"), "text_color": "grey", "lines": 2}, "icon": ICON}),
        new_card({"tag": "div", "fields": [{"is_short": True, "text": {"tag": "lark_md", "content": "x"}}]}),
        new_card({"tag": "column_set", "flex_mode": "flow", "horizontal_spacing": "8px", "columns": [COLUMN, COLUMN]}),
        new_card(PANEL),
        new_card(
            {"tag": "table", "page_size": 5, "columns": [{"name": "a", "display_name": "A"}], "rows": [{"a": "x"}]}
        ),
        new_card({"tag": "interactive_container", "behaviors": BUTTON["behaviors"], "elements": [md("x")]}),
        new_card({"tag": "img", "img_key": "img_x", "alt": plain("x")}, {"tag": "person", "user_id": "ou_x"}),
        new_card(*([md("x")] * 200)),
        new_card(md("| a |\n|---|\n| b |"), md("a | b\n--|--\nc | d\n\n> | a |\n> |:-:|")),
    ],
)
def test_a_card_with_documented_properties_is_shown(payload: dict[str, Any]) -> None:
    reply = post(one(), payload)
    assert (code(reply), msg(reply)) == (0, "success")


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = md("x")
    for _ in range(levels):
        inner = {"tag": "column_set", "columns": [{"tag": "column", "elements": [inner]}]}
    return inner


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (new_card(elements=[]), "ErrCode: 200621; ErrMsg: unknown property, property: elements, path: ROOT"),
        (new_card(fallback={}), "property: fallback"),
        (new_card(i18n_header={}), "property: i18n_header"),
        (new_card(config={"wide_screen_mode": True}), "property: wide_screen_mode, path: ROOT -> config"),
        (new_card(config={"update_multi": False}), "ErrCode: 200621; ErrPath: ROOT -> config"),
        (new_card(header={"title": "x"}), "ErrCode: 200621; ErrPath: ROOT -> header -> title"),
        (new_card(header={}), "ErrorValue: title"),
        (new_card(header={"tag": "header", "title": plain("x")}), "property: tag, path: ROOT -> header"),
        (new_card(header={"title": plain("x"), "template": "#ff0000"}), "invalid color: #ff0000"),
        (new_card(header={"title": plain("x"), "template": []}), "invalid color"),
        (new_card(header={"title": md("x")}), "not supported tag: markdown"),
        (new_card(md("x", href={})), "property: href, path: ROOT -> body -> elements -> [0](tag: markdown)"),
        (new_card(md("x"), {"tag": "markdown"}), "ErrPath: ROOT -> body -> elements -> [1](tag: markdown)"),
        (new_card({"tag": "div", "text": {**plain("x"), "text_weight": "bold"}}), "property: text_weight"),
        (new_card({"tag": "div", "extra": BUTTON}), "property: extra"),
        (new_card({"tag": "column_set", "corner_radius": "8px", "columns": []}), "property: corner_radius"),
        (new_card({"tag": "column_set", "columns": [{"tag": "column", "elements": [{**BUTTON, "url": "x"}]}]}), "url"),
        (new_card({**PANEL, "border": {"type": "default"}}), "property: type"),
        (new_card({"tag": "column_set", "columns": [BUTTON]}), "not supported tag: button"),
        (new_card({"tag": "divider"}), "not supported tag: divider"),
        (new_card({"tag": "form", "elements": []}), "not supported tag: form"),
        (new_card({}), "not supported tag: None"),
        (new_card({"tag": []}), "not supported tag: []"),
        (new_card("x"), "ErrPath: ROOT -> body -> elements -> [0]"),
        (new_card({"tag": "button"}), "ErrorValue: text"),
        (new_card(md(["x"])), "ErrorValue: content"),
        (new_card(config={"summary": {"content": 1}}), "ErrorValue: content"),
        (interactive({"schema": "2.0", "body": []}), "ErrPath: ROOT -> body"),
        (interactive({"schema": "2.0", "body": {"elements": {}}}), "ErrPath: ROOT -> body -> elements"),
        (new_card({"tag": "note", "elements": []}), "ErrCode: 200861"),
        (new_card({"tag": "action", "actions": [BUTTON]}), "unsupported tag action"),
        (new_card(*([md("x")] * 201)), "ErrCode: 11310; ErrMsg: element exceeds the limit"),
        (interactive({"elements": [{"tag": "hr"}] * 201}), "ErrCode: 11310"),
        (new_card(*([md("|a|\n|-|")] * 4)), "ErrCode: 11310; ErrMsg: card table number over limit"),
        (new_card(md("\n\n".join(["|a|b|\n|-|-|\n|c|d|"] * 4))), "card table number over limit"),
        (new_card(*([{"tag": "table", "columns": [], "rows": []}] * 4)), "card table number over limit"),
        (new_card(nested(6)), "nesting exceeds the limit"),
        (new_card(nested(150)), "nesting exceeds the limit"),
    ],
)
def test_a_card_with_anything_else_is_refused_as_a_whole(payload: dict[str, Any], words: str) -> None:
    fake = one()
    reply = post(fake, payload)
    assert (reply.status, code(reply)) == (200, 11246)
    assert msg(reply).startswith("Failed to create card content, ext=ErrCode: ")
    assert words in msg(reply)
    assert fake.shown("token") == ()


def test_five_containers_may_be_inside_one_another() -> None:
    assert code(post(one(), new_card(nested(5)))) == 0


def test_how_many_tables_a_card_may_have_can_be_changed() -> None:
    assert code(post(one(tables=5), new_card(*([md("|a|\n|-|")] * 5)))) == 0


# Mentions


@pytest.mark.parametrize(
    ("payload", "mentioned"),
    [
        ({"msg_type": "text", "content": {"text": '<at user_id="ou_lilei">李雷</at> x'}}, ("ou_lilei",)),
        (
            {"msg_type": "text", "content": {"text": '<at user_id="ou_a"></at><at user_id="all">所有人</at>'}},
            ("all", "ou_a"),
        ),
        ({"msg_type": "text", "content": {"text": "<at user_id=all>"}}, ("all",)),
        ({"msg_type": "text", "content": {"text": "<at id=all></at> @所有人 <\u200bat user_id=all>"}}, ()),
        ({"msg_type": "text", "content": {"text": '<at user_id="lilei@example.com"></at>'}}, ()),
        ({"msg_type": "text", "content": {"text": '<at user_id="on_union"></at>'}}, ()),
        (
            {
                "msg_type": "post",
                "content": {
                    "post": {
                        "zh_cn": {
                            "content": [[{"tag": "at", "user_id": "ou_a"}], [{"tag": "at", "user_id": "all"}]],
                        }
                    }
                },
            },
            ("all", "ou_a"),
        ),
        (
            {
                "msg_type": "post",
                "content": {"post": {"zh_cn": {"content": [[{"tag": "text", "text": '<at user_id="all"></at>'}]]}}},
            },
            (),
        ),
        (new_card(md("<at id=ou_a></at> <at ids=ou_b,ou_a></at>")), ("ou_a", "ou_b")),
        (new_card(md("<at id='all'></at>")), ("all",)),
        (new_card(md('<at id="ou_a"/>')), ("ou_a",)),
        (new_card(md('<at user_id="all"></at> &#60;at id=all&#62;')), ()),
        (new_card({"tag": "div", "text": {"tag": "lark_md", "content": "<at id=ou_a></at>"}}), ("ou_a",)),
        (new_card({"tag": "div", "text": plain("<at id=all></at>")}), ()),
        (new_card(header={"title": plain("<at id=all></at>")}), ()),
        (new_card({**PANEL, "elements": [md("<at id=ou_deep></at>")]}), ("ou_deep",)),
        (new_card(md("x", i18n_content={"en_us": "<at id=all></at>"})), ("all",)),
        (
            new_card(
                {
                    "tag": "table",
                    "columns": [{"name": "a", "data_type": "lark_md"}, {"name": "b", "data_type": "text"}],
                    "rows": [{"a": "<at id=ou_a></at>", "b": "<at id=all></at>"}],
                }
            ),
            ("ou_a",),
        ),
        (interactive({"elements": [{"tag": "note", "elements": [md("<at id=ou_a></at>")]}]}), ("ou_a",)),
        ({"msg_type": "image", "content": {"image_key": "<at id=all></at>"}}, ()),
    ],
)
def test_a_mention_has_another_form_in_each_place(payload: dict[str, Any], mentioned: tuple[str, ...]) -> None:
    fake = one()
    assert code(post(fake, payload)) == 0
    assert fake.mentions("token") == (mentioned,)


def test_a_group_may_forbid_to_mention_everybody() -> None:
    fake = one(mention_all=False)
    assert code(post(fake, new_card(md("x <at id=all></at>")))) == 11235
    assert code(post(fake, {"msg_type": "text", "content": {"text": '<at user_id="all">所有人</at>'}})) == 11235
    assert code(post(fake, new_card(md("x <at id=ou_a></at>")))) == 0


# Limits


def limited(**settings: Any) -> tuple[FakeFeishu, Clock]:
    clock = Clock()
    return FakeFeishu({"token": FakeFeishuRobot(**settings)}, clock=clock), clock


def test_five_a_second_are_taken_and_more_wait_for_the_next_one() -> None:
    fake, clock = limited()
    assert [code(post(fake)) for _ in range(7)] == [0] * 5 + [11232] * 2
    clock.now += 0.5
    assert code(post(fake)) == 11232
    clock.now += 0.5
    assert [code(post(fake)) for _ in range(6)] == [0] * 5 + [11232]


def test_a_hundred_a_minute_are_taken() -> None:
    fake, clock = limited()
    for _ in range(100):
        assert code(post(fake)) == 0
        clock.now += 0.25
    assert code(post(fake)) == 11232
    clock.now += 35.0
    assert code(post(fake)) == 0
    assert code(post(fake)) == 11232


def test_both_limits_may_be_switched_off() -> None:
    fake, _ = limited(per_minute=0, per_second=0)
    assert {code(post(fake)) for _ in range(200)} == {0}


def test_too_many_requests_may_have_the_words_of_9499() -> None:
    fake, _ = limited(per_second=1, throttle_code=9499)
    post(fake)
    reply = post(fake)
    assert (reply.status, code(reply), msg(reply)) == (400, 9499, "too many request")


def test_the_gateway_says_when_to_come_back() -> None:
    fake, clock = limited(per_minute=1, throttle_code=99991400)
    post(fake)
    clock.now += 17.5
    reply = post(fake)
    assert (reply.status, code(reply), reply.headers["x-ogw-ratelimit-reset"]) == (429, 99991400, "43")


# Faults, and other products


def test_a_code_on_demand_has_its_words_and_its_status() -> None:
    fake = one()
    faults = (
        Fault(errcode=9499),
        Fault(errcode=9499, errmsg="too many request"),
        Fault(errcode=99991400),
        Fault(errcode=99991400, status=400, headers={"x-ogw-ratelimit-reset": "7"}),
        Fault(errcode=11232),
        Fault(errcode=11246, errmsg="ErrCode: 200800; ErrMsg: Service Internal Error", shown=True),
        Fault(errcode=424242),
    )
    fake.misbehave("token", *faults)
    replies = [post(fake) for _ in faults]
    assert [code(reply) for reply in replies] == [9499, 9499, 99991400, 99991400, 11232, 11246, 424242]
    assert [reply.status for reply in replies] == [400, 400, 429, 400, 200, 200, 200]
    assert [msg(reply) for reply in replies[:2]] == ["Bad Request", "too many request"]
    assert [reply.headers.get("x-ogw-ratelimit-reset") for reply in replies[2:4]] == ["1", "7"]
    assert msg(replies[4]) == "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"
    assert len(fake.shown("token")) == 1


def test_version_one_takes_a_text_and_perhaps_a_title() -> None:
    fake = one()
    old = "/open-apis/bot/hook/token"
    assert json.loads(post(fake, {"title": "t", "text": "x"}, old).body) == {"ok": True}
    assert json.loads(post(fake, {"text": "x"}, old).body) == {"ok": True}
    for payload in (TEXT, {"text": ""}, {"text": "x", "title": 1}):
        assert json.loads(post(fake, payload, old).body)["ok"] is False
    assert fake.shown("token") == ({"title": "t", "text": "x"}, {"text": "x"})


def test_a_flow_takes_anything_and_shows_nothing_of_it() -> None:
    fake = one()
    assert code(post(fake, {"anything": 1}, "/flow/api/trigger-webhook/token")) == 0
    assert fake.shown("token") == ()
    assert fake.requests("token")[0].payload == {"anything": 1}
