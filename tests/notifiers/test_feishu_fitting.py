"""Fitting into what Feishu takes: the bytes of a body, and the characters of one element of a card."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from notifiers.feishu_payloads import CARD, FORMS, OLD_CARD, SECRET, elements, markdown, notifier
from notifiers.messages import MESSAGES, SERVER
from notifiers.strategies import ANY_MESSAGE
from posthouse import Block, Buttons, Fields, Items, Link, Mention, Message, Quote, Site, Text

AIM = 18_000
OPEN = Buttons((Link("打开", f"{SERVER}/1"), Link("变更", f"{SERVER}/2")))


def buttons(count: int) -> Message:
    return Message("t", (Buttons(tuple(Link(f"b{number}", f"{SERVER}/{number}") for number in range(count))),))


def huge_messages() -> dict[str, Message]:
    return {
        "title": Message("提" * 10_000, (Text(("x",)), OPEN)),
        "joined emoji": Message("👨‍👩‍👧‍👦" * 3000, (Quote("👍🏽" * 30_000), OPEN)),
        "right to left": Message("עברית " * 3000, (Text(("مرحبا \u202e" * 30_000,)), OPEN)),
        "escapes": Message('"\\' * 10_000, (Text(('"\\<' * 30_000,)), OPEN)),
        "list": Message("t", (Items(tuple((Link(f"{n}", f"{SERVER}/{n}"), " 修复 " * 10) for n in range(5000))), OPEN)),
        "quote": Message("t", (Quote("一行 words\n" * 80_000), OPEN)),
        "megabyte": Message("t", (Text(("字" * 350_000,)), OPEN)),
        "blocks": Message("t", (*(Text(("字" * 100,)) for _ in range(2000)), OPEN)),
        "fields": Message("t", (Fields(tuple((f"n{n}", ("v" * 299,)) for n in range(500))), OPEN)),
        "buttons": Message("t", (Buttons(tuple(Link("钮" * 500, f"{SERVER}/" + "%E4" * 1300) for _ in range(50))),)),
        "links": Message("t" * 10_000, (Text((Link("x" * 9000, f"{SERVER}/" + "p" * 3000),) * 20), OPEN)),
        "people": Message("t" * 10_000, (OPEN,), mentions=tuple(Mention('"' * 50 + str(n)) for n in range(90))),
    }


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", huge_messages())
def test_a_huge_message_fits_with_its_title_and_its_first_button(name: str, form: int) -> None:
    message = huge_messages()[name]
    robot = notifier(keyword="告警关键词", sign_key=SECRET)
    payload = robot.render(message, form=form)
    body = robot.request(payload, now=1_700_000_000.0, idempotency_key="k" * 64).body
    assert len(body) <= AIM
    shown = json.dumps(json.loads(body), ensure_ascii=False)
    assert json.dumps(message.title[:10].strip(), ensure_ascii=False)[1:-1] in shown
    assert f"{SERVER}/" in shown
    assert not robot.is_whole(message)


@pytest.mark.parametrize("form", [CARD, OLD_CARD])
@pytest.mark.parametrize("name", huge_messages())
def test_a_card_has_few_elements_none_of_them_too_long_and_whole_links(name: str, form: int) -> None:
    payload = notifier().render(huge_messages()[name], form=form)
    assert len(elements(payload)) <= 10
    for text in markdown(payload):
        assert len(text) <= 9000
        assert text.count("](") == text.count("[") == len(re.findall(r"\]\(https://[^()\s]+\)", text))


@pytest.mark.parametrize(
    "block",
    [
        Items(tuple((f"entry {number:04}",) for number in range(1100))),
        Quote("\n".join(f"line {number:04}" for number in range(1100))),
        Fields(tuple((f"n{number:04}", ("v",)) for number in range(750))),
        Items(tuple((f"entry {number:04}",) for number in range(700)), more=3),
    ],
)
def test_what_is_long_is_divided_between_its_lines(block: Block) -> None:
    message = Message("t", (block,))
    parts = markdown(notifier().render(message))
    assert len(parts) > 1
    assert all(len(part) <= 9000 for part in parts)
    assert notifier().is_whole(message)
    entries = re.findall(r"[0-9]{4}", " ".join(parts))
    assert entries == [f"{number:04}" for number in range(len(entries))]
    assert len(entries) in {1100, 750, 700}


def test_what_is_left_out_is_counted(site: Site) -> None:
    text = markdown(notifier(site).render(huge_messages()["blocks"]))[-1]
    assert {"zh": "…（内容过长，省略了 ", "en": " parts left out: too long)"}[site.language] in text


def test_a_message_is_whole_when_nothing_of_it_is_left_out() -> None:
    robot = notifier()
    assert {name for name, message in MESSAGES.items() if not robot.is_whole(message)} == {
        "pipeline_failed",  # has seven buttons
        "hostile_everywhere",  # has a long name
    }
    assert not robot.is_whole(buttons(6))
    assert not robot.is_whole(Message("t", (Buttons((Link("b" * 41, SERVER),)),)))
    assert not robot.is_whole(Message("t", (Text(("字" * 7000,)),)))
    assert not robot.is_whole(Message("t", mentions=(Mention("n" * 21),)))
    assert not robot.is_whole(Message("t", mentions=tuple(Mention(f"n{number}") for number in range(51))))


@given(ANY_MESSAGE)
@hypothesis_settings(deadline=None)
def test_any_message_becomes_valid_json_that_fits(message: Message) -> None:
    robot = notifier(keyword="告警", sign_key=SECRET)
    for form in FORMS:
        body = robot.request(robot.render(message, form=form), now=1_700_000_000.0, idempotency_key="k").body
        assert len(body) <= AIM
        assert json.loads(body.decode("utf-8"))
