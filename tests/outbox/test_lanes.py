"""Lanes: one holder at a time, in order, and nothing settled by who lost the lease."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from storing import LEASE, arrival

from posthouse.core.budget import Budget
from posthouse.core.errors import LeaseLost
from posthouse.outbox import Claim, HandledEvent, Outbox, Settlement

Deliver = Callable[..., list[int]]


def claim(outbox: Outbox, *lanes: str, now: float = 100.0, holder: str = "t") -> Claim:
    taken = outbox.lanes.claim("robot", lanes, holder=holder, now=now, lease=LEASE)
    assert taken is not None
    return taken


def settlement(delivery_id: int, *, now: float = 101.0) -> Settlement:
    return Settlement(
        deliveries=(delivery_id,),
        state="sent",
        form=0,
        bounded_failures=0,
        started_at=now,
        finished_at=now,
        verdict="ok",
        answer="ok",
        remedy="",
        next_at=0.0,
        budgets=(Budget("a", ended=(now,)),),
    )


def test_a_lane_without_work_is_not_claimed(outbox: Outbox) -> None:
    assert outbox.lanes.claim("robot", ["a", "b"], holder="t", now=100.0, lease=LEASE) is None
    assert outbox.lanes.claim("webhook", ["finance"], holder="t", now=100.0, lease=LEASE) is None


def test_a_held_lane_is_not_claimed_again(outbox: Outbox, deliver: Deliver) -> None:
    deliver("a")
    claim(outbox, "a", "b")
    assert outbox.lanes.claim("robot", ["a", "b"], holder="u", now=100.0 + LEASE - 0.1, lease=LEASE) is None


def test_many_threads_share_the_lanes_out(outbox: Outbox, deliver: Deliver) -> None:
    deliver("a", "b")
    with ThreadPoolExecutor(16) as pool:
        claims = list(
            pool.map(
                lambda n: outbox.lanes.claim("robot", ["a", "b"], holder=str(n), now=100.0, lease=LEASE), range(64)
            )
        )
    assert sorted(taken.lane_id for taken in claims if taken) == ["a", "b"]


def test_deliveries_wait_in_the_order_of_their_events(outbox: Outbox, deliver: Deliver) -> None:
    ids = [deliver("a")[0] for _ in range(5)]
    assert [waiting.id for waiting in outbox.lanes.waiting_deliveries("a", 10, now=100.0)] == ids
    assert [waiting.id for waiting in outbox.lanes.waiting_deliveries("a", 2, now=100.0)] == ids[:2]


def test_a_lane_that_was_not_given_back_is_taken_over(outbox: Outbox, deliver: Deliver) -> None:
    deliver("a")
    first = claim(outbox, "a")
    second = claim(outbox, "a", now=100.0 + LEASE)
    assert not first.taken_over
    assert second.taken_over


def test_a_lane_of_a_dead_holder_is_taken_over_at_once(outbox: Outbox, deliver: Deliver) -> None:
    deliver("a")
    first = claim(outbox, "a")
    assert outbox.lanes.holders() == [first.holder]
    outbox.lanes.end_leases([first.holder])
    assert claim(outbox, "a", now=100.1).taken_over


def test_who_lost_the_lease_settles_nothing(outbox: Outbox, deliver: Deliver) -> None:
    (delivery_id,) = deliver("a")
    late = claim(outbox, "a")
    claim(outbox, "a", now=100.0 + LEASE)
    with pytest.raises(LeaseLost):
        outbox.lanes.settle(late, settlement(delivery_id), lease=None)
    with pytest.raises(LeaseLost):
        outbox.lanes.release(late, next_at=0.0)
    assert [waiting.id for waiting in outbox.lanes.waiting_deliveries("a", 10, now=100.0)] == [delivery_id]
    assert outbox.history.attempts(delivery_id) == []


def test_what_is_settled_late_is_settled_and_the_lane_given_back(outbox: Outbox, deliver: Deliver) -> None:
    (delivery_id,), (next_id,) = deliver("a"), deliver("a")
    held = claim(outbox, "a")
    outbox.lanes.settle_late(held, settlement(delivery_id))
    assert [attempt.verdict for attempt in outbox.history.attempts(delivery_id)] == ["ok"]
    assert [waiting.id for waiting in outbox.lanes.waiting_deliveries("a", 10, now=101.0)] == [next_id]
    assert not claim(outbox, "a", now=102.0).taken_over


@pytest.mark.parametrize("lease", [None, LEASE])
def test_what_was_settled_after_all_is_not_settled_twice(outbox: Outbox, deliver: Deliver, lease: float | None) -> None:
    (delivery_id,), _ = deliver("a"), deliver("a")
    held = claim(outbox, "a")
    outbox.lanes.settle(held, settlement(delivery_id), lease=lease)
    outbox.lanes.settle_late(held, settlement(delivery_id))
    assert [attempt.verdict for attempt in outbox.history.attempts(delivery_id)] == ["ok"]
    (budget,) = claim(outbox, "a", now=102.0).budgets
    assert budget.ended == (101.0,)


def test_who_lost_the_lease_settles_nothing_late(outbox: Outbox, deliver: Deliver) -> None:
    (delivery_id,) = deliver("a")
    late = claim(outbox, "a")
    claim(outbox, "a", now=100.0 + LEASE)
    with pytest.raises(LeaseLost):
        outbox.lanes.settle_late(late, settlement(delivery_id))
    assert outbox.history.attempts(delivery_id) == []


def test_who_lost_a_webhooks_lease_hands_nothing_over(outbox: Outbox) -> None:
    event_id = outbox.record(arrival()).event_id
    late = outbox.lanes.claim("webhook", ["finance"], holder="t", now=100.0, lease=LEASE)
    assert late is not None
    assert outbox.lanes.claim("webhook", ["finance"], holder="u", now=100.0 + LEASE, lease=LEASE) is not None
    with pytest.raises(LeaseLost):
        outbox.lanes.hand_over(late, [HandledEvent(event_id, "handled", "silent", "[]")], now=120.0, window=0)
    record = outbox.history.event(event_id)
    assert record is not None
    assert record.state == "waiting"


def test_two_threads_of_one_process_hold_different_claims(outbox: Outbox, deliver: Deliver) -> None:
    (delivery_id,) = deliver("a")
    late = claim(outbox, "a", holder="same")
    claim(outbox, "a", holder="same", now=100.0 + LEASE)
    with pytest.raises(LeaseLost):
        outbox.lanes.settle(late, settlement(delivery_id), lease=None)


def test_a_settlement_extends_the_lease(outbox: Outbox, deliver: Deliver) -> None:
    (first,), _ = deliver("a"), deliver("a")
    held = claim(outbox, "a")
    outbox.lanes.settle(held, settlement(first, now=110.0), lease=LEASE)
    assert outbox.lanes.claim("robot", ["a"], holder="u", now=100.0 + LEASE, lease=LEASE) is None
    (budget,) = claim(outbox, "a", now=110.0 + LEASE).budgets
    assert budget.ended == (110.0,)


def test_a_lane_rests_until_it_may_go_on(outbox: Outbox, deliver: Deliver) -> None:
    (delivery_id,) = deliver("a")
    later = replace(settlement(delivery_id), state="waiting", verdict="throttled", next_at=700.0)
    outbox.lanes.settle(claim(outbox, "a"), later, lease=None)
    assert outbox.lanes.claim("robot", ["a"], holder="t", now=699.0, lease=LEASE) is None
    assert outbox.lanes.next_due("robot", ["a", "b"]) == 700.0
    assert claim(outbox, "a", now=700.0).lane_id == "a"


def test_a_ban_lets_every_lane_of_the_vendor_rest(outbox: Outbox, deliver: Deliver) -> None:
    first, _second = deliver("a", "b")
    banned = replace(settlement(first), state="waiting", next_at=700.0, whole_vendor=True)
    outbox.lanes.settle(claim(outbox, "a"), banned, lease=None)
    assert outbox.lanes.claim("robot", ["a", "b"], holder="t", now=699.0, lease=LEASE) is None
    assert claim(outbox, "b", now=700.0).lane_id == "b"


def test_a_lane_given_back_rests_no_shorter_for_it(outbox: Outbox, deliver: Deliver) -> None:
    """A ban that another lane's robot met while this lane was held is not forgotten when the lane is settled."""
    first, second = deliver("a", "b")
    deliver("b")
    held = claim(outbox, "b")
    banned = replace(settlement(first), state="waiting", next_at=700.0, whole_vendor=True)
    outbox.lanes.settle(claim(outbox, "a"), banned, lease=None)
    outbox.lanes.settle(held, settlement(second), lease=None)
    assert outbox.lanes.claim("robot", ["b"], holder="t", now=699.0, lease=LEASE) is None


def test_the_lane_that_rested_longest_is_claimed_first(outbox: Outbox, deliver: Deliver) -> None:
    first, second = deliver("a", "b")
    outbox.lanes.settle(claim(outbox, "a"), replace(settlement(first), state="waiting", next_at=102.0), lease=None)
    outbox.lanes.settle(claim(outbox, "b"), replace(settlement(second), state="waiting", next_at=101.0), lease=None)
    assert claim(outbox, "a", "b", now=110.0).lane_id == "b"


def test_lanes_of_others_are_left_alone(outbox: Outbox, deliver: Deliver) -> None:
    deliver("a", "b")
    assert claim(outbox, "b").lane_id == "b"
    assert outbox.lanes.claim("robot", ["b"], holder="t", now=100.0, lease=LEASE) is None


def test_a_robot_with_a_new_token_takes_what_waits_along(outbox: Outbox, deliver: Deliver) -> None:
    ids = [deliver("a")[0] for _ in range(3)]
    outbox.lanes.prepare({"new": ("robot", "ding_talk")}, {"finance.a": "new"})
    assert outbox.lanes.waiting_deliveries("a", 10, now=100.0) == []
    assert [waiting.id for waiting in outbox.lanes.waiting_deliveries("new", 10, now=100.0)] == ids


def test_deliveries_of_robots_that_are_gone_are_counted(outbox: Outbox, deliver: Deliver) -> None:
    deliver("a", "b")
    outbox.record(arrival(webhook_id="gone"))
    assert outbox.history.orphans(["finance"], ["a"]) == {"gone": 1, "finance.b": 1}
    assert outbox.history.orphans(["finance", "gone"], ["a", "b"]) == {}


def test_a_lane_with_much_to_do_does_not_keep_the_others_waiting(outbox: Outbox, deliver: Deliver) -> None:
    many = [deliver("a")[0] for _ in range(3)]
    (one,) = deliver("b")
    worked = []
    for turn, delivery_id in enumerate((many[0], one)):
        held = claim(outbox, "a", "b", now=101.0 + turn)
        worked.append(held.lane_id)
        outbox.lanes.settle(held, settlement(delivery_id, now=101.0 + turn), lease=None)
    assert sorted(worked) == ["a", "b"]


def test_the_history_tells_the_fate_of_each_delivery(outbox: Outbox, deliver: Deliver) -> None:
    first, second = deliver("a", "b")
    outbox.lanes.settle(claim(outbox, "a"), settlement(first), lease=None)
    buried = replace(settlement(second), state="buried", verdict="config", answer="no", remedy="do this")
    outbox.lanes.settle(claim(outbox, "b"), buried, lease=None)
    (record,) = outbox.history.events(1)
    assert [(one.robot, one.state, one.attempts) for one in record.deliveries] == [
        ("finance.a", "sent", 1),
        ("finance.b", "buried", 1),
    ]
    (attempt,) = outbox.history.attempts(second)
    assert (attempt.verdict, attempt.answer, attempt.remedy) == ("config", "no", "do this")
