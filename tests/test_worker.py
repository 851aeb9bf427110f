"""The threads of a worker, with a fake robot behind a real socket."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from posthouse import Inbound
from posthouse.fakes import FakeDingTalk, FakeRobot, FakeRobots, Fault, running
from posthouse.neighbours import bury_the_dead, own_name
from posthouse.outbox import EventRecord
from posthouse.relay import LEASE, Relay
from posthouse.worker import DELIVERING_THREADS, HANDLING_THREADS, Worker

CONFIG = """\
config:
  server: {{database: "sqlite:///{folder}/posthouse.db"}}
  plugins: [plugin.py]
  webhooks:
    - webhook_id: demo
      type: GITLAB
      notify: {{ding_talk: {{url: "{address}/robot/send", access_token: demo-token, per_minute: 0}}}}
    - webhook_id: other
      type: GITLAB
      notify: {{ding_talk: {{url: "{address}/robot/send", access_token: other-token, per_minute: 0}}}}
"""
PLUGIN = """
from posthouse import EventHandler, Message
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler

class Mine(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Mine Hook",)

    def handle(self, event):
        if event.reader.flag("broken"):
            raise LookupError("a bug of the plugin's")
        return [Message(event.reader.text("title"))]
"""
TOKENS = {"demo": "demo-token", "other": "other-token"}
PATIENCE = 5.0


@dataclass
class House:
    """A relay, and the robots that it speaks to."""

    relay: Relay
    dingtalk: FakeDingTalk

    def take_in(self, webhook_id: str, title: str = "", **flags: bool) -> int:
        fields = "".join(f', "{name}": {str(value).lower()}' for name, value in flags.items())
        body = f'{{"object_kind": "mine", "title": "{title}"{fields}}}'
        return self.relay.accept(webhook_id, Inbound({}, {}, body.encode(), self.relay.clock())).event_id

    def shown(self, webhook_id: str, count: int) -> list[str]:
        """Return the titles that the group sees, as soon as there are ``count``."""
        messages = self.dingtalk.wait_for_shown(TOKENS[webhook_id], count, timeout=PATIENCE)
        return [message["markdown"]["title"].split()[-1] for message in messages]

    def event(self, event_id: int) -> EventRecord:
        found = self.relay.outbox.history.event(event_id)
        assert found is not None
        return found

    def states(self, event_id: int) -> list[str]:
        return [delivery.state for delivery in self.event(event_id).deliveries]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    dingtalk = FakeDingTalk(any_token=True, pattern=FakeRobot(per_minute=0))
    for token in TOKENS.values():
        dingtalk.misbehave(token)
    (tmp_path / "plugin.py").write_text(PLUGIN, encoding="utf-8")
    with running(FakeRobots(dingtalk)) as address:
        path = tmp_path / "posthouse.yml"
        path.write_text(CONFIG.format(folder=tmp_path, address=address), encoding="utf-8")
        relay = Relay.open(path)
        yield House(relay, dingtalk)
        relay.close()


@contextmanager
def working(relay: Relay) -> Iterator[Worker]:
    """Let a worker work for the length of a ``with`` statement; it must have ended soon after."""
    worker = Worker(relay)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition, looking often; fail when it takes too long."""
    never = threading.Event()
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        never.wait(0.005)


def test_what_comes_in_is_shown(house: House) -> None:
    with working(house.relay):
        number = house.take_in("demo", "hello")
        assert house.shown("demo", 1) == ["hello"]
        until(lambda: house.states(number) == ["sent"])


def test_what_came_in_before_is_shown_in_order(house: House) -> None:
    titles = [f"n{number}" for number in range(60)]
    for title in titles:
        house.take_in("demo", title)
        house.take_in("other", title)
    with working(house.relay):
        assert house.shown("demo", 60) == titles
        assert house.shown("other", 60) == titles


def test_what_comes_in_while_at_work_is_shown_once_and_in_order(house: House) -> None:
    titles = [f"n{number}" for number in range(40)]
    with working(house.relay), working(house.relay):
        for title in titles:
            house.take_in("demo", title)
        assert house.shown("demo", 40) == titles


def test_a_new_event_is_noticed_quickly(house: House) -> None:
    with working(house.relay):
        house.take_in("demo", "warm-up")
        house.shown("demo", 1)
        started = time.monotonic()
        house.take_in("demo", "quick")
        house.shown("demo", 2)
        assert time.monotonic() - started < 0.5


def test_a_handler_that_raises_fails_its_event_and_others_go_on(house: House) -> None:
    before = house.take_in("demo", "before")
    broken = house.take_in("demo", broken=True)
    after = house.take_in("demo", "after")
    with working(house.relay):
        assert house.shown("demo", 2) == ["before", "after"]
        until(lambda: house.states(after) == ["sent"])
    event = house.event(broken)
    assert (event.state, event.outcome, list(event.deliveries)) == ("failed", "error", [])
    assert event.trace[-1]["reason"] == "LookupError: a bug of the plugin's"
    assert "plugin.py" in event.trace[-1]["traceback"]
    assert house.event(before).state == "handled"


def test_a_robot_that_does_not_answer_delays_nobody_else(house: House) -> None:
    house.dingtalk.misbehave("demo-token", Fault(delay=2.0))
    with working(house.relay):
        started = time.monotonic()
        house.take_in("demo", "slow")
        house.take_in("other", "quick")
        assert house.shown("other", 1) == ["quick"]
        assert time.monotonic() - started < 1.5


def test_a_refusal_is_tried_again_later_and_then_shown(house: House) -> None:
    house.dingtalk.misbehave("demo-token", Fault(drop="after"))
    with working(house.relay):
        number = house.take_in("demo", "again")
        house.take_in("demo", "next")
        assert house.shown("demo", 2) == ["again", "next"]
        until(lambda: house.states(number) == ["sent"])
    assert house.event(number).deliveries[0].attempts == 2


def test_stopping_settles_the_attempt_in_flight_and_begins_nothing_new(house: House) -> None:
    house.dingtalk.misbehave("demo-token", Fault(delay=0.5))
    numbers = [house.take_in("demo", f"n{number}") for number in range(3)]
    started = time.monotonic()
    with working(house.relay) as worker:
        house.shown("demo", 1)
        worker.stop()
    assert 0.4 < time.monotonic() - started < 2.0
    assert [house.states(number) for number in numbers] == [["sent"], ["waiting"], ["waiting"]]
    assert house.relay.outbox.lanes.holders() == []
    with working(house.relay):
        assert house.shown("demo", 3) == ["n0", "n1", "n2"]
        until(lambda: house.states(numbers[-1]) == ["sent"])


def test_an_idle_worker_stops_at_once(house: House) -> None:
    with working(house.relay):
        until(house.relay.outbox.last_beat)
        started = time.monotonic()
    assert time.monotonic() - started < 0.5


def test_a_worker_can_be_stopped_before_it_has_begun(house: House) -> None:
    worker = Worker(house.relay)
    worker.stop()
    worker.run()
    assert threading.active_count() < HANDLING_THREADS + DELIVERING_THREADS


def test_a_worker_shows_that_it_is_alive(house: House) -> None:
    assert house.relay.outbox.last_beat() is None
    with working(house.relay):
        until(lambda: house.relay.outbox.last_beat() is not None)
    seen_at = house.relay.outbox.last_beat()
    assert seen_at is not None
    assert 0 <= house.relay.clock() - seen_at < PATIENCE


@pytest.mark.parametrize("kind", ["webhook", "robot"])
def test_the_lane_of_a_dead_process_is_taken_over_at_once(house: House, kind: str) -> None:
    number = house.take_in("demo", "hello")
    relay, lanes = house.relay, house.relay.outbox.lanes
    dead = as_if(dead_pid())
    if kind == "webhook":
        assert lanes.claim("webhook", ["demo"], holder=dead, now=relay.clock(), lease=LEASE)
    else:
        assert relay.handle_next("me")
        assert lanes.claim("robot", set(relay.desk.robots.lanes.values()), holder=dead, now=relay.clock(), lease=LEASE)
    with working(relay):
        assert house.shown("demo", 1) == ["hello"]
        until(lambda: house.states(number) == ["sent"])


def test_the_lane_of_a_living_process_or_another_machine_is_left_alone(house: House) -> None:
    relay, lanes = house.relay, house.relay.outbox.lanes
    house.take_in("demo", "held")
    house.take_in("other", "held")
    assert lanes.claim("webhook", ["demo"], holder=as_if(1), now=relay.clock(), lease=LEASE)
    assert lanes.claim("webhook", ["other"], holder=f"elsewhere/{dead_pid()}/1", now=relay.clock(), lease=LEASE)
    with working(relay):
        until(relay.outbox.last_beat)
        until(lambda: len(lanes.holders()) == 2)
        threading.Event().wait(0.2)  # long enough for what must not happen
    assert house.shown("demo", 0) == house.shown("other", 0) == []
    assert len(lanes.holders()) == 2


def test_a_process_that_is_dead_and_not_buried_counts_as_dead(house: House) -> None:
    relay = house.relay
    house.take_in("demo", "hello")
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE)
        lanes = relay.outbox.lanes
        assert lanes.claim("webhook", ["demo"], holder=as_if(process.pid), now=relay.clock(), lease=LEASE)
        with working(relay):
            assert house.shown("demo", 1) == ["hello"]


def test_a_process_of_another_machine_of_the_same_name_is_left_alone(house: House) -> None:
    relay = house.relay
    house.take_in("demo", "held")
    host, _, place = as_if(dead_pid()).partition(":")
    elsewhere = f"{host}:another-start:{place.partition(':')[2]}"
    assert relay.outbox.lanes.claim("webhook", ["demo"], holder=elsewhere, now=relay.clock(), lease=LEASE)
    bury_the_dead(relay.outbox, own_name())
    assert relay.outbox.lanes.claim("webhook", ["demo"], holder="me", now=relay.clock(), lease=LEASE) is None


def as_if(number: int) -> str:
    """Return a holder's name as a process with this number would have it on this machine."""
    place, _, _ = own_name().rsplit("/", 2)
    return f"{place}/{number}/1"


def dead_pid() -> int:
    """Return the id of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid
