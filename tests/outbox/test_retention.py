"""What is older than it is kept goes, and nothing else: in small steps, and with the room that it took."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import text
from storing import LEASE, arrival

from posthouse.core.budget import Budget
from posthouse.core.event import Memory
from posthouse.outbox import HandledEvent, Kept, NewDelivery, Outbox, Settlement
from posthouse.outbox.retention import BYTES, MONTH, ROWS, _delete

DAY = 86_400.0
#: When events come in unless a test says otherwise, as `conftest.arrival` has it, and when they are looked at.
THEN = 100.0
NOW = THEN + 90 * DAY
ALL_OLD = Kept(events=NOW, bodies=NOW)
FOR_EVER = Kept(events=0.0, bodies=0.0)
LANES, TOKENS = ("finance", "a", "b"), ("a", "b")


def tidy(
    outbox: Outbox,
    kept: Kept = ALL_OLD,
    *,
    lanes: Sequence[str] = LANES,
    tokens: Sequence[str] = TOKENS,
    now: float = NOW,
) -> int:
    """Tidy up to the end; return in how many steps."""
    return sum(1 for _ in outbox.retention.tidy(kept, lanes=lanes, tokens=tokens, now=now))


def take_in(
    outbox: Outbox, count: int = 1, *, at: float = THEN, body: bytes = b'{"a": 1}', to: str = "finance"
) -> list[int]:
    return [outbox.record(replace(arrival(body=body, webhook_id=to), received_at=at)).event_id for _ in range(count)]


def handle(
    outbox: Outbox,
    *lanes: str,
    state: Literal["handled", "failed"] = "handled",
    memory: Memory | None = None,
    at: float = THEN,
) -> None:
    """Handle everything that waits of one webhook, with a delivery of each event for each named lane."""
    while claim := outbox.lanes.claim("webhook", ["finance"], holder="t", now=at, lease=LEASE):
        done = [
            HandledEvent(
                stored.id,
                state,
                "told",
                "[]",
                [
                    NewDelivery(robot=f"finance.{lane}", lane_id=lane, idempotency_key="k", message="{}")
                    for lane in lanes
                ],
                memory,
            )
            for stored in outbox.lanes.waiting_events("finance", 1000)
        ]
        outbox.lanes.hand_over(claim, done, now=at, window=0)


def deliver(
    outbox: Outbox, lane_id: str, state: Literal["sent", "buried", "waiting"] = "sent", *, next_at: float = 0
) -> None:
    """Make one attempt for the first delivery that waits in a lane."""
    claim = outbox.lanes.claim("robot", [lane_id], holder="t", now=NOW, lease=LEASE)
    assert claim is not None
    (first,) = outbox.lanes.waiting_deliveries(lane_id, 1, now=NOW)
    settled = Settlement(
        deliveries=[first.id], state=state, form=0, bounded_failures=0, started_at=THEN, finished_at=THEN,
        verdict="ok", answer="ok", remedy="", next_at=next_at, budgets=[Budget(lane_id)],
    )  # fmt: skip
    outbox.lanes.settle(claim, settled, lease=None)


def kept_events(outbox: Outbox) -> list[int]:
    return [record.id for record in reversed(outbox.history.events(10_000))]


def count(outbox: Outbox, table: str) -> int:
    with outbox._reads.connect() as connection:
        return connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0  # noqa: S608


def body(outbox: Outbox, event_id: int) -> tuple[str, str, bytes]:
    with outbox._reads.connect() as connection:
        row = connection.execute(text(f"SELECT headers, query, body FROM event WHERE id = {event_id}")).one()  # noqa: S608
    return row.headers, row.query, bytes(row.body)


def test_an_old_event_goes_with_its_deliveries_and_attempts(outbox: Outbox) -> None:
    take_in(outbox)
    handle(outbox, "a", "b")
    deliver(outbox, "a")
    deliver(outbox, "b", "buried")
    assert [count(outbox, table) for table in ("event", "delivery", "attempt")] == [1, 2, 2]
    tidy(outbox)
    assert [count(outbox, table) for table in ("event", "delivery", "attempt")] == [0, 0, 0]


def test_what_came_since_is_kept_as_it_came(outbox: Outbox) -> None:
    (old,), (new,) = take_in(outbox, at=THEN), take_in(outbox, at=THEN + 1)
    handle(outbox, "a")
    deliver(outbox, "a")
    deliver(outbox, "a")
    before = outbox.history.event(new)
    tidy(outbox, Kept(events=THEN + 1, bodies=THEN + 1))
    assert kept_events(outbox) == [new]
    assert outbox.history.event(new) == before
    assert outbox.history.event(old) is None


def test_for_ever_is_for_ever(outbox: Outbox) -> None:
    (event_id,) = take_in(outbox)
    handle(outbox, memory=Memory("topic", "value"))
    tidy(outbox, FOR_EVER, lanes=(), tokens=())
    assert body(outbox, event_id)[2] == b'{"a": 1}'
    assert outbox.recall("finance", "topic") == "value"
    assert [count(outbox, table) for table in ("lane", "budget")] == [3, 2]


def test_what_waits_is_kept_with_its_body(outbox: Outbox) -> None:
    (event_id,) = take_in(outbox)
    tidy(outbox)
    assert body(outbox, event_id)[2] == b'{"a": 1}'
    assert [stored.id for stored in outbox.lanes.waiting_events("finance", 10)] == [event_id]


def test_an_event_is_kept_while_a_delivery_of_it_waits(outbox: Outbox) -> None:
    (event_id,) = take_in(outbox)
    handle(outbox, "a", "b")
    deliver(outbox, "a")
    tidy(outbox)
    assert kept_events(outbox) == [event_id]
    assert [delivery.event_id for delivery in outbox.lanes.waiting_deliveries("b", 10, now=NOW)] == [event_id]
    deliver(outbox, "b")
    tidy(outbox)
    assert kept_events(outbox) == []


def test_a_body_goes_with_headers_and_query_before_the_event(outbox: Outbox) -> None:
    (event_id,) = take_in(outbox)
    handle(outbox, "a")
    assert body(outbox, event_id) == ('{"x-gitlab-event": "Push Hook"}', "{}", b'{"a": 1}')
    tidy(outbox, Kept(events=0.0, bodies=NOW))
    assert body(outbox, event_id) == ("{}", "{}", b"")
    record = outbox.history.event(event_id)
    assert record is not None
    assert (record.emptied_at, record.state, len(record.deliveries)) == (NOW, "handled", 1)


def test_a_delivery_outlives_the_body_and_can_be_replayed(outbox: Outbox) -> None:
    (event_id,) = take_in(outbox)
    handle(outbox, "a")
    deliver(outbox, "a", "buried")
    tidy(outbox, Kept(events=0.0, bodies=NOW))
    assert outbox.replay([event_id]).deliveries == 1
    assert [delivery.message for delivery in outbox.lanes.waiting_deliveries("a", 10, now=NOW)] == ["{}"]


def test_a_failed_event_keeps_its_body_and_can_be_replayed(outbox: Outbox) -> None:
    (event_id,) = take_in(outbox)
    handle(outbox, state="failed")
    tidy(outbox, Kept(events=0.0, bodies=NOW))
    assert outbox.replay([event_id]).events == 1
    assert [stored.body for stored in outbox.lanes.waiting_events("finance", 10)] == [b'{"a": 1}']


def test_a_failed_event_goes_with_its_body_in_the_end(outbox: Outbox) -> None:
    take_in(outbox)
    handle(outbox, state="failed")
    tidy(outbox)
    assert kept_events(outbox) == []


def test_an_event_that_was_replayed_meanwhile_is_kept(outbox: Outbox) -> None:
    failed, buried = take_in(outbox, 2)
    claim = outbox.lanes.claim("webhook", ["finance"], holder="t", now=THEN, lease=LEASE)
    assert claim is not None
    new = NewDelivery(robot="finance.a", lane_id="a", idempotency_key="k", message="{}")
    done = [HandledEvent(failed, "failed", "error", "[]"), HandledEvent(buried, "handled", "told", "[]", [new])]
    outbox.lanes.hand_over(claim, done, now=THEN, window=0)
    deliver(outbox, "a", "buried")
    outbox.replay(None)
    outbox._commit.run(partial(_delete, [failed, buried]))
    assert kept_events(outbox) == [failed, buried]


def test_what_is_stored_anew_gets_a_number_of_its_own(outbox: Outbox) -> None:
    first = outbox.record(arrival("key"))
    handle(outbox)
    tidy(outbox)
    again = outbox.record(arrival("key"))
    assert not again.repeat
    assert again.event_id > first.event_id


def test_an_emptied_event_still_tells_repeats(outbox: Outbox) -> None:
    first = outbox.record(arrival("key"))
    handle(outbox)
    tidy(outbox, Kept(events=0.0, bodies=NOW))
    again = outbox.record(arrival("key"))
    assert (again.repeat, again.event_id) == (True, first.event_id)


def test_bodies_that_are_gone_are_not_looked_at_as_they_came_in(outbox: Outbox) -> None:
    (old,), (new,) = take_in(outbox), take_in(outbox, at=NOW)
    handle(outbox)
    tidy(outbox, Kept(events=0.0, bodies=NOW))
    assert kept_events(outbox) == [old, new]
    assert [stored.id for stored in outbox.history.stored(10)] == [new]


def test_many_go_in_steps_that_are_bounded_in_rows(outbox: Outbox) -> None:
    take_in(outbox, 2 * ROWS + 1)
    handle(outbox)
    steps = outbox.retention.tidy(ALL_OLD, lanes=LANES, tokens=TOKENS, now=NOW)
    left = [count(outbox, "event") for _ in steps]
    assert left[:3] == [ROWS + 1, 1, 0]


def test_large_bodies_go_in_steps_that_are_bounded_in_bytes(outbox: Outbox) -> None:
    take_in(outbox, 3, body=b"x" * (BYTES // 2))
    take_in(outbox, 1, body=b"x" * (BYTES + 1))
    handle(outbox)
    steps = outbox.retention.tidy(ALL_OLD, lanes=LANES, tokens=TOKENS, now=NOW)
    assert [count(outbox, "event") for _ in steps][:3] == [2, 1, 0]


def test_what_is_kept_by_what_waits_is_passed_over(outbox: Outbox) -> None:
    waiting = take_in(outbox, ROWS + 1)
    handle(outbox, "a")
    take_in(outbox, 5, at=THEN + 1)
    handle(outbox)
    tidy(outbox)
    assert kept_events(outbox) == waiting


def test_tidying_can_be_left_at_any_step(outbox: Outbox) -> None:
    take_in(outbox, ROWS + 1)
    handle(outbox)
    next(outbox.retention.tidy(ALL_OLD, lanes=LANES, tokens=TOKENS, now=NOW))
    assert count(outbox, "event") == 1
    assert not outbox.record(arrival("key")).repeat
    tidy(outbox)
    assert [record.key for record in outbox.history.events(10)] == ["key"]


def test_two_may_tidy_at_the_same_time(outbox: Outbox, url: str) -> None:
    take_in(outbox, 2 * ROWS)
    handle(outbox, "a")
    for _ in range(2 * ROWS - 1):
        deliver(outbox, "a")
    other = Outbox.open(url)
    both = [one.retention.tidy(ALL_OLD, lanes=LANES, tokens=TOKENS, now=NOW) for one in (outbox, other)]
    while [steps for steps in both if next(steps, "over") != "over"]:
        pass
    other.close()
    assert [count(outbox, table) for table in ("event", "delivery", "attempt")] == [1, 1, 0]


def test_what_handlers_remember_goes_when_nothing_came_about_it_since(outbox: Outbox) -> None:
    take_in(outbox)
    handle(outbox, memory=Memory("old", "1"), at=THEN)
    take_in(outbox)
    handle(outbox, memory=Memory("new", "2"), at=NOW)
    tidy(outbox)
    assert (outbox.recall("finance", "old"), outbox.recall("finance", "new")) == (None, "2")


def test_much_that_handlers_remember_goes_in_steps(outbox: Outbox) -> None:
    for number in range(ROWS + 1):
        take_in(outbox)
        handle(outbox, memory=Memory(f"topic {number}", ""))
    kept = Kept(events=THEN + 1, bodies=0.0)
    steps = outbox.retention.tidy(kept, lanes=LANES, tokens=TOKENS, now=NOW)
    assert 1 in [count(outbox, "memory") for _ in steps]
    assert count(outbox, "memory") == 0


def lanes(outbox: Outbox) -> set[str]:
    with outbox._reads.connect() as connection:
        return {*connection.scalars(text("SELECT id FROM lane"))}


def test_a_lane_that_nobody_names_is_forgotten_after_as_long_as_events_are_kept(outbox: Outbox) -> None:
    for day in range(0, 31, 10):
        tidy(outbox, Kept(events=(day - 30) * DAY, bodies=0.0), lanes=["finance", "a"], tokens=["a"], now=day * DAY)
        assert lanes(outbox) == {"finance", "a", "b"}
    tidy(outbox, Kept(events=2 * DAY, bodies=0.0), lanes=["finance", "a"], tokens=["a"], now=32 * DAY)
    assert lanes(outbox) == {"finance", "a"}
    assert {*outbox.history.budgets()} == {"a"}


def test_a_lane_that_another_worker_names_is_kept(outbox: Outbox) -> None:
    for day in range(0, 100, 7):
        for named in (["finance", "a"], ["finance", "b"]):
            kept = Kept(events=(day - 30) * DAY, bodies=0.0)
            tidy(outbox, kept, lanes=named, tokens=named, now=day * DAY)
    assert lanes(outbox) == {"finance", "a", "b"}
    assert {*outbox.history.budgets()} == {"a", "b"}


def test_a_lane_that_something_waits_in_is_kept(outbox: Outbox) -> None:
    take_in(outbox)
    handle(outbox, "b")
    take_in(outbox)
    tidy(outbox, lanes=(), tokens=(), now=NOW)
    tidy(outbox, Kept(events=NOW + 10 * DAY, bodies=0.0), lanes=(), tokens=(), now=NOW + 20 * DAY)
    assert lanes(outbox) == {"finance", "b"}


def test_what_was_used_of_a_month_outlives_short_keeping(outbox: Outbox) -> None:
    tidy(outbox, Kept(events=NOW - DAY, bodies=0.0), tokens=(), now=NOW)
    later = NOW + MONTH - DAY
    tidy(outbox, Kept(events=later - DAY, bodies=0.0), tokens=(), now=later)
    assert {*outbox.history.budgets()} == {"a", "b"}
    later = NOW + MONTH + DAY
    tidy(outbox, Kept(events=later - DAY, bodies=0.0), tokens=(), now=later)
    assert {*outbox.history.budgets()} == set()


@pytest.fixture
def statements(outbox: Outbox) -> Iterator[list[tuple[str, Any]]]:
    """Everything that the outbox asks its database, with the parameters."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    sqlalchemy_event.listen(outbox._engine, "before_cursor_execute", note)
    yield asked
    sqlalchemy_event.remove(outbox._engine, "before_cursor_execute", note)


def test_whatever_tidying_asks_about_events_is_answered_by_an_index(
    outbox: Outbox, url: str, statements: list[tuple[str, Any]]
) -> None:
    take_in(outbox, 3)
    handle(outbox, "a", memory=Memory("topic", "value"))
    deliver(outbox, "a")
    statements.clear()
    tidy(outbox, Kept(events=NOW, bodies=NOW))
    asked = [one for one in statements if any(table in one[0] for table in ("event", "delivery", "memory"))]
    plans = [plan(outbox, *one) for one in asked]
    assert {index for index in ("event_settled", "event_with_body", "memory_remembered") if index in str(plans)} == {
        "event_settled", "event_with_body", "memory_remembered"
    }  # fmt: skip
    for (statement, _), found in zip(asked, plans, strict=True):
        for table in ("event", "delivery", "memory", "attempt"):
            scans = (f"SCAN {table}'", f"SCAN {table} USING", f"Seq Scan on {table}")
            assert not any(scan in found.replace(",", "'") for scan in scans), (statement, found)


def plan(outbox: Outbox, statement: str, parameters: Any) -> str:
    """Return how the database finds what a statement asks for, as if there were much of everything."""
    with outbox._engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")
            connection.exec_driver_sql("SET enable_sort = off")
        explain = "EXPLAIN" if connection.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
        return str(connection.exec_driver_sql(f"{explain} {statement}", parameters).all())
