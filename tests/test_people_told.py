"""The right person is mentioned: from a name in a payload, or in the webhook's settings, to the robot's payload."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from house import House, open_house

CONFIG = """\
config:
  server: {language: en, repeat_window: 0}
  plugins: [plugin.py]
  people:
PEOPLE
  webhooks:
    - webhook_id: finance
      type: GITLABSETTINGS
      notify:
        ding_talk: {access_token: token-one}
"""
PLUGIN = """\
from posthouse import EventHandler, Mention, Message, Text
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler


class CallsHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Calls Hook",)

    def handle(self, event):
        user = event.reader.text("user")
        return [Message("news", (Text(("@all @13800000000 in a title is text",)),),
                        mentions=(Mention(user, (f"gitlab:{user}",)),) if user else ())]
"""
LI_LEI = '    - {name: Li Lei, gitlab: [lilei, LL], email: lilei@example.com, mobile: "13800000000"}'
Open = Callable[..., House]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    houses: list[House] = []

    def make(people: str = LI_LEI, settings: str = "") -> House:
        config = CONFIG.replace("PEOPLE", people).replace("SETTINGS", settings)
        houses.append(open_house(tmp_path, config=config, plugin=PLUGIN))
        return houses[-1]

    yield make
    for house in houses:
        house.relay.close()


def told(house: House, **payload: str) -> dict:
    house.post({"object_kind": "calls", **payload})
    house.work()
    return house.robots.payloads[-1]


def test_a_known_person_is_mentioned_by_the_robots_name_for_them(opened: Open) -> None:
    payload = told(opened(), user="ll")
    assert payload["at"]["atMobiles"] == ["13800000000"]
    assert "@13800000000" in payload["markdown"]["text"].splitlines()[-1]


def test_an_unknown_person_is_plain_text(opened: Open) -> None:
    payload = told(opened(), user="hanmeimei")
    assert "at" not in payload
    assert "hanmeimei" in payload["markdown"]["text"]
    assert "@hanmeimei" not in payload["markdown"]["text"]


def test_a_text_mentions_nobody(opened: Open) -> None:
    payload = told(opened())
    assert "at" not in payload
    assert "@all" not in payload["markdown"]["text"]


def test_a_webhook_may_always_call_the_same_people(opened: Open) -> None:
    payload = told(opened(settings='\n      notify_mobiles: ["13900000000", "13800000000"]'), user="lilei")
    assert sorted(payload["at"]["atMobiles"]) == ["13800000000", "13900000000"]


def test_a_webhook_may_always_call_everybody(opened: Open) -> None:
    assert told(opened(settings="\n      mention_all: true"))["at"]["isAtAll"] is True


def test_a_replay_mentions_whom_the_configuration_knows_by_then(opened: Open) -> None:
    before = opened(people="    []")
    before.post({"object_kind": "calls", "user": "lilei"})
    before.relay.handle_next("t")
    after = opened()
    after.now = before.now
    after.work()
    assert after.robots.payloads[-1]["at"]["atMobiles"] == ["13800000000"]
