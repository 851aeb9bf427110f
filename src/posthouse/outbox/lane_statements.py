"""The statements by which lanes are claimed, worked and given back; made once, as making them takes its time."""

from collections.abc import Collection
from functools import cache

from sqlalchemy import bindparam, case, func, insert, literal, select, text, update
from sqlalchemy.sql import ColumnElement

from posthouse.outbox.compiled import Compiled
from posthouse.outbox.tables import attempt, delivery, event, lane
from posthouse.outbox.work import Kind

#: How many lanes are looked at as those to be claimed next: enough for threads that look at the same time.
CANDIDATES = 4

# The state is written out in these conditions, not bound: the partial indexes are only used for the very text.
_EVENT_WAITS = event.c.state == text("'waiting'")
_DELIVERY_WAITS = delivery.c.state == text("'waiting'")
_NOT_HELD = delivery.c.due_at <= bindparam("now")
_DELIVERIES = select(delivery.c.id).where(delivery.c.lane_id == lane.c.id, _DELIVERY_WAITS)
_READY = (lane.c.lease_until <= bindparam("now"), lane.c.next_at <= bindparam("now"))
# Only where everything is held back does it matter until when: of what waits besides, there may be a million.
_HELD_UNTIL = case(
    (_DELIVERIES.where(delivery.c.due_at == 0.0).exists(), 0.0),
    else_=select(func.min(delivery.c.due_at)).where(delivery.c.lane_id == lane.c.id, _DELIVERY_WAITS).scalar_subquery(),
)


@cache
def due(kind: Kind, lanes: int) -> Compiled:
    """Return what finds, among so many lanes, those that have waited longest of those with work that is due."""
    # They are put in order first, and asked for work one by one until there are enough. The limit, which is none, keeps
    # databases from making one question of the two, and asking all.
    ready = select(lane.c.id).where(_among(lanes), *_READY).order_by(lane.c.next_at).limit(lanes).subquery("ready")
    return Compiled(select(ready.c.id).where(_has_work(kind, ready.c.id)).limit(CANDIDATES))


@cache
def due_still(kind: Kind, lanes: int) -> Compiled:
    """Return what finds the first of some lanes that is due still, and that nobody else is about to take; locks it."""
    found = select(lane.c.id, lane.c.holder).where(_among(lanes), *_READY, _has_work(kind, lane.c.id))
    return Compiled(found.order_by(lane.c.next_at).limit(1).with_for_update(skip_locked=True))


@cache
def due_later(kind: Kind, lanes: int) -> Compiled:
    """Return what finds, among so many lanes, three times for each with work, of which it is due at the last."""
    times = select(lane.c.next_at, lane.c.lease_until, literal(0.0) if kind == "webhook" else _HELD_UNTIL)
    has_work = _has_work(kind, lane.c.id) if kind == "webhook" else _DELIVERIES.exists()
    return Compiled(times.where(_among(lanes), has_work))


def names(lanes: Collection[str]) -> dict[str, str]:
    """Return the parameters that stand for these lanes."""
    return {f"lane_{number}": name for number, name in enumerate(lanes)}


def _has_work(kind: Kind, lane_id: ColumnElement[str]) -> ColumnElement[bool]:
    if kind == "webhook":
        return select(event.c.id).where(event.c.webhook_id == lane_id, _EVENT_WAITS).exists()
    return select(delivery.c.id).where(delivery.c.lane_id == lane_id, _DELIVERY_WAITS, _NOT_HELD).exists()


def _among(lanes: int) -> ColumnElement[bool]:
    # One parameter each: a list would be taken apart, and the statement put together anew, at each execution.
    return lane.c.id.in_([bindparam(f"lane_{number}") for number in range(lanes)])


WAITING_EVENTS = (
    select(event.c.id, event.c.received_at, event.c.verified, event.c.headers, event.c.query, event.c.body)
    .where(event.c.webhook_id == bindparam("webhook"), _EVENT_WAITS)
    .order_by(event.c.id)
    .limit(bindparam("most"))
)
_WORK = select(
    delivery.c.id,
    delivery.c.event_id,
    delivery.c.robot,
    delivery.c.idempotency_key,
    delivery.c.message,
    delivery.c.form,
    delivery.c.attempts,
    delivery.c.bounded_failures,
    delivery.c.created_at,
    delivery.c.digest,
    delivery.c.alone,
)
WAITING_DELIVERIES = (
    _WORK.where(delivery.c.lane_id == bindparam("lane"), _DELIVERY_WAITS, _NOT_HELD)
    .order_by(delivery.c.id)
    .limit(bindparam("most"))
)
_DUE_IN_LANE = select(delivery.c.id).where(delivery.c.lane_id == bindparam("lane"), _DELIVERY_WAITS, _NOT_HELD)
COUNT_DUE = select(func.count()).select_from(_DUE_IN_LANE.limit(bindparam("most")).subquery())
DIGESTED = _WORK.where(
    delivery.c.digest == bindparam("key"), delivery.c.lane_id == bindparam("lane"), _DELIVERY_WAITS
).order_by(delivery.c.id)
BUNDLE = (
    update(delivery)
    .where(delivery.c.id == bindparam("which"), _DELIVERY_WAITS)
    .values(digest=bindparam("key"), alone=bindparam("on_its_own"))
)
TAKE = Compiled(
    update(lane)
    .where(lane.c.id == bindparam("which"))
    .values(holder=bindparam("new_holder"), lease_until=bindparam("new_lease_until"))
)
# A rest that was put on the lane while it was held, by a ban of the whole vendor, is not cut short.
_LATER = case((lane.c.next_at > bindparam("new_next_at"), lane.c.next_at), else_=bindparam("new_next_at"))
HOLD = Compiled(
    update(lane)
    .where(lane.c.id == bindparam("which"), lane.c.holder == bindparam("me"))
    .values(
        holder=bindparam("new_holder"),
        lease_until=bindparam("new_lease_until"),
        next_at=_LATER,
    )
)
KEEP = Compiled(
    update(lane).where(lane.c.id == bindparam("which"), lane.c.holder == bindparam("me")).values(holder=lane.c.holder)
)
GIVE_BACK = Compiled(
    update(lane)
    .where(lane.c.id == bindparam("which"), lane.c.holder == bindparam("me"))
    .values(holder=None, lease_until=0.0, next_at=_LATER)
)
HANDLED = Compiled(
    update(event)
    .where(event.c.id == bindparam("which"))
    .values(
        state=bindparam("new_state"),
        outcome=bindparam("new_outcome"),
        trace=bindparam("new_trace"),
        handled_at=bindparam("new_handled_at"),
    )
)
_ATTEMPT = ("delivery_id", "started_at", "finished_at", "verdict", "answer", "remedy")
# Nobody asks for its id.
ATTEMPTED = Compiled(insert(attempt).values({name: bindparam(name) for name in _ATTEMPT}).inline())
ATTEMPT_IS_NOTED = select(attempt.c.id).where(
    attempt.c.delivery_id == bindparam("delivery_id"), attempt.c.started_at == bindparam("started_at")
)
DELIVERED = Compiled(
    update(delivery)
    .where(delivery.c.id == bindparam("which"))
    .values(
        state=bindparam("new_state"),
        form=bindparam("new_form"),
        bounded_failures=bindparam("new_bounded_failures"),
        attempts=delivery.c.attempts + 1,
        settled_at=bindparam("new_settled_at"),
    )
)
