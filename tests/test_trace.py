"""The words in which a trace tells what happened."""

from dataclasses import replace
from typing import Any

import pytest

from posthouse.core.budget import Allowance, Budget, Circuit
from posthouse.outbox import AttemptRecord, DeliveryRecord, EventRecord
from posthouse.trace import at, hindrance, steps

ZONE = "Asia/Shanghai"
#: 2023-11-15 06:13:20 in Shanghai.
THEN = 1_700_000_000.0
#: When traces are looked at.
NOW = THEN - 60
MINUTELY = Allowance(per_minute=2)
MONTHLY = Allowance(per_month=5)
#: Budgets that hinder a robot until 06:13:20.
FAILED = Budget("one", rest_until=THEN, failures=3)
WRONG = replace(FAILED, circuit=Circuit(NOW - 3600, "errcode 310000: sign not match", "Set sign_key."))


def delivery(
    state: str = "waiting",
    *,
    next_at: float | None = 0.0,
    robot: str = "demo.ding_talk",
    attempts: int = 1,
    digest: int = 0,
    budgets: tuple[Budget, ...] = (),
) -> DeliveryRecord:
    return DeliveryRecord(
        id=7,
        event_id=1,
        robot=robot,
        lane_id=f"lane of {robot}",
        state=state,
        attempts=attempts,
        next_at=next_at,
        digest=digest,
        budgets=budgets,
    )


def event(*deliveries: DeliveryRecord, **other: Any) -> EventRecord:
    values: dict[str, Any] = {
        "id": 1,
        "webhook_id": "demo",
        "name": "Push Hook",
        "key": None,
        "state": "handled",
        "outcome": "told",
        "received_at": THEN,
        "handled_at": THEN,
        "verified": "the secret token is right",
        "repeats": 0,
        "bytes": 1234,
        "trace": [{"step": "handled", "outcome": "ok", "reason": "by Mine"}],
        "deliveries": deliveries,
    }
    return EventRecord(**values | other)


def told(
    record: EventRecord,
    attempts: dict[int, list[AttemptRecord]] | None = None,
    robots: tuple[str, ...] = ("demo.ding_talk",),
    **allowances: Allowance,
) -> list[tuple[str, str, str]]:
    found = steps(
        record,
        attempts or {},
        webhooks=["demo"],
        lanes=[f"lane of {robot}" for robot in robots],
        seats={"demo.ding_talk": allowances},
        time_zone=ZONE,
        now=NOW,
    )
    return [(step["step"], step["outcome"], step["reason"]) for step in found]


def test_a_trace_begins_with_what_came_in() -> None:
    assert told(event())[:2] == [
        ("received", "ok", "Push Hook for demo, 1234 bytes, at 2023-11-15 06:13:20+08:00"),
        ("verified", "ok", "the secret token is right"),
    ]


def test_a_repeat_is_counted() -> None:
    assert told(event(repeats=2))[0][2].endswith("; sent 3 times with the same key")


def test_what_was_not_verified_is_not_called_right() -> None:
    assert told(event(verified="not checked: no secret"))[1] == ("verified", "unchecked", "not checked: no secret")


def test_an_event_that_waits_says_so() -> None:
    assert told(event(state="waiting", trace=[]))[2:] == [("handled", "waiting", "it waits for a worker to handle it")]


def test_the_steps_of_the_handler_follow() -> None:
    assert told(event())[2:] == [("handled", "ok", "by Mine")]


def test_every_attempt_is_told_with_the_answer_and_the_remedy() -> None:
    attempts = [
        AttemptRecord(THEN, THEN + 0.25, "throttled", "errcode 660026: too fast", "Slow down."),
        AttemptRecord(THEN + 600, THEN + 600.004, "ok", "ok", ""),
    ]
    found = steps(
        event(delivery("sent", next_at=None, attempts=2)),
        {7: attempts},
        webhooks=["demo"],
        lanes=[],
        time_zone=ZONE,
        now=THEN,
    )
    assert found[3:] == [
        {
            "step": "attempt",
            "outcome": "throttled",
            "reason": "attempt 1 at 2023-11-15 06:13:20+08:00, 250 ms: errcode 660026: too fast",
            "robot": "demo.ding_talk",
            "remedy": "Slow down.",
        },
        {
            "step": "attempt",
            "outcome": "ok",
            "reason": "attempt 2 at 2023-11-15 06:23:20+08:00, 4 ms: ok",
            "robot": "demo.ding_talk",
            "remedy": "",
        },
        {
            "step": "delivery",
            "outcome": "sent",
            "reason": "delivery 7 to demo.ding_talk: the robot has shown it",
            "robot": "demo.ding_talk",
        },
    ]


@pytest.mark.parametrize(
    ("record", "robots", "words"),
    [
        (delivery("sent", next_at=None), ("demo.ding_talk",), "the robot has shown it"),
        (delivery("buried", next_at=None), ("demo.ding_talk",), "given up and kept"),
        (delivery(), ("demo.ding_talk",), "it waits for its turn"),
        (delivery(next_at=None), ("demo.ding_talk",), "it waits for its turn"),
        (delivery(next_at=THEN), ("demo.ding_talk",), "it waits; its robot goes on at 2023-11-15 06:13:20+08:00"),
        (delivery(next_at=THEN), (), "it waits, but this robot is not configured any more"),
        (delivery("buried", next_at=None), (), "given up and kept"),
        (
            delivery("buried", next_at=None, attempts=0),
            (),
            "given up and kept, as too many waited for a robot that was set up wrongly",
        ),
        (delivery("buried", next_at=None, digest=23), (), "given up and kept in a digest of 23"),
        (delivery("digested", next_at=None, digest=23), (), "the robot has shown it, in a digest of 23"),
        (delivery(digest=23), ("demo.ding_talk",), "it waits in a digest of 23 for its turn"),
    ],
)
def test_a_delivery_ends_with_its_state(record: DeliveryRecord, robots: tuple[str, ...], words: str) -> None:
    assert told(event(record), robots=robots)[-1] == (
        "delivery",
        record.state,
        f"delivery 7 to demo.ding_talk: {words}",
    )


def test_deliveries_are_told_one_after_the_other() -> None:
    other = DeliveryRecord(8, 1, "other.ding_talk", "other", "sent", 1, None)
    attempt = AttemptRecord(THEN, THEN, "ok", "ok", "")
    found = told(event(delivery(attempts=0), other), {8: [attempt]})
    assert [step for step, _, _ in found[3:]] == ["delivery", "attempt", "delivery"]


def attempt_at(started_at: float, verdict: str = "ok") -> AttemptRecord:
    return AttemptRecord(started_at, started_at, verdict, verdict, "")


def test_what_was_tried_of_others_before_their_digest_is_not_told() -> None:
    attempts = [attempt_at(THEN, "throttled"), attempt_at(THEN + 600)]
    found = told(event(delivery("digested", attempts=1, digest=3)), {7: attempts})[3:]
    assert [(step, outcome, reason.partition(" at ")[0]) for step, outcome, reason in found[:-1]] == [
        ("attempt", "ok", "attempt 1")
    ]


def test_attempts_that_are_noted_with_another_delivery_are_counted() -> None:
    found = told(event(delivery("sent", attempts=3)), {7: [attempt_at(THEN)]})[3:]
    assert found[0] == ("attempt", "elsewhere", "2 attempts were made for a digest that does not tell it any more")
    assert found[1][2].startswith("attempt 3 at ")


# What a delivery waits for

AGAIN = "2023-11-15 06:13:20+08:00"
ANSWERED = "(it answered: errcode 310000: sign not match); posthouse replay 1 tries it at once"
SET_UP_WRONGLY = "set up wrongly since 2023-11-15 05:12:20+08:00"


@pytest.mark.parametrize(
    ("budget", "allowance", "kind", "words"),
    [
        (Budget("one"), MINUTELY, None, ""),
        (FAILED, MINUTELY, "failed", f"rests until {AGAIN} after 3 failures in a row"),
        (replace(FAILED, failures=1), MINUTELY, "failed", f"rests until {AGAIN} after a failure"),
        (replace(FAILED, failures=0), MINUTELY, "vendor", f"rests until {AGAIN}, as all robots of its kind do"),
        (
            Budget("one", ended=(THEN - 60,) * 2),
            MINUTELY,
            "minute",
            f"rests until {AGAIN}: 2 of 2 messages a minute are used",
        ),
        (Budget("one", ended=(THEN - 60,)), MINUTELY, None, ""),
        (Budget("one", ended=(NOW,)), Allowance(per_second=1), None, ""),
        (
            Budget("one", month="2023-11", used=5),
            MONTHLY,
            "month",
            "rests until 2023-12-01 00:00:00+08:00: 5 of this month's 5 messages are used",
        ),
        (Budget("one", month="2023-11", used=4), MONTHLY, None, ""),
        (Budget("one", month="2023-10", used=5), MONTHLY, None, ""),
        (WRONG, MINUTELY, "wrong", f"{SET_UP_WRONGLY}, and is tried again at {AGAIN}"),
        (
            replace(WRONG, rest_until=NOW - 1),
            MINUTELY,
            "wrong",
            f"{SET_UP_WRONGLY}, and is tried again with the next message",
        ),
    ],
)
def test_a_robot_says_what_hinders_it(budget: Budget, allowance: Allowance, kind: str | None, words: str) -> None:
    found = hindrance(budget, allowance, now=NOW, time_zone=ZONE)
    assert (found.kind, found.words) == (kind, words) if found else kind is None


def test_a_crowd_is_told_of_as_long_as_it_is_waited_out() -> None:
    half_hour = 1_700_001_000.0 - 1_700_001_000.0 % 1800
    crowded = Allowance(crowded_at_half_hours=True)
    found = [hindrance(Budget(f"{number}"), crowded, now=half_hour, time_zone=ZONE) for number in range(20)]
    assert {one.kind for one in found if one} == {"crowd"}
    assert all(one.until < half_hour + 20 for one in found if one)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (delivery(budgets=(Budget("one"),)), "it waits for its turn"),
        (delivery(budgets=(FAILED,)), f"it waits; its robot rests until {AGAIN} after 3 failures in a row"),
        (
            delivery(budgets=(FAILED,), digest=8),
            f"it waits in a digest of 8; its robot rests until {AGAIN} after 3 failures in a row",
        ),
        (
            delivery(budgets=(WRONG,)),
            f"it waits; its robot has been {SET_UP_WRONGLY}, and is tried again at {AGAIN} {ANSWERED}",
        ),
        (
            delivery(next_at=THEN, budgets=(Budget("one"),)),
            f"it waits; messages for its robot gather until {AGAIN}, to be told in one digest",
        ),
        (
            delivery(next_at=THEN, budgets=(replace(FAILED, rest_until=NOW + 10),)),
            f"it waits; messages for its robot gather until {AGAIN}, to be told in one digest",
        ),
        # The budget of a robot that is not configured any more, or not in this pool.
        (delivery(next_at=THEN, budgets=(Budget("two"),)), f"it waits; its robot goes on at {AGAIN}"),
        (
            delivery(budgets=(FAILED, Budget("two"))),
            f"it waits; its robot rests until {AGAIN} after 3 failures in a row",
        ),
    ],
)
def test_what_waits_says_for_what(record: DeliveryRecord, words: str) -> None:
    assert told(event(record), one=MINUTELY)[-1][2] == f"delivery 7 to demo.ding_talk: {words}"


def test_a_pool_goes_on_with_the_first_robot_that_nobody_must_set_right() -> None:
    wrong, failed = replace(WRONG, rest_until=THEN - 30), replace(FAILED, token="two", failures=1)
    both = event(delivery(next_at=THEN - 30, budgets=(wrong, failed)))
    assert told(both, one=MINUTELY, two=MINUTELY)[-1][2].endswith(
        f"it waits; none of its 2 robots is ready; the first rests until {AGAIN} after a failure"
    )
    ready = event(delivery(budgets=(wrong, Budget("two"))))
    assert told(ready, one=MINUTELY, two=MINUTELY)[-1][2].endswith("it waits for its turn")


def test_a_robot_that_is_set_up_wrongly_comes_with_its_remedy() -> None:
    found = steps(
        event(delivery(budgets=(WRONG,))),
        {},
        webhooks=["demo"],
        lanes=["lane of demo.ding_talk"],
        seats={"demo.ding_talk": {"one": MINUTELY}},
        time_zone=ZONE,
        now=NOW,
    )
    assert found[-1]["remedy"] == "Set sign_key."


def test_times_are_told_in_the_configured_zone() -> None:
    assert at(THEN, "Europe/Berlin") == "2023-11-14 23:13:20+01:00"
    assert at(THEN + 0.999, "UTC") == "2023-11-14 22:13:20+00:00"


def test_what_operators_are_told_is_set_apart() -> None:
    alert = replace(delivery("sent", robot="admins"), is_alert=True)
    assert told(event(alert), robots=("admins",))[-1] == (
        "delivery",
        "sent",
        "delivery 7 to admins, which tells operators about a robot: the robot has shown it",
    )
