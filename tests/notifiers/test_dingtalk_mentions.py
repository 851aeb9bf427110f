"""Whom DingTalk's messages mention: who is in the list and in the text as well, in a type of message that can."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from notifiers.messages import HOSTILE, SERVER
from notifiers.strategies import ANY_MESSAGE, ANY_TEXT
from posthouse import Buttons, Link, Mention, Message, Payload, People, Person, Site, Text
from posthouse.notifiers.dingtalk import DingTalkNotifier, DingTalkSettings

TOKEN = "0123456789abcdef0123456789abcdef"
PEOPLE = People(
    (
        Person("Li Lei", frozenset({"gitlab:lilei"}), mobile="13800000000", ids={"ding_talk": "lilei"}),
        Person("Han Meimei", frozenset({"gitlab:hanmeimei"}), mobile="+86-139-0000-0000"),
    )
)
LILEI = Mention("Li Lei", ("gitlab:lilei",))
HANMEIMEI = Mention("Han Meimei", ("gitlab:hanmeimei",))
NOBODY = Mention("Lucy *King*", ("gitlab:lucy",))
OPEN = Buttons((Link("打开", f"{SERVER}/1"), Link("变更", f"{SERVER}/2")))
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def notifier(people: People = PEOPLE, language: Any = "zh", **settings: Any) -> DingTalkNotifier:
    return DingTalkNotifier(DingTalkSettings(access_token=TOKEN, **settings), Site(language=language, people=people))


def rendered(*mentions: Mention, form: int = 0, everybody: bool = False, **settings: Any) -> Payload:
    message = Message("t", (Text(("text",)), OPEN), mentions=mentions, everybody=everybody)
    return notifier(**settings).render(message, form=form)


def known(user_id: str = "", mobile: str = "") -> People:
    ids = {"ding_talk": user_id} if user_id else {}
    return People((Person("Li Lei", frozenset({"gitlab:lilei"}), mobile=mobile, ids=ids),))


def test_who_has_a_user_id_is_mentioned_in_an_action_card() -> None:
    payload = rendered(LILEI)
    assert payload["at"] == {"atUserIds": ["lilei"]}
    assert payload["actionCard"]["text"] == "#### t\n\ntext\n\n@lilei"


def test_who_has_a_mobile_number_only_is_mentioned_in_markdown_with_the_buttons_as_links() -> None:
    payload = rendered(HANMEIMEI, LILEI)
    assert payload == {
        "msgtype": "markdown",
        "markdown": {
            "title": "t",
            "text": f"#### t\n\ntext\n\n[打开]({SERVER}/1) | [变更]({SERVER}/2)\n\n@13900000000 @lilei",
        },
        "at": {"atMobiles": ["13900000000"], "atUserIds": ["lilei"]},
    }


def test_everybody_is_mentioned_in_markdown(site: Site) -> None:
    payload = rendered(LILEI, everybody=True, language=site.language)
    assert payload["at"] == {"atUserIds": ["lilei"], "isAtAll": True}
    word = {"zh": "@所有人", "en": "@All"}[site.language]
    assert payload["markdown"]["text"].endswith(f"\n\n{word} @lilei")


def test_who_is_unknown_is_named_and_not_mentioned() -> None:
    payload = rendered(NOBODY, LILEI, Mention("maybe", ("gitlab:nobody",), guess=True))
    assert payload["at"] == {"atUserIds": ["lilei"]}
    assert payload["actionCard"]["text"].endswith("\n\n提醒：Lucy ＊King＊ @lilei")
    assert "at" not in rendered(NOBODY)
    assert rendered(NOBODY)["actionCard"]["text"].endswith("\n\n提醒：Lucy ＊King＊")


def test_the_plain_form_mentions_the_same_people(site: Site) -> None:
    payload = rendered(HANMEIMEI, LILEI, NOBODY, everybody=True, form=1, language=site.language)
    assert payload["at"] == {"atMobiles": ["13900000000"], "atUserIds": ["lilei"], "isAtAll": True}
    label, word = {"zh": ("提醒：", "@所有人"), "en": ("For: ", "@All")}[site.language]
    assert payload["text"]["content"] == f"t\ntext\n{label}{word} @13900000000 @lilei Lucy *King*"


@pytest.mark.parametrize("form", [0, 1])
def test_the_keyword_comes_last(form: int) -> None:
    payload = rendered(LILEI, keyword="告警", form=form)
    part = payload[payload["msgtype"]]
    assert (part.get("text") or part["content"]).endswith("@lilei\n\n告警")


@pytest.mark.parametrize(
    ("number", "sent"),
    [
        ("13800000000", "13800000000"),
        ("138-0000-0000", "13800000000"),
        ("+8613800000000", "13800000000"),
        ("+86-138-0000-0000", "13800000000"),
        ("+852-5550000", "+852-5550000"),
    ],
)
def test_a_number_is_written_as_dingtalk_knows_it(number: str, sent: str) -> None:
    payload = rendered(LILEI, people=known(mobile=number))
    assert payload["at"] == {"atMobiles": [sent]}
    assert payload["markdown"]["text"].endswith(f"\n\n@{sent}")


@pytest.mark.parametrize("user_id", ["lilei", "li.lei@example.com", "li_lei", "a-b__c", "0123-456", "L" * 64])
def test_a_user_id_is_mentioned_to_the_letter(user_id: str) -> None:
    payload = rendered(LILEI, people=known(user_id))
    assert payload["at"] == {"atUserIds": [user_id]}
    assert payload["actionCard"]["text"].endswith(f"\n\n@{user_id}")
    assert {token.type for token in MARKDOWN.parseInline(f"@{user_id} @{user_id}")[0].children or ()} == {"text"}


@pytest.mark.parametrize(
    "user_id", ["all", "ALL", "_x", "x_", "a-_b_-c", "a b", "*x*", "@lilei", "[x](http://h)", "李雷", "x" * 65, "<at>"]
)
def test_an_id_that_is_no_user_id_is_not_used(user_id: str) -> None:
    payload = rendered(LILEI, people=known(user_id))
    assert "at" not in payload
    assert payload["actionCard"]["text"].endswith("\n\n提醒：Li Lei")
    assert rendered(LILEI, people=known(user_id, "13800000000"))["at"] == {"atMobiles": ["13800000000"]}


@pytest.mark.parametrize("number", ["13800000000 @lilei", "１３８００００００００", "+", "138*0000*0000", "1" * 40])
def test_a_number_that_is_none_is_not_used(number: str) -> None:
    payload = rendered(Mention("Lucy", (f"mobile:{number}",)))
    assert "at" not in payload
    assert payload["actionCard"]["text"].endswith("\n\n提醒：Lucy")


def test_nobody_is_in_the_list_twice() -> None:
    people = People(
        Person(name, frozenset({f"gitlab:{name}"}), ids={"ding_talk": "lilei"}) for name in ("Li Lei", "Lei Li")
    )
    payload = rendered(Mention("a", ("gitlab:Li Lei",)), Mention("b", ("gitlab:Lei Li",)), people=people)
    assert payload["at"] == {"atUserIds": ["lilei"]}
    assert payload["actionCard"]["text"].endswith("\n\n@lilei")


def crowd(count: int) -> tuple[Mention, ...]:
    return tuple(Mention(f"{number}", (f"mobile:1380000{number:04}",)) for number in range(count))


def test_a_message_mentions_at_most_fifty_people_and_says_how_many_more() -> None:
    payload = rendered(*crowd(53))
    assert len(payload["at"]["atMobiles"]) == 50
    assert payload["markdown"]["text"].endswith("@13800000049 … +3")
    assert payload["markdown"]["text"].count("@") == 50
    assert notifier().is_whole(Message("t", mentions=crowd(50)))
    assert not notifier().is_whole(Message("t", mentions=crowd(51)))


def test_a_long_name_of_somebody_unknown_is_cut() -> None:
    assert rendered(Mention("李" * 50))["actionCard"]["text"].endswith("\n\n提醒：" + "李" * 20 + "…")
    assert not notifier().is_whole(Message("t", mentions=(Mention("李" * 50),)))
    assert notifier().is_whole(Message("t", mentions=(Mention("李" * 20),)))


def test_a_huge_message_keeps_its_mentions() -> None:
    unknown = tuple(Mention("👨‍👩‍👧‍👦" * 20 + str(number)) for number in range(49))
    address = f"{SERVER}/" + "%E4" * 1300
    message = Message(
        '"' * 10_000, (Text(("字" * 30_000,)), Buttons((Link("钮" * 99, address),) * 9)), mentions=(*unknown, LILEI)
    )
    for settings in ({}, {"open_links_in": "browser", "keyword": "词" * 64}):
        robot = notifier(**settings)
        for everybody in (False, True):
            whole = Message(message.title, message.blocks, mentions=message.mentions, everybody=everybody)
            payload = robot.render(whole)
            assert len(robot.request(payload, now=0.0, idempotency_key="k" * 80).body) <= 20_000
            assert payload["at"]["atUserIds"] == ["lilei"]
            assert "gitlab.example.com" in json.dumps(payload)
            assert "@lilei" in payload[payload["msgtype"]]["text"]


MENTION = st.builds(
    Mention,
    ANY_TEXT,
    st.lists(
        st.sampled_from(["gitlab:lilei", "gitlab:hanmeimei", "gitlab:x"]) | ANY_TEXT.map("mobile:{}".format), max_size=2
    ).map(tuple),
    st.booleans(),
)


@given(ANY_MESSAGE, st.lists(MENTION, max_size=5).map(tuple))
@hypothesis_settings(deadline=None)
def test_only_those_whom_the_configuration_or_a_number_names_are_mentioned(
    message: Message, mentions: tuple[Mention, ...]
) -> None:
    robot = notifier()
    named = Message(message.title, message.blocks, mentions=mentions)
    for form in (0, 1):
        at = robot.render(named, form=form).get("at", {})
        assert set(at) <= {"atUserIds", "atMobiles"}
        assert set(at.get("atUserIds", [])) <= {"lilei"}
        assert all(number.strip("+-").replace("-", "").isdecimal() for number in at.get("atMobiles", []))


def test_a_name_is_no_markup() -> None:
    text = rendered(Mention(HOSTILE), Mention("@@lilei"), Mention("# x"))["actionCard"]["text"]
    last = text.rsplit("\n\n", 1)[1]
    assert {token.type for token in MARKDOWN.parseInline(last)[0].children or ()} == {"text"}
    assert "@lilei" not in last
