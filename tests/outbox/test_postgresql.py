"""What many machines on one PostgreSQL need: to be woken, to agree about time and names, to outlive its restarts."""

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from storing import LEASE, arrival, postgresql_only

import postgres
from posthouse.core.errors import StoreUnavailable
from posthouse.outbox import HandledEvent, Kind, NewDelivery, Outbox, Token
from posthouse.outbox.postgresql import open_postgresql


@postgresql_only
def test_who_waits_is_woken_by_what_another_machine_stores(outbox: Outbox, url: str) -> None:
    other = Outbox.open(url)
    before, started = outbox.wait(0.0), time.monotonic()
    timer = threading.Timer(0.2, lambda: other.record(arrival()))
    timer.start()
    assert outbox.wait(20.0) != before
    assert time.monotonic() - started < 10.0
    timer.join()
    other.close()


@postgresql_only
def test_a_repeat_and_a_settled_attempt_wake_nobody(outbox: Outbox) -> None:
    outbox.record(arrival("key"))
    before = outbox.wait(0.0)
    while (now := outbox.wait(0.1)) != before:
        before = now
    outbox.record(arrival("key"))
    outbox.beat("one", started_at=1.0, now=2.0)
    assert outbox.wait(0.2) == before


@postgresql_only
def test_time_is_the_servers(outbox: Outbox) -> None:
    with outbox._engine.connect() as connection:
        (now,) = connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())::float").one()
    assert outbox.clock() == pytest.approx(now, abs=1.0)


@postgresql_only
def test_one_occurrence_that_two_workers_report_at_once_is_told_once(outbox: Outbox, url: str) -> None:
    """Transactions run side by side, and neither sees what the other has not committed."""
    workers = [outbox, Outbox.open(url)]
    for round_ in range(20):
        together = threading.Barrier(2)
        events = [outbox.record(arrival(webhook_id=f"hook-{side}")).event_id for side in range(2)]
        outbox.lanes.prepare({f"hook-{side}": ("webhook", "GITLAB") for side in range(2)}, {})

        def hand_over(
            side: int, events: list[int] = events, round_: int = round_, together: threading.Barrier = together
        ) -> None:
            claim = workers[side].lanes.claim("webhook", [f"hook-{side}"], holder=str(side), now=100.0, lease=LEASE)
            assert claim is not None
            new = NewDelivery("finance.a", "a", "k", "{}", occurrence=f"push {round_}")
            together.wait(10)
            done = [HandledEvent(events[side], "handled", "told", "[]", [new])]
            workers[side].lanes.hand_over(claim, done, now=100.0, window=300)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(hand_over, range(2)))
        states = sorted(one.state for event in outbox.history.events(2) for one in event.deliveries)
        assert states == ["repeated", "waiting"]
    workers[1].close()


@postgresql_only
def test_many_workers_share_the_lanes_out(outbox: Outbox, url: str) -> None:
    lanes = {f"hook-{number}": ("webhook", "GITLAB") for number in range(20)}
    outbox.lanes.prepare(lanes, {})  # type: ignore[arg-type]
    for webhook_id in lanes:
        outbox.record(arrival(webhook_id=webhook_id))
    workers = [Outbox.open(url) for _ in range(3)]

    def claim(number: int) -> str | None:
        taken = workers[number % 3].lanes.claim("webhook", lanes, holder=str(number), now=100.0, lease=LEASE)
        return taken.lane_id if taken else None

    with ThreadPoolExecutor(12) as pool:
        taken = [lane for lane in pool.map(claim, range(60)) if lane]
    assert sorted(taken) == sorted(lanes)
    for worker in workers:
        worker.close()


def test_a_restart_of_the_server_costs_a_reconnection(caplog: pytest.LogCaptureFixture) -> None:
    with postgres.running(durable=True) as server:
        outbox = Outbox.open(server.new_database())
        outbox.record(arrival("before"))
        assert outbox.wait(0.0) == outbox.wait(0.0)
        server.stop("immediate")
        with pytest.raises(StoreUnavailable, match="the database failed"):
            outbox.record(arrival("meanwhile"))
        with pytest.raises(StoreUnavailable, match="the database failed"):
            outbox.wait(0.1)
        assert outbox.clock() == pytest.approx(time.time(), abs=5.0)
        server.start()
        heard = outbox.wait(0.1)
        assert not outbox.record(arrival("meanwhile")).repeat
        assert outbox.wait(5.0) != heard
        assert [event.key for event in outbox.history.events(10)] == ["meanwhile", "before"]
        outbox.close()
    # What it costs is said by whoever is told, once, and not by the pool of connections with a traceback each.
    assert not caplog.records


def test_who_starts_before_the_server_waits_for_it() -> None:
    with postgres.running(durable=True) as server:
        url = server.new_database()
        server.stop()
        with pytest.raises(StoreUnavailable):
            Outbox.open(url)
        starter = threading.Timer(1.0, server.start)
        starter.start()
        outbox = Outbox.open(url, wait=True)
        starter.join()
        assert not outbox.record(arrival("first")).repeat
        outbox.close()


def test_a_connection_that_broke_while_it_rested_is_replaced_unnoticed(server: postgres.Server) -> None:
    engine = open_postgresql(server.new_database(), trusted=0.0)
    with engine.connect() as first, engine.connect() as second:
        broken = [one.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() for one in (first, second)]
    with psycopg.connect(server.url(), autocommit=True) as other:
        for backend in broken:
            other.execute("SELECT pg_terminate_backend(%s, 10000)", [backend])
    with engine.connect() as first, engine.connect() as second:
        for one in (first, second):
            assert one.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() not in broken
    engine.dispose()


@postgresql_only
def test_a_connection_that_breaks_while_it_is_busy_costs_one_transaction_at_most(outbox: Outbox, url: str) -> None:
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                      " AND datname = current_database()")  # fmt: skip
    with contextlib.suppress(StoreUnavailable):
        outbox.record(arrival("meanwhile"))
    assert not outbox.record(arrival("afterwards")).repeat


def test_a_server_that_is_not_there_is_said_without_the_password() -> None:
    with pytest.raises(StoreUnavailable, match=r"refused|failed") as caught:
        Outbox.open("postgresql://me:very-secret@127.0.0.1:1/nowhere")
    assert "very-secret" not in str(caught.value)


@postgresql_only
def test_names_with_null_characters_are_stored(outbox: Outbox) -> None:
    recorded = outbox.record(arrival("key", body=b'{"a": "\\u0000"}\x00'))
    record = outbox.history.event(recorded.event_id)
    assert record is not None
    assert record.bytes == 16


@postgresql_only
def test_processes_that_start_at_once_make_their_lanes_once(outbox: Outbox, url: str) -> None:
    workers = [Outbox.open(url) for _ in range(4)]
    lanes: dict[str, tuple[Kind, str]] = {f"hook-{number}": ("webhook", "GITLAB") for number in range(30)}
    tokens = [Token(f"t{number}", f"hook-{number}", "ding_talk", "1") for number in range(30)]
    together = threading.Barrier(4)

    def prepare(worker: Outbox) -> None:
        together.wait(10)
        worker.lanes.prepare(lanes, {}, tokens)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(prepare, workers))
    assert outbox.history.budgets().keys() >= {token.token for token in tokens}
    for worker in workers:
        worker.close()
