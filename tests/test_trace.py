"""The words in which a trace tells what happened."""

from typing import Any

import pytest

from posthouse.outbox import AttemptRecord, DeliveryRecord, EventRecord
from posthouse.trace import at, steps

ZONE = "Asia/Shanghai"
#: 2023-11-15 06:13:20 in Shanghai.
THEN = 1_700_000_000.0


def delivery(state: str = "waiting", *, next_at: float | None = 0.0, robot: str = "demo.ding_talk") -> DeliveryRecord:
    lane_id = f"lane of {robot}"
    return DeliveryRecord(id=7, event_id=1, robot=robot, lane_id=lane_id, state=state, attempts=1, next_at=next_at)


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
) -> list[tuple[str, str, str]]:
    found = steps(
        record,
        attempts or {},
        webhooks=["demo"],
        lanes=[f"lane of {robot}" for robot in robots],
        time_zone=ZONE,
        now=THEN - 1,
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
        event(delivery("sent", next_at=None)), {7: attempts}, webhooks=["demo"], lanes=[], time_zone=ZONE, now=THEN
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
    found = told(event(delivery(), other), {8: [attempt]})
    assert [step for step, _, _ in found[3:]] == ["delivery", "attempt", "delivery"]


def test_times_are_told_in_the_configured_zone() -> None:
    assert at(THEN, "Europe/Berlin") == "2023-11-14 23:13:20+01:00"
    assert at(THEN + 0.999, "UTC") == "2023-11-14 22:13:20+00:00"
