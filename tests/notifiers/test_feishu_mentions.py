"""Whom Feishu's messages mention: those whose id is configured, and nobody because of what users write."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from notifiers.feishu_payloads import (
    CARD,
    FORMS,
    MINIMAL,
    OLD_CARD,
    POST,
    TEXT,
    UNMENTIONED,
    markdown,
    notifier,
    objects,
    rich_text,
)
from notifiers.messages import INJECTIONS
from notifiers.strategies import ANY_MESSAGE, ANY_TEXT
from posthouse import Mention, Message, Payload, People, Person, Site
from posthouse import Text as Paragraph

LILEI = Mention("lilei", ("gitlab:lilei",))
HANMEIMEI = Mention("hanmeimei", ("gitlab:hanmeimei",))
NOBODY = Mention("Lucy *King*", ("gitlab:lucy",))
PEOPLE = People(
    (
        Person("Li Lei", frozenset({"gitlab:lilei"}), mobile="13800000000", ids={"fei_shu": "ou_lilei"}),
        Person("Han Meimei", frozenset({"gitlab:hanmeimei"}), ids={"fei_shu": "hanmeimei-2"}),
        Person("Jim", frozenset({"gitlab:jim"}), mobile="13900000000", ids={"ding_talk": "jim"}),
    )
)


def rendered(*mentions: Mention, form: int, everybody: bool = False, language: Any = "zh") -> Payload:
    message = Message("t", (Paragraph(("x",)),), mentions=mentions, everybody=everybody)
    return notifier(Site(language=language, people=PEOPLE)).render(message, form=form)


def call(*mentions: Mention, form: int = CARD, everybody: bool = False, language: Any = "zh") -> str:
    """Return the line of a card that mentions people."""
    return markdown(rendered(*mentions, form=form, everybody=everybody, language=language))[1]


def live(payload: Payload) -> list[str]:
    """Return everybody whose phone rings because of a payload."""
    text = json.dumps(payload, ensure_ascii=False)
    ids = re.findall(r'<at (?:user_id|ids?)=\\?"?([^>"\\]*)', text)
    return ids + [found["user_id"] for found in objects(payload) if found.get("tag") == "at"]


def test_who_has_an_id_is_mentioned_in_the_way_of_each_form() -> None:
    assert call(LILEI, HANMEIMEI) == "<at id=ou_lilei></at>、<at id=hanmeimei-2></at>"
    assert call(LILEI, form=OLD_CARD) == "<at id=ou_lilei></at>"
    assert rich_text(rendered(LILEI, form=POST))["content"][-1] == [{"tag": "at", "user_id": "ou_lilei"}]
    text = rendered(LILEI, HANMEIMEI, form=TEXT)["content"]["text"]
    assert text == 't\nx\n<at user_id="ou_lilei">Li Lei</at>、<at user_id="hanmeimei-2">Han Meimei</at>'


def test_of_whom_no_id_is_known_the_name_is_shown() -> None:
    jim = Mention("x", ("gitlab:jim",))
    assert call(LILEI, jim, NOBODY) == "提醒：<at id=ou_lilei></at>、Jim、Lucy &#42;King&#42;"
    assert call(LILEI, jim, language="en") == "For: <at id=ou_lilei></at>, Jim"
    assert rich_text(rendered(jim, LILEI, form=POST))["content"][-1] == [
        {"tag": "text", "text": "提醒："},
        {"tag": "text", "text": "Jim"},
        {"tag": "text", "text": "、"},
        {"tag": "at", "user_id": "ou_lilei"},
    ]
    assert rendered(NOBODY, form=TEXT)["content"]["text"] == "t\nx\n提醒：Lucy *King*"


@pytest.mark.parametrize("form", FORMS)
def test_nobody_is_mentioned_without_a_mention(form: int) -> None:
    assert live(rendered(form=form)) == []
    assert live(rendered(NOBODY, form=form)) == []


def test_a_card_mentions_everybody_where_the_message_does() -> None:
    assert call(everybody=True) == "<at id=all></at>"
    assert call(LILEI, everybody=True) == "<at id=all></at>、<at id=ou_lilei></at>"


@pytest.mark.parametrize("form", FORMS[1:])
def test_only_the_first_form_mentions_everybody(form: int) -> None:
    assert "all" not in live(rendered(LILEI, form=form, everybody=True))


def test_people_are_mentioned_in_every_form_but_two() -> None:
    for form in (CARD, OLD_CARD, POST, TEXT):
        assert live(rendered(LILEI, form=form)) == ["ou_lilei"]
    for form in (UNMENTIONED, MINIMAL):
        assert live(rendered(LILEI, form=form)) == []
    assert call(LILEI, NOBODY, form=UNMENTIONED) == "提醒：Li Lei、Lucy &#42;King&#42;"
    assert "Li Lei" not in rendered(LILEI, form=MINIMAL)["content"]["text"]


BAD_IDS = [
    "all",
    "ALL",
    "ou_x></at><at id=all",
    'ou_x"',
    "ou x",
    "ou_x,all",
    "a@b.example.com",
    "李雷",
    "x" * 65,
    "ou_x\n",
    "",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bad", BAD_IDS)
def test_an_id_that_feishu_cannot_have_made_mentions_nobody(bad: str, form: int) -> None:
    people = People((Person("Li Lei", frozenset({"gitlab:lilei"}), ids={"fei_shu": bad}),))
    payload = notifier(Site(people=people)).render(Message("t", mentions=(LILEI,)), form=form)
    assert live(payload) == []
    if form != MINIMAL:
        assert "Li Lei" in json.dumps(payload)


def test_somebody_is_mentioned_once() -> None:
    assert call(LILEI, LILEI) == call(LILEI)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [" ", "@", "\u200b"])
def test_a_name_that_cannot_be_seen_is_left_out(name: str, form: int) -> None:
    assert rendered(Mention(name), form=form) == rendered(form=form)


def test_more_people_than_a_message_can_mention_are_counted() -> None:
    many = tuple(Mention("x", (f"gitlab:{number}",)) for number in range(60))
    people = People(Person("x", frozenset({f"gitlab:{n}"}), ids={"fei_shu": f"ou_{n}"}) for n in range(60))
    for form in (CARD, OLD_CARD, POST, TEXT):
        payload = notifier(Site(people=people)).render(Message("t", mentions=many), form=form)
        assert len(live(payload)) == 50
        assert "… +10" in json.dumps(payload, ensure_ascii=False)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("text", INJECTIONS)
def test_a_name_mentions_nobody_and_is_no_markup(text: str, form: int) -> None:
    payload = rendered(Mention(text), Mention(f"@{text}"), Mention("@all"), Mention("@所有人"), form=form)
    assert live(payload) == []
    strings = json.dumps(payload, ensure_ascii=False)
    assert "@all" not in strings.lower()
    assert "@所有人" not in strings


@given(ANY_MESSAGE, ANY_TEXT)
@hypothesis_settings(deadline=None)
def test_no_message_mentions_anybody_but_whom_it_is_told_to(message: Message, name: str) -> None:
    told = Message(message.title, message.blocks, mentions=(LILEI, Mention(name)))
    for form in FORMS:
        robot = notifier(Site(people=PEOPLE))
        assert live(robot.render(message, form=form)) == []
        assert live(robot.render(told, form=form)) in (["ou_lilei"], [])
