"""However many events are stored, no table is read whole: what is asked of the database finds its rows by indexes."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from storing import LEASE, arrival

from posthouse.core.budget import Budget
from posthouse.outbox import HandledEvent, NewDelivery, Outbox, Settlement, Token
from posthouse.outbox.retention import Kept

ROWS = 50_000
#: Of how many rows one waits.
WAITS = 50
NOW = 1e9 + ROWS
LANES = tuple(f"lane-{number}" for number in range(20))
GROWING = frozenset({"event", "delivery", "attempt"})
#: Indexes of few rows, which may be read from end to end.
OF_WHAT_WAITS = frozenset({"event_waiting", "delivery_waiting"})
FILLED = (
    """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :rows)
    INSERT INTO event (webhook_id, name, key, received_at, verified, headers, query, body, state, outcome, handled_at)
    SELECT 'finance', 'Push Hook', 'key-' || i, 1e9 + i, 'ok', '{{}}', '{{}}', {body},
    CASE WHEN i % :waits = 0 THEN 'waiting' ELSE 'handled' END, 'told', 1e9 + i FROM n
    """,
    """
    INSERT INTO delivery (event_id, robot, lane_id, idempotency_key, message, occurrence, digest, state, created_at)
    SELECT id, 'robot-' || (id % 20), 'lane-' || (id % 20), 'key', '{{}}', 'push ' || id,
    CASE WHEN id % 10 = 1 THEN 'digest-' || (id / 100) END,
    CASE WHEN id % :waits = 0 THEN 'waiting' ELSE 'sent' END, received_at FROM event
    """,
    """
    INSERT INTO attempt (delivery_id, started_at, finished_at, verdict, answer, remedy)
    SELECT id, created_at, created_at, 'ok', 'ok', '' FROM delivery
    """,
)
BODY = {"sqlite": "x'7b7d'", "postgresql": "'{{}}'::bytea"}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def grown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outbox]:
    """An outbox of each kind of database in turn, with many rows."""
    kind = request.param
    path = tmp_path_factory.mktemp("grown") / "posthouse.db"
    outbox = Outbox.open(f"sqlite:///{path}" if kind == "sqlite" else request.getfixturevalue("server").new_database())
    outbox.lanes.prepare(
        {"finance": ("webhook", "GITLAB")} | dict.fromkeys(LANES, ("robot", "ding_talk")),  # type: ignore[arg-type]
        {},
        [Token(token=lane, lane_id=lane, vendor="ding_talk", settings="1") for lane in LANES],
    )
    with outbox._engine.begin() as connection:
        for statement in FILLED:
            filled = statement.format(body=BODY[kind].format())
            asked = {"rows": ROWS, "waits": WAITS}
            connection.execute(text(filled), {name: value for name, value in asked.items() if f":{name}" in filled})
    if kind == "postgresql":  # SQLite does without statistics
        with outbox._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
    yield outbox
    outbox.close()


def accept(outbox: Outbox) -> None:
    outbox.record(arrival("new"))
    assert outbox.record(arrival("key-7")).repeat
    assert outbox.has("finance", "key-8")
    assert not outbox.backlog.too_many("finance", ROWS, most_of_all=ROWS, now=NOW)


def claim_and_hand_over(outbox: Outbox) -> None:
    claim = outbox.lanes.claim("webhook", ["finance"], holder="t", now=NOW, lease=LEASE)
    assert claim is not None
    events = outbox.lanes.waiting_events("finance", 5)
    new = NewDelivery("robot-1", "lane-1", "k", "{}", occurrence="push 7", burst="b", hold=5.0)
    done = [HandledEvent(one.id, "handled", "told", "[]", [new]) for one in events]
    outbox.lanes.hand_over(claim, done, now=NOW, window=300.0)


def claim_and_settle(outbox: Outbox) -> None:
    claim = outbox.lanes.claim("robot", LANES, holder="t", now=NOW, lease=LEASE)
    assert claim is not None
    (first, *_) = outbox.lanes.waiting_deliveries(claim.lane_id, 5, now=NOW)
    assert outbox.lanes.count_due(claim.lane_id, most=100, now=NOW)
    outbox.lanes.bundle(claim, "digest", [first.id])
    assert outbox.lanes.digested(claim.lane_id, "digest")
    settled = Settlement(
        deliveries=[first.id],
        state="waiting",
        form=0,
        bounded_failures=0,
        started_at=NOW,
        finished_at=NOW,
        verdict="config",
        answer="no",
        remedy="",
        next_at=NOW,
        budgets=(Budget(claim.lane_id),),
        whole_vendor=True,
        keep=10,
    )
    outbox.lanes.settle(claim, settled, lease=None)


def look_for_what_is_due(outbox: Outbox) -> None:
    assert outbox.lanes.next_due("webhook", ["finance"]) is not None
    assert outbox.lanes.next_due("robot", LANES) is not None
    outbox.lanes.holders()


def list_events(outbox: Outbox) -> None:
    assert len(outbox.history.events(50)) == 50


def explain(outbox: Outbox) -> None:
    record = outbox.history.event(1001)
    assert record is not None
    assert len(outbox.history.attempts(record.deliveries[0].id)) == 10
    assert outbox.history.kept_headers([1001])


def say_what_waits(outbox: Outbox) -> None:
    assert outbox.history.waiting()
    assert outbox.history.waiting_events()
    assert outbox.history.orphans(["other"], ["other"])
    assert outbox.history.budgets()
    assert outbox.last_beat() is None
    assert outbox.recall("finance", "main") is None


def tidy_up(outbox: Outbox) -> None:
    for kept in (Kept(events=1e9 + 300, bodies=0.0), Kept(events=0.0, bodies=1e9 + 900)):
        assert list(islice(outbox.retention.tidy(kept, lanes=LANES, tokens=LANES, now=NOW), 3))


def replay_one(outbox: Outbox) -> None:
    outbox.replay([77])


ASKED = (
    accept,
    claim_and_hand_over,
    claim_and_settle,
    look_for_what_is_due,
    list_events,
    explain,
    say_what_waits,
    tidy_up,
    replay_one,
)


@pytest.mark.parametrize("ask", ASKED, ids=lambda ask: ask.__name__)
def test_no_growing_table_is_read_whole(grown: Outbox, ask: Callable[[Outbox], None]) -> None:
    with _recorded(grown) as asked:
        ask(grown)
    assert asked
    with grown._engine.connect() as connection:
        explain_one = _read_by_sqlite if connection.dialect.name == "sqlite" else _read_by_postgresql
        for one in asked:
            assert not explain_one(connection, one), one.statement
            connection.rollback()


def test_a_table_that_is_read_whole_is_noticed(grown: Outbox) -> None:
    with _recorded(grown) as asked, grown._engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM attempt WHERE answer = 'no'"))
        connection.execute(text("SELECT count(*) FROM event JOIN delivery ON told_by = event.id + 1"))
    with grown._engine.connect() as connection:
        explain_one = _read_by_sqlite if connection.dialect.name == "sqlite" else _read_by_postgresql
        assert all(explain_one(connection, one) for one in asked)


@dataclass(frozen=True)
class _Asked:
    statement: str
    parameters: Any


@contextmanager
def _recorded(outbox: Outbox) -> Iterator[list[_Asked]]:
    """Gather what is asked of the database, once each."""
    asked: dict[str, _Asked] = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            asked.setdefault(statement, _Asked(statement, parameters[0] if many else parameters))

    found: list[_Asked] = []
    event.listen(outbox._engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(outbox._engine, "before_cursor_execute", note)
        found.extend(asked.values())


def _read_by_sqlite(connection: Connection, asked: _Asked) -> list[str]:
    """Return the steps of SQLite's plan that read a growing table whole."""
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked.statement}", asked.parameters)
    steps = [row.detail for row in rows]
    if _is_newest_first(asked.statement) and not any("TEMP B-TREE" in step for step in steps):
        return []
    scans = [(step, re.fullmatch(r"SCAN (\w+)(?:.* INDEX (\w+))?.*", step)) for step in steps]
    return [step for step, scan in scans if scan and scan[1] in GROWING and scan[2] not in OF_WHAT_WAITS]


def _is_newest_first(statement: str) -> bool:
    """Tell whether only a table's end is asked for, which SQLite's plans call a scan as well."""
    return "WHERE" not in statement and bool(re.search(r"ORDER BY \w+\.id DESC\s+LIMIT", statement))


def _read_by_postgresql(connection: Connection, asked: _Asked) -> list[str]:
    """Return the nodes of PostgreSQL's plan that read a growing table whole."""
    explained = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {asked.statement}", asked.parameters).scalar_one()
    return list(_whole(explained[0]["Plan"], limited=False))


def _whole(node: dict[str, Any], *, limited: bool) -> Iterator[str]:
    kind, index = node["Node Type"], node.get("Index Name")
    from_end_to_end = "Index Cond" not in node and index not in OF_WHAT_WAITS and (not limited or "Filter" in node)
    if node.get("Relation Name") in GROWING and (kind == "Seq Scan" or (index and from_end_to_end)):
        yield f"{kind} of {node['Relation Name']} by {index}"
    for part in node.get("Plans", ()):
        yield from _whole(part, limited=kind == "Limit")
