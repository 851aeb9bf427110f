"""Reactions to what is confidential tell no more of it than the settings allow."""

from typing import Any

import pytest

from making import made_handler
from posthouse import Event, Inbound, No, Site, Yes
from posthouse.webhooks.gitlab.emoji import EmojiHookNotifyEventHandler

HANDLER = made_handler(EmojiHookNotifyEventHandler, Site(language="en"))


def reaction(*, confidential: bool = True, **fields: Any) -> Event:
    payload = {
        "object_attributes": {"id": 901, "name": "thumbsup", "action": "award", "awardable_type": "Note"},
        "note": {"note": "Fire him."},
        "issue": {"iid": 23, "title": "A difference of one cent", "confidential": confidential},
        **fields,
    }
    return Event(name="Emoji Hook", payload=payload, confidential=confidential)


def title(event: Event, confidential: str) -> str:
    handler = made_handler(EmojiHookNotifyEventHandler, Site(language="en"), confidential=confidential)
    return handler.message(event).title


def test_by_default_nothing_is_said_but_where_it_is() -> None:
    assert title(reaction(), "notice") == "Somebody reacted with 👍 to a comment on confidential issue #23"


@pytest.mark.parametrize("setting", ["title", "full"])
def test_the_title_is_told_where_the_settings_allow_it(setting: str) -> None:
    assert title(reaction(), setting).endswith(": A difference of one cent")


@pytest.mark.parametrize("setting", ["notice", "title", "full"])
@pytest.mark.parametrize("confidential", [True, False])
def test_the_comment_itself_is_never_told(setting: str, confidential: bool) -> None:
    handler = made_handler(EmojiHookNotifyEventHandler, Site(language="en"), confidential=setting)
    assert "Fire him" not in handler.message(reaction(confidential=confidential)).to_text()


def test_nothing_is_said_where_the_settings_hide_it() -> None:
    handler = made_handler(EmojiHookNotifyEventHandler, Site(), confidential="hide")
    assert handler.should_notify(reaction()) == No("the configuration says confidential: hide")
    assert handler.should_notify(reaction(confidential=False)) == Yes()


def test_a_reaction_to_an_internal_comment_is_confidential() -> None:
    body = b'{"object_kind": "emoji", "note": {"internal": true}, "issue": {"title": "x", "confidential": false}}'
    kind = EmojiHookNotifyEventHandler.webhook_type
    assert kind(HANDLER.settings, Site()).parse(Inbound({}, {}, body)).confidential


@pytest.mark.parametrize(
    ("key", "thing", "words"),
    [
        ("merge_request", {"iid": 7}, "merge request !7"),
        ("project_snippet", {"id": 53}, "snippet $53"),
        ("commit", {"id": "103820133c6f0fde"}, "commit 10382013"),
        ("wiki_page", {"slug": "on-call"}, "a wiki page"),
        ("wiki_page/meta", {"slug": "on-call"}, "a wiki page"),
        ("work_item", {"iid": 4, "type": "Task"}, "task #4"),
        ("design", {"iid": 4}, "something"),
    ],
)
def test_each_thing_is_called_what_it_is(key: str, thing: dict[str, Any], words: str) -> None:
    attributes = {"name": "party_parrot", "action": "award"}
    event = reaction(confidential=False, note=None, issue=None, object_attributes=attributes, **{key: thing})
    assert HANDLER.message(event).title == f"Somebody reacted with :party_parrot: to {words}"
