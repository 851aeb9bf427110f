"""One attempt for a delivery or a digest: render, sign, send, judge, and what becomes of it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from posthouse.core.budget import Allowance, Budget, Circuit
from posthouse.core.errors import DeliveryError, Rejected, TryLater
from posthouse.core.http import HttpReply, Request
from posthouse.core.message import Message
from posthouse.core.plugin import Notifier
from posthouse.fate import Fate, fate
from posthouse.meters import WorkMeters
from posthouse.outbox import Settlement, StoredDelivery
from posthouse.pacing import spent

log = logging.getLogger("posthouse.relay")


class Sends(Protocol):
    """What carries a request to a robot, as `posthouse.transport.Transport` does."""

    def send(self, request: Request) -> HttpReply:
        """Return the reply, or raise a `DeliveryError`."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one attempt tells: a delivery, or the several that a digest names, with the message and its key."""

    deliveries: tuple[StoredDelivery, ...]
    #: As it is stored.
    message: str = field(repr=False)
    key: str

    @property
    def is_digest(self) -> bool:
        """Tell whether several are told at once."""
        return len(self.deliveries) > 1

    @property
    def ids(self) -> tuple[int, ...]:
        """The deliveries' ids."""
        return tuple(delivery.id for delivery in self.deliveries)

    def __str__(self) -> str:
        first = self.deliveries[0]
        if self.is_digest:
            return f"digest of {len(self.deliveries)} deliveries from {first.id} on to {first.robot}"
        return f"delivery {first.id} of event {first.event_id} to {first.robot}"


@dataclass(frozen=True, slots=True)
class Seat:
    """The robot that an attempt is made with, and what is left of its budget."""

    robot: str
    notifier: Notifier
    budget: Budget
    allowance: Allowance


class Attempts:
    """Makes attempts; writes nothing down itself, but returns what is to be settled."""

    def __init__(self, transport: Sends, clock: Callable[[], float], *, time_zone: str, meters: WorkMeters) -> None:
        self._transport = transport
        self._clock = clock
        self._time_zone = time_zone
        self._meters = meters

    def make(self, batch: Batch, seat: Seat) -> Settlement:
        """Make one attempt, which the budget allowed and counts, and return its fate: sent, to be tried again, buried.

        The settlement's ``next_at`` is when this robot goes on.
        """
        started_at = self._clock()
        error = self._send(batch, seat.notifier, started_at)
        finished_at = self._clock()
        first = batch.deliveries[0]
        ending = fate(
            error,
            form=first.form,
            # A plainer form is a shorter one, and would not name everything that a digest tells.
            forms=1 if batch.is_digest else seat.notifier.forms,
            failures=seat.budget.failures,
            earlier=first.bounded_failures,
        )
        answer = "ok" if error is None else seat.notifier.settings.without_secrets(error.answer)
        rest_until = finished_at + ending.rest if ending.rest else 0.0
        settled = Settlement(
            deliveries=batch.ids,
            state=ending.state,
            form=ending.form,
            bounded_failures=ending.bounded,
            started_at=started_at,
            finished_at=finished_at,
            verdict="ok" if error is None else error.verdict,
            answer=answer.replace("\0", "\ufffd"),
            remedy="" if error is None else error.remedy,
            next_at=rest_until,
            budgets=(),
            event_id=first.event_id,
            whole_vendor=isinstance(error, TryLater) and error.whole_vendor,
        )
        settled = replace(settled, budgets=(self._spent(seat, settled, ending),))
        seconds = finished_at - started_at
        self._meters.attempted(seat.robot, settled.verdict, kind=seat.notifier.type, seconds=seconds)
        _log(batch, seat, settled)
        return settled

    def cut_off(
        self, delivery: StoredDelivery, budgets: Sequence[Budget], allowances: Sequence[Allowance]
    ) -> Settlement:
        """Note that the last holder of the lane died, perhaps while it spoke to a robot: that may have counted."""
        now = self._clock()
        log.warning(
            "delivery %d to %s: the last worker stopped in the middle of it",
            delivery.id,
            delivery.robot,
            extra={"delivery_id": delivery.id, "event_id": delivery.event_id, "robot": delivery.robot},
        )
        self._meters.cut_off(delivery.robot)
        counted = tuple(
            spent(budget, allowance, ended_at=now, verdict="ambiguous", time_zone=self._time_zone)
            for budget, allowance in zip(budgets, allowances, strict=True)
        )
        return Settlement(
            deliveries=(delivery.id,),
            state="waiting",
            form=delivery.form,
            bounded_failures=delivery.bounded_failures,
            started_at=now,
            finished_at=now,
            verdict="ambiguous",
            answer="the worker stopped before it could note the robot's answer, if there was an attempt at all",
            remedy="",
            next_at=0.0,
            budgets=counted,
        )

    def is_whole(self, notifier: Notifier, message: Message) -> bool:
        """Tell whether a robot would show all of a message; a notifier with a bug is asked to show less."""
        try:
            return notifier.is_whole(message)
        except (Exception, SystemExit):
            log.exception("%s failed to say whether a message fits", type(notifier).__name__)
            return False

    def _spent(self, seat: Seat, settled: Settlement, ending: Fate) -> Budget:
        budget, at = seat.budget, settled.finished_at
        circuit = None if settled.verdict == "ok" else budget.circuit
        if ending.opens:
            since = budget.circuit.since if budget.circuit else at
            circuit = Circuit(since, settled.answer, settled.remedy)
        after = spent(budget, seat.allowance, ended_at=at, verdict=settled.verdict, time_zone=self._time_zone)
        return replace(after, rest_until=settled.next_at, failures=ending.failures, circuit=circuit)

    def _send(self, batch: Batch, notifier: Notifier, now: float) -> DeliveryError | None:
        """Return what went wrong, or None if the robot has shown the message."""
        try:
            payload = notifier.render(Message.from_json(batch.message), form=batch.deliveries[0].form)
            request = notifier.request(payload, now=now, idempotency_key=batch.key)
            notifier.judge(self._transport.send(request))
        except DeliveryError as error:
            return _bounded(error, notifier)
        except (Exception, SystemExit) as error:
            # A plugin may raise anything. Its bug is this message's trouble: the lane goes on.
            log.exception("%s: its notifier failed", batch)
            return Rejected(
                f"{type(notifier).__name__} failed: {type(error).__name__}",
                verdict="message",
                remedy=notifier.choose(
                    zh="这是该通知插件的缺陷：日志里有完整的出错信息。",
                    en="This is a bug in the notifier; the log has its traceback.",
                ),
            )
        return None


def _bounded(error: DeliveryError, notifier: Notifier) -> DeliveryError:
    """Bound how often a message is sent again that the vendor may show twice, by what the operator wants."""
    if isinstance(error, TryLater) and error.verdict == "ambiguous" and not notifier.is_idempotent:
        error.attempts = 1 + notifier.settings.unclear_retries
    return error


def _log(batch: Batch, seat: Seat, settled: Settlement) -> None:
    first, seconds = batch.deliveries[0], settled.finished_at - settled.started_at
    fields = {
        "event_id": first.event_id,
        "delivery_id": first.id,
        "deliveries": len(batch.deliveries),
        "robot": seat.robot,
        "verdict": settled.verdict,
        "outcome": settled.state,
        "seconds": round(seconds, 6),
    }
    if settled.state == "sent":
        log.info("%s: sent in %.0f ms", batch, seconds * 1000, extra=fields)
        return
    rest = f", next try in {settled.next_at - settled.finished_at:.0f} s" if settled.next_at else ""
    said = f"{settled.answer} {settled.remedy}"
    log.warning("%s: %s (%s%s): %s", batch, settled.state, settled.verdict, rest, said, extra=fields)
