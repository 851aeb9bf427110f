"""Events that come in at the same time are stored together, and each request hears of its own."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from storing import arrival, sqlite_only

from posthouse.outbox import Arrival, Outbox, Recorded
from posthouse.outbox.arrivals import ROWS, record


def store(outbox: Outbox, *arrivals: Arrival) -> list[Recorded]:
    """Store events in one transaction, as the leader of a commit does."""
    return outbox._commit.run(lambda connection: record(connection, arrivals))


def body(outbox: Outbox, event_id: int) -> bytes:
    waiting = outbox.lanes.waiting_events("finance", 1000)
    return next(stored.body for stored in waiting if stored.id == event_id)


@sqlite_only
@pytest.mark.parametrize("count", [1, 2, 3, 50, ROWS, 2 * ROWS + 3])
@pytest.mark.parametrize("is_keyed", [True, False])
def test_each_of_many_new_events_is_answered_with_its_own_number(outbox: Outbox, count: int, is_keyed: bool) -> None:
    store(outbox, arrival("older"))
    new = [arrival(f"key-{n}" if is_keyed else None, body=b"%d" % n) for n in range(count)]
    recorded = store(outbox, *new)
    assert [body(outbox, one.event_id) for one in recorded] == [one.body for one in new]
    assert not any(one.repeat for one in recorded)


@sqlite_only
def test_repeats_among_many_events_are_known_again(outbox: Outbox) -> None:
    (older,) = store(outbox, arrival("b"))
    keyless, first, again, twice, other = store(
        outbox, arrival(None), arrival("a"), arrival("b"), arrival("a"), replace(arrival("b"), webhook_id="sales")
    )
    assert again == Recorded(older.event_id, repeat=True)
    assert twice == Recorded(first.event_id, repeat=True)
    assert len({older.event_id, keyless.event_id, first.event_id, other.event_id}) == 4
    assert not any(one.repeat for one in (keyless, first, other))
    repeats = {record.id: record.repeats for record in outbox.history.events(10)}
    assert repeats == {older.event_id: 1, first.event_id: 1, keyless.event_id: 0, other.event_id: 0}


@sqlite_only
def test_numbers_of_events_that_were_deleted_are_not_given_away_again(outbox: Outbox) -> None:
    recorded = store(outbox, *(arrival(str(n)) for n in range(4)))
    with outbox._engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM event WHERE id > 2")
    again = store(outbox, *(arrival(str(n)) for n in range(4)))
    assert [one.repeat for one in again] == [True, True, False, False]
    assert min(one.event_id for one in again[2:]) > max(one.event_id for one in recorded)


def test_many_threads_are_each_answered_with_their_own_number(outbox: Outbox) -> None:
    def post(number: int) -> tuple[int, Recorded]:
        return number, outbox.record(arrival(f"key-{number // 2}", body=b"%d" % (number // 2)))

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(post, range(400)))
    assert sum(recorded.repeat for _, recorded in answers) == 200
    waiting = {stored.id: stored.body for stored in outbox.lanes.waiting_events("finance", 1000)}
    assert len(waiting) == 200
    assert all(waiting[recorded.event_id] == b"%d" % (number // 2) for number, recorded in answers)
