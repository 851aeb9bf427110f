"""The room of what was deleted: SQLite's file and its log do not grow without bound."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from storing import LEASE, arrival

from posthouse.outbox import HandledEvent, Kept, Outbox
from posthouse.outbox.room import SPARE
from posthouse.outbox.sqlite import LOG_BYTES

MB = 10**6


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "posthouse.db"


@pytest.fixture
def old_file(file: Path) -> Path:
    """A file that was made before posthouse asked for one that can shrink."""
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE other (id INTEGER PRIMARY KEY)")
    made.close()
    return file


@pytest.fixture
def house(file: Path) -> Iterator[Outbox]:
    opened = Outbox.open(f"sqlite:///{file}")
    opened.lanes.prepare({"finance": ("webhook", "GITLAB")}, {})
    yield opened
    opened.close()


def take_in(outbox: Outbox, count: int, body: bytes) -> None:
    """Store events and handle them."""
    ids = [outbox.record(arrival(body=body)).event_id for _ in range(count)]
    claim = outbox.lanes.claim("webhook", ["finance"], holder="t", now=100.0, lease=LEASE)
    assert claim is not None
    done = [HandledEvent(event_id, "handled", "silent", "[]") for event_id in ids]
    outbox.lanes.hand_over(claim, done, now=100.0, window=0)


def tidy(outbox: Outbox, kept: Kept) -> None:
    for _ in outbox.retention.tidy(kept, lanes=["finance"], tokens=(), now=1000.0):
        pass


ALL_OLD = Kept(events=1000.0, bodies=1000.0)
BODIES_OLD = Kept(events=0.0, bodies=1000.0)


@pytest.mark.parametrize("kept", [ALL_OLD, BODIES_OLD], ids=["events", "bodies"])
def test_the_file_gets_smaller_when_much_is_deleted(house: Outbox, file: Path, kept: Kept) -> None:
    take_in(house, 300, b"x" * 30_000)
    tidy(house, Kept(0.0, 0.0))
    assert file.stat().st_size > 9 * MB
    tidy(house, kept)
    assert file.stat().st_size < 1 * MB
    take_in(house, 300, b"x" * 30_000)
    tidy(house, Kept(0.0, 0.0))
    assert 9 * MB < file.stat().st_size < 11 * MB


def test_a_little_free_room_is_left_for_what_comes_next(house: Outbox, file: Path) -> None:
    take_in(house, 100, b"x" * 30_000)
    tidy(house, Kept(0.0, 0.0))
    before = file.stat().st_size
    house._commit.run(lambda connection: connection.exec_driver_sql("DELETE FROM event WHERE id <= 10"))
    tidy(house, Kept(0.0, 0.0))
    assert file.stat().st_size == before
    assert 0 < pragma(file, "freelist_count") * SPARE < pragma(file, "page_count")


def test_a_file_that_cannot_shrink_does_so_after_a_vacuum(old_file: Path, house: Outbox) -> None:
    take_in(house, 100, b"x" * 30_000)
    tidy(house, ALL_OLD)
    assert old_file.stat().st_size > 3 * MB
    house.vacuum()
    assert old_file.stat().st_size < 1 * MB
    take_in(house, 100, b"x" * 30_000)
    tidy(house, ALL_OLD)
    assert old_file.stat().st_size < 1 * MB


def test_a_log_that_grew_behind_a_reader_is_cut(house: Outbox, file: Path) -> None:
    log = file.with_name("posthouse.db-wal")
    take_in(house, 1, b"{}")
    with sqlite3.connect(file) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM event").fetchone()
        take_in(house, LOG_BYTES // (2 * MB) + 2, b"x" * (2 * MB))
        tidy(house, Kept(0.0, 0.0))
        assert log.stat().st_size > LOG_BYTES
    reader.close()
    tidy(house, Kept(0.0, 0.0))
    assert log.stat().st_size == 0


def test_nothing_is_lost_by_a_vacuum(outbox: Outbox) -> None:
    stored = outbox.record(arrival("key"))
    outbox.vacuum()
    assert [record.id for record in outbox.history.events(10)] == [stored.event_id]
    assert outbox.record(arrival("key")).repeat


def pragma(file: Path, name: str) -> int:
    with sqlite3.connect(file) as other:
        (value,) = other.execute(f"PRAGMA {name}").fetchone()
    other.close()
    return int(value)
