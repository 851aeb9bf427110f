"""Feishu's robots: how they are addressed and signed for, and what they are sent."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from notifiers.feishu_payloads import (
    CARD,
    FORMS,
    MINIMAL,
    OLD_CARD,
    POST,
    SECRET,
    TEXT,
    TOKEN,
    UNMENTIONED,
    ZH,
    elements,
    markdown,
    notifier,
    rich_text,
    sent,
)
from notifiers.messages import MESSAGES, SERVER
from posthouse import (
    Block,
    Bold,
    Buttons,
    Code,
    Fields,
    Items,
    Level,
    Link,
    Message,
    Quote,
    Site,
    Text,
)
from posthouse.notifiers.feishu import FeiShuNotifier, FeiShuSettings, sign

GOLDEN = Path(__file__).parent / "golden" / "feishu"
FEISHU = "https://open.feishu.cn/open-apis/bot/v2/hook/"
EN = Site(language="en")

# Addresses and signatures


@pytest.mark.parametrize(
    ("seconds", "signature"),
    [
        (1599360473, "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="),
        (1700000000, "8oT2n3SMKFfEnDoiwer8BUM/SjKLwe9SqoEIHlhDTKo="),
    ],
)
def test_a_signature_is_what_feishu_computes(seconds: int, signature: str) -> None:
    assert sign("demo", seconds) == signature


def test_a_signature_is_not_what_dingtalk_would_compute() -> None:
    assert sign("demo", 1599360473) != "DkEDUyVoOOJ539qBvUgMyzkzIdRWlf4e/V3Rq+ONJnQ="


def test_the_signature_is_in_the_body_with_its_seconds_as_text() -> None:
    body = sent(notifier(sign_key="demo"), {"msg_type": "text"}, now=1_700_000_000.9)
    assert body == {
        "timestamp": "1700000000",
        "sign": "8oT2n3SMKFfEnDoiwer8BUM/SjKLwe9SqoEIHlhDTKo=",
        "msg_type": "text",
    }


def test_without_a_secret_nothing_is_signed() -> None:
    assert sent(notifier(), {"msg_type": "text"}) == {"msg_type": "text"}


def test_each_attempt_has_its_own_signature_and_the_same_message() -> None:
    robot = notifier(sign_key=SECRET)
    payload = robot.render(MESSAGES["push_two_commits"])
    first, second = (sent(robot, payload, now=now) for now in (1e9, 1e9 + 600))
    assert (first.pop("sign"), first.pop("timestamp")) != (second.pop("sign"), second.pop("timestamp"))
    assert first == second == payload


def test_a_request_is_json_in_raw_utf8() -> None:
    request = notifier().request(notifier().render(Message("中文")), now=0.0, idempotency_key="k")
    assert request.headers == {"content-type": "application/json; charset=utf-8"}
    assert "中文".encode() in request.body
    assert b"\\u" not in request.body


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ({"token": TOKEN}, FEISHU + TOKEN),
        ({"token": f" {TOKEN}\n"}, FEISHU + TOKEN),
        ({"token": TOKEN, "region": "lark"}, f"https://open.larksuite.com/open-apis/bot/v2/hook/{TOKEN}"),
        ({"url": f"\t{FEISHU}{TOKEN} "}, FEISHU + TOKEN),
        ({"url": f"{FEISHU}{TOKEN}/"}, FEISHU + TOKEN),
        ({"url": f"{FEISHU}{TOKEN}//#x"}, FEISHU + TOKEN),
        ({"url": f"http://open.example.com:8080/a/{TOKEN}?x=1"}, f"http://open.example.com:8080/a/{TOKEN}?x=1"),
    ],
)
def test_a_robot_has_an_address_and_its_token_is_its_identity(settings: dict[str, str], address: str) -> None:
    robot = FeiShuNotifier(FeiShuSettings(**settings), ZH)
    assert robot.request({}, now=0.0, idempotency_key="k").url == address
    assert robot.identity() == TOKEN
    assert TOKEN in robot.settings.secrets()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "needs either token or url"),
        ({"token": TOKEN, "url": FEISHU + TOKEN}, "needs either token or url"),
        ({"token": ""}, "should have at least 1"),
        ({"token": " "}, "should have at least 1"),
        ({"token": FEISHU + TOKEN}, "enter a whole address as url"),
        ({"token": f"{TOKEN}?x"}, "enter a whole address as url"),
        ({"url": f"ftp://open.feishu.cn/{TOKEN}"}, "must start with http"),
        ({"url": f"open.feishu.cn/{TOKEN}"}, "must start with http"),
        ({"url": f"https:///{TOKEN}"}, "must start with http"),
        ({"url": "https://open.feishu.cn"}, "must end with the robot's token"),
        ({"url": "https://open.feishu.cn/"}, "must end with the robot's token"),
        ({"url": f"https://open.feishu.cn/open-apis/bot/hook/{TOKEN}"}, "an old robot"),
        ({"url": f"https://www.feishu.cn/flow/api/trigger-webhook/{TOKEN}"}, "starts a flow"),
        ({"token": TOKEN, "sign_key": ""}, "should have at least 1"),
        ({"token": TOKEN, "card_version": 3}, "1"),
        ({"token": TOKEN, "region": "mars"}, "lark"),
        ({"token": TOKEN, "secret": SECRET}, "not permitted"),
    ],
)
def test_settings_that_cannot_work_are_an_error_without_the_credentials(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        FeiShuSettings(**settings)
    assert said in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("product", ["open-apis/bot/hook", "flow/api/trigger-webhook"])
def test_the_address_of_another_product_is_refused_with_what_to_do(product: str) -> None:
    with pytest.raises(ValidationError, match="add a custom bot in the group's settings"):
        FeiShuSettings(url=f"https://open.example.com/{product}/{TOKEN}")


def test_a_robot_without_any_security_setting_is_warned_of() -> None:
    assert notifier().warnings()
    assert not notifier(sign_key=SECRET).warnings()
    assert not notifier(keyword="k").warnings()


def test_a_robot_keeps_below_every_limit_that_feishu_has() -> None:
    limits = FeiShuNotifier.limits
    assert (limits.body_bytes, limits.per_minute, limits.per_second) == (20_000, 90, 4)
    assert limits.crowded_at_half_hours


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


@pytest.mark.parametrize(
    ("level", "colour", "mark"),
    [
        (Level.INFO, "blue", ""),
        (Level.SUCCESS, "green", "✅ "),
        (Level.WARNING, "orange", "⚠️ "),
        (Level.FAILURE, "red", "❌ "),
    ],
)
def test_a_level_is_the_colour_of_a_card_and_a_mark_elsewhere(level: Level, colour: str, mark: str) -> None:
    message = Message("Hi", level=level)
    for form in (CARD, UNMENTIONED, OLD_CARD):
        header = notifier().render(message, form=form)["card"]["header"]
        assert header == {"title": {"tag": "plain_text", "content": "Hi"}, "template": colour}
    for form in (TEXT, MINIMAL):
        assert notifier().render(message, form=form)["content"] == {"text": f"{mark}Hi"}


@pytest.mark.parametrize("title", ["", " ", "\n", "\x00", "\u200b\ufeff"])
def test_a_message_without_a_title_gets_a_neutral_one(site: Site, title: str) -> None:
    word = {"zh": "通知", "en": "Notification"}[site.language]
    assert notifier(site).render(Message(title))["card"]["header"]["title"]["content"] == word
    assert notifier(site).render(Message(title), form=MINIMAL)["content"]["text"] == word


BUILD = Message(
    "Build failed",
    (
        Text(("in ", Bold("main"), " at ", Code("feature_x"), " of ", Link("ledger", f"{SERVER}/finance/ledger"))),
        Fields((("Stage", ("test_all",)), ("Job", (Link("#1", f"{SERVER}/j/1"),)))),
        Quote("E: app.config.py\n\nline *two*"),
        Items((("one",), ("two",)), more=2),
        Buttons((Link("Open", f"{SERVER}/p/1"), Link("Log", f"{SERVER}/l/1"))),
    ),
    level=Level.FAILURE,
)


def test_a_card_shows_blocks_in_the_markdown_of_its_version() -> None:
    new, old = (markdown(notifier(EN).render(BUILD, form=form)) for form in (CARD, OLD_CARD))
    assert "".join(new) == (
        f"in **main** at `feature_x` of [ledger]({SERVER}/finance/ledger)\n\n"
        f"**Stage**: test_all<br>**Job**: [#1]({SERVER}/j/1)\n\n"
        "> E: app.config.py<br>line &#42;two&#42;\n\n"
        "- one\n- two\n- … 2 more"
    )
    assert "".join(old) == (
        f"in **main** at feature_x of [ledger]({SERVER}/finance/ledger)\n\n"
        f"**Stage**: test_all\n**Job**: [#1]({SERVER}/j/1)\n\n"
        "▎E: app.config.py\n▎line &#42;two&#42;\n\n"
        "• one\n• two\n• … 2 more"
    )


def test_rich_text_has_a_row_for_each_line_and_links_that_work() -> None:
    assert rich_text(notifier(EN).render(BUILD, form=POST)) == {
        "title": "❌ Build failed",
        "content": [
            [
                {"tag": "text", "text": "in main at feature_x of "},
                {"tag": "a", "text": "ledger", "href": f"{SERVER}/finance/ledger"},
            ],
            [{"tag": "text", "text": "Stage: test_all"}],
            [{"tag": "text", "text": "Job: "}, {"tag": "a", "text": "#1", "href": f"{SERVER}/j/1"}],
            [{"tag": "text", "text": "▎E: app.config.py"}],
            [{"tag": "text", "text": "▎line *two*"}],
            [{"tag": "text", "text": "• one"}],
            [{"tag": "text", "text": "• two"}],
            [{"tag": "text", "text": "• … 2 more"}],
            [
                {"tag": "a", "text": "Open", "href": f"{SERVER}/p/1"},
                {"tag": "text", "text": " "},
                {"tag": "a", "text": "Log", "href": f"{SERVER}/l/1"},
            ],
        ],
    }


def test_a_text_says_the_same_with_the_addresses_of_the_buttons() -> None:
    assert notifier(EN).render(BUILD, form=TEXT) == {
        "msg_type": "text",
        "content": {
            "text": "❌ Build failed\nin main at feature_x of ledger\nStage: test_all\nJob: #1\n▎E: app.config.py\n"
            f"▎line *two*\n• one\n• two\n• … 2 more\nOpen: {SERVER}/p/1\nLog: {SERVER}/l/1"
        },
    }


def test_the_plainest_form_has_nothing_of_users_but_the_title(site: Site) -> None:
    note = {"zh": "（飞书没有收下其余内容）", "en": "(Feishu did not take the rest.)"}[site.language]
    assert notifier(site).render(BUILD, form=MINIMAL) == {
        "msg_type": "text",
        "content": {"text": f"❌ Build failed\n{note}\n{SERVER}/p/1"},
    }


def test_the_plainest_form_leads_where_the_first_link_does_that_works() -> None:
    def address(*blocks: Block) -> str:
        text: str = notifier().render(Message("t", blocks), form=MINIMAL)["content"]["text"]
        return text.rpartition("\n")[2]

    link = Link("x", f"{SERVER}/x")
    assert address(Text((link,)), Buttons((Link("y", f"{SERVER}/y"),))) == f"{SERVER}/y"
    assert address(Text((link,)), Buttons((Link("y", "javascript:alert(1)"),))) == f"{SERVER}/x"
    assert address(Fields((("k", (link,)),))) == f"{SERVER}/x"
    assert address(Items((("a",), (link,)))) == f"{SERVER}/x"
    assert address() == "t"


def test_a_message_that_is_only_a_title_is_one_in_every_form() -> None:
    robot = notifier()
    assert elements(robot.render(Message("Hi"))) == elements(robot.render(Message("Hi"), form=OLD_CARD)) == []
    rich = rich_text(robot.render(Message("Hi"), form=POST))
    assert rich == {"title": "", "content": [[{"tag": "text", "text": "Hi"}]]}
    assert robot.render(Message("Hi"), form=TEXT) == robot.render(Message("Hi"), form=MINIMAL)


def test_version_1_makes_old_cards_only() -> None:
    robot = notifier(card_version=1)
    for form in (CARD, UNMENTIONED, OLD_CARD):
        card = robot.render(BUILD, form=form)["card"]
        assert "schema" not in card
        assert card["config"] == {"wide_screen_mode": True}


# Buttons


def buttons(count: int) -> Message:
    return Message("t", (Buttons(tuple(Link(f"b{number}", f"{SERVER}/{number}") for number in range(count))),))


def test_one_button_stands_alone_and_more_side_by_side() -> None:
    def button(number: int) -> dict[str, Any]:
        return {
            "tag": "button",
            "text": {"tag": "plain_text", "content": f"b{number}"},
            "type": "default" if number else "primary",
            "behaviors": [{"type": "open_url", "default_url": f"{SERVER}/{number}"}],
        }

    assert elements(notifier().render(buttons(0))) == []
    assert elements(notifier().render(buttons(1))) == [button(0)]
    (columns,) = elements(notifier().render(buttons(7)))
    assert (columns["tag"], columns["flex_mode"]) == ("column_set", "flow")
    assert columns["columns"] == [{"tag": "column", "width": "auto", "elements": [button(n)]} for n in range(5)]


def test_an_old_card_has_its_buttons_in_an_action() -> None:
    (action,) = elements(notifier().render(buttons(2), form=OLD_CARD))
    assert action["tag"] == "action"
    assert [(one["text"]["content"], one["type"], one["url"]) for one in action["actions"]] == [
        ("b0", "primary", f"{SERVER}/0"),
        ("b1", "default", f"{SERVER}/1"),
    ]


@pytest.mark.parametrize("form", FORMS)
def test_a_button_that_leads_nowhere_is_none(form: int) -> None:
    bad = Buttons((Link("脚本", "javascript:alert(1)"), Link(" ", f"{SERVER}/nameless"), Link("x", "")))
    robot = notifier()
    assert robot.render(Message("t", (bad,)), form=form) == robot.render(Message("t"), form=form)


# The keyword


@pytest.mark.parametrize("form", FORMS)
def test_the_keyword_is_appended_where_it_cannot_be_seen(form: int) -> None:
    robot = notifier(keyword="[告警]")
    for message in MESSAGES.values():
        payload = robot.render(message, form=form)
        match payload["msg_type"]:
            case "interactive":
                assert "[告警]" in json.dumps(elements(payload)[-1], ensure_ascii=False)
            case "post":
                assert rich_text(payload)["content"][-1] == [{"tag": "text", "text": "[告警]"}]
            case _:
                assert payload["content"]["text"].endswith("\n[告警]")


@pytest.mark.parametrize("form", FORMS)
def test_the_keyword_is_not_appended_twice(form: int) -> None:
    message = Message("Hi there", (Text(("x",)),))
    assert notifier(keyword="Hi").render(message, form=form) == notifier().render(message, form=form)
    if form != MINIMAL:
        assert notifier(keyword="x").render(message, form=form) == notifier().render(message, form=form)


@pytest.mark.parametrize("form", FORMS)
def test_a_keyword_in_an_address_does_not_count(form: int) -> None:
    message = Message("t", (Text((Link("x", f"{SERVER}/ledger"),)), Buttons((Link("y", f"{SERVER}/ledger"),))))
    assert notifier(keyword="ledger").render(message, form=form) != notifier().render(message, form=form)
