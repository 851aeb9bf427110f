"""Everything in one database is carried over to another one of either kind, or nothing of it."""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from storing import LEASE, arrival, sqlite_only

from posthouse.core.budget import Budget
from posthouse.core.errors import LeaseLost, PosthouseError
from posthouse.core.event import Memory
from posthouse.outbox import Arrival, HandledEvent, NewDelivery, Outbox, Settlement, Token
from posthouse.outbox.engine import HEAD
from posthouse.outbox.tables import event, metadata
from posthouse.outbox.transfer import TABLES, Imported, export_rows, import_rows

VERSION = "1.2.3"
ALL_BYTES = bytes(range(256))
#: The numbers of what `full` has: a repeat uses one up.
IDS = [1, 2, 3, 4, 5, 7]
USED = Budget("a", ended=(101.5, 102.0), month="2026-11", used=7, failures=1, rest_until=109.25)


@pytest.fixture
def other(request: pytest.FixtureRequest, tmp_path: Path, url: str) -> Iterator[Outbox]:
    """A database of the other kind, unless a test says which, as a web process that has just started leaves it."""
    kind = getattr(request, "param", "postgresql" if url.startswith("sqlite") else "sqlite")
    own = f"sqlite:///{tmp_path / 'other.db'}"
    opened = Outbox.open(own if kind == "sqlite" else request.getfixturevalue("server").new_database())
    prepare(opened)
    yield opened
    opened.close()


def prepare(outbox: Outbox) -> None:
    outbox.lanes.prepare(
        {"finance": ("webhook", "GITLAB"), "a": ("robot", "ding_talk"), "new": ("robot", "ding_talk")},
        {"finance.a": "a"},
        [Token(token="a", lane_id="a", vendor="ding_talk", settings="1")],
    )


@pytest.fixture
def full(outbox: Outbox, deliver: Callable[..., list[int]]) -> Outbox:
    """An outbox with something in each table: told, waiting, failed, remembered, and a worker in the middle of it."""
    deliver("a", "b")
    (sent,) = deliver("a")
    claim = outbox.lanes.claim("robot", ["a"], holder="t", now=100.0, lease=LEASE)
    assert claim is not None
    outbox.lanes.settle(claim, settled(sent, USED), lease=LEASE)
    outbox.record(arrival("failed"))
    outbox.record(arrival("remembered"))
    handling = outbox.lanes.claim("webhook", ["finance"], holder="t", now=100.0, lease=LEASE)
    assert handling is not None
    done = [
        HandledEvent(3, "failed", "failed", '[{"step": "handled"}]'),
        HandledEvent(4, "handled", "silent", "[]", memory=Memory("main", "failed")),
    ]
    outbox.lanes.hand_over(handling, done, now=103.0, window=0)
    outbox.record(arrival("repeated", body=ALL_BYTES))
    outbox.record(arrival("repeated"))
    outbox.record(arrival(body="李雷\u2028🚀\\u0000".encode()))
    outbox.beat("worker", started_at=1.0, now=2.0)
    return outbox


def settled(delivery: int, budget: Budget) -> Settlement:
    return Settlement(
        deliveries=[delivery],
        state="sent",
        form=0,
        bounded_failures=0,
        started_at=100.1,
        finished_at=100.3,
        verdict="ok",
        answer="好",
        remedy="",
        next_at=109.25,
        budgets=[budget],
    )


def exported(outbox: Outbox, stream: BytesIO | None = None) -> bytes:
    stream = stream or BytesIO()
    export_rows(outbox._database, stream, version=VERSION, now=200.0)
    return stream.getvalue()


def imported(outbox: Outbox, export: bytes) -> Imported:
    return import_rows(outbox._database, BytesIO(export))


def rows(outbox: Outbox) -> dict[str, list[Any]]:
    with outbox._engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in TABLES
        }


def ids(outbox: Outbox) -> list[int]:
    return [record.id for record in reversed(outbox.history.events(100))]


def later(key: str | None = None) -> Arrival:
    return Arrival("finance", "Push Hook", key, 150.0, "yes", {}, {}, b"{}")


@pytest.mark.parametrize("other", ["sqlite", "postgresql"], indirect=True)
def test_everything_is_carried_over_between_all_kinds_of_databases(full: Outbox, other: Outbox) -> None:
    before = rows(full)
    assert [len(found) for found in before.values()].count(0) == 0
    assert imported(other, exported(full)).manifest.rows["event"] == 6
    after = rows(other)
    assert [lane.pop("lease_until") for lane in after["lane"]] == [0.0] * 4
    assert after["lane"].pop()["id"] == "new"
    for lane in before["lane"]:
        del lane["lease_until"]
    assert after == before
    assert other.last_beat() is None


def test_what_waits_goes_on_where_it_stood(full: Outbox, other: Outbox) -> None:
    """The old worker was in the middle of a lane, and may have told what it has not noted."""
    imported(other, exported(full))
    claim = other.lanes.claim("robot", ["a"], holder="new", now=110.0, lease=LEASE)
    assert claim is not None
    assert claim.taken_over
    assert claim.budgets == (USED,)
    assert [one.id for one in other.lanes.waiting_deliveries("a", 10, now=110.0)] == [1]
    assert other.record(arrival("repeated")).repeat


def test_numbers_go_on_behind_those_that_were_ever_given(full: Outbox, other: Outbox) -> None:
    last = full.record(arrival()).event_id
    with full._engine.begin() as connection:
        connection.execute(event.delete().where(event.c.id == last))
    imported(other, exported(full))
    assert other.record(later()).event_id == last + 1
    claim = other.lanes.claim("webhook", ["finance"], holder="t", now=200.0, lease=LEASE)
    assert claim is not None
    new = NewDelivery("finance.a", "a", "k", "{}")
    other.lanes.hand_over(claim, [HandledEvent(last + 1, "handled", "told", "[]", [new])], now=200.0, window=0)
    record = other.history.event(last + 1)
    assert record is not None
    assert [delivery.id for delivery in record.deliveries] == [4]


def test_an_export_is_the_database_at_one_moment(full: Outbox, other: Outbox) -> None:
    class Meanwhile(BytesIO):
        def write(self, written: Any) -> int:
            full.record(arrival())
            claim = full.lanes.claim("webhook", ["finance"], holder="t", now=300.0, lease=LEASE)
            assert claim is not None
            waiting = [
                HandledEvent(one.id, "handled", "silent", "[]") for one in full.lanes.waiting_events("finance", 9)
            ]
            full.lanes.hand_over(claim, waiting, now=300.0, window=0)
            return super().write(written)

    imported(other, exported(full, Meanwhile()))
    assert ids(other) == IDS
    assert [record.state for record in other.history.events(2)] == ["waiting", "waiting"]
    assert len(ids(full)) > 6


@sqlite_only
def test_null_characters_that_older_versions_stored_are_left_out(full: Outbox, other: Outbox) -> None:
    with full._engine.begin() as connection:
        connection.execute(text("UPDATE event SET name = 'a' || char(0) || 'b'"))
    imported(other, exported(full))
    assert {record.name for record in other.history.events(10)} == {"ab"}


# What comes in before and meanwhile


def test_events_that_came_in_before_come_behind(full: Outbox, other: Outbox) -> None:
    for key in ("one", None, "two"):
        other.record(later(key))
    found = imported(other, exported(full))
    assert (found.behind, found.moved) == (3, 7)
    assert [(record.id, record.key) for record in other.history.events(3)] == [(10, "two"), (9, None), (8, "one")]
    assert ids(other)[:6] == IDS
    assert other.record(later("two")).repeat
    assert other.record(later()).event_id > 10


def test_more_events_than_the_export_has_come_behind(full: Outbox, other: Outbox) -> None:
    keys = [str(number) for number in range(30)]
    for key in keys:
        other.record(later(key))
    found = imported(other, exported(full))
    assert (found.behind, found.moved) == (30, 30)
    assert [record.key for record in reversed(other.history.events(30))] == keys
    assert ids(other) == [*IDS, *range(31, 61)]


def test_a_repeat_that_came_in_before_is_one_of_the_imported_event(full: Outbox, other: Outbox) -> None:
    other.record(later("failed"))
    other.record(later("failed"))
    found = imported(other, exported(full))
    assert ids(other) == IDS
    assert found.behind == 0
    record = other.history.event(3)
    assert record is not None
    assert (record.state, record.repeats, record.received_at) == ("failed", 2, 100.0)


def test_who_had_claimed_a_lane_before_settles_nothing_in_it_afterwards(full: Outbox, other: Outbox) -> None:
    """A worker that runs on the new database too early knows the events by other numbers."""
    number = other.record(later()).event_id
    claim = other.lanes.claim("webhook", ["finance"], holder="early", now=200.0, lease=LEASE)
    assert claim is not None
    imported(other, exported(full))
    with pytest.raises(LeaseLost):
        other.lanes.hand_over(claim, [HandledEvent(number, "handled", "silent", "[]")], now=201.0, window=0)
    assert [record.state for record in other.history.events(2)] == ["waiting", "waiting"]


@sqlite_only
def test_events_can_be_stored_while_others_are_imported(full: Outbox, other: Outbox) -> None:
    stored = []

    class Meanwhile(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            stored.append(other.record(later(str(len(stored)))).event_id)
            return super().read(min(size or 0, 100))

    found = import_rows(other._database, Meanwhile(exported(full)))
    assert found.behind == len(stored)
    assert len(stored) > 5
    assert ids(other)[:6] == IDS
    assert [record.key for record in reversed(other.history.events(len(stored)))] == [*map(str, range(len(stored)))]


# What is refused, whichever kind of database it is


def sqlite_to_sqlite(test: Callable[..., None]) -> Callable[..., None]:
    return sqlite_only(pytest.mark.parametrize("other", ["sqlite"], indirect=True)(test))


def refused(outbox: Outbox, export: bytes, match: str) -> None:
    before = rows(outbox)
    with pytest.raises(PosthouseError, match=match):
        imported(outbox, export)
    assert rows(outbox) == before


def test_nothing_is_imported_twice(full: Outbox, other: Outbox) -> None:
    export = exported(full)
    imported(other, export)
    refused(other, export, "have been worked on already: import into a database of its own")


def test_nothing_is_imported_twice_even_if_nobody_has_worked_on_it(outbox: Outbox, other: Outbox) -> None:
    outbox.record(arrival())
    export = exported(outbox)
    imported(other, export)
    refused(other, export, "events from before the first one of the export")


def test_a_failed_import_can_be_done_again(full: Outbox, other: Outbox) -> None:
    other.record(later("one"))
    export = exported(full)
    with pytest.raises(PosthouseError, match="cut off"):
        imported(other, export[:-30])
    assert imported(other, export).moved == 0
    assert [record.key for record in other.history.events(1)] == ["one"]
    assert ids(other)[:6] == IDS


def test_a_database_with_an_event_that_was_handled_is_refused(full: Outbox, other: Outbox) -> None:
    other.record(later())
    claim = other.lanes.claim("webhook", ["finance"], holder="t", now=200.0, lease=LEASE)
    assert claim is not None
    other.lanes.hand_over(claim, [HandledEvent(1, "handled", "silent", "[]")], now=200.0, window=0)
    refused(other, exported(full), "have been worked on already")


@sqlite_to_sqlite
def test_an_export_that_is_cut_off_anywhere_is_refused(full: Outbox, other: Outbox) -> None:
    export = exported(full)
    for length in range(1, len(export), len(export) // 50):
        refused(other, export[:length], "cut off|no export of posthouse")


@sqlite_to_sqlite
def test_an_export_with_another_byte_anywhere_is_refused(full: Outbox, other: Outbox) -> None:
    export = exported(full)
    for place in (*range(10, len(export), len(export) // 50), len(export) - 1):
        wrong = bytearray(export)
        wrong[place] ^= 0x55
        refused(other, bytes(wrong), "damaged|cut off|no export of posthouse|in format|at migration")


def rewritten(export: bytes, change: Callable[[list[Any]], object]) -> bytes:
    """Return an export whose lines were changed by somebody who knows how to make a checksum."""
    lines = [json.loads(line) for line in gzip.decompress(export).splitlines()]
    change(lines)
    written = b""
    for line in lines:
        if isinstance(line, dict) and "sha256" in line:
            line["sha256"] = hashlib.sha256(written).hexdigest()
        written += json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    return gzip.compress(written)


CHANGES: dict[str, tuple[Callable[[list[Any]], object], str]] = {
    "format": (lambda lines: lines[0].update(posthouse_export=2), "posthouse 1.2.3 wrote this export in format 2"),
    "newer": (lambda lines: lines[0].update(migration="9999"), "at migration 9999, and this one knows .* at most"),
    "older": (lambda lines: lines[0].update(migration="0001"), "import it with that version, then run posthouse db up"),
    "columns": (lambda lines: lines[0]["columns"]["event"].pop(), "has other columns"),
    "missing row": (lambda lines: lines.pop(-2), "has 15 rows instead of 16"),
    "short row": (lambda lines: lines[-2].pop(), "the export is damaged"),
    "no base64": (lambda lines: _first(lines, "event").__setitem__(8, "?"), "the export is damaged"),
    "no table": (lambda lines: lines.remove({"table": "attempt"}), "the export is damaged|the database failed"),
    "no manifest": (lambda lines: lines.pop(0), "this is no export of posthouse"),
}


def _first(lines: list[Any], table: str) -> list[Any]:
    return lines[lines.index({"table": table}) + 1]


@sqlite_to_sqlite
@pytest.mark.parametrize("change", CHANGES)
def test_an_export_that_does_not_fit_is_refused(full: Outbox, other: Outbox, change: str) -> None:
    how, match = CHANGES[change]
    refused(other, rewritten(exported(full), how), match)


@sqlite_to_sqlite
def test_what_is_rewritten_as_it_was_is_imported(full: Outbox, other: Outbox) -> None:
    assert imported(other, rewritten(exported(full), len)).manifest.version == VERSION


@pytest.mark.parametrize(
    "export", [b"", b"{}", b"PK\x03\x04", gzip.compress(b"", mtime=0), gzip.compress(b"[1]\n", mtime=0)]
)
def test_what_is_no_export_is_said_to_be_none(outbox: Outbox, export: bytes) -> None:
    refused(outbox, export, "this is no export of posthouse")


def test_tables_of_another_version_are_not_exported(outbox: Outbox) -> None:
    with outbox._engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(PosthouseError, match=f"at migration 0001 instead of {HEAD}: posthouse db upgrade first"):
        exported(outbox)


def test_every_table_is_carried_over_but_the_one_of_living_workers() -> None:
    assert {*metadata.tables} - {table.name for table in TABLES} == {"worker"}
