"""What a storm is judged by finds what it looks for: here it is made to happen."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aftermath import Aftermath
from sender import Post
from weather import TOKEN, Weather

from posthouse import Inbound
from posthouse.fakes import FakeRobots, running
from posthouse.relay import Relay

#: Two robots: one of DingTalk's, which knows repeats by their keys, and one of Feishu's, which does not.
WEATHER = Weather(seed=1, events=6, webhooks=1, robots=2, faults=0.0)
FEISHU = "robot-1"


@pytest.fixture
def aftermath(tmp_path: Path) -> Iterator[Aftermath]:
    """What became of some events, of which every robot that should has heard, one after the other."""
    fakes = WEATHER.fakes()
    path = tmp_path / "posthouse.yml"
    with running(FakeRobots(*fakes.values())) as address:
        WEATHER.configure(path, database=f"sqlite:///{tmp_path}/posthouse.db", robots=address)
        relay = Relay.open(path)
        posts = []
        for number, webhook in enumerate(WEATHER.posts):
            body = json.dumps({"title": f"storm{number}", "project": webhook}).encode()
            inbound = Inbound({"authorization": f"Bearer {TOKEN}"}, {}, body, relay.clock())
            event_id = relay.accept(webhook, inbound).event_id
            posts.append(Post(number, webhook, event_id, posted_at=2.0 * number, answered_at=2.0 * number + 1.0))
        while relay.handle_next("t") or relay.deliver_next("t"):
            pass
        yield Aftermath(WEATHER, posts, relay.outbox.history, fakes, crashed=[])
        relay.close()


def wrong(aftermath: Aftermath) -> dict[str, int]:
    """Return how many cases there are of what must not happen, without what did not."""
    aftermath.count()
    return {what: len(cases) for what, cases in aftermath.verdict.items() if cases}


def tell_again(aftermath: Aftermath, robot: str, number: int) -> None:
    """Let a group see a message once more, as if posthouse had sent it again."""
    fake = aftermath.fakes[WEATHER.kinds[robot]]
    payload = json.dumps({"msg_type": "text", "content": {"text": f"storm{number}"}}).encode()
    path = f"/open-apis/bot/v2/hook/{robot}"
    assert json.loads(fake.answer("POST", path, "", {"content-type": "application/json"}, payload).body)["code"] == 0


def test_nothing_is_wrong_when_all_is_well(aftermath: Aftermath) -> None:
    assert FEISHU in WEATHER.routes["hook-0"]
    assert wrong(aftermath) == {}
    assert aftermath.counts["events answered"] == aftermath.counts["events stored"] == WEATHER.events


def test_an_event_that_was_answered_and_is_not_stored_is_lost(aftermath: Aftermath) -> None:
    aftermath.posts = [*aftermath.posts, Post(99, "hook-0", event_id=99, posted_at=99.0, answered_at=99.0)]
    assert wrong(aftermath) == {"lost": 1}


def test_who_was_answered_before_another_was_posted_must_be_told_before_it(aftermath: Aftermath) -> None:
    first, second, *others = aftermath.posts
    earlier = replace(second, posted_at=first.posted_at - 4.0, answered_at=first.posted_at - 3.0)
    aftermath.posts = [first, earlier, *others]
    assert wrong(aftermath) == {"overtaken": len(WEATHER.routes["hook-0"])}


def test_who_was_posted_at_the_same_time_may_be_told_in_any_order(aftermath: Aftermath) -> None:
    first, second, *others = aftermath.posts
    at_once = replace(second, posted_at=first.posted_at - 1.0, answered_at=first.posted_at + 0.5)
    aftermath.posts = [first, at_once, *others]
    assert wrong(aftermath) == {}


def test_what_is_told_twice_without_an_unclear_attempt_has_no_reason(aftermath: Aftermath) -> None:
    tell_again(aftermath, FEISHU, 0)
    assert wrong(aftermath) == {"told twice without a reason": 1}


def test_what_a_robot_refuses_of_its_own_accord_is_noticed(aftermath: Aftermath) -> None:
    path = f"/open-apis/bot/v2/hook/{FEISHU}"
    aftermath.fakes["fei_shu"].answer("POST", path, "", {"content-type": "application/json"}, b'{"msg_type": "odd"}')
    assert wrong(aftermath) == {"refused, though not on demand": 1}
