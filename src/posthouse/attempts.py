"""One attempt for a delivery: render, sign, send, judge, and what becomes of the delivery after it."""

import logging
from collections.abc import Callable
from typing import Protocol

from posthouse.core.errors import DeliveryError, Rejected, TryLater
from posthouse.core.http import HttpReply, HttpRequest
from posthouse.core.message import Message
from posthouse.core.plugin import Notifier
from posthouse.fate import fate
from posthouse.outbox import Settlement, StoredDelivery
from posthouse.pacing import Pace

log = logging.getLogger("posthouse.relay")


class Sends(Protocol):
    """What carries a request to a robot, as `posthouse.transport.Transport` does."""

    def send(self, request: HttpRequest) -> HttpReply:
        """Return the reply, or raise a `DeliveryError`."""


class Attempts:
    """Makes attempts; writes nothing down itself, but returns what is to be settled."""

    def __init__(self, transport: Sends, clock: Callable[[], float]) -> None:
        self._transport = transport
        self._clock = clock

    def make(self, delivery: StoredDelivery, notifier: Notifier, pace: Pace, failures: int) -> Settlement:
        """Make one attempt, which ``pace`` allowed and counts, and return its fate: sent, to be tried again, or buried.

        ``failures`` is how many attempts of the lane have failed in a row before this one.
        """
        started_at = self._clock()
        error = self._send(delivery, notifier, started_at)
        finished_at = self._clock()
        pace.add(finished_at)
        ending = fate(
            error, form=delivery.form, forms=notifier.forms, failures=failures, earlier=delivery.bounded_failures
        )
        settled = Settlement(
            delivery_id=delivery.id,
            state=ending.state,
            form=ending.form,
            bounded_failures=ending.bounded,
            started_at=started_at,
            finished_at=finished_at,
            verdict="ok" if error is None else error.verdict,
            answer="ok" if error is None else notifier.settings.without_secrets(error.answer),
            remedy="" if error is None else error.remedy,
            next_at=finished_at + ending.rest if ending.rest else 0.0,
            failures=ending.failures,
            recent=pace.recent(finished_at),
            whole_vendor=isinstance(error, TryLater) and error.whole_vendor,
        )
        _log(delivery, settled)
        return settled

    def cut_off(self, delivery: StoredDelivery, pace: Pace, failures: int) -> Settlement:
        """Note that the last holder of the lane died, perhaps while it spoke to the robot: that may have counted."""
        now = self._clock()
        pace.add(now)
        log.warning("delivery %d to %s: the last worker stopped in the middle of it", delivery.id, delivery.robot)
        return Settlement(
            delivery_id=delivery.id,
            state="waiting",
            form=delivery.form,
            bounded_failures=delivery.bounded_failures,
            started_at=now,
            finished_at=now,
            verdict="ambiguous",
            answer="the worker stopped before it could note the robot's answer, if there was an attempt at all",
            remedy="",
            next_at=0.0,
            failures=failures,
            recent=pace.recent(now),
        )

    def _send(self, delivery: StoredDelivery, notifier: Notifier, now: float) -> DeliveryError | None:
        """Return what went wrong, or None if the robot has shown the message."""
        try:
            payload = notifier.render(Message.from_json(delivery.message), form=delivery.form)
            request = notifier.request(payload, now=now, idempotency_key=delivery.idempotency_key)
            notifier.judge(self._transport.send(request))
        except DeliveryError as error:
            return error
        except (Exception, SystemExit) as error:
            # A plugin may raise anything. Its bug is this message's trouble: the lane goes on.
            log.exception("delivery %d to %s: its notifier failed", delivery.id, delivery.robot)
            return Rejected(
                f"{type(notifier).__name__} failed: {type(error).__name__}",
                verdict="message",
                remedy=notifier.choose(
                    zh="这是该通知插件的缺陷：日志里有完整的出错信息。",
                    en="This is a bug in the notifier; the log has its traceback.",
                ),
            )
        return None


def _log(delivery: StoredDelivery, settled: Settlement) -> None:
    about = f"delivery {delivery.id} of event {delivery.event_id} to {delivery.robot}"
    if settled.state == "sent":
        log.info("%s: sent in %.0f ms", about, (settled.finished_at - settled.started_at) * 1000)
        return
    rest = f", next try in {settled.next_at - settled.finished_at:.0f} s" if settled.next_at else ""
    log.warning("%s: %s (%s%s): %s %s", about, settled.state, settled.verdict, rest, settled.answer, settled.remedy)
