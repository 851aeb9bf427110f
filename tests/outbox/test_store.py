"""Storing events: durable, once per key, also when many threads and processes do it at the same time."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from storing import arrival, sqlite_only

from posthouse.core.errors import StoreUnavailable
from posthouse.outbox import Outbox


def database(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


@sqlite_only
def test_an_event_is_on_disk_when_it_is_recorded(outbox: Outbox, url: str) -> None:
    recorded = outbox.record(arrival(body=b'{"a": 1}'))
    with sqlite3.connect(database(url)) as other:
        rows = other.execute("SELECT id, name, state, body FROM event").fetchall()
    other.close()
    assert rows == [(recorded.event_id, "Push Hook", "waiting", b'{"a": 1}')]


@sqlite_only
def test_commits_wait_for_the_disk(outbox: Outbox) -> None:
    outbox.record(arrival())
    connection = outbox._engine.raw_connection()
    try:
        settings = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("synchronous", "journal_mode", "foreign_keys")
        }
    finally:
        connection.close()
    assert settings == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}


def test_a_repeat_is_stored_once_and_counted(outbox: Outbox) -> None:
    first, second, third = (outbox.record(arrival("key")) for _ in range(3))
    assert not first.repeat
    assert second.repeat
    assert third.repeat
    assert {first.event_id, second.event_id, third.event_id} == {first.event_id}
    (record,) = outbox.history.events(10)
    assert record.repeats == 2


def test_one_key_at_two_webhooks_is_two_events(outbox: Outbox) -> None:
    first = outbox.record(arrival("key"))
    second = outbox.record(arrival("key", webhook_id="other"))
    assert not second.repeat
    assert second.event_id != first.event_id


def test_events_without_a_key_are_never_repeats(outbox: Outbox) -> None:
    assert not any(outbox.record(arrival(None)).repeat for _ in range(3))


def test_many_threads_store_everything_once(outbox: Outbox) -> None:
    keys = [str(number % 200) for number in range(400)]
    with ThreadPoolExecutor(32) as pool:
        recorded = list(pool.map(lambda key: outbox.record(arrival(key)), keys))
    assert sum(not one.repeat for one in recorded) == 200
    assert len({one.event_id for one in recorded}) == 200
    assert len(outbox.history.events(1000)) == 200


def test_two_processes_store_side_by_side(outbox: Outbox, url: str) -> None:
    program = (
        "import sys; from posthouse.outbox import Arrival, Outbox\n"
        "outbox = Outbox.open(sys.argv[1])\n"
        "for n in range(100):\n"
        "    outbox.record(Arrival('finance', 'Push Hook', f'other-{n}', 1.0, 'ok', {}, {}, b'{}'))\n"
        "outbox.close()\n"
    )
    other = subprocess.Popen([sys.executable, "-c", program, url])
    for number in range(100):
        outbox.record(arrival(f"own-{number}"))
    assert other.wait(30) == 0
    assert len(outbox.history.events(1000)) == 200


def test_processes_that_start_at_once_create_the_tables_once(url: str) -> None:
    program = "import sys; from posthouse.outbox import Outbox; Outbox.open(sys.argv[1]).close()"
    processes = [subprocess.Popen([sys.executable, "-c", program, url]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]


@sqlite_only
def test_a_full_disk_is_said_and_nothing_is_half_stored(outbox: Outbox) -> None:
    outbox.record(arrival("before"))
    # The writer's own connection gets no more pages: what a full disk looks like to SQLite.
    connection = outbox._commit._connection
    assert connection is not None
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    connection.rollback()
    with pytest.raises(StoreUnavailable, match="full"):
        outbox.record(arrival("too much", body=b"x" * 1_000_000))
    assert [record.key for record in outbox.history.events(10)] == ["before"]
    assert not outbox.record(arrival("after")).repeat


def test_a_database_in_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="unable to open"):
        Outbox.open(f"sqlite:///{tmp_path}/nowhere/posthouse.db")


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is a text " * 1000)
    with pytest.raises(StoreUnavailable, match="not a database"):
        Outbox.open(f"sqlite:///{tmp_path}/text.db")


def test_a_commit_of_another_process_is_noticed(outbox: Outbox, url: str) -> None:
    before = outbox.wait(0.0)
    assert outbox.wait(0.0) == before
    other = Outbox.open(url)
    other.record(arrival())
    other.close()
    assert outbox.wait(5.0) != before


def test_a_commit_of_our_own_is_noticed(outbox: Outbox) -> None:
    before = outbox.wait(0.0)
    outbox.record(arrival())
    assert outbox.wait(5.0) != before


def test_the_last_beat_of_any_worker_is_known(outbox: Outbox) -> None:
    assert outbox.last_beat() is None
    outbox.beat("one", started_at=1.0, now=5.0)
    outbox.beat("two", started_at=1.0, now=9.0)
    outbox.beat("one", started_at=1.0, now=7.0)
    assert outbox.last_beat() == 9.0
    outbox.beat("one", started_at=1.0, now=9.0 + 100_000)
    assert outbox.last_beat() == 9.0 + 100_000
