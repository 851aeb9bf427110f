"""How robots stand: what `robots` shows of them, and what `explain`, `events`, `replay` and `check` say of them."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from house import House, open_house
from posthouse.cli import cli
from posthouse.cli._standing import Standing, resting_lanes, standings
from posthouse.core.http import HttpReply
from posthouse.trace import at

CONFIG = """\
config:
  server: {database: "sqlite:///FOLDER/posthouse.db", language: en, repeat_window: 0}
  plugins: [plugin.py]
  robots:
ROBOTS
  webhooks:
    - {webhook_id: finance, type: GITLAB, notify: {robots: [ops]}}
    - {webhook_id: other, type: GITLAB, notify: {robots: [other]}}
"""
PLUGIN = """\
from posthouse import EventHandler, Message
from posthouse.webhooks.gitlab.handler import GitlabWebhookHandler


class SaysHookNotifyEventHandler(EventHandler):
    webhook_type = GitlabWebhookHandler
    events = ("Says Hook",)

    def handle(self, event):
        return [Message(event.reader.text("title"))]
"""
ONE = """\
    ops: {ding_talk: {access_token: token-one, per_minute: 5OWN}}
    other: {ding_talk: {access_token: token-two}}"""
SHARED = """\
    ops: {ding_talk: {access_token: token-one, per_minute: 5, monthly_quota: 90}}
    other: {ding_talk: {access_token: token-one, per_minute: 7}}"""
POOL = """\
    ops: {pool: [first, second]}
    first: {ding_talk: {access_token: token-one, per_minute: 5OWN}}
    second: {ding_talk: {access_token: token-two, per_minute: 5OWN}}
    other: {ding_talk: {access_token: token-three}}"""
#: What steers a terminal: a window title, and clearing the screen.
STEERING = "\x1b]0;owned\x07 \x1b[2J \x9b2J"
Open = Callable[..., House]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    houses: list[House] = []

    def make(robots: str = ONE, own: str = "") -> House:
        config = CONFIG.replace("ROBOTS", robots.replace("OWN", own)).replace("FOLDER", str(tmp_path))
        houses.append(open_house(tmp_path, config=config, plugin=PLUGIN))
        houses[-1].now = time.time()
        return houses[-1]

    yield make
    for house in houses:
        house.relay.close()


def invoke(house: House, *arguments: str, **how: Any) -> Result:
    config = str(house.relay.desk.settings.path)
    result = CliRunner().invoke(cli, [*arguments, "--config", config], **how)
    if isinstance(result.exception, Exception):
        raise result.exception
    return result


def says(house: House, title: str, *, to: str = "finance") -> int:
    return house.post({"object_kind": "says", "title": title}, to=to)


def reply(code: int, text: str = "?") -> HttpReply:
    return HttpReply(200, {}, json.dumps({"errcode": code, "errmsg": text}).encode())


def stand(house: House) -> dict[str, Standing]:
    """Return how the robots of a house stand when its clock says so."""
    desk, history = house.relay.desk, house.relay.outbox.history
    budgets = history.budgets()
    attempts = {lane: history.latest_attempts(lane, 50) for lane in resting_lanes(desk, budgets, now=house.now)}
    return {one.robot: one for one in standings(desk, budgets, history.waiting(), attempts, now=house.now)}


def explained(house: House, event_id: int) -> list[dict[str, str]]:
    (found,) = [json.loads(line) for line in invoke(house, "explain", str(event_id), "--json").stdout.splitlines()]
    return [step for step in found["trace"] if step["step"] in {"attempt", "delivery"}]


# How a robot stands


def test_a_robot_that_has_used_some_of_its_minute_is_ready(opened: Open) -> None:
    house = opened(own=", monthly_quota: 1000")
    for number in range(3):
        says(house, f"news {number}")
    house.work()
    ops, other = stand(house).values()
    assert (ops.robot, ops.kind, ops.state, ops.words, ops.next_at) == ("ops", "ding_talk", "ready", "ready", None)
    assert (ops.usage.minute_used, ops.usage.minute_limit) == (3, 5)
    assert (ops.usage.month_used, ops.usage.month_quota) == (3, 1000)
    assert (other.usage.month_used, other.usage.month_quota, other.usage.exhausted_at) == (0, None, None)
    house.now += 61
    assert stand(house)["ops"].usage.minute_used == 0


def test_without_a_limit_nobody_counts_the_minute(opened: Open) -> None:
    house = opened(ONE.replace("per_minute: 5", "per_minute: 0"))
    says(house, "news")
    house.work()
    usage = stand(house)["ops"].usage
    assert (usage.minute_used, usage.minute_limit, usage.month_used) == (None, None, 1)


def test_a_month_is_told_until_its_end(opened: Open) -> None:
    house = opened(own=", monthly_quota: 59")
    house.now = 1_795_492_800.0  # noon of 24 November 2026 in Shanghai: 23.5 of 30 days
    for number in range(47):
        says(house, f"news {number}")
        house.work()
        house.now += 61
    usage = stand(house)["ops"].usage
    assert (usage.month_used, usage.month_quota) == (47, 59)
    assert usage.month_forecast == 60
    assert usage.exhausted_at is not None
    assert at(usage.exhausted_at, "Asia/Shanghai").startswith("2026-11-30")


def test_a_throttled_robot_rests_and_says_why(opened: Open) -> None:
    house = opened()
    house.robots.replies = [reply(660026, "too many")]
    since = house.now
    says(house, "first")
    says(house, "second")
    house.work()
    ops, other = stand(house).values()
    assert ops.state == "failed"
    assert ops.next_at is not None
    assert ops.next_at >= since + 600
    assert ops.words == f"rests until {at(ops.next_at, 'Asia/Shanghai')} after a failure: throttled"
    assert "660026" in ops.answer
    assert "ten minutes" in ops.remedy
    assert ops.waiting is not None
    assert (ops.waiting.count, ops.waiting.since) == (2, since)
    assert (other.state, other.answer, other.waiting) == ("ready", "", None)


def test_a_banned_machine_lets_all_robots_of_the_kind_rest(opened: Open) -> None:
    house = opened()
    says(house, "before", to="other")
    house.work()
    house.robots.replies = [HttpReply(403, {}, b'{"status": 1111, "punish": "deny"}')]
    says(house, "first")
    house.work()
    ops, other = stand(house).values()
    assert ops.state == "failed"
    assert (other.state, other.answer) == ("vendor", "")
    assert other.words.endswith("as all robots of its kind do")


def test_a_robot_that_is_set_up_wrongly_says_since_when_and_what_to_do(opened: Open) -> None:
    house = opened()
    house.robots.replies = [reply(300005, "token is not exist")]
    says(house, "first")
    house.work()
    ops = stand(house)["ops"]
    assert ops.state == "wrong"
    assert ops.words.startswith(f"set up wrongly since {at(house.now, 'Asia/Shanghai')}, and is tried again at ")
    assert "token is not exist" in ops.answer
    assert "access_token" in ops.remedy
    house.now += 3600
    assert stand(house)["ops"].words.endswith("and is tried again with the next message")


def test_a_month_that_is_used_up_ends_with_the_month(opened: Open) -> None:
    house = opened(own=", monthly_quota: 2")
    house.now = 1_795_492_800.0
    for number in range(3):
        says(house, f"news {number}")
        house.work()
        house.now += 700  # past the digest of a month that is nearly used up
    house.work()
    ops = stand(house)["ops"]
    assert ops.state == "month"
    assert ops.words == "rests until 2026-12-01 00:00:00+08:00: 2 of this month's 2 messages are used"
    assert ops.usage.exhausted_at is not None
    assert ops.usage.exhausted_at <= house.now
    house.now += 7 * 86_400
    december = stand(house)["ops"]
    assert (december.state, december.usage.month_used) == ("ready", 0)


def test_a_minute_that_is_used_up_ends_with_the_minute(opened: Open) -> None:
    house = opened(own=', digest: "off"')
    for number in range(6):
        says(house, f"news {number}")
    house.work()
    ops = stand(house)["ops"]
    assert ops.state == "minute"
    assert ops.next_at == house.now + 60
    assert ops.words.endswith(": 5 of 5 messages a minute are used")


def test_robots_with_one_token_say_so_and_have_one_budget(opened: Open) -> None:
    house = opened(SHARED)
    says(house, "news")
    says(house, "news", to="other")
    house.work()
    ops, other = stand(house).values()
    assert (ops.shares_with, other.shares_with) == (("other",), ("ops",))
    assert ops.usage == other.usage
    assert (ops.usage.minute_used, ops.usage.minute_limit, ops.usage.month_quota) == (2, 5, 90)


def test_a_robot_that_no_worker_has_seen_is_new(opened: Open) -> None:
    house = opened()
    found = standings(house.relay.desk, {}, {}, {}, now=house.now)
    assert [(one.state, one.words) for one in found] == [("new", "no worker has started with it yet")] * 2


# How a pool stands


def test_a_pool_has_what_its_robots_have_together(opened: Open) -> None:
    house = opened(POOL, own=", monthly_quota: 100")
    for number in range(4):
        says(house, f"news {number}")
    house.work()
    found = stand(house)
    assert list(found) == ["first", "second", "other", "ops"]
    ops = found["ops"]
    assert (ops.kind, ops.members, ops.state, ops.words) == ("ding_talk", ("first", "second"), "ready", "ready")
    assert (ops.usage.minute_used, ops.usage.minute_limit) == (4, 10)
    assert (ops.usage.month_used, ops.usage.month_quota) == (4, 200)


def test_a_pool_with_a_robot_that_has_no_quota_has_none(opened: Open) -> None:
    house = opened(POOL.replace("OWN", ", monthly_quota: 100", 1))
    assert [stand(house)[name].usage.month_quota for name in ("first", "second", "ops")] == [100, None, None]


def test_a_pool_is_ready_while_one_of_its_robots_is(opened: Open) -> None:
    house = opened(POOL)
    house.robots.replies = [reply(660026, "too many")]
    says(house, "first")
    house.work()
    assert house.states(1) == {"ops": "sent"}
    found = stand(house)
    rests = next(found[name] for name in ("first", "second") if found[name].state != "ready")
    # The other one has spoken since in the same lane, and yet it is known which answer was whose.
    assert (rests.state, "660026" in rests.answer) == ("failed", True)
    assert (found["ops"].state, found["ops"].words) == ("ready", "ready: 1 of 2 robots")


def test_a_pool_of_which_none_is_ready_says_when_the_first_will_be(opened: Open) -> None:
    house = opened(POOL)
    house.robots.replies = [reply(310000, "sign not match"), reply(660026, "too many")]
    event_id = says(house, "first")
    house.work()
    found = stand(house)
    times = {found[name].state: found[name].next_at for name in ("first", "second")}
    assert set(times) == {"wrong", "failed"}
    ops = found["ops"]
    # The other one is tried again at about the same time, but whether that helps depends on somebody's work.
    assert (ops.state, ops.next_at) == ("failed", times["failed"])
    assert ops.words.startswith("none of 2 robots is ready; the first rests until ")
    assert ops.waiting is not None
    said = explained(house, event_id)[-1]["reason"]
    assert said.startswith("delivery 1 to ops: it waits; none of its 2 robots is ready; the first rests until ")


# The command


def test_robots_are_listed_in_a_table_with_their_troubles_below(opened: Open) -> None:
    house = opened(own=", monthly_quota: 1000")
    house.robots.replies = [reply(310000, "sign not match")]
    says(house, "first")
    house.work()
    header, ops, other, answer, remedy = invoke(house, "robots").stdout.splitlines()
    assert header.split() == ["robot", "kind", "state", "minute", "month", "forecast", "used", "up", "waiting"]
    assert ops.split()[:6] == ["ops", "ding_talk", "set", "up", "wrongly", "since"]
    minute, month, forecast, used_up, count, since = ops.split()[-8:-2]
    assert (minute, month, used_up, count, since) == ("1/5", "1/1000", "-", "1", "since")
    assert 1 <= int(forecast) <= 31
    assert other.split() == ["other", "ding_talk", "ready", "0/18", "0", "0", "-", "-"]
    assert answer.startswith("ops: errcode 310000: ")
    assert remedy.startswith("  → ")


def test_robots_have_a_documented_shape_in_json(opened: Open) -> None:
    house = opened(POOL)
    house.robots.replies = [reply(660026, "too many")]
    says(house, "first")
    house.work()
    found = [json.loads(line) for line in invoke(house, "robots", "--json").stdout.splitlines()]
    assert [one["robot"] for one in found] == ["first", "second", "other", "ops"]
    for one in found:
        assert list(one) == [
            "robot",
            "kind",
            "pool",
            "shares_budget_with",
            "state",
            "reason",
            "answer",
            "remedy",
            "next_attempt_at",
            "minute_messages",
            "minute_limit_messages",
            "month",
            "month_messages",
            "month_quota_messages",
            "month_forecast_messages",
            "quota_used_up_at",
            "waiting_messages",
            "waiting_since",
        ]
    assert found[3]["pool"] == ["first", "second"]
    assert found[2] | {"month": ""} == {
        "robot": "other",
        "kind": "ding_talk",
        "pool": [],
        "shares_budget_with": [],
        "state": "ready",
        "reason": "ready",
        "answer": "",
        "remedy": "",
        "next_attempt_at": None,
        "minute_messages": 0,
        "minute_limit_messages": 18,
        "month": "",
        "month_messages": 0,
        "month_quota_messages": None,
        "month_forecast_messages": 0,
        "quota_used_up_at": None,
        "waiting_messages": 0,
        "waiting_since": None,
    }


def test_who_shares_a_budget_is_said_below(opened: Open) -> None:
    house = opened(SHARED)
    assert invoke(house, "robots").stdout.splitlines()[3:] == ["ops, other have one token, and with it one budget"]


def test_what_waits_under_a_name_that_is_gone_is_said(opened: Open) -> None:
    house = opened()
    says(house, "news")
    house.relay.handle_next("t")
    path = house.relay.desk.settings.path
    path.write_text(path.read_text().replace("ops", "operators"))
    last = invoke(house, "robots").stdout.splitlines()[-1]
    assert last.startswith("ops is not configured under this name any more: 1 wait since ")


def test_no_robots_answer_steers_the_terminal(opened: Open) -> None:
    house = opened()
    house.robots.replies = [reply(310000, STEERING)]
    event_id = says(house, STEERING)
    house.work()
    for command in (["robots"], ["explain", str(event_id)], ["events"]):
        text = invoke(house, *command).stdout
        assert all(char.isprintable() or char == "\n" for char in text), text


# What other commands say


def test_explain_says_on_one_screen_why_a_robot_is_left_alone(opened: Open) -> None:
    house = opened()
    house.robots.replies = [reply(310000, "sign not match")]
    first, second = says(house, "first"), says(house, "second")
    house.work()
    (attempt, delivery), (later,) = explained(house, first), explained(house, second)
    assert attempt["outcome"] == "config"
    for step, event_id in ((delivery, first), (later, second)):
        since = at(house.now, "Asia/Shanghai")
        assert f"it waits; its robot has been set up wrongly since {since}, and is tried again at " in step["reason"]
        assert "(it answered: errcode 310000: sign not match)" in step["reason"]
        assert step["reason"].endswith(f"; posthouse replay {event_id} tries it at once")
        assert "sign_key" in step["remedy"]
    assert not attempt["remedy"]  # it is said once
    assert "ops waiting: set up wrongly" in invoke(house, "events").stdout


def test_explain_and_events_say_how_many_a_digest_told(opened: Open) -> None:
    house = opened()
    ids = [says(house, f"news {number}") for number in range(12)]
    house.work()
    for event_id in ids[4:]:
        attempt, delivery = explained(house, event_id)
        assert (attempt["outcome"], delivery["outcome"]) == ("ok", "digested")
        assert attempt["reason"].startswith("attempt 1 at ")
        assert delivery["reason"].endswith("the robot has shown it, in a digest of 8")
    assert "ops in a digest of 8" in invoke(house, "events").stdout
    newest = json.loads(invoke(house, "events", "--json", "--limit", "1").stdout)
    assert (newest["deliveries"][0]["state"], newest["deliveries"][0]["digest_of"]) == ("digested", 8)


def test_explain_says_that_a_digest_waits_for_its_robot(opened: Open) -> None:
    house = opened()
    house.robots.replies = [reply(0)] * 4 + [reply(660026)]
    ids = [says(house, f"news {number}") for number in range(12)]
    house.work()
    for event_id in ids[4:]:
        attempt, delivery = explained(house, event_id)
        assert attempt["outcome"] == "throttled"
        assert "it waits in a digest of 8; its robot rests until " in delivery["reason"]


def test_explain_says_what_was_tried_of_a_digest_that_was_divided(opened: Open) -> None:
    house = opened()
    house.robots.replies = [reply(0)] * 4 + [reply(430104, "bad words")]
    ids = [says(house, f"news {number}") for number in range(12)]
    house.work()
    house.now += 61
    house.work()
    elsewhere, second, delivery = explained(house, ids[-1])
    assert elsewhere["reason"] == "1 attempt was made for a digest that does not tell it any more"
    assert second["reason"].startswith("attempt 2 at ")
    assert delivery["reason"].endswith("in a digest of 4")


def test_explain_says_that_a_robots_minute_is_used_up(opened: Open) -> None:
    house = opened(own=', digest: "off"')
    ids = [says(house, f"news {number}") for number in range(6)]
    house.work()
    (delivery,) = explained(house, ids[-1])
    again = at(house.now + 60, "Asia/Shanghai")
    assert delivery["reason"].endswith(f"it waits; its robot rests until {again}: 5 of 5 messages a minute are used")


def test_explain_says_that_a_robots_month_is_used_up(opened: Open) -> None:
    house = opened(own=', monthly_quota: 2, digest: "off"')
    ids = [says(house, f"news {number}") for number in range(3)]
    house.work()
    assert explained(house, ids[-1])[-1]["reason"].endswith(": 2 of this month's 2 messages are used")


def test_explain_says_that_messages_gather_for_a_digest(opened: Open) -> None:
    house = opened(own=", digest: {every: 10m}")
    event_id = says(house, "news")
    house.work()
    assert house.robots.requests == []
    (delivery,) = explained(house, event_id)
    until = at(house.now + 600, "Asia/Shanghai")
    assert delivery["reason"].endswith(f"messages for its robot gather until {until}, to be told in one digest")


def test_replay_says_how_many_robots_are_tried_at_once(opened: Open) -> None:
    house = opened()
    house.robots.replies = [reply(310000)]
    event_id = says(house, "first")
    house.work()
    again = "0 events are handled again, 0 deliveries are sent again"
    assert invoke(house, "replay", str(event_id)).stdout == (
        f"{again}, 1 robots that were left alone are tried at once\n"
    )
    assert invoke(house, "replay", "--all").stdout == f"{again}, 0 robots that were left alone are tried at once\n"
    house.work()
    assert house.states(event_id) == {"ops": "sent"}


UNUSED = """\
    ops: {ding_talk: {access_token: token-one, fallback: admins}}
    admins: {ding_talk: {access_token: token-two}}
    other: {pool: [first, second]}
    first: {ding_talk: {access_token: token-three, fallback: spare}}
    second: {ding_talk: {access_token: token-four}}
    spare: {ding_talk: {access_token: token-five}}
    idle: {ding_talk: {access_token: token-six, fallback: idle_too}}
    idle_too: {ding_talk: {access_token: token-seven}}
    resting: {pool: [idle]}"""


def test_check_names_robots_that_nobody_uses_and_counts_pools(opened: Open) -> None:
    house = opened(UNUSED)
    result = invoke(house, "check")
    assert result.exit_code == 0
    assert result.stdout.endswith(": right; 2 webhooks, 7 robots, 2 pools\n")
    unused = [line for line in result.stderr.splitlines() if "no webhook tells it" in line]
    assert [line.split(": ")[1] for line in unused] == ["idle", "idle_too", "resting"]
