"""WeCom's robots: where they are reached, what they are sent, and what their answers mean."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from notifiers.messages import MESSAGES, SERVER
from posthouse import (
    Bold,
    Buttons,
    Code,
    Fields,
    HttpReply,
    Items,
    Level,
    Link,
    Message,
    People,
    Person,
    Quote,
    Rejected,
    Site,
    Text,
    TryLater,
)
from posthouse.core.errors import DeliveryError
from posthouse.discovery import discover
from posthouse.fate import fate
from posthouse.notifiers.wecom import CorpWechatNotifier, CorpWechatSettings

GOLDEN = Path(__file__).parent / "golden" / "wecom"
KEY = "00000000-demo-0000-0000-000000000000"
ADDRESS = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
PEOPLE = People((Person("Li Lei", frozenset({"gitlab:lilei"}), ids={"wechat": "lilei"}),))
ZH = Site(language="zh", people=PEOPLE)


def notifier(site: Site = ZH, **settings: Any) -> CorpWechatNotifier:
    return CorpWechatNotifier(CorpWechatSettings(**{"key": KEY, **settings}), site)


def sent(robot: CorpWechatNotifier) -> str:
    return robot.request(robot.render(Message("t")), now=1.0, idempotency_key="key").url


def content(robot: CorpWechatNotifier, message: Message, form: int = 0) -> str:
    payload = robot.render(message, form=form)
    return payload[payload["msgtype"]]["content"]


def answer(errcode: Any, errmsg: str = "", status: int = 200, **more: Any) -> HttpReply:
    return HttpReply(status, {}, json.dumps({"errcode": errcode, "errmsg": errmsg, **more}).encode())


def judged(reply: HttpReply, site: Site = ZH, **settings: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        notifier(site, **settings).judge(reply)
    return caught.value


# Settings and addresses


@pytest.mark.parametrize("word", ["wechat", "corp_wechat", "wecom"])
def test_the_robot_is_found_under_every_word_for_it(word: str) -> None:
    assert discover().notifiers["wechat"] is CorpWechatNotifier
    assert word in {CorpWechatNotifier.type, *CorpWechatNotifier.aliases}


def test_the_key_stands_in_the_address() -> None:
    assert sent(notifier()) == f"{ADDRESS}?key={KEY}"
    assert sent(notifier(key="a+b")) == f"{ADDRESS}?key=a%2Bb"


def test_white_space_around_what_is_pasted_is_no_part_of_it() -> None:
    assert sent(notifier(key=f" {KEY}\n")) == f"{ADDRESS}?key={KEY}"
    assert sent(notifier(key=None, url=f"\t{ADDRESS}?key={KEY} ")) == f"{ADDRESS}?key={KEY}"
    assert notifier(key=f" {KEY}\n", format=" text ").identity() == KEY


def test_an_address_keeps_its_path_and_query_to_the_letter() -> None:
    own = "http://wecom.example.com:8080/a/b%20c?x=1+2&y=%2F&key=zzzzzzzz&x=3&empty#fragment"
    assert sent(notifier(key=None, url=own)) == own.removesuffix("#fragment")
    assert notifier(key=None, url=own).identity() == "zzzzzzzz"
    assert sent(notifier(url=own)) == f"http://wecom.example.com:8080/a/b%20c?x=1+2&y=%2F&x=3&empty&key={KEY}"


def test_robots_with_one_key_have_one_identity() -> None:
    assert notifier().identity() == notifier(key=None, url=f"https://wecom.example.com/send?key={KEY}").identity()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"key": ""},
        {"key": " "},
        {"key": f"{ADDRESS}?key={KEY}"},
        {"key": f"key={KEY}"},
        {"key": f"{KEY} {KEY}"},
        {"url": ADDRESS},
        {"url": f"{ADDRESS}?key="},
        {"url": f"{ADDRESS}/{KEY}"},
        {"key": KEY, "url": "ftp://h/send"},
        {"key": KEY, "url": "h/send"},
        {"key": KEY, "url": "https:///send"},
        {"key": KEY, "format": "html"},
        {"key": KEY, "sign_key": "SECdemo"},
    ],
)
def test_settings_that_cannot_work_are_an_error_without_the_key(settings: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        CorpWechatSettings(**settings)
    assert KEY not in str(caught.value)


def test_the_key_in_an_address_is_a_secret_too() -> None:
    url = f"{ADDRESS}?key={KEY}"
    assert set(CorpWechatSettings(url=url).secrets()) == {url, KEY}
    assert set(CorpWechatSettings(key=KEY).secrets()) == {KEY}


def test_a_request_is_json_in_raw_utf8() -> None:
    request = notifier().request(notifier().render(Message("中文\n🎉")), now=0.0, idempotency_key="k")
    assert request.headers == {"content-type": "application/json; charset=utf-8"}
    assert request.body == '{"msgtype":"markdown","markdown":{"content":"### 中文 🎉"}}'.encode()


def test_no_more_than_18_messages_a_minute_are_sent() -> None:
    assert notifier().per_minute == 18
    assert notifier(per_minute=5).per_minute == 5


# Messages


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_looks_as_it_did(name: str) -> None:
    robot = notifier()
    payloads = {"markdown_v2": notifier(format="markdown_v2").render(MESSAGES[name])}
    payloads |= {f"form {form}": robot.render(MESSAGES[name], form=form) for form in range(robot.forms)}
    text = json.dumps(payloads, ensure_ascii=False, indent=2) + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("POSTHOUSE_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_there_is_no_golden_payload_without_its_message() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(MESSAGES)


BUILD = Message(
    "Build failed",
    (
        Text(("in ", Bold("main"), " at ", Code("0a1b2c3d"), " of ", Link("ledger", f"{SERVER}/finance/ledger"))),
        Fields((("Stage", ("test_all",)), ("Job", (Link("#1", f"{SERVER}/j/1"),)))),
        Items((("one",), ("two",)), more=2),
        Quote("E: app.config.py\n\nline <two>"),
        Buttons((Link("Open", f"{SERVER}/p/1"), Link("Log", f"{SERVER}/l/1"))),
    ),
    level=Level.FAILURE,
)
EN = Site(language="en")
MARKDOWN = """\
### <font color="warning">❌ Build failed</font>
in **main** at `0a1b2c3d` of [ledger](https://gitlab.example.com/finance/ledger)

**Stage**: test_all
**Job**: [#1](https://gitlab.example.com/j/1)

- one
- two
- … 2 more

> E: app.config.py
> line ＜two＞

[Open](https://gitlab.example.com/p/1) | [Log](https://gitlab.example.com/l/1)"""
MARKDOWN_V2 = """\
### ❌ Build failed
in **main** at `0a1b2c3d` of [ledger](https://gitlab.example.com/finance/ledger)

| Name | Value |
| :-- | :-- |
| Stage | test_all |
| Job | [#1](https://gitlab.example.com/j/1) |

- one
- two
- … 2 more

> E: app.config.py  \n> line ＜two＞

[Open](https://gitlab.example.com/p/1) | [Log](https://gitlab.example.com/l/1)"""
TEXT = """\
❌ Build failed
in main at 0a1b2c3d of ledger
Stage: test_all
Job: #1
- one
- two
- … 2 more
> E: app.config.py
> line ＜two＞
Open: https://gitlab.example.com/p/1
Log: https://gitlab.example.com/l/1"""
BRIEF = "❌ Build failed\nOpen: https://gitlab.example.com/p/1"


@pytest.mark.parametrize(
    ("settings", "forms"),
    [
        ({"format": "markdown_v2"}, [MARKDOWN_V2, MARKDOWN, TEXT]),
        ({}, [MARKDOWN, TEXT, BRIEF]),
        ({"format": "markdown"}, [MARKDOWN, TEXT, BRIEF]),
        ({"format": "text"}, [TEXT, BRIEF, BRIEF]),
    ],
)
def test_each_form_is_plainer_than_the_one_before(settings: dict[str, Any], forms: list[str]) -> None:
    robot = notifier(EN, **settings)
    assert [content(robot, BUILD, form) for form in range(robot.forms)] == forms
    kinds = {MARKDOWN_V2: "markdown_v2", MARKDOWN: "markdown"}
    assert [robot.render(BUILD, form=form)["msgtype"] for form in range(robot.forms)] == [
        kinds.get(form, "text") for form in forms
    ]
    assert robot.render(BUILD, form=9) == robot.render(BUILD, form=2)


@pytest.mark.parametrize(
    ("level", "markdown", "others"),
    [
        (Level.INFO, "### Hi", "Hi"),
        (Level.SUCCESS, '### <font color="info">✅ Hi</font>', "✅ Hi"),
        (Level.WARNING, '### <font color="warning">⚠️ Hi</font>', "⚠️ Hi"),
        (Level.FAILURE, '### <font color="warning">❌ Hi</font>', "❌ Hi"),
    ],
)
def test_a_level_has_a_mark_and_a_colour_where_there_are_any(level: Level, markdown: str, others: str) -> None:
    assert content(notifier(), Message("Hi", level=level)) == markdown
    assert content(notifier(format="markdown_v2"), Message("Hi", level=level)) == f"### {others}"
    assert content(notifier(format="text"), Message("Hi", level=level)) == others


def test_a_single_field_is_no_table() -> None:
    message = Message("t", (Fields((("State", ("ok",)),)), Fields((("A", ("a | b",)), ("", ("",))))))
    assert content(notifier(EN, format="markdown_v2"), message) == (
        "### t\n**State**: ok\n\n| Name | Value |\n| :-- | :-- |\n| A | a ｜ b |\n|  |  |"
    )


def test_buttons_of_all_blocks_make_one_line_at_the_end() -> None:
    message = Message(
        "t", (Buttons((Link("a", f"{SERVER}/a"),)), Text(("text",)), Buttons((Link("b|", f"{SERVER}/b"),)))
    )
    assert content(notifier(), message) == f"### t\ntext\n\n[a]({SERVER}/a) | [b｜]({SERVER}/b)"


@pytest.mark.parametrize("title", ["", " ", "\n", "\x00", "\u200b\ufeff"])
def test_a_message_without_a_title_gets_a_neutral_one(site: Site, title: str) -> None:
    word = {"zh": "通知", "en": "Notification"}[site.language]
    assert [content(notifier(site), Message(title), form) for form in range(3)] == [f"### {word}", word, word]


@pytest.mark.parametrize("format_", ["markdown", "markdown_v2", "text"])
def test_the_keyword_is_appended_where_it_is_absent(format_: str) -> None:
    robot = notifier(format=format_, keyword="[告警]")
    for message in MESSAGES.values():
        for form in range(robot.forms):
            assert content(robot, message, form).endswith("\n[告警]")
    assert content(notifier(format=format_, keyword="Hi"), Message("Hi there")).count("Hi") == 1


@pytest.mark.parametrize(
    ("url", "is_link"),
    [
        ("https://h/" + "a" * 1014, True),
        ("https://h/" + "a" * 1015, False),
        ("https://h/" + "中" * 112 + "a" * 6, True),
        ("https://h/" + "中" * 113, False),
        ("h/a", False),
        ("javascript:alert(1)", False),
        ("file:///etc/passwd", False),
    ],
)
def test_a_link_has_a_scheme_and_at_most_1024_bytes(url: str, is_link: bool) -> None:
    in_text, button = Message("t", (Text((Link("x", url),)),)), Message("t", (Buttons((Link("x", url),)),))
    for format_ in ("markdown", "markdown_v2"):
        assert (content(notifier(format=format_), in_text) == "### t\nx") is not is_link
        assert (content(notifier(format=format_), button) == "### t") is not is_link
    assert (content(notifier(format="text"), button) == "t") is not is_link


def test_a_text_shows_where_links_lead_if_no_button_does() -> None:
    items = (Items(((Link("one", f"{SERVER}/1"), " is bad"), ("two",))),)
    button = Buttons((Link("Open", f"{SERVER}/2"),))
    robot = notifier(format="text")
    assert content(robot, Message("t", items)) == f"t\n- one {SERVER}/1 is bad\n- two"
    assert content(robot, Message("t", (*items, button))) == f"t\n- one is bad\n- two\nOpen：{SERVER}/2"


def test_a_text_notifies_nobody_whom_a_user_typed() -> None:
    message = Message("a <@lilei> b", (Text(("List<String> ", "<", Bold("@all>"), " a -> b")), Quote("<@lilei>")))
    assert content(notifier(format="text"), message) == ("a ＜@lilei＞ b\nList＜String＞ ＜＠all> a -> b\n> ＜@lilei＞")


# Answers

TOO_LONG = "markdown.content exceed max length 4096. invalid Request Parameter"
REFUSED = [
    (93000, "invalid webhook url, hint: [1], from ip: 203.0.113.9", "config", False),
    (93000, "Content Exceed Max Length", "message", True),
    (93004, "", "config", False),
    (93008, "", "config", False),
    (49008, "", "config", False),
    (40008, "invalid message type", "message", True),
    (40058, TOO_LONG, "message", True),
    (45002, "content size out of limit", "message", True),
    (40063, "some parameters are empty", "message", False),
    (44004, "empty content", "message", False),
    (45034, "url without scheme", "message", True),
    (40039, "invalid url size", "message", True),
    (45008, "article number exceed limit", "message", False),
    (40007, "invalid media_id", "message", False),
    (40009, "invalid image size", "message", False),
    (45001, "media size exceed limit", "message", False),
    (44001, "empty media data", "message", False),
    (41016, "missing title", "message", False),
    (41010, "missing url", "message", False),
]
LATER = [
    (-1, "system busy", "transient", None, 3),
    (45009, "api freq out of limit", "throttled", 61.0, None),
    (45033, "api concurrent out of limit", "throttled", 3.0, None),
    (41044, "invalid contact-me config_id", "transient", None, 3),
    (999999, "something new", "transient", None, 3),
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
    assert error.answer.startswith(f"errcode {code}: {errmsg[:20]}")


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
    assert error.answer == f"errcode {code}: {errmsg}"


def test_remedies_differ_between_the_languages_and_between_what_is_to_be_done() -> None:
    for code in {row[0] for row in (*REFUSED, *LATER)}:
        chinese, english = (judged(answer(code), Site(language=language)).remedy for language in ("zh", "en"))
        assert chinese != english
        assert not chinese.isascii()
        assert english.isascii()
    robot_gone = {judged(answer(code)).remedy for code in (93000, 93004, 93008, 49008)}
    assert len(robot_gone) == 4


@pytest.mark.parametrize(
    ("settings", "code", "tried"),
    [
        ({"format": "markdown_v2"}, 40008, [MARKDOWN_V2, MARKDOWN, TEXT]),
        ({"format": "markdown"}, 40008, [MARKDOWN, TEXT, BRIEF]),
        ({"format": "text"}, 40058, [TEXT, BRIEF]),
        ({"format": "markdown"}, 93000, [MARKDOWN]),
        ({"format": "markdown"}, 40063, [MARKDOWN]),
    ],
)
def test_what_is_refused_is_tried_in_plainer_forms_and_never_twice(
    settings: dict[str, Any], code: int, tried: list[str]
) -> None:
    robot = notifier(EN, **settings)
    bodies, form = [content(robot, BUILD)], 0
    while True:
        ending = fate(judged(answer(code), EN, **settings), form=form, forms=robot.forms, failures=0, earlier=0)
        if ending.form == form:
            break
        form = ending.form
        bodies.append(content(robot, BUILD, form))
    assert bodies == tried


PAGE = b"<!doctype html><html><body>busy</body></html>"
WITHOUT_CODE = [
    (500, PAGE, "transient", None, None),
    (502, b"", "transient", None, None),
    (503, b'{"message":"x"}', "transient", None, None),
    (500, b'{"errcode":0,"errmsg":"ok"}', "transient", None, None),
    (429, b"", "throttled", 61.0, None),
    (200, PAGE, "ambiguous", None, 2),
    (200, b"", "ambiguous", None, 2),
    (400, b"", "ambiguous", None, 2),
    (400, b'{"errcode":0}', "ambiguous", None, 2),
    (200, b"{}", "ambiguous", None, 2),
    (200, b"[]", "ambiguous", None, 2),
    (200, b'[{"errcode":0}]', "ambiguous", None, 2),
    (200, b"null", "ambiguous", None, 2),
    (200, b"0", "ambiguous", None, 2),
    (200, b"ok", "ambiguous", None, 2),
    (200, b"\xff\xfe\x00", "ambiguous", None, 2),
    (200, b"[" * 65536, "ambiguous", None, 2),
    (200, b'{"errmsg":"ok"}', "ambiguous", None, 2),
    (200, b'{"code":0,"StatusCode":0}', "ambiguous", None, 2),
    (200, b'{"errcode":true}', "ambiguous", None, 2),
    (200, b'{"errcode":false}', "ambiguous", None, 2),
    (200, b'{"errcode":null}', "ambiguous", None, 2),
    (200, b'{"errcode":"abc"}', "ambiguous", None, 2),
    (200, b'{"errcode":""}', "ambiguous", None, 2),
    (200, b'{"errcode":" 0"}', "ambiguous", None, 2),
    (200, '{"errcode":"０"}'.encode(), "ambiguous", None, 2),
    (200, b'{"errcode":0.0}', "ambiguous", None, 2),
    (200, b'{"errcode":[0]}', "ambiguous", None, 2),
]


@pytest.mark.parametrize(("status", "body", "verdict", "after", "attempts"), WITHOUT_CODE)
def test_an_answer_without_a_code_is_no_success(
    site: Site, status: int, body: bytes, verdict: str, after: float | None, attempts: int | None
) -> None:
    error = judged(HttpReply(status, {}, body), site)
    assert isinstance(error, TryLater)
    assert (error.verdict, error.after, error.attempts) == (verdict, after, attempts)
    assert error.remedy
    assert error.answer.startswith(f"HTTP {status}: ")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 401, 403, 404, 405, 407, 410])
def test_an_address_without_a_robot_is_the_configuration_s_fault(site: Site, status: int) -> None:
    for body in (b"", PAGE, b'{"errcode":0}'):
        error = judged(HttpReply(status, {}, body), site)
        assert isinstance(error, Rejected)
        assert error.verdict == "config"
        assert "url" in error.remedy


@pytest.mark.parametrize("body", [b'{"errcode":0,"errmsg":"ok"}', b'{"errcode":"0"}', b'\xef\xbb\xbf{"errcode":0}'])
def test_only_a_code_of_zero_is_success(body: bytes) -> None:
    notifier().judge(HttpReply(200, {}, body))


@pytest.mark.parametrize(
    ("errmsg", "shown"),
    [
        (
            "invalid webhook url, hint: [1700000000_25_0a1b2c3d], from ip: 203.0.113.9, more info at https://h/e=93000",
            "invalid webhook url, hint: ***, from ip: ***, more info at https://h/e=93000",
        ),
        ("x, Hint:[1_2], From IP:2001:db8::9, y", "x, Hint:***, From IP:***, y"),
        ("x hint: [cut off by somebody", "x hint: ***"),
        ("x from ip: 203.0.113.9", "x from ip: ***"),
    ],
)
def test_an_answer_is_told_without_this_machine_s_address_and_the_request_s_id(errmsg: str, shown: str) -> None:
    assert judged(answer(93000, errmsg)).answer == f"errcode 93000: {shown}"
    assert judged(HttpReply(502, {}, errmsg.encode())).answer == f"HTTP 502: {shown}"


def test_an_answer_is_told_without_the_credentials_it_repeats() -> None:
    echo = f"denied https://h/send?key={KEY}&x=1 {KEY} /send?key=other end"
    for reply in (answer(93000, echo), HttpReply(200, {}, f"<p>{echo}</p>".encode()), answer(1, echo * 1000)):
        text = judged(reply, key=None, url=f"https://h/send?key={KEY}&x=1").answer
        assert KEY not in text
        assert "other" not in text
        assert "denied" in text
        assert len(text) <= 501


@pytest.mark.parametrize("errmsg", [None, 7, ["x"], {"a": "b"}])
def test_an_errmsg_of_any_type_is_survived(errmsg: Any) -> None:
    assert judged(answer(93000, errmsg)).verdict == "config"
