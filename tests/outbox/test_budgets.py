"""What was sent with each token is kept with what is settled, and outlives restarts and other settings."""

from collections.abc import Callable
from dataclasses import replace

from storing import LEASE

from posthouse.core.budget import Budget, Circuit
from posthouse.outbox import Claim, Outbox, Settlement, Token

Deliver = Callable[..., list[int]]
USED = Budget("a", ended=(90.0, 100.0), rest_until=700.0, failures=2, month="2026-11", used=7, warned=True)
OPEN = replace(USED, circuit=Circuit(100.0, "no such token", "copy it again"))


def settled(outbox: Outbox, delivery_id: int, budget: Budget, **more: object) -> None:
    claim = taken(outbox)
    values = {
        "deliveries": (delivery_id,),
        "state": "waiting",
        "form": 0,
        "bounded_failures": 0,
        "started_at": 100.0,
        "finished_at": 100.0,
        "verdict": "config",
        "answer": "no",
        "remedy": "",
        "next_at": budget.rest_until,
        "budgets": (budget,),
    }
    outbox.lanes.settle(claim, Settlement(**values | more), lease=None)  # type: ignore[arg-type]


def taken(outbox: Outbox, *, now: float = 100.0) -> Claim:
    claim = outbox.lanes.claim("robot", ["a"], holder="t", now=now, lease=LEASE)
    assert claim is not None
    return claim


def test_a_budget_is_there_for_who_claims_the_lane_next(outbox: Outbox, deliver: Deliver) -> None:
    (delivery_id,) = deliver("a")
    for budget in (USED, OPEN):
        settled(outbox, delivery_id, replace(budget, rest_until=0.0))
        assert outbox.history.budgets()["a"] == replace(budget, rest_until=0.0)
    assert taken(outbox).budgets == (replace(OPEN, rest_until=0.0),)


def test_other_settings_close_a_circuit_and_forget_nothing_else(outbox: Outbox, deliver: Deliver) -> None:
    settled(outbox, deliver("a")[0], OPEN)
    outbox.lanes.prepare({}, {}, [Token("a", "a", "ding_talk", settings="1")])
    assert outbox.history.budgets()["a"] == OPEN
    outbox.lanes.prepare({}, {}, [Token("a", "a", "ding_talk", settings="2")])
    assert outbox.history.budgets()["a"] == replace(OPEN, circuit=None, failures=0, rest_until=0.0)
    assert taken(outbox).lane_id == "a"


def test_other_settings_do_not_end_a_vendors_penalty(outbox: Outbox, deliver: Deliver) -> None:
    settled(outbox, deliver("a")[0], USED)
    outbox.lanes.prepare({}, {}, [Token("a", "a", "ding_talk", settings="2")])
    assert taken(outbox, now=699.0).budgets == (USED,)


def test_a_ban_reaches_the_budget_of_every_token_of_the_vendor(outbox: Outbox, deliver: Deliver) -> None:
    settled(outbox, deliver("a")[0], USED, whole_vendor=True)
    assert outbox.history.budgets()["b"].rest_until == 700.0


def test_the_oldest_of_too_much_is_given_up_and_can_be_replayed(outbox: Outbox, deliver: Deliver) -> None:
    ids = [deliver("a")[0] for _ in range(5)]
    settled(outbox, ids[0], OPEN, keep=3)
    states = {one.id: one.state for record in outbox.history.events(10) for one in record.deliveries}
    assert [states[which] for which in ids] == ["buried"] * 2 + ["waiting"] * 3
    replayed = outbox.replay(None)
    assert (replayed.deliveries, replayed.robots) == (2, 1)
    assert [waiting.id for waiting in outbox.lanes.waiting_deliveries("a", 10, now=100.0)] == ids


def test_the_history_says_why_a_lane_stands_still(outbox: Outbox, deliver: Deliver) -> None:
    first, _other = deliver("a", "b")
    settled(outbox, first, OPEN)
    (record,) = outbox.history.events(1)
    assert [one.circuit for one in record.deliveries] == [OPEN.circuit, None]
