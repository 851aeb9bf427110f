"""Leader commit: everybody's work is done together, and each piece's error is its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event
from typing import TypeVar

import pytest
from sqlalchemy import Connection, text
from storing import sqlite_only

from posthouse.core.errors import LeaseLost
from posthouse.outbox import Outbox

Result = TypeVar("Result")


def insert(number: int) -> str:
    return f"INSERT INTO worker (id, started_at, seen_at) VALUES ('{number}', 0, 0)"  # noqa: S608


def arrived_together(outbox: Outbox, *calls: Callable[[], Result]) -> list["Future[Result]"]:
    """Make calls while a commit is under way, so that the next one has the work of all of them."""
    commit, begun, go_on = outbox._commit, Event(), Event()

    def under_way(_connection: Connection) -> None:
        begun.set()
        go_on.wait(10)

    with ThreadPoolExecutor(len(calls) + 1) as pool:
        pool.submit(commit.run, under_way)
        begun.wait(10)
        made = [pool.submit(call) for call in calls]
        while len(commit._waiting) < len(calls):
            go_on.wait(0.001)
        go_on.set()
    return made


@sqlite_only
def test_work_that_arrives_during_a_commit_shares_the_next_one(outbox: Outbox) -> None:
    transactions: list[int] = []

    def work(number: int, connection: Connection) -> None:
        transactions.append(id(connection.get_transaction()))
        connection.execute(text(insert(number)))

    for done in arrived_together(outbox, *(partial(outbox._commit.run, partial(work, n)) for n in range(8))):
        done.result()
    assert len(transactions) == 8
    assert len(set(transactions)) == 1


@sqlite_only
def test_work_of_one_kind_is_done_at_once_and_each_thread_has_its_own_result(outbox: Outbox) -> None:
    calls: list[int] = []

    def double(_connection: Connection, values: Sequence[int]) -> list[int]:
        calls.append(len(values))
        if 3 in values:
            raise LeaseLost("three")
        return [2 * value for value in values]

    doubled = arrived_together(outbox, *(partial(outbox._commit.run_joined, double, n) for n in range(8)))
    with pytest.raises(LeaseLost, match="three"):
        doubled.pop(3).result()
    assert [one.result() for one in doubled] == [0, 2, 4, 8, 10, 12, 14]
    assert calls == [8, 1, 1, 1, 1, 1, 1, 1, 1]


def test_an_error_in_one_piece_undoes_that_piece_alone(outbox: Outbox) -> None:
    commit, together = outbox._commit, Barrier(8)

    def work(number: int) -> str:
        def piece(connection: Connection) -> str:
            connection.execute(text(insert(number)))
            if number % 2:
                raise LeaseLost(str(number))
            return "done"

        together.wait(10)
        return commit.run(piece)

    with ThreadPoolExecutor(8) as pool:
        pieces = [pool.submit(work, number) for number in range(8)]
    for number, piece in enumerate(pieces):
        if number % 2:
            with pytest.raises(LeaseLost, match=str(number)):
                piece.result()
        else:
            assert piece.result() == "done"
    rows = commit.run(lambda connection: connection.execute(text("SELECT id FROM worker ORDER BY id")).scalars().all())
    assert rows == ["0", "2", "4", "6"]


def test_work_after_a_failure_of_the_database_succeeds(outbox: Outbox) -> None:
    with pytest.raises(Exception, match=r"no such table|does not exist"):
        outbox._commit.run(lambda connection: connection.execute(text("SELECT * FROM missing")))
    assert outbox._commit.run(lambda connection: connection.execute(text("SELECT 1")).scalar()) == 1
