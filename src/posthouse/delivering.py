"""The work in one robot's lane: what is sent next, with which robot, on its own or in a digest, and when."""

import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import takewhile

from posthouse.alerts import nearly_used_up, set_up_wrongly
from posthouse.attempts import Attempts, Batch, Seat
from posthouse.config.settings import ServerSettings
from posthouse.core.budget import Budget
from posthouse.core.message import Message
from posthouse.core.plugin import DigestSettings
from posthouse.digest import digest
from posthouse.meters import WorkMeters
from posthouse.outbox import Claim, NewDelivery, Outbox, Settlement, StoredDelivery
from posthouse.pacing import REMEMBERED, free, ready_at
from posthouse.quota import is_nearly_used
from posthouse.robots import Robots
from posthouse.spans import HEADER, Spans
from posthouse.transport import TOTAL_SECONDS

log = logging.getLogger("posthouse.relay")

#: How long a lane is held at a time, in seconds: longer than any attempt may take, dead name servers included.
LEASE = TOTAL_SECONDS + 20.0
#: How many deliveries are taken out of a lane at a time.
AT_ONCE = 50
#: After how many seconds no further delivery of one lane is sent before the other lanes had their turns.
TURN = 5.0
#: How many deliveries one digest tells at most.
DIGESTED_AT_MOST = 200
#: How many any robot's digest can tell, unless their titles and addresses are unusually long.
DIGESTED_AT_LEAST = 10
#: More than this is no more than the digests of any minute can tell, and counting it takes its time.
COUNTED_AT_MOST = REMEMBERED * DIGESTED_AT_LEAST
#: For how long messages gather when a month's quota is nearly used up, in seconds.
NEARLY_USED_WINDOW = 600
#: How much waits for a robot that is set up wrongly, before the oldest is given up.
KEPT = 1000

Budgets = dict[str, Budget]


class Delivering:
    """Works in lanes; used by any number of threads, each in a lane of its own."""

    def __init__(
        self,
        robots: Robots,
        outbox: Outbox,
        attempts: Attempts,
        *,
        server: ServerSettings,
        clock: Callable[[], float],
        meters: WorkMeters,
        spans: Spans,
    ) -> None:
        self._robots = robots
        self._lanes = outbox.lanes
        self._history = outbox.history
        self._attempts = attempts
        self._language = server.language
        self._time_zone = server.time_zone
        self._clock = clock
        self._meters = meters
        self._spans = spans

    def work(self, claim: Claim, stopping: Callable[[], bool]) -> None:
        """Send what is due in a lane, until it must rest or nothing is left of what was taken. Raises `LeaseLost`."""
        budgets = {budget.token: budget for budget in claim.budgets if budget.token in self._robots.allowances}
        waiting = self._lanes.waiting_deliveries(claim.lane_id, AT_ONCE, now=self._clock())
        due = self._count_due(claim.lane_id, waiting, budgets)
        if claim.taken_over and waiting:
            waiting[0] = self._cut_off(claim, waiting[0], budgets)
        while waiting:
            seat = self._seat(waiting[0], claim.lane_id, budgets)
            if seat is None:
                break
            not_before = max(self._ready_at(seat), self._gathers_until(waiting[0], seat))
            if not_before > self._clock():
                self._lanes.release(claim, next_at=not_before)
                return
            batch = self._batch(claim, waiting, seat, budgets, due)
            settled = self._attempted(batch, seat)
            budgets[seat.budget.token] = settled.budgets[0]
            settled = self._finished(claim, batch, seat, settled, budgets)
            told = set(batch.ids)
            waiting = [delivery for delivery in waiting if delivery.id not in told]
            due -= len(told)
            # There may be as many robots that answer slowly as there are threads.
            is_over = stopping() or self._clock() > claim.until - LEASE + TURN
            # What waits again, be it at once in a simpler form, is the next to be sent: nothing overtakes it.
            last = settled.state == "waiting" or not waiting or is_over
            if settled.state != "waiting":
                self._meters.settled(seat.robot, settled.state, len(told))
            self._lanes.settle(claim, settled, lease=None if last else LEASE)
            if last:
                return
        self._lanes.release(claim, next_at=self._clock())

    def _cut_off(self, claim: Claim, delivery: StoredDelivery, budgets: Budgets) -> StoredDelivery:
        """Note an attempt that may have been made, with any of the lane's robots."""
        allowances = [self._robots.allowances[token] for token in budgets]
        settled = self._attempts.cut_off(delivery, tuple(budgets.values()), allowances)
        self._lanes.settle(claim, settled, lease=LEASE)
        budgets |= {budget.token: budget for budget in settled.budgets}
        return replace(delivery, attempts=delivery.attempts + 1)

    def _seats(self, delivery: StoredDelivery, lane_id: str, budgets: Budgets) -> list[Seat]:
        robots = self._robots
        tokens = {name: robots.tokens[name] for name in robots.members(delivery.robot, lane_id)}
        return [
            Seat(name, robots.notifiers[name], budgets.get(token, Budget(token)), robots.allowances[token])
            for name, token in tokens.items()
        ]

    def _seat(self, delivery: StoredDelivery, lane_id: str, budgets: Budgets) -> Seat | None:
        """Return the robot that speaks next: of those that are ready the one that has rested longest, in turn."""
        now = self._clock()
        return min(
            self._seats(delivery, lane_id, budgets),
            key=lambda seat: (max(self._ready_at(seat), now), seat.budget.ended[-1:], len(seat.budget.ended)),
            default=None,
        )

    def _ready_at(self, seat: Seat) -> float:
        return ready_at(seat.budget, seat.allowance, now=self._clock(), time_zone=self._time_zone)

    def _gathers_until(self, delivery: StoredDelivery, seat: Seat) -> float:
        """Return until when messages gather behind this one, to be told in one digest."""
        if delivery.digest or _is_told_alone(delivery):
            return 0.0
        window = self._window(seat)
        return delivery.created_at + window if window else 0.0

    def _window(self, seat: Seat) -> int:
        """Return for how many seconds messages gather; 0 for not at all."""
        chosen = seat.notifier.settings.digest
        if chosen == "off":
            return 0
        own = chosen.every if isinstance(chosen, DigestSettings) else 0
        nearly = is_nearly_used(seat.budget, seat.allowance.per_month, now=self._clock(), time_zone=self._time_zone)
        return max(own, NEARLY_USED_WINDOW) if nearly else own

    def _count_due(self, lane_id: str, waiting: Sequence[StoredDelivery], budgets: Budgets) -> int:
        """Return how many deliveries are due. Robots without a limit need no digests, so theirs are not counted."""
        is_limited = any(self._robots.allowances[token].per_minute for token in budgets)
        if len(waiting) < AT_ONCE or not is_limited:
            return len(waiting)
        return self._lanes.count_due(lane_id, most=COUNTED_AT_MOST, now=self._clock())

    def _batch(self, claim: Claim, waiting: Sequence[StoredDelivery], seat: Seat, budgets: Budgets, due: int) -> Batch:
        """Return what the next attempt tells: a digest that was begun, a new one, or one of ``due`` deliveries."""
        first = waiting[0]
        if first.digest:
            named = self._lanes.digested(claim.lane_id, first.digest)
            messages = _readable(named)
            if len(messages) == len(named):
                return Batch(tuple(named), self._told(messages).to_json(), first.digest)
        if len(waiting) > 1 and not _is_told_alone(first) and self._is_short(claim.lane_id, first, seat, budgets, due):
            named = self._fitting(claim.lane_id, first, seat)
            if len(named) > 1:
                key = uuid.uuid4().hex
                self._lanes.bundle(claim, key, [delivery.id for delivery in named])
                return Batch(tuple(named), self._told(_readable(named)).to_json(), key)
        return Batch((first,), first.message, first.idempotency_key)

    def _is_short(self, lane_id: str, first: StoredDelivery, seat: Seat, budgets: Budgets, due: int) -> bool:
        """Tell whether more is due than the budget has room for, so that what comes next has to be a digest.

        Messages are told on their own for as long as digests can tell the rest in the room that is left then.
        """
        if seat.notifier.settings.digest == "off":
            return False
        if self._window(seat):
            return True
        now = self._clock()
        seats = self._seats(first, lane_id, budgets)
        rooms = [free(one.budget, one.allowance, now=now) for one in seats if self._ready_at(one) <= now]
        if None in rooms:
            return False
        return due > (sum(room or 0 for room in rooms) - 1) * DIGESTED_AT_LEAST

    def _fitting(self, lane_id: str, first: StoredDelivery, seat: Seat) -> list[StoredDelivery]:
        """Return the first deliveries of a lane, as many as one digest shows whole."""
        due = self._lanes.waiting_deliveries(lane_id, DIGESTED_AT_MOST, now=self._clock())
        voice = self._voice(first, lane_id)
        alike = [
            *takewhile(
                lambda one: not _is_told_alone(one) and not one.digest and self._voice(one, lane_id) == voice, due
            )
        ]
        messages = _readable(alike)
        least, most = 0, len(messages)
        while least < most:
            middle = (least + most + 1) // 2
            if self._attempts.is_whole(seat.notifier, self._told(messages[:middle])):
                least = middle
            else:
                most = middle - 1
        return alike[:least]

    def _voice(self, delivery: StoredDelivery, lane_id: str) -> object:
        """Return what deliveries have in common that one digest may tell: several names of one token are one robot."""
        names = self._robots.members(delivery.robot, lane_id)
        return [(self._robots.tokens[name], self._robots.notifiers[name].settings.digest) for name in names]

    def _told(self, messages: Sequence[Message]) -> Message:
        # What is left of a digest may be one delivery: the others were given up meanwhile.
        return messages[0] if len(messages) == 1 else digest(messages, language=self._language)

    def _attempted(self, batch: Batch, seat: Seat) -> Settlement:
        first = batch.deliveries[0]
        with self._spans.span(
            "attempt",
            kind="CLIENT",
            parents=self._parents(batch),
            event_id=first.event_id,
            delivery_id=first.id,
            deliveries=len(batch.deliveries),
            robot=seat.robot,
        ) as note:
            settled = self._attempts.make(batch, seat)
            note.add(verdict=settled.verdict, state=settled.state)
            return settled

    def _parents(self, batch: Batch) -> list[str]:
        """Return the stories that an attempt goes on with; nobody asks for them where no spans are made."""
        if not self._spans.is_on:
            return []
        kept = self._history.kept_headers({delivery.event_id for delivery in batch.deliveries})
        return [headers.get(HEADER, "") for headers in kept.values()]

    def _finished(self, claim: Claim, batch: Batch, seat: Seat, settled: Settlement, budgets: Budgets) -> Settlement:
        """Return the settlement with what it means beyond the attempt: for digests, operators and the lane's rest."""
        if batch.is_digest and settled.state == "sent":
            settled = replace(settled, state="digested")
        if batch.is_digest and settled.state == "buried" and settled.verdict != "ambiguous":
            settled = replace(settled, state="waiting", parts=_halves(batch.ids))
        settled = self._alerted(seat, settled)
        budgets[seat.budget.token] = settled.budgets[0]
        circuit = settled.budgets[0].circuit
        if settled.state == "waiting" and not settled.whole_vendor:
            seats = self._seats(batch.deliveries[0], claim.lane_id, budgets)
            settled = replace(settled, next_at=min(self._ready_at(one) for one in seats))
        return replace(settled, keep=KEPT if circuit and settled.verdict == "config" else None)

    def _alerted(self, seat: Seat, settled: Settlement) -> Settlement:
        """Add what operators are told, once each: that a robot is set up wrongly, that its month is nearly used up."""
        after = settled.budgets[0]
        alerts: list[NewDelivery] = []
        fallback = seat.notifier.settings.fallback
        if after.circuit is not None and seat.budget.circuit is None:
            remedy, fields = after.circuit.remedy, {"robot": seat.robot, "verdict": settled.verdict}
            log.error("the robot %s is set up wrongly and is left alone: %s", seat.robot, remedy, extra=fields)
            if fallback is not None:
                alerts.append(self._alert(fallback, set_up_wrongly(seat.robot, after.circuit, language=self._language)))
        quota = seat.allowance.per_month
        if not after.warned and is_nearly_used(after, quota, now=settled.finished_at, time_zone=self._time_zone):
            after = replace(after, warned=True)
            fields = {"robot": seat.robot}
            log.warning(
                "the robot %s has used %d of %d messages this month", seat.robot, after.used, quota, extra=fields
            )
            warning = nearly_used_up(seat.robot, after, quota, language=self._language)
            alerts.append(self._alert(fallback or seat.robot, warning))
        return replace(settled, budgets=(after,), alerts=alerts)

    def _alert(self, robot: str, message: Message) -> NewDelivery:
        lane_id = self._robots.lanes[robot]
        return NewDelivery(robot=robot, lane_id=lane_id, idempotency_key=uuid.uuid4().hex, message=message.to_json())


def _is_told_alone(delivery: StoredDelivery) -> bool:
    """Tell whether a delivery may be in no new digest: one was refused, or it may have been shown by itself.

    In a digest it would have another key, by which no robot could know it again.
    """
    return delivery.alone or (delivery.digest is None and delivery.attempts > 0)


def _readable(deliveries: Iterable[StoredDelivery]) -> list[Message]:
    """Return the messages of deliveries, up to the first that another version of posthouse stored differently."""
    messages: list[Message] = []
    for delivery in deliveries:
        try:
            messages.append(Message.from_json(delivery.message))
        except ValueError:
            break
    return messages


def _halves(ids: Sequence[int]) -> tuple[tuple[str | None, Sequence[int]], ...]:
    """Share out what a refused digest told, until the message that made it so is alone and fails alone."""
    middle = len(ids) // 2
    return tuple((uuid.uuid4().hex if len(part) > 1 else None, part) for part in (ids[:middle], ids[middle:]))
