"""What is slower with a million events and deliveries in the tables, a tenth of them waiting, than with a few thousand.

Full and nearly empty tables are asked in turn, so that whatever disturbs the machine disturbs both.
"""

import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import text

from load import Pushes
from posthouse.outbox import Arrival, Outbox
from stack import Row, Server, fresh, postgresql, progress, table

MANY = 1_000_000
FEW = 5_000
LANES = tuple(f"lane-{number}" for number in range(50))
TIMES = 400
#: How much slower what is called often, or by people, may be.
MOST = 1.10
WITH_AIM = frozenset({"accept", "claim a lane and give it back", "list 50 events", "explain one"})
#: Something without order, as senders' ids are.
RANDOM = {"sqlite": "hex(randomblob(16))", "postgresql": "md5(random()::text)"}
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
WAITS = "CASE WHEN i > :count * 0.9 THEN 'waiting' ELSE '{done}' END"
EVENTS = """
{numbers} INSERT INTO event
(webhook_id, name, key, received_at, verified, headers, query, body, state, outcome, handled_at, trace)
SELECT 'hook', 'Push Hook', {random}, 1.0e9 + i, 'the secret token is right', '{{}}', '{{}}', :body,
{handled}, 'told', 1.0e9 + i, :trace FROM n
"""
DELIVERIES = """
{numbers} INSERT INTO delivery
(event_id, robot, lane_id, idempotency_key, message, occurrence, attempts, state, created_at, settled_at)
SELECT i, 'robot-' || (i % 50), 'lane-' || (i % 50), {random}, :message, {random}, 1,
{sent}, 1.0e9 + i, 1.0e9 + i FROM n
"""
ATTEMPTS = """
{numbers} INSERT INTO attempt (delivery_id, started_at, finished_at, verdict, answer, remedy)
SELECT i, 1.0e9 + i, 1.0e9 + i, 'ok', 'ok', '' FROM n WHERE i <= :count * 0.9
"""
VALUES = {"body": b"{}" * 100, "trace": "[]", "message": '{"title": "pushed to main"}' * 20}


@dataclass
class Book:
    """A filled outbox, and what is asked of it."""

    outbox: Outbox
    count: int
    body: bytes


def accept(book: Book) -> None:
    now = time.time()
    book.outbox.record(Arrival("hook", "Push Hook", uuid.uuid4().hex, now, "ok", {}, {}, book.body))


def claim(book: Book) -> None:
    now = time.time()
    claim = book.outbox.lanes.claim("robot", LANES, holder="bench", now=now, lease=30.0)
    assert claim is not None
    book.outbox.lanes.release(claim, next_at=now)


def next_due(book: Book) -> None:
    assert book.outbox.lanes.next_due("robot", LANES) is not None


def take(book: Book) -> None:
    assert len(book.outbox.lanes.waiting_deliveries("lane-7", 10, now=time.time())) == 10


def events(book: Book) -> None:
    assert len(book.outbox.history.events(50)) == 50


def explain(book: Book) -> None:
    record = book.outbox.history.event(book.count // 2)
    assert record is not None
    book.outbox.history.attempts(record.deliveries[0].id)


ASKED: dict[str, Callable[[Book], None]] = {
    "accept": accept,
    "claim a lane and give it back": claim,
    "when is anything due": next_due,
    "take 10 deliveries": take,
    "list 50 events": events,
    "explain one": explain,
}


def rows() -> Iterator[Row]:
    with postgresql() as server:
        for name, database in (("SQLite", None), ("PostgreSQL", server)):
            yield from _compared(name, database)


def _compared(name: str, server: Server | None) -> Iterator[Row]:
    with fresh(server) as (_, large), fresh(server) as (_, small):
        few, many = _filled(name, small, FEW), _filled(name, large, MANY)
        for what, ask in ASKED.items():
            progress(f"{what}: {name}")
            times: dict[int, list[float]] = {FEW: [], MANY: []}
            for _ in range(TIMES):
                for book in (few, many):
                    began_at = time.perf_counter()
                    ask(book)
                    times[book.count].append((time.perf_counter() - began_at) * 1000)
            yield _row(name, what, sorted(times[FEW]), sorted(times[MANY]))
        for book in (few, many):
            book.outbox.close()


def _row(name: str, what: str, few: list[float], many: list[float]) -> Row:
    ratio = statistics.median(many) / statistics.median(few)
    aim = f"<= {MOST:.2f}: {'yes' if round(ratio, 2) <= MOST else 'no'}" if what in WITH_AIM else ""
    p50, p99 = f"{statistics.median(many):.2f}", f"{many[int(len(many) * 0.99)]:.2f}"
    return Row(f"{name}, {MANY:,} rows: {what}", ratio=f"{ratio:.2f}", p50_ms=p50, p99_ms=p99, aim=aim)


def _filled(name: str, database: str, count: int) -> Book:
    progress(f"storing {count:,} events with their deliveries and attempts: {name}")
    outbox = Outbox.open(database)
    outbox.lanes.prepare(dict.fromkeys(LANES, ("robot", "ding_talk")), {})
    engine = outbox._engine  # noqa: SLF001 - one by one, it would take an hour
    with engine.begin() as connection:
        for statement in (EVENTS, DELIVERIES, ATTEMPTS):
            filled = statement.format(
                numbers=NUMBERS,
                random=RANDOM[engine.dialect.name],
                handled=WAITS.format(done="handled"),
                sent=WAITS.format(done="sent"),
            )
            asked = {name: value for name, value in VALUES.items() if f":{name}" in filled}
            connection.execute(text(filled), {"count": count, **asked})
    if engine.dialect.name == "postgresql":  # which a running server does by itself
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    return Book(outbox, count, Pushes(8192)[0])


if __name__ == "__main__":
    table(rows())
