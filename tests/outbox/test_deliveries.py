"""Nobody hears of one occurrence twice, and what is held back gives way to what says more."""

from collections.abc import Callable

import pytest
from storing import LEASE, arrival

from posthouse.outbox import DeliveryRecord, HandledEvent, NewDelivery, Outbox, Settlement

WINDOW = 300.0
#: Stores one event with one delivery, of which anything may be given, and returns its record.
Tell = Callable[..., DeliveryRecord]


@pytest.fixture
def tell(outbox: Outbox) -> Tell:
    def told(*, now: float = 100.0, lane: str = "a", window: float = WINDOW, **more: object) -> DeliveryRecord:
        event_id = outbox.record(arrival()).event_id
        hand_over(outbox, {event_id: [new(lane, **more)]}, now=now, window=window)
        return only(outbox, event_id)

    return told


def new(lane: str = "a", **more: object) -> NewDelivery:
    values = {"robot": f"finance.{lane}", "lane_id": lane, "idempotency_key": "k", "message": "{}"}
    return NewDelivery(**(values | more))  # type: ignore[arg-type]


def hand_over(
    outbox: Outbox, deliveries: dict[int, list[NewDelivery]], *, now: float = 100.0, window: float = WINDOW
) -> None:
    claim = outbox.lanes.claim("webhook", ["finance"], holder="t", now=now, lease=LEASE)
    assert claim is not None
    handled = [HandledEvent(event_id, "handled", "told", "[]", made) for event_id, made in deliveries.items()]
    outbox.lanes.hand_over(claim, handled, now=now, window=window)


def only(outbox: Outbox, event_id: int) -> DeliveryRecord:
    record = outbox.history.event(event_id)
    assert record is not None
    (delivery,) = record.deliveries
    return delivery


def waiting(outbox: Outbox, *, now: float = 100.0) -> list[int]:
    return [delivery.event_id for delivery in outbox.lanes.waiting_deliveries("a", 10, now=now)]


def test_the_same_occurrence_is_told_to_a_lane_once(outbox: Outbox, tell: Tell) -> None:
    first, second = tell(occurrence="push 1"), tell(occurrence="push 1", now=100.0 + WINDOW)
    assert (second.state, second.told_by) == ("repeated", first.event_id)
    assert waiting(outbox) == [first.event_id]


def test_another_occurrence_another_lane_and_no_occurrence_are_told(outbox: Outbox, tell: Tell) -> None:
    tell(occurrence="push 1")
    told = [tell(occurrence="push 2"), tell(occurrence="push 1", lane="b"), tell(), tell()]
    assert [delivery.state for delivery in told] == ["waiting"] * 4


def test_an_occurrence_is_told_again_after_the_window(tell: Tell) -> None:
    tell(occurrence="push 1")
    assert tell(occurrence="push 1", now=100.1 + WINDOW).state == "waiting"


def test_a_repeat_does_not_prolong_the_window(tell: Tell) -> None:
    first = tell(occurrence="push 1")
    assert tell(occurrence="push 1", now=200.0).told_by == first.event_id
    assert tell(occurrence="push 1", now=100.1 + WINDOW).state == "waiting"


def test_without_a_window_everything_is_told(tell: Tell) -> None:
    assert [tell(occurrence="push 1", window=0.0).state for _ in range(2)] == ["waiting"] * 2


def test_what_was_given_up_does_not_count_as_told(outbox: Outbox, tell: Tell) -> None:
    first = tell(occurrence="push 1")
    claim = outbox.lanes.claim("robot", ["a"], holder="t", now=100.0, lease=LEASE)
    assert claim is not None
    outbox.lanes.settle(
        claim,
        Settlement(
            deliveries=(first.id,),
            state="buried",
            form=0,
            bounded_failures=0,
            started_at=100.0,
            finished_at=101.0,
            verdict="message",
            answer="refused",
            remedy="",
            next_at=0.0,
            budgets=(),
        ),
        lease=None,
    )
    assert tell(occurrence="push 1", now=102.0).state == "waiting"


def test_repeats_are_found_among_events_that_are_handled_together(outbox: Outbox) -> None:
    ids = [outbox.record(arrival()).event_id for _ in range(3)]
    hand_over(outbox, {event_id: [new(occurrence="push 1")] for event_id in ids})
    assert [only(outbox, event_id).state for event_id in ids] == ["waiting", "repeated", "repeated"]
    assert [only(outbox, event_id).told_by for event_id in ids] == [None, ids[0], ids[0]]


def test_two_robots_with_one_token_hear_of_it_once(outbox: Outbox) -> None:
    event_id = outbox.record(arrival()).event_id
    hand_over(outbox, {event_id: [new(occurrence="push 1"), new(occurrence="push 1", robot="finance.too")]})
    record = outbox.history.event(event_id)
    assert record is not None
    assert [delivery.state for delivery in record.deliveries] == ["waiting", "repeated"]


def test_what_is_held_back_is_not_due_yet(outbox: Outbox, tell: Tell) -> None:
    held = tell(hold=60.0, burst="page 1")
    assert (held.state, held.due_at) == ("waiting", 160.0)
    assert waiting(outbox, now=159.0) == []
    assert outbox.lanes.claim("robot", ["a"], holder="t", now=159.0, lease=LEASE) is None
    assert outbox.lanes.next_due("robot", ["a"]) == 160.0
    assert waiting(outbox, now=160.0) == [held.event_id]
    assert outbox.lanes.claim("robot", ["a"], holder="t", now=160.0, lease=LEASE) is not None


def test_what_is_held_back_does_not_hold_up_others(outbox: Outbox, tell: Tell) -> None:
    tell(hold=60.0, burst="page 1")
    other = tell()
    assert waiting(outbox) == [other.event_id]
    assert outbox.lanes.next_due("robot", ["a"]) == 0.0, "at once"


def test_a_later_message_takes_the_place_of_one_that_is_held_back(outbox: Outbox, tell: Tell) -> None:
    first = tell(hold=60.0, burst="page 1")
    second = tell(hold=60.0, burst="page 1", now=130.0)
    assert second.due_at == first.due_at, "a burst without end must be told some day"
    first = only(outbox, first.event_id)
    assert (first.state, first.told_by) == ("superseded", second.event_id)
    assert waiting(outbox, now=160.0) == [second.event_id]


def test_a_message_that_is_not_held_back_takes_the_place_at_once(outbox: Outbox, tell: Tell) -> None:
    bare = tell(hold=5.0, burst="comment 1", occurrence="comment 1")
    whole = tell(burst="comment 1", occurrence="comment 1", now=101.0)
    assert only(outbox, bare.event_id).state == "superseded"
    assert waiting(outbox, now=101.0) == [whole.event_id]


def test_a_poorer_message_that_comes_later_is_a_repeat(outbox: Outbox, tell: Tell) -> None:
    whole = tell(burst="comment 1", occurrence="comment 1")
    bare = tell(hold=5.0, burst="comment 1", occurrence="comment 1", now=101.0)
    assert (bare.state, bare.told_by) == ("repeated", whole.event_id)


def test_what_is_due_does_not_give_way_any_more(outbox: Outbox, tell: Tell) -> None:
    first = tell(hold=60.0, burst="page 1")
    second = tell(hold=60.0, burst="page 1", now=160.0)
    assert only(outbox, first.event_id).state == "waiting"
    assert second.due_at == 220.0


def test_a_burst_is_folded_among_events_that_are_handled_together(outbox: Outbox) -> None:
    ids = [outbox.record(arrival()).event_id for _ in range(3)]
    hand_over(outbox, {event_id: [new(hold=60.0, burst="page 1")] for event_id in ids})
    assert [only(outbox, event_id).state for event_id in ids] == ["superseded", "superseded", "waiting"]
    assert [only(outbox, event_id).told_by for event_id in ids] == [ids[1], ids[2], None]


def test_bursts_in_two_lanes_have_nothing_to_do_with_each_other(tell: Tell) -> None:
    assert tell(hold=60.0, burst="page 1").state == "waiting"
    assert tell(hold=60.0, burst="page 1", lane="b").state == "waiting"
