"""One occurrence is told to a robot once, and handlers remember: the whole way from two webhooks to the trace."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from house import House, open_house
from posthouse.core.errors import StoreUnavailable
from posthouse.relay import LEASE
from posthouse.trace import steps

CONFIG = """\
config:
  server: {language: en, repeat_window: 60}
  plugins: [plugin.py]
  webhooks:
    - webhook_id: project
      type: GITLAB
      notify:
        ding_talk: {access_token: token-one, per_minute: 0}
    - webhook_id: group
      type: GITLAB
      notify:
        ding_talk: {access_token: token-one, per_minute: 0}
    - webhook_id: elsewhere
      type: GITLAB
      notify:
        ding_talk: {access_token: token-two, per_minute: 0}
"""
PLUGIN = """\
from posthouse import EventHandler, Hold, Message
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler


class NoteHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Ring Hook",)

    def handle(self, event):
        ring, what = event.reader, event.reader.text("id")
        hold = Hold(what, ring.number("hold")) if ring.has("hold") else None
        return [Message(ring.text("title"), occurrence=what, hold=hold)]


class StateHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("State Hook",)

    def topic(self, event):
        return event.reader.text("topic") or None

    def remember(self, event):
        return event.reader.text("state") or None

    def handle(self, event):
        return [Message(f"{event.last} then {event.reader.text('state')}")]


def odd(event, name):
    value = event.reader.at(name).value
    return "\\ud800" if value == "half a character" else value


class OddHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Odd Hook",)

    def topic(self, event):
        return odd(event, "topic")

    def remember(self, event):
        return odd(event, "state")

    def handle(self, event):
        hold = Hold(odd(event, "burst"), odd(event, "hold")) if event.reader.has("hold") else None
        return [Message("odd", occurrence=odd(event, "occurrence"), hold=hold)]
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = open_house(tmp_path, config=CONFIG, plugin=PLUGIN)
    yield made
    made.relay.close()


def ring(house: House, title: str, *, to: str = "project", occurrence: str = "push 1", **more: object) -> int:
    return house.post({"object_kind": "ring", "title": title, "id": occurrence, **more}, to=to)


def reasons(house: House, event_id: int) -> list[str]:
    lanes = set(house.relay.desk.robots.lanes.values())
    trace = steps(
        house.event(event_id), {}, webhooks=house.relay.desk.webhooks, lanes=lanes, time_zone="UTC", now=house.now
    )
    return [step["reason"] for step in trace]


def test_what_two_webhooks_report_is_told_once_and_the_second_says_by_which_event(house: House) -> None:
    first = ring(house, "hello", to="project")
    house.work()
    second = ring(house, "hello", to="group")
    house.work()
    assert len(house.robots.requests) == 1
    assert (house.state(first), house.state(second)) == ("sent", "repeated")
    assert reasons(house, second)[-1].endswith(f"told already by event {first}")


def test_another_group_hears_of_it_too(house: House) -> None:
    ring(house, "hello", to="project")
    ring(house, "hello", to="elsewhere")
    house.work()
    assert len(house.robots.requests) == 2


def test_after_the_window_it_is_told_again(house: House) -> None:
    ring(house, "hello")
    house.work()
    house.now += 61
    ring(house, "hello")
    house.work()
    assert len(house.robots.requests) == 2


def test_a_whole_report_takes_the_place_of_a_bare_one(house: House) -> None:
    bare = ring(house, "bare", hold=5)
    house.work()
    assert house.robots.requests == []
    assert (
        "held back until 2023-11-14 22:13:25+00:00, in case that a later message says more" in reasons(house, bare)[-1]
    )
    house.now += 1
    whole = ring(house, "whole", hold=0)
    house.work()
    assert (house.state(bare), house.state(whole)) == ("superseded", "sent")
    assert reasons(house, bare)[-1].endswith(f"event {whole}, which came soon after, takes its place")
    house.now += 10
    house.work()
    assert len(house.robots.requests) == 1


def test_a_bare_report_is_not_told_when_the_whole_one_is_confidential(house: House) -> None:
    bare = ring(house, "bare", hold=5)
    house.work()
    whole = ring(house, "whole", hold=0, object_attributes={"confidential": True})
    house.work()
    house.now += 10
    house.work()
    assert house.state(bare) == "superseded"
    assert (house.event(whole).outcome, house.robots.requests) == ("silent", [])


def test_a_bare_report_is_told_when_nothing_better_came(house: House) -> None:
    bare = ring(house, "bare", hold=5)
    house.work()
    house.now += 5
    house.work()
    assert house.state(bare) == "sent"


def test_nothing_is_held_back_for_more_than_an_hour(house: House) -> None:
    bare = ring(house, "bare", hold=10**9)
    house.work()
    house.now += 3600
    house.work()
    assert house.state(bare) == "sent"


def test_a_handler_remembers_from_event_to_event_of_its_topic_and_webhook(house: House) -> None:
    def state(topic: str, state: str, *, to: str = "project") -> None:
        house.post({"object_kind": "state", "topic": topic, "state": state}, to=to)

    for value in ("failed", "failed again", "fixed"):  # handled together
        state("main", value)
    state("develop", "failed")
    house.work()
    state("main", "failed")
    state("main", "failed", to="elsewhere")
    state("", "forgotten")
    house.work()
    titles = [step["reason"] for event in range(1, 8) for step in house.event(event).trace if step["step"] == "said"]
    assert titles == [
        "None then failed",
        "failed then failed again",
        "failed again then fixed",
        "None then failed",
        "fixed then failed",
        "None then failed",
        "None then forgotten",
    ]


@pytest.mark.parametrize(
    "odd",
    [
        {"topic": 5, "state": "x"},
        {"topic": "x", "state": 5},
        {"topic": "x", "state": "half a character"},
        {"topic": "half a character", "state": "x"},
        {"occurrence": 5},
        {"occurrence": ["x"]},
        {"occurrence": "half a character"},
        {"hold": "long", "burst": "x"},
        {"hold": 5, "burst": 5},
    ],
    ids=str,
)
def test_what_a_plugin_names_oddly_fails_its_event_alone(house: House, odd: dict[str, object]) -> None:
    faulty, sound = house.post({"object_kind": "odd", **odd}, to="project"), ring(house, "hello")
    house.work()
    assert (house.event(faulty).state, house.event(sound).state) == ("failed", "handled")


def test_an_event_waits_while_what_was_remembered_cannot_be_read(house: House, tmp_path: Path) -> None:
    def rename(table: str, name: str) -> None:
        with sqlite3.connect(tmp_path / "posthouse.db") as connection:
            connection.execute(f"ALTER TABLE {table} RENAME TO {name}")
        connection.close()

    event_id = house.post({"object_kind": "state", "topic": "main", "state": "failed"}, to="project")
    rename("memory", "lost")
    with pytest.raises(StoreUnavailable):
        house.relay.handle_next("t")
    assert house.event(event_id).state == "waiting"
    rename("lost", "memory")
    house.now += LEASE
    house.work()
    assert house.event(event_id).state == "handled"
