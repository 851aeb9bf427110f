"""Stores the deliveries that events led to, so that no robot hears of one occurrence twice.

Two webhooks may report the same, and a sender may report it twice: the second delivery is kept as ``repeated`` and not
sent. A message that is held back gives way to a later one of its burst, and is kept as ``superseded``. Both name the
event that is told instead.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, text, update

from posthouse.outbox.tables import delivery
from posthouse.outbox.work import HandledEvent, NewDelivery

#: Locks names in a transaction.
Lock = Callable[[Connection, Sequence[str]], None]
#: A delivery as a row of its table; one that is not stored yet has no ``id``.
DeliveryRow = dict[str, Any]


def store_deliveries(
    connection: Connection, handled: Sequence[HandledEvent], *, lock: Lock, now: float, window: float
) -> None:
    """Insert the deliveries of events; what a lane was told of during the last ``window`` seconds is not told again.

    ``lock`` lets nobody else decide about the same names until the transaction is over.
    """
    new = [one for done in handled for one in done.deliveries]
    bursts = [pair for done in handled for pair in done.withdrawn] + [(one.lane_id, one.burst) for one in new]
    told = [(one.lane_id, one.occurrence) for one in new]
    lock(connection, [f"{lane_id} {name}" for lane_id, name in (*told, *bursts) if name])
    ledger = _Ledger(_told(connection, new, now - window, now) if window else (), _held(connection, bursts, now))
    rows = []
    for done in handled:
        for one in done.deliveries:
            rows.append(_row(done.id, one, now))
            ledger.enter(rows[-1], now)
        for lane_id, burst in done.withdrawn:
            ledger.give_way(lane_id, burst, event_id=done.id, now=now)
    for row in ledger.given_way:
        connection.execute(_GIVE_WAY, {"which": row["id"], "event": row["told_by"], "now": now})
    if rows:
        connection.execute(insert(delivery), rows)


def store_alert(connection: Connection, event_id: int, new: NewDelivery, *, now: float) -> None:
    """Insert what operators are told because of an event's delivery, whatever its lane was told before."""
    connection.execute(insert(delivery), _row(event_id, new, now) | {"alert": 1})


class _Ledger:
    """What each lane was told of and what is held back in it, while new deliveries are entered in order."""

    def __init__(self, told: Sequence[DeliveryRow], held: Sequence[DeliveryRow]) -> None:
        self._told = {(row["lane_id"], row["occurrence"]): row for row in told}
        self._held: dict[tuple[str, str | None], DeliveryRow] = {(row["lane_id"], row["burst"]): row for row in held}
        #: Stored deliveries in whose place a new one is told.
        self.given_way: list[DeliveryRow] = []

    def enter(self, row: DeliveryRow, now: float) -> None:
        """Decide whether a new delivery is told, repeats what was, or takes the place of one that is held back."""
        occurrence = (row["lane_id"], row["occurrence"])
        first = self._told.get(occurrence)
        if first is not None:
            row |= {"state": "repeated", "told_by": first["event_id"], "settled_at": now}
            return
        if other := self.give_way(row["lane_id"], row["burst"], event_id=row["event_id"], now=now):
            # A burst without end is told when its first message would have been.
            row["due_at"] = min(row["due_at"], other["due_at"])
        if row["due_at"] > now:
            self._held[row["lane_id"], row["burst"]] = row
        elif row["occurrence"]:
            self._told[occurrence] = row

    def give_way(self, lane_id: str, burst: str | None, *, event_id: int, now: float) -> DeliveryRow | None:
        """Let what is held back of a burst not be told, because of an event; return it, None if nothing is."""
        other = self._held.pop((lane_id, burst), None)
        if other is not None:
            other |= {"state": "superseded", "told_by": event_id, "settled_at": now}
            if "id" in other:
                self.given_way.append(other)
        return other


def _row(event_id: int, new: NewDelivery, now: float) -> DeliveryRow:
    return {
        "event_id": event_id,
        "robot": new.robot,
        "lane_id": new.lane_id,
        "idempotency_key": new.idempotency_key,
        "message": new.message,
        "occurrence": new.occurrence,
        "burst": new.burst,
        "due_at": now + new.hold if new.hold > 0.0 else 0.0,
        "state": "waiting",
        "told_by": None,
        "created_at": now,
        "settled_at": None,
    }


def _told(connection: Connection, new: Sequence[NewDelivery], since: float, now: float) -> Sequence[DeliveryRow]:
    names = sorted({one.occurrence for one in new if one.occurrence})
    if not names:
        return ()
    asked = {"lanes": sorted({one.lane_id for one in new}), "names": names, "since": since, "now": now}
    return [dict(row) for row in connection.execute(_TOLD, asked).mappings()]


def _held(connection: Connection, bursts: Sequence[tuple[str, str | None]], now: float) -> Sequence[DeliveryRow]:
    names = sorted({burst for _, burst in bursts if burst})
    if not names:
        return ()
    asked = {"lanes": sorted({lane_id for lane_id, _ in bursts}), "names": names, "now": now}
    return [dict(row) for row in connection.execute(_HELD, asked).mappings()]


_COLUMNS = (
    delivery.c.id,
    delivery.c.event_id,
    delivery.c.lane_id,
    delivery.c.occurrence,
    delivery.c.burst,
    delivery.c.due_at,
)
_AMONG = delivery.c.lane_id.in_(bindparam("lanes", expanding=True))
_TOLD = (
    select(*_COLUMNS)
    .where(
        delivery.c.occurrence.in_(bindparam("names", expanding=True)),
        _AMONG,
        delivery.c.created_at >= bindparam("since"),
        delivery.c.due_at <= bindparam("now"),
        delivery.c.state.in_(("waiting", "sent", "digested")),
    )
    .order_by(delivery.c.id)
)
# The state is written out, not bound: the partial index is only used for the very text.
_HELD = (
    select(*_COLUMNS)
    .where(
        delivery.c.burst.in_(bindparam("names", expanding=True)),
        _AMONG,
        delivery.c.state == text("'waiting'"),
        delivery.c.due_at > bindparam("now"),
    )
    .order_by(delivery.c.id)
)
_GIVE_WAY = (
    update(delivery)
    .where(delivery.c.id == bindparam("which"))
    .values(state="superseded", told_by=bindparam("event"), settled_at=bindparam("now"))
)
