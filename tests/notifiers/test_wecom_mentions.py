"""Whom WeCom's messages mention: ids in Markdown and in texts, numbers and everybody in texts alone."""

from typing import Any

import pytest

from notifiers.messages import HOSTILE, SERVER
from posthouse import Bold, Buttons, Code, Level, Link, Mention, Message, Payload, People, Person, Quote, Site, Text
from posthouse.notifiers.wecom import CorpWechatNotifier, CorpWechatSettings

PEOPLE = People(
    (
        Person("Li Lei", frozenset({"gitlab:lilei"}), mobile="13800000000", ids={"wechat": "lilei"}),
        Person("Han Meimei", frozenset({"gitlab:hanmeimei"}), mobile="+86-139-0000-0000"),
    )
)
LILEI = Mention("Li Lei", ("gitlab:lilei",))
HANMEIMEI = Mention("Han Meimei", ("gitlab:hanmeimei",))
NOBODY = Mention("Lucy <King>", ("gitlab:lucy",))
FORMATS = ("markdown", "markdown_v2", "text")


def notifier(people: People = PEOPLE, language: Any = "zh", **settings: Any) -> CorpWechatNotifier:
    return CorpWechatNotifier(CorpWechatSettings(key="demo", **settings), Site(language=language, people=people))


def rendered(*mentions: Mention, form: int = 0, everybody: bool = False, **settings: Any) -> Payload:
    message = Message("t", (Text(("text",)),), mentions=mentions, everybody=everybody)
    return notifier(**settings).render(message, form=form)


def known(user_id: str = "", mobile: str = "") -> People:
    ids = {"wechat": user_id} if user_id else {}
    return People((Person("Li Lei", frozenset({"gitlab:lilei"}), mobile=mobile, ids=ids),))


def crowd(count: int, **names: str) -> tuple[People, tuple[Mention, ...]]:
    """Return so many people with the same kind of name, and a mention of each."""
    persons = tuple(
        Person(
            f"P{number}",
            frozenset({f"gitlab:{number}"}),
            mobile=names.get("mobile", "").format(number),
            ids={"wechat": names["id"].format(number)} if "id" in names else {},
        )
        for number in range(100, 100 + count)
    )
    return People(persons), tuple(Mention("", tuple(person.names)) for person in persons)


@pytest.mark.parametrize("format_", ["markdown", "markdown_v2"])
def test_who_has_a_user_id_is_mentioned_in_markdown_that_can(format_: str) -> None:
    assert rendered(LILEI, format=format_) == {
        "msgtype": "markdown",
        "markdown": {"content": "### t\ntext\n\n提醒：<@lilei>"},
    }
    assert rendered(NOBODY, LILEI, format=format_, language="en") == {
        "msgtype": "markdown",
        "markdown": {"content": "### t\ntext\n\nFor: <@lilei> Lucy ＜King＞"},
    }


def test_whom_nobody_knows_is_named_and_needs_no_other_format() -> None:
    assert rendered(NOBODY, format="markdown_v2") == {
        "msgtype": "markdown_v2",
        "markdown_v2": {"content": "### t\ntext\n\n提醒：Lucy ＜King＞"},
    }
    assert rendered(NOBODY, format="text") == {"msgtype": "text", "text": {"content": "t\ntext\n提醒：Lucy ＜King＞"}}


@pytest.mark.parametrize("format_", FORMATS)
def test_who_has_a_mobile_number_only_is_mentioned_in_a_text(format_: str) -> None:
    assert rendered(HANMEIMEI, LILEI, NOBODY, format=format_) == {
        "msgtype": "text",
        "text": {
            "content": "t\ntext\n提醒：Lucy ＜King＞",
            "mentioned_list": ["lilei"],
            "mentioned_mobile_list": ["13900000000"],
        },
    }


@pytest.mark.parametrize("format_", FORMATS)
def test_everybody_is_mentioned_in_a_text(format_: str) -> None:
    assert rendered(everybody=True, format=format_) == {
        "msgtype": "text",
        "text": {"content": "t\ntext", "mentioned_list": ["@all"]},
    }
    assert rendered(LILEI, everybody=True, format=format_)["text"]["mentioned_list"] == ["lilei", "@all"]


@pytest.mark.parametrize("form", [1, 2])
def test_the_plainer_forms_mention_the_same_people(form: int) -> None:
    assert rendered(LILEI, form=form)["text"]["mentioned_list"] == ["lilei"]
    assert rendered(HANMEIMEI, form=form)["text"]["mentioned_mobile_list"] == ["13900000000"]
    assert rendered(everybody=True, form=form)["text"]["mentioned_list"] == ["@all"]


@pytest.mark.parametrize(("form", "kind"), [(0, "markdown"), (1, "text"), (2, "text")])
def test_a_message_that_begins_plainer_does_not_repeat_a_form(form: int, kind: str) -> None:
    robot = notifier(format="markdown_v2")
    message = Message("t", (Text(("text",)),), mentions=(LILEI,))
    forms = [robot.render(message, form=each) for each in range(3)]
    assert forms[form]["msgtype"] == kind
    assert len({str(each) for each in forms}) == 3


@pytest.mark.parametrize("user_id", ["lilei", "LiLei", "li.lei-1_x", "lilei@example.com", "7", "a" * 64])
def test_a_user_id_is_made_of_what_wecom_makes_them_of(user_id: str) -> None:
    payload = rendered(LILEI, people=known(user_id))
    assert payload["markdown"]["content"].endswith(f"提醒：<@{user_id}>")


@pytest.mark.parametrize(
    "user_id", ["all", "ALL", "@all", "_x", "li lei", "李雷", "a>b", "a\n", "<@x>", "]", "a" * 65, "x><font", ".x"]
)
def test_what_can_be_no_user_id_is_not_put_into_markup(user_id: str) -> None:
    assert rendered(LILEI, people=known(user_id))["markdown"]["content"] == "### t\ntext\n\n提醒：Li Lei"
    payload = rendered(LILEI, people=known(user_id, "13800000000"))
    assert payload["text"] == {"content": "t\ntext", "mentioned_mobile_list": ["13800000000"]}


@pytest.mark.parametrize(
    ("number", "known_as"),
    [
        ("13800000000", "13800000000"),
        ("138-0000-0000", "13800000000"),
        ("+8613800000000", "13800000000"),
        ("+86-138-0000-0000", "13800000000"),
        ("+852-5000-0000", "+852-5000-0000"),
    ],
)
def test_a_number_is_given_as_wecom_knows_it(number: str, known_as: str) -> None:
    assert rendered(LILEI, people=known(mobile=number))["text"]["mentioned_mobile_list"] == [known_as]


@pytest.mark.parametrize("number", ["@all", "all", "1380000000x", "１３８００００００００", "12", "1" * 30])
def test_what_is_no_number_mentions_nobody(number: str) -> None:
    assert rendered(LILEI, people=known(mobile=number))["markdown"]["content"].endswith("提醒：Li Lei")
    assert rendered(Mention("", (f"mobile:{number}",)))["msgtype"] == "markdown"


def test_nobody_is_mentioned_twice() -> None:
    twin = Person("Li Lei (work)", frozenset({"jira:lilei"}), ids={"wechat": "lilei"})
    people = People((Person("Li Lei", frozenset({"gitlab:lilei"}), ids={"wechat": "lilei"}), twin))
    payload = rendered(LILEI, Mention("x", ("jira:lilei",)), LILEI, people=people)
    assert payload["markdown"]["content"].count("<@") == 1


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("form", [0, 1, 2])
def test_no_name_mentions_anybody(format_: str, form: int) -> None:
    names = (HOSTILE, "@所有人", "@all", "<@lilei>", "<@all>", "@lilei", '<font color="info">x</font>', "[x](http://h)")
    for name in names:
        message = Message(name, (Text((name, Bold(name), Code(name))), Quote(name)), mentions=(Mention(name),))
        payload = notifier(format=format_).render(message, form=form)
        text = payload[payload["msgtype"]]["content"]
        for sign in ("<@", "<font", "@所有人", "@all"):
            assert sign not in text
        assert payload["msgtype"] == "text" or "](" not in text
        assert set(payload[payload["msgtype"]]) == {"content"}


def test_many_ids_make_a_text_and_more_than_fifty_people_are_not_whole() -> None:
    few, mentions = crowd(50, id="user-{}")
    content = notifier(few).render(Message("t", mentions=mentions))["markdown"]["content"]
    assert content.count("<@user-") == 50
    long, mentions = crowd(20, id="user-{}-" + "x" * 55)
    text = notifier(long).render(Message("t", mentions=mentions))["text"]
    assert len(text["mentioned_list"]) == 20
    assert notifier(long).is_whole(Message("t", mentions=mentions))
    many, mentions = crowd(53, mobile="13800000{}")
    text = notifier(many).render(Message("t", mentions=mentions))["text"]
    assert len(text["mentioned_mobile_list"]) == 50
    assert text["content"] == "t\n提醒：P150、P151、P152"
    assert not notifier(many).is_whole(Message("t", mentions=mentions))


def test_long_and_many_names_are_cut_and_counted() -> None:
    mentions = tuple(Mention(f"名{'字' * 30}{number}") for number in range(10))
    message = Message("t", (Buttons((Link("打开", f"{SERVER}/1"),)),), mentions=mentions)
    content = notifier().render(message)["markdown"]["content"]
    assert content.endswith(f"\n\n提醒：名{'字' * 19}… … +9")
    assert not notifier().is_whole(message)
    assert notifier().is_whole(Message("t", mentions=(NOBODY,)))


def test_mentions_stay_however_much_is_left_out() -> None:
    message = Message("t" * 500, (Quote("字" * 9000),), mentions=(LILEI, NOBODY), level=Level.SUCCESS)
    content = notifier().render(message)["markdown"]["content"]
    assert content.endswith("\n\n提醒：<@lilei> Lucy ＜King＞")
    assert len(content.encode()) <= 4096
