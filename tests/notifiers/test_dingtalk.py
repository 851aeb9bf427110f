"""DingTalk's robots: what they are sent, and what their answers mean."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from pydantic import ValidationError

from notifiers.messages import MESSAGES, SERVER
from notifiers.strategies import ANY_MESSAGE
from posthouse import (
    Bold,
    Buttons,
    Fields,
    HttpReply,
    Items,
    Level,
    Link,
    Message,
    Quote,
    Rejected,
    Site,
    Text,
    TryLater,
)
from posthouse.core.errors import DeliveryError
from posthouse.notifiers.dingtalk import DingTalkNotifier, DingTalkSettings, sign

GOLDEN = Path(__file__).parent / "golden" / "dingtalk"
TOKEN = "0123456789abcdef0123456789abcdef"
SECRET = "SECdemo0123456789abcdef"
ROOM = 20_000
ZH = Site(language="zh")


def notifier(site: Site = ZH, **settings: Any) -> DingTalkNotifier:
    return DingTalkNotifier(DingTalkSettings(**{"access_token": TOKEN, **settings}), site)


def sent(robot: DingTalkNotifier, *, now: float = 1_700_000_000.0, key: str = "key") -> str:
    return robot.request({"msgtype": "text"}, now=now, idempotency_key=key).url


def answer(errcode: Any, errmsg: str = "", status: int = 200, **more: Any) -> HttpReply:
    return HttpReply(status, {}, json.dumps({"errcode": errcode, "errmsg": errmsg, **more}).encode())


def judged(reply: HttpReply, site: Site = ZH, **settings: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        notifier(site, **settings).judge(reply)
    return caught.value


# Addresses and signatures


@pytest.mark.parametrize(
    ("secret", "milliseconds", "signature"),
    [
        (SECRET, 1700000000000, "uqqEBgsZDZ7Tr5zHangyqJmCFGh6+zk54sU2uRKcDZQ="),
        (SECRET, 1700000000002, "4BjLb/AKIb8lDE3CCJaR+fFf4kgzFbHnyEFb4hjsVrU="),
        ("this is secret", 1577262236757, "hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="),
    ],
)
def test_a_signature_is_what_dingtalk_computes(secret: str, milliseconds: int, signature: str) -> None:
    assert sign(secret, milliseconds) == signature


def test_the_signature_is_encoded_exactly_once() -> None:
    url = sent(notifier(sign_key=SECRET), now=1_700_000_000.002)
    assert url == (
        f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}"
        "&timestamp=1700000000002&sign=4BjLb%2FAKIb8lDE3CCJaR%2BfFf4kgzFbHnyEFb4hjsVrU%3D"
    )
    assert "%25" not in url


def test_without_a_secret_nothing_is_signed() -> None:
    assert sent(notifier()) == f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}"


def test_white_space_around_credentials_is_no_part_of_them() -> None:
    settings = {"access_token": f" {TOKEN}\n", "sign_key": f"\t{SECRET} "}
    assert sent(notifier(**settings)) == sent(notifier(sign_key=SECRET))
    assert notifier(**settings).identity() == TOKEN


def test_an_address_keeps_its_path_and_query_to_the_letter() -> None:
    own = "http://dingtalk.example.com:8080/a/b%20c?x=1+2&y=%2F&access_token=zzzzzzzz&x=3&empty#fragment"
    assert sent(notifier(access_token=None, url=own)) == own.removesuffix("#fragment")
    assert sent(notifier(access_token=None, url=own)) == sent(notifier(access_token=None, url=f" {own} "))
    replaced = sent(notifier(url=own, sign_key=SECRET), now=1_700_000_000.0)
    assert replaced.startswith(f"http://dingtalk.example.com:8080/a/b%20c?x=1+2&y=%2F&x=3&empty&access_token={TOKEN}&t")


def test_a_stale_signature_in_the_address_is_replaced() -> None:
    url = f"https://h/send?access_token={TOKEN}&timestamp=1&sign=old"
    query = parse_qs(urlsplit(sent(notifier(access_token=None, url=url, sign_key=SECRET))).query)
    assert query == {
        "access_token": [TOKEN],
        "timestamp": ["1700000000000"],
        "sign": ["uqqEBgsZDZ7Tr5zHangyqJmCFGh6+zk54sU2uRKcDZQ="],
    }


def test_robots_with_one_token_have_one_identity() -> None:
    url = f"https://dingtalk.example.com/send?access_token={TOKEN}"
    assert notifier().identity() == notifier(access_token=None, url=url).identity() == TOKEN


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url": "https://h/send"},
        {"url": "https://h/send?access_token="},
        {"access_token": ""},
        {"access_token": " "},
        {"access_token": TOKEN, "url": "ftp://h/send"},
        {"access_token": TOKEN, "url": "h/send"},
        {"access_token": TOKEN, "url": "https:///send"},
        {"access_token": TOKEN, "sign_key": ""},
        {"access_token": TOKEN, "open_links_in": "tab"},
        {"access_token": TOKEN, "secret": SECRET},
    ],
)
def test_settings_that_cannot_work_are_an_error_without_the_credentials(settings: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        DingTalkSettings(**settings)
    assert TOKEN not in str(caught.value)
    assert SECRET not in str(caught.value)


def test_an_attempt_has_its_own_signature_and_the_delivery_s_key() -> None:
    robot = notifier(sign_key=SECRET)
    payload = robot.render(MESSAGES["push_two_commits"])
    first = robot.request(payload, now=1_700_000_000.0, idempotency_key="delivery-1")
    second = robot.request(payload, now=1_700_000_060.0, idempotency_key="delivery-1")
    assert first.url != second.url
    assert first.body == second.body
    assert json.loads(first.body)["msgUuid"] == "delivery-1"
    assert "msgUuid" not in payload


def test_the_plain_form_is_no_repeat_of_what_was_refused() -> None:
    robot = notifier()
    requests = [
        robot.request(robot.render(Message("t"), form=form), now=0.0, idempotency_key="delivery-1")
        for form in (0, 1, 1)
    ]
    keys = [json.loads(request.body)["msgUuid"] for request in requests]
    assert keys == ["delivery-1", "delivery-1-plain", "delivery-1-plain"]


def test_a_request_is_json_in_raw_utf8() -> None:
    request = notifier().request(notifier().render(Message("中文")), now=0.0, idempotency_key="k")
    assert request.headers == {"content-type": "application/json; charset=utf-8"}
    assert "中文".encode() in request.body
    assert b"\\u" not in request.body


def test_a_robot_without_any_security_setting_is_warned_of() -> None:
    assert notifier().warnings()
    assert not notifier(sign_key=SECRET).warnings()
    assert not notifier(keyword="k").warnings()


def test_a_robot_gets_less_in_a_minute_than_dingtalk_punishes() -> None:
    assert (notifier().per_minute, notifier().per_second) == (18, 0)
    assert notifier(per_minute=5).per_minute == 5


# Messages


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_looks_as_it_did(name: str) -> None:
    robot = notifier()
    forms = [robot.render(MESSAGES[name], form=form) for form in range(robot.forms)]
    text = json.dumps(forms, ensure_ascii=False, indent=2) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("POSTHOUSE_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_there_is_no_golden_payload_without_its_message() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(MESSAGES)


def buttons(count: int) -> Message:
    return Message("t", (Buttons(tuple(Link(f"b{number}", f"{SERVER}/{number}") for number in range(count))),))


def test_buttons_make_a_card_and_their_absence_markdown() -> None:
    robot = notifier()
    assert robot.render(buttons(0))["msgtype"] == "markdown"
    assert robot.render(MESSAGES["links_that_are_none"])["msgtype"] == "markdown"
    one, two, seven = (robot.render(buttons(count))["actionCard"] for count in (1, 2, 7))
    assert (one["singleTitle"], one["singleURL"]) == ("b0", f"{SERVER}/0")
    assert "btns" not in one
    assert two["btnOrientation"] == "1"
    assert two["btns"][1] == {"title": "b1", "actionURL": f"{SERVER}/1"}
    assert seven["btnOrientation"] == "0"
    assert len(seven["btns"]) == 5
    assert "singleTitle" not in seven


def test_the_title_is_repeated_in_the_text_with_the_mark_of_its_level() -> None:
    for level, mark in ((Level.INFO, ""), (Level.SUCCESS, "✅ "), (Level.WARNING, "⚠️ "), (Level.FAILURE, "❌ ")):
        markdown = notifier().render(Message("Hi", level=level))["markdown"]
        assert markdown == {"title": f"{mark}Hi", "text": f"#### {mark}Hi"}
        assert notifier().render(Message("Hi", level=level), form=1)["text"] == {"content": f"{mark}Hi"}


@pytest.mark.parametrize("title", ["", " ", "\n", "\x00", "\u200b\ufeff"])
def test_a_message_without_a_title_gets_a_neutral_one(site: Site, title: str) -> None:
    word = {"zh": "通知", "en": "Notification"}[site.language]
    assert notifier(site).render(Message(title))["markdown"] == {"title": word, "text": f"#### {word}"}
    assert notifier(site).render(Message(title), form=1)["text"]["content"] == word


@pytest.mark.parametrize("form", [0, 1])
def test_the_keyword_is_appended_where_it_is_absent(form: int) -> None:
    robot = notifier(keyword="[告警]")
    for message in MESSAGES.values():
        payload = robot.render(message, form=form)
        part = payload[payload["msgtype"]]
        assert (part.get("text") or part["content"]).endswith("\n\n[告警]")
    assert "驿站\n\n驿站" not in str(notifier(keyword="驿站").render(Message("驿站"), form=form))


def test_a_keyword_in_an_address_alone_is_appended() -> None:
    message = Message("t", (Text((Link("x", f"{SERVER}/finance"),)),))
    assert notifier(keyword="finance").render(message)["markdown"]["text"].endswith("/finance)\n\nfinance")


def test_the_keyword_is_not_appended_twice() -> None:
    assert notifier(keyword="Hi").render(Message("Hi there"))["markdown"]["text"] == "#### Hi there"


@pytest.mark.parametrize(("where", "side_bar"), [("browser", "false"), ("sidebar", "true")])
def test_links_open_where_the_operator_wants_them(where: str, side_bar: str) -> None:
    url = f"{SERVER}/a (b)?x=1&y=%E4"
    message = Message("t", (Text((Link("in text", url),)), Buttons((Link("button", url),))))
    card = notifier(open_links_in=where).render(message)["actionCard"]
    target = (
        "dingtalk://dingtalkclient/page/link?url=https%3A%2F%2Fgitlab.example.com%2Fa%20%28b%29%3Fx%3D1%26y%3D%25E4"
    ).replace("a%20%28b%29", "a%2520%2528b%2529")
    assert card["singleURL"] == f"{target}&pc_slide={side_bar}"
    assert f"[in text]({target}&pc_slide={side_bar})" in card["text"]
    assert parse_qs(urlsplit(card["singleURL"]).query)["url"] == [f"{SERVER}/a%20%28b%29?x=1&y=%E4"]


def test_the_plain_form_has_nothing_to_click_on() -> None:
    text = (
        "http://a.example/x HTTPS://B.EXAMPLE/y dingtalk://c www.d.example e.example/path f.example:8080/ "
        "看http://g.example/，看www.h.example"
    )
    message = Message(text, (Text((Link(text, SERVER),)), Quote(text), Fields(((text, (text,)),)), Items(((text,),))))
    content = notifier().render(message, form=1)["text"]["content"]
    assert "://" not in content
    assert "www." not in content.lower()
    assert ".example" not in content


def test_the_plain_form_keeps_what_the_message_says() -> None:
    message = Message(
        "Build failed",
        (
            Text(("in ", Bold("main"))),
            Fields((("Stage", ("test_all",)),)),
            Items((("job #1",),), more=2),
            Quote("E: app.config.py\n\nline *two*"),
            Buttons((Link("Open", SERVER),)),
        ),
        level=Level.FAILURE,
    )
    said = "❌ Build failed\nin main\nStage: test_all\n- job #1\n- … 2 more\nE: app.config.py\nline *two*"
    assert notifier(Site(language="en")).render(message, form=1) == {"msgtype": "text", "text": {"content": said}}


def huge_messages() -> list[Message]:
    button = Buttons((Link("打开", f"{SERVER}/1"), Link("变更", f"{SERVER}/2")))
    return [
        Message("提" * 10_000, (Text(("x",)), button)),
        Message("👨‍👩‍👧‍👦" * 3000, (Quote("👍🏽" * 30_000), button)),
        Message("עברית " * 3000, (Text(("مرحبا \u202e" * 30_000,)), button)),
        Message('"\\' * 10_000, (Text(('"\\' * 30_000,)), button)),
        Message("t", (Items(tuple((Link(f"{n}", f"{SERVER}/{n}"), " 修复问题 " * 10) for n in range(5000))), button)),
        Message("t", (Quote("一行 words\n" * 80_000), button)),
        Message("t", (*(Text(("字" * 100,)) for _ in range(2000)), button)),
        Message("t", (Fields(tuple((f"n{n}", ("v" * 299,)) for n in range(500))), button)),
        Message("t", (Buttons(tuple(Link("钮" * 500, f"{SERVER}/" + "%E4" * 1300) for _ in range(50))),)),
        Message("t" * 10_000, (Text((Link("x" * 9000, f"{SERVER}/" + "p" * 3000),) * 20), button)),
    ]


@pytest.mark.parametrize("where", ["app", "browser"])
@pytest.mark.parametrize("number", range(10))
def test_a_huge_message_fits_with_its_title_its_first_button_and_whole_links(number: int, where: str) -> None:
    message = huge_messages()[number]
    robot = notifier(open_links_in=where, keyword="告警关键词")
    for form in (0, 1):
        payload = robot.render(message, form=form)
        body = robot.request(payload, now=0.0, idempotency_key="k" * 64).body
        assert len(body) <= ROOM
        assert json.loads(body.decode("utf-8"))["msgUuid"].startswith("k" * 64)
    card = robot.render(message)["actionCard"]
    assert card["title"].startswith(message.title[:10].strip())
    assert card["text"].startswith("#### ")
    first = card["btns"][0]["actionURL"] if "btns" in card else card["singleURL"]
    assert "gitlab.example.com" in first
    assert card["text"].count("](") == card["text"].count("[")


def test_a_message_is_whole_if_nothing_of_it_is_left_out() -> None:
    robot = notifier()
    assert all(robot.is_whole(buttons(count)) for count in range(6))
    assert not robot.is_whole(buttons(6))
    assert robot.is_whole(MESSAGES["push_two_commits"])
    assert not robot.is_whole(Message("t", (Buttons((Link("钮" * 41, f"{SERVER}/1"),)),)))
    assert not robot.is_whole(Message("t", (Quote("字" * 7000),)))


def test_buttons_that_lead_nowhere_take_no_place() -> None:
    dead = (Link("脚本", "javascript:alert(1)"), Link(" ", f"{SERVER}/nameless"))
    live = tuple(Link(f"b{number}", f"{SERVER}/{number}") for number in range(5))
    message = Message("t", (Buttons((*dead, *live[:2])), Buttons((*dead, *live[2:]))))
    card = notifier().render(message)["actionCard"]
    assert [button["title"] for button in card["btns"]] == ["b0", "b1", "b2", "b3", "b4"]
    assert notifier().is_whole(message)


@given(ANY_MESSAGE)
@hypothesis_settings(deadline=None)
def test_any_message_becomes_valid_json_that_fits(message: Message) -> None:
    robot = notifier(keyword="告警")
    for form in (0, 1):
        body = robot.request(robot.render(message, form=form), now=0.0, idempotency_key="k").body
        assert len(body) <= ROOM
        assert json.loads(body.decode("utf-8"))


def test_what_is_almost_too_long_is_used_to_the_last_character() -> None:
    def body(characters: int) -> bytes:
        message = Message("t", (Quote("x" * characters),))
        return notifier().request(notifier().render(message), now=0.0, idempotency_key="k" * 87).body

    room = ROOM - len(body(1)) + 1
    assert len(body(room)) == ROOM
    assert "…".encode() not in body(room)
    assert ROOM - 3 < len(body(room + 1)) <= ROOM
    assert "…".encode() in body(room + 1)


# Answers

DESCRIPTIONS = [
    (
        "description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，签名不匹配时请核对密钥;link:x;",
        "keyword",
    ),
    ("错误描述:关键词不匹配；解决方案:签名过期，请检查;", "keyword"),
    ("keywords not in content, more: [https://h/sign not match]", "keyword"),
    ("description:机器人发送签名过期;solution:签名不匹配时请核对密钥和白名单;link:x;", "clock"),
    ("错误描述:机器人发送签名过期;解决方案:请确认签名和时间戳;", "clock"),
    ("invalid timestamp, more: [https://h/]", "clock"),
    ("description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳，签名过期请校准;link:x;", "secret"),
    ("错误描述:机器人发送签名不匹配；解决方案:请核对关键词；", "secret"),
    ("sign not match, more: [https://h/]", "secret"),
    ("description:ip 203.0.113.9 不在白名单;solution:请核对签名过期、关键词;", "ip"),
    ("ip 203.0.113.9 not in whitelist", "ip"),
    ("something new;solution:关键词", "any"),
    ("", "any"),
]
WORDS = {
    "keyword": ("关键词", "lacks the robot's keyword"),
    "clock": ("校准本机时钟", "clock"),
    "secret": ("SEC", "SEC"),
    "ip": ("公网 IP", "public IP"),
    "any": ("核对关键词、加签密钥", "check keyword, secret and IP list"),
}


@pytest.mark.parametrize(("errmsg", "setting"), DESCRIPTIONS)
def test_the_security_setting_that_refused_is_named(site: Site, errmsg: str, setting: str) -> None:
    error = judged(answer(310000, errmsg), site)
    assert error.verdict == "config"
    assert WORDS[setting][site.language == "en"] in error.remedy
    if setting == "clock":
        assert isinstance(error, TryLater)
        assert (error.after, error.attempts) == (5.0, 2)
    else:
        assert isinstance(error, Rejected)
        assert not error.simpler_may_pass


REFUSED = [
    (300005, "token is not exist", "config", False),
    (400101, "", "config", False),
    (300001, "token is not exist", "config", False),
    (400106, "", "config", False),
    (400102, "", "config", False),
    (400013, "", "config", False),
    (88, "", "config", False),
    (40035, "缺少参数 json", "message", False),
    (43002, "", "message", False),
    (43004, "", "message", False),
    (400105, "", "message", True),
    (400401, "miss param : markdown", "message", False),
    (400403, "miss param : markdown->text", "message", False),
    (460101, "message too long, exceed 20000 bytes", "message", True),
    (101002, "message is too long", "message", True),
    (430101, "", "message", True),
    (430102, "", "message", True),
    (430103, "", "message", True),
    (430104, "", "message", True),
]
LATER = [
    (-1, "系统繁忙", "transient", None, None),
    (410100, "发送速度太快而限流", "throttled", 600.0, None),
    (130101, "send too fast, exceed 20 times per minute", "throttled", 600.0, None),
    (660026, "sending too many messages per minute", "throttled", 600.0, None),
    (450101, "", "throttled", 600.0, None),
    (90018, "", "throttled", 60.0, None),
    (90002, "", "throttled", 60.0, None),
    (90030, "webhook over limit", "quota", 6 * 3600.0, None),
    (999999, "send too fast", "throttled", 600.0, None),
    (999999, "Too many messages", "throttled", 600.0, None),
    (999999, "触发限流", "throttled", 600.0, None),
    (999999, "调用频率过高", "throttled", 600.0, None),
    (999999, "本月额度已用完", "quota", 6 * 3600.0, None),
    (999999, "something new", "transient", None, 3),
    (88, "ding talk error[subcode=90018,submsg=x]", "throttled", 60.0, None),
    (88, "send too fast", "throttled", 600.0, None),
]


@pytest.mark.parametrize("spelling", [int, str])
@pytest.mark.parametrize(("code", "errmsg", "verdict", "simpler"), REFUSED)
def test_what_will_never_pass_is_rejected_with_a_remedy(
    site: Site, spelling: type, code: int, errmsg: str, verdict: str, simpler: bool
) -> None:
    error = judged(answer(spelling(code), errmsg), site)
    assert isinstance(error, Rejected)
    assert (error.verdict, error.simpler_may_pass) == (verdict, simpler)
    assert error.remedy
    assert error.answer == f"errcode {code}: {errmsg}"


@pytest.mark.parametrize("spelling", [int, str])
@pytest.mark.parametrize(("code", "errmsg", "verdict", "after", "attempts"), LATER)
def test_what_will_pass_is_tried_later_with_a_remedy(
    site: Site, spelling: type, code: int, errmsg: str, verdict: str, after: float | None, attempts: int | None
) -> None:
    error = judged(answer(spelling(code), errmsg), site)
    assert isinstance(error, TryLater)
    assert (error.verdict, error.after, error.attempts) == (verdict, after, attempts)
    assert not error.whole_vendor
    assert error.remedy


def test_the_code_inside_the_gateway_s_code_decides() -> None:
    assert judged(answer(88, "x", sub_code="90002", sub_msg="y")).answer == "errcode 88: x y"
    assert judged(answer(88, "x", sub_code="90002")).verdict == "throttled"
    assert judged(answer(88, "x", sub_code="40014", sub_msg="不合法的access_token")).verdict == "config"


BAN = b'{"status":1111,"wait":5,"source":"x5","punish":"deny"}'
PAGE = b"<!doctype html><html><body>blocked</body></html>"
WITHOUT_CODE = [
    (200, BAN, "throttled", 600.0, None, True),
    (200, b'{"status":"1111"}', "throttled", 600.0, None, True),
    (200, PAGE, "throttled", 600.0, None, True),
    (403, b"\xef\xbb\xbf\n " + PAGE, "throttled", 600.0, None, True),
    (429, b"", "throttled", 600.0, None, True),
    (500, PAGE, "transient", None, None, False),
    (502, b"", "transient", None, None, False),
    (503, b'{"message":"x"}', "transient", None, None, False),
    (500, b'{"errcode":0,"errmsg":"ok"}', "transient", None, None, False),
    (200, b"", "ambiguous", None, 3, False),
    (200, b"{}", "ambiguous", None, 3, False),
    (200, b"[]", "ambiguous", None, 3, False),
    (200, b'[{"errcode":0}]', "ambiguous", None, 3, False),
    (200, b"null", "ambiguous", None, 3, False),
    (200, b"0", "ambiguous", None, 3, False),
    (200, b"ok", "ambiguous", None, 3, False),
    (200, b"\xff\xfe\x00", "ambiguous", None, 3, False),
    (200, b"[" * 65536, "ambiguous", None, 3, False),
    (200, b'{"errmsg":"ok"}', "ambiguous", None, 3, False),
    (200, b'{"errcode":true}', "ambiguous", None, 3, False),
    (200, b'{"errcode":false}', "ambiguous", None, 3, False),
    (200, b'{"errcode":null}', "ambiguous", None, 3, False),
    (200, b'{"errcode":"abc"}', "ambiguous", None, 3, False),
    (200, b'{"errcode":""}', "ambiguous", None, 3, False),
    (200, b'{"errcode":" 0"}', "ambiguous", None, 3, False),
    (200, '{"errcode":"０"}'.encode(), "ambiguous", None, 3, False),
    (200, b'{"errcode":"0_0"}', "ambiguous", None, 3, False),
    (200, b'{"errcode":0.0}', "ambiguous", None, 3, False),
    (200, b'{"errcode":[0]}', "ambiguous", None, 3, False),
    (200, b'{"errcode":{}}', "ambiguous", None, 3, False),
    (200, b'{"code":0}', "ambiguous", None, 3, False),
]


@pytest.mark.parametrize(("status", "body", "verdict", "after", "attempts", "whole_vendor"), WITHOUT_CODE)
def test_an_answer_without_a_code_is_no_success(
    site: Site, status: int, body: bytes, verdict: str, after: float | None, attempts: int | None, whole_vendor: bool
) -> None:
    error = judged(HttpReply(status, {}, body), site)
    assert isinstance(error, TryLater)
    assert (error.verdict, error.after, error.attempts) == (verdict, after, attempts)
    assert error.whole_vendor is whole_vendor
    assert error.remedy
    assert error.answer.startswith(f"HTTP {status}: ")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 404, 405, 410])
def test_an_address_without_a_robot_is_the_configuration_s_fault(site: Site, status: int) -> None:
    for body in (b"", PAGE, b'{"errcode":0}'):
        error = judged(HttpReply(status, {}, body), site)
        assert isinstance(error, Rejected)
        assert error.verdict == "config"
        assert "url" in error.remedy


@pytest.mark.parametrize("body", [b'{"errcode":0,"errmsg":"ok"}', b'{"errcode":"0"}', b'\xef\xbb\xbf{"errcode":0}'])
def test_only_a_code_of_zero_is_success(body: bytes) -> None:
    notifier().judge(HttpReply(200, {}, body))


def test_an_answer_is_told_without_the_credentials_it_repeats() -> None:
    url = f"https://h/send?access_token={TOKEN}&key=SECRETinTHEurl"
    robot = {"access_token": None, "url": url, "sign_key": "SEC+/=abcdefgh"}
    echo = f"denied {url} {TOKEN} SEC+/=abcdefgh SEC%2B%2F%3Dabcdefgh /send?access_token=other&sign=abc%3D end"
    for reply in (answer(300005, echo), HttpReply(200, {}, f"<p>{echo}</p>".encode()), answer(1, echo * 1000)):
        text = judged(reply, **robot).answer
        for secret in (TOKEN, "SECRETinTHEurl", "abcdefgh", "other", "abc%3D"):
            assert secret not in text
        assert "denied" in text
        assert len(text) <= 501


@pytest.mark.parametrize("errmsg", [None, 7, ["x"], {"a": "b"}])
def test_an_errmsg_of_any_type_is_survived(errmsg: Any) -> None:
    assert judged(answer(300005, errmsg)).verdict == "config"


def test_remedies_differ_between_the_languages() -> None:
    for code in {row[0] for row in (*REFUSED, *LATER)}:
        chinese, english = (judged(answer(code), Site(language=language)).remedy for language in ("zh", "en"))
        assert chinese != english
        assert english.isascii()
