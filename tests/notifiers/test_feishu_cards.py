"""Feishu's cards of version 2.0: one property that is not documented, and the whole card is refused."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from notifiers.feishu_payloads import CARD, OLD_CARD, UNMENTIONED, notifier, objects
from notifiers.messages import INJECTIONS, MESSAGES, SERVER
from notifiers.strategies import ANY_MESSAGE
from posthouse import Buttons, Link, Mention, Message, Text
from posthouse.notifiers.feishu import FeiShuNotifier

#: What each part of a card may have, of what Feishu documents for it, and what it must have.
#: Source: "Card JSON 2.0 structure", and the pages on the components for title, rich text, plain text, button and
#: columns.
LAYOUT = "direction padding horizontal_spacing horizontal_align vertical_spacing vertical_align"
ALLOWED: Mapping[str, str] = {
    "card": "schema config card_link header body",
    "config": "streaming_mode streaming_config summary locales enable_forward update_multi width_mode "
    "use_custom_translation enable_forward_interaction style",
    "header": "title subtitle text_tag_list i18n_text_tag_list template icon padding",
    "body": f"elements {LAYOUT}",
    "markdown": "tag element_id margin text_align text_size icon content",
    "div": "tag element_id margin width text icon",
    "plain_text": "tag element_id content i18n_content text_size text_color text_align lines",
    "button": "tag element_id margin type size width text icon hover_tips disabled disabled_tips confirm behaviors",
    "column_set": "tag element_id margin horizontal_spacing horizontal_align flex_mode background_style action columns",
    "column": f"tag element_id margin background_style width weight elements action {LAYOUT}",
    "open_url": "type default_url android_url ios_url pc_url",
}
NEEDED: Mapping[str, str] = {
    "card": "schema config header body",
    "config": "update_multi",
    "header": "title template",
    "body": "elements",
    "markdown": "tag content",
    "div": "tag text",
    "plain_text": "tag content",
    "button": "tag text behaviors",
    "column_set": "tag columns",
    "column": "tag elements",
    "open_url": "type default_url",
}
#: The properties that must be an object, and of which kind.
OBJECTS = {"config": "config", "header": "header", "body": "body", "title": "plain_text", "text": "plain_text"}
#: What the values of some properties may be.
VALUES: Mapping[str, set[Any]] = {
    "schema": {"2.0"},
    "update_multi": {True},
    "template": {"blue", "green", "orange", "red"},
    "flex_mode": {"none", "stretch", "flow", "bisect", "trisect"},
    "text_size": {"notation"},
    "text_color": {"grey"},
    "width": {"auto"},
}


def check(value: Any, kind: str) -> None:
    """Raise `AssertionError` unless a part of a card has what it needs and nothing that is not documented."""
    assert kind in ALLOWED, kind
    assert isinstance(value, dict), (kind, value)
    assert set(NEEDED[kind].split()) <= value.keys() <= set(ALLOWED[kind].split()), (kind, value)
    for name, inner in value.items():
        assert name not in VALUES or inner in VALUES[name], (kind, value)
        if name in OBJECTS:
            check(inner, OBJECTS[name])
        for one in inner if isinstance(inner, list) else ():
            check(one, one.get("tag") or one["type"])


def count(card: Any) -> int:
    return sum("tag" in found for found in objects(card))


def cards(robot: FeiShuNotifier, message: Message) -> list[dict[str, Any]]:
    payloads = [robot.render(message, form=form) for form in (CARD, UNMENTIONED)]
    assert all(payload["msg_type"] == "interactive" and set(payload) == {"msg_type", "card"} for payload in payloads)
    return [payload["card"] for payload in payloads]


@pytest.mark.parametrize("keyword", [None, "告警"])
@pytest.mark.parametrize("name", MESSAGES)
def test_a_card_has_documented_properties_only(name: str, keyword: str | None) -> None:
    for card in cards(notifier(keyword=keyword), MESSAGES[name]):
        check(card, "card")
        assert count(card) <= 200


@given(ANY_MESSAGE)
@hypothesis_settings(deadline=None)
def test_the_card_of_any_message_has_documented_properties_only(message: Message) -> None:
    for card in cards(notifier(keyword="告警"), message):
        check(card, "card")
        assert count(card) <= 200


@pytest.mark.parametrize("text", INJECTIONS)
def test_what_users_write_adds_no_property_to_a_card(text: str) -> None:
    message = Message(
        text, (Text((text,)), Buttons((Link(text, SERVER), Link(text, SERVER)))), mentions=(Mention(text),)
    )
    for card in cards(notifier(), message):
        check(card, "card")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda card: card.update(elements=[]),
        lambda card: card["config"].update(wide_screen_mode=True),
        lambda card: card["config"].update(update_multi=False),
        lambda card: card["header"].update(title="t"),
        lambda card: card["body"]["elements"].append({"tag": "action", "actions": []}),
        lambda card: card["body"]["elements"][0].update(href={}),
    ],
)
def test_the_check_of_cards_finds_what_feishu_refuses(spoil: Any) -> None:
    card: dict[str, Any] = json.loads(json.dumps(cards(notifier(), MESSAGES["push_two_commits"])[0]))
    check(card, "card")
    spoil(card)
    with pytest.raises(AssertionError):
        check(card, "card")


@pytest.mark.parametrize("name", MESSAGES)
def test_an_old_card_has_nothing_of_the_new_version(name: str) -> None:
    card = notifier(keyword="告警").render(MESSAGES[name], form=OLD_CARD)["card"]
    assert set(card) == {"config", "header", "elements"}
    tags = {found["tag"] for found in objects(card) if "tag" in found}
    assert tags <= {"div", "lark_md", "plain_text", "action", "button", "note"}
    assert not any("behaviors" in found for found in objects(card))
