"""Lanes: who may work on what, from when on, and how the work done is settled.

A lane is claimed with a lease and worked in order by its holder alone. Every write of a holder first touches the
lane's row under its own name; where that finds no row, the lease is gone and nothing is written (fencing). The lane
of a webhook has the webhook's id; the lane of a robot is named by the relay.
"""

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from posthouse.core.errors import LeaseLost, StoreUnavailable
from posthouse.outbox import budgets
from posthouse.outbox import lane_statements as statements
from posthouse.outbox.compiled import Compiled
from posthouse.outbox.database import Database
from posthouse.outbox.deliveries import store_alert, store_deliveries
from posthouse.outbox.engine import Reads
from posthouse.outbox.memory import remember
from posthouse.outbox.tables import delivery, lane
from posthouse.outbox.work import Claim, HandledEvent, Kind, Settlement, StoredDelivery, StoredEvent, Token, Unsettled


class Lanes:
    """Claims lanes and settles what was done in them."""

    def __init__(self, database: Database, reads: Reads) -> None:
        self._database = database
        self._commit = database.commits
        self._reads = reads

    def prepare(
        self, lanes: Mapping[str, tuple[Kind, str]], robots: Mapping[str, str], tokens: Sequence[Token] = ()
    ) -> None:
        """Make sure that the lanes (id to kind and vendor) exist, and that each robot's deliveries wait in its lane.

        A robot whose token changed has another lane than before; what waits for it moves along, in order. Each of the
        ``tokens`` has its budget; one whose settings changed is tried again, however wrongly it was set up before.
        """

        def work(connection: Connection) -> None:
            # Processes that start at once would make the same lanes.
            self._database.lock_names(connection, ["prepare"])
            known = set(connection.scalars(select(lane.c.id)))
            for lane_id, (kind, vendor) in lanes.items():
                if lane_id not in known:
                    connection.execute(insert(lane).values(id=lane_id, kind=kind, vendor=vendor))
            for robot, lane_id in robots.items():
                connection.execute(
                    update(delivery)
                    .where(delivery.c.state == "waiting", delivery.c.robot == robot, delivery.c.lane_id != lane_id)
                    .values(lane_id=lane_id)
                )
            budgets.prepare(connection, tokens)

        self._commit.run(work)

    def claim(self, kind: Kind, among: Collection[str], *, holder: str, now: float, lease: float) -> Claim | None:
        """Take the lane that has waited longest of those with work that is due, for ``lease`` seconds.

        ``holder`` names the process; the claim gets a name of its own, as a process has many threads.
        """
        left = among
        while due := self._due(kind, left, now):
            claim = self._claim(kind, due, name=f"{holder}/{uuid.uuid4().hex}", now=now, lease=lease)
            if claim is not None:
                return claim
            left = [lane_id for lane_id in left if lane_id not in due]  # others were faster, or are about to be
        return None

    def _due(self, kind: Kind, among: Collection[str], now: float) -> Sequence[str]:
        """Return some lanes with work that is due, those first that have waited longest; none if none has any."""
        if not among:
            return ()
        with self._reads.connect() as connection:
            rows = statements.due(kind, len(among)).run(connection, {"now": now, **statements.names(among)})
            return [row.id for row in rows]

    def _claim(self, kind: Kind, due: Sequence[str], *, name: str, now: float, lease: float) -> Claim | None:
        asked = {"now": now, **statements.names(due)}

        def work(connection: Connection) -> Claim | None:
            row = statements.due_still(kind, len(due)).run(connection, asked).first()
            if row is None:
                return None
            statements.TAKE.run(connection, {"which": row.id, "new_holder": name, "new_lease_until": now + lease})
            owned = budgets.load(connection, row.id) if kind == "robot" else ()
            return Claim(row.id, name, now + lease, owned, taken_over=row.holder is not None)

        return self._commit.run(work)

    def next_due(self, kind: Kind, among: Collection[str]) -> float | None:
        """Return when the next lane with work is due, which may be in the past; None when nothing waits."""
        if not among:
            return None
        with self._reads.connect() as connection:
            rows = statements.due_later(kind, len(among)).run(connection, statements.names(among)).all()
        return min((max(*row) for row in rows), default=None)

    def waiting_events(self, webhook_id: str, limit: int) -> list[StoredEvent]:
        """Return the oldest events that wait to be handled, in order."""
        with self._reads.connect() as connection:
            rows = connection.execute(statements.WAITING_EVENTS, {"webhook": webhook_id, "most": limit}).all()
        return [
            StoredEvent(
                id=row.id,
                webhook_id=webhook_id,
                received_at=row.received_at,
                verified=row.verified,
                headers=json.loads(row.headers),
                query=json.loads(row.query),
                body=row.body,
            )
            for row in rows
        ]

    def waiting_deliveries(self, lane_id: str, limit: int, *, now: float) -> list[StoredDelivery]:
        """Return the oldest deliveries that wait to be sent, in order, without those that are held back."""
        with self._reads.connect() as connection:
            rows = (
                connection.execute(statements.WAITING_DELIVERIES, {"lane": lane_id, "most": limit, "now": now})
                .mappings()
                .all()
            )
        return [_stored(row) for row in rows]

    def count_due(self, lane_id: str, *, most: int, now: float) -> int:
        """Return how many deliveries wait to be sent, ``most`` at most, without those that are held back."""
        with self._reads.connect() as connection:
            return connection.scalar(statements.COUNT_DUE, {"lane": lane_id, "most": most, "now": now}) or 0

    def digested(self, lane_id: str, key: str) -> list[StoredDelivery]:
        """Return what waits to be told by the digest with this idempotency key, in order."""
        with self._reads.connect() as connection:
            rows = connection.execute(statements.DIGESTED, {"lane": lane_id, "key": key}).mappings().all()
        return [_stored(row) for row in rows]

    def bundle(self, claim: Claim, key: str, deliveries: Collection[int]) -> None:
        """Note which deliveries a digest tells, before it is sent: tried again, it must be the same to the letter.

        Raises `LeaseLost`.
        """

        def work(connection: Connection) -> None:
            _fenced(connection, statements.KEEP, claim)
            _bundle(connection, key, deliveries)

        self._commit.run(work)

    def hand_over(self, claim: Claim, handled: Sequence[HandledEvent], *, now: float, window: float) -> None:
        """Store what came of events and the deliveries they led to, and give the lane back. Raises `LeaseLost`.

        ``window`` is for how many seconds what was told to a lane is not told to it again.
        """

        def work(connection: Connection) -> None:
            _give_back(connection, claim, next_at=now)
            statements.HANDLED.run_each(connection, [_outcome(done, now) for done in handled])
            store_deliveries(connection, handled, lock=self._database.lock_names, now=now, window=window)
            for done in handled:
                if done.memory is not None:
                    remember(connection, claim.lane_id, done.id, done.memory, now)
            self._database.tell(connection)

        if handled:
            self._commit.run(work)
        else:
            self.release(claim, next_at=now)

    def settle(self, claim: Claim, settled: Settlement, *, lease: float | None) -> None:
        """Store what came of an attempt; extend the lease by ``lease`` seconds, or give the lane back if None.

        Raises `LeaseLost` when the lane has another holder by now: then nothing is written; and `Unsettled`.
        """
        try:
            self._commit.run(lambda connection: self._settle(connection, claim, settled, lease))
        except StoreUnavailable as error:
            raise Unsettled(error, settled) from error

    def settle_late(self, claim: Claim, settled: Settlement) -> None:
        """Store what was `Unsettled`, and give the lane back. Raises `LeaseLost` and `StoreUnavailable`."""

        def work(connection: Connection) -> None:
            # A connection that breaks off during a commit does not say whether it was made.
            if connection.execute(statements.ATTEMPT_IS_NOTED, _attempt(settled)).first() is None:
                self._settle(connection, claim, settled, lease=None)
            else:
                statements.GIVE_BACK.run(
                    connection, {"which": claim.lane_id, "me": claim.holder, "new_next_at": settled.next_at}
                )

        self._commit.run(work)

    def _settle(self, connection: Connection, claim: Claim, settled: Settlement, lease: float | None) -> None:
        _hold(connection, claim, settled, lease)
        statements.ATTEMPTED.run(connection, _attempt(settled))
        statements.DELIVERED.run_each(connection, [_delivered(which, settled) for which in settled.deliveries])
        for spent in settled.budgets:
            budgets.save(connection, spent)
        for key, part in settled.parts:
            _bundle(connection, key, part)
        for alert in settled.alerts:
            store_alert(connection, settled.event_id, alert, now=settled.finished_at)
            self._database.tell(connection)
        if settled.whole_vendor:
            budgets.rest_vendor(connection, claim.lane_id, settled.next_at)
        if settled.keep is not None:
            budgets.bury_overflow(connection, claim.lane_id, most=settled.keep, now=settled.finished_at)

    def release(self, claim: Claim, *, next_at: float) -> None:
        """Give the lane back, to be worked again from ``next_at`` on, after those due before. Raises `LeaseLost`."""
        self._commit.run(lambda connection: _give_back(connection, claim, next_at=next_at))

    def end_leases(self, holders: Collection[str]) -> None:
        """End the leases of holders that are known to be dead; their lanes can be taken over at once."""
        statement = update(lane).where(lane.c.holder.in_(holders)).values(lease_until=0.0)
        self._commit.run(lambda connection: connection.execute(statement))

    def holders(self) -> list[str]:
        """Return everybody who holds a lane."""
        with self._reads.connect() as connection:
            return [*connection.scalars(select(lane.c.holder).where(lane.c.holder.is_not(None)).distinct())]


def _stored(row: RowMapping) -> StoredDelivery:
    return StoredDelivery(**{**row, "alone": bool(row["alone"])})


def _hold(connection: Connection, claim: Claim, settled: Settlement, lease: float | None) -> None:
    _fenced(
        connection,
        statements.HOLD,
        claim,
        new_holder=None if lease is None else claim.holder,
        new_lease_until=0.0 if lease is None else settled.finished_at + lease,
        # Given back, the lane goes to the end of those that are due.
        new_next_at=settled.next_at if lease is not None else max(settled.next_at, settled.finished_at),
    )


def _give_back(connection: Connection, claim: Claim, *, next_at: float) -> None:
    _fenced(connection, statements.GIVE_BACK, claim, new_next_at=next_at)


def _fenced(connection: Connection, statement: Compiled, claim: Claim, **values: Any) -> None:
    """Write to the lane's row if it is still ours, which everything else in the transaction depends on."""
    if statement.run(connection, {"which": claim.lane_id, "me": claim.holder, **values}).rowcount == 0:
        raise LeaseLost(f"the lane {claim.lane_id} has another holder by now")


def _bundle(connection: Connection, key: str | None, deliveries: Collection[int]) -> None:
    connection.execute(
        statements.BUNDLE, [{"which": which, "key": key, "on_its_own": int(key is None)} for which in deliveries]
    )


def _attempt(settled: Settlement) -> dict[str, Any]:
    return {
        "delivery_id": settled.deliveries[0],
        "started_at": settled.started_at,
        "finished_at": settled.finished_at,
        "verdict": settled.verdict,
        "answer": settled.answer,
        "remedy": settled.remedy,
    }


def _delivered(which: int, settled: Settlement) -> dict[str, Any]:
    return {
        "which": which,
        "new_state": settled.state,
        "new_form": settled.form,
        "new_bounded_failures": settled.bounded_failures,
        "new_settled_at": None if settled.state == "waiting" else settled.finished_at,
    }


def _outcome(done: HandledEvent, now: float) -> dict[str, Any]:
    return {
        "which": done.id,
        "new_state": done.state,
        "new_outcome": done.outcome,
        "new_trace": done.trace,
        "new_handled_at": now,
    }
