"""One event on its way to the robots: read, decided about, and turned into what is stored of it."""

import json
import logging
import time
import traceback
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from posthouse.core.errors import StoreUnavailable
from posthouse.core.event import Inbound, Memory
from posthouse.core.message import Message
from posthouse.desk import Decision, Desk, Routed
from posthouse.lookups import Lookups
from posthouse.meters import NO_HANDLER, WorkMeters
from posthouse.outbox import HandledEvent, NewDelivery, Outbox, StoredEvent
from posthouse.spans import HEADER, Spans
from posthouse.trace import UNVERIFIED

log = logging.getLogger("posthouse.relay")

#: How long a message is held back at most, in seconds: it must not seem lost.
LONGEST_HOLD = 3600.0


class Handling:
    """Decides about events; used by any number of threads."""

    def __init__(self, desk: Desk, outbox: Outbox, lookups: Lookups, *, meters: WorkMeters, spans: Spans) -> None:
        self._desk = desk
        self._outbox = outbox
        self._lookups = lookups
        self._meters = meters
        self._spans = spans

    def handle(self, stored: StoredEvent, before: Sequence[HandledEvent]) -> HandledEvent:
        """Decide about one event. Whatever a plugin raises is kept with the event, and the lane goes on.

        ``before`` are events of the same webhook that were decided about and are not stored yet.
        """
        started_at = time.perf_counter()
        parents = (stored.headers.get(HEADER, ""),)
        with self._spans.span(
            "handle", kind="CONSUMER", parents=parents, event_id=stored.id, webhook=stored.webhook_id
        ) as note:
            done, about = self._decided(stored, before)
            note.add(handler=about.handler, outcome=done.outcome, deliveries=len(done.deliveries))
        seconds = time.perf_counter() - started_at
        self._meters.handled(
            stored.webhook_id, done.outcome, silence=about.silence, handler=about.handler, seconds=seconds
        )
        if done.state == "handled":
            _log(stored, done, about, seconds)
        return done

    def _decided(self, stored: StoredEvent, before: Sequence[HandledEvent]) -> "tuple[HandledEvent, _About]":
        about = _About()
        if stored.verified.startswith(UNVERIFIED):
            return _failed(stored, "nobody knows whether the sender is genuine"), about
        inbound = Inbound(stored.headers, stored.query, stored.body, stored.received_at)
        try:
            event = self._desk.webhook(stored.webhook_id).parse(inbound)
            handler = self._desk.handler(stored.webhook_id, event.name)
            about = _About(event.name, type(handler).__name__ if handler else NO_HANDLER)
            decision = self._desk.decide(
                stored.webhook_id,
                replace(event, received_at=stored.received_at),
                recall=partial(self._recalled, stored.webhook_id, before),
                look_up=self._lookups.look_up,
            )
            done = self._handled(stored, decision)
        except StoreUnavailable:
            raise  # no fault of the plugin's: the event waits until the database can be read again
        except (Exception, SystemExit):
            which = _which(stored) | {"event": about.event, "outcome": "error"}
            log.exception("event %d of %s: its handler failed", stored.id, stored.webhook_id, extra=which)
            said = traceback.format_exc()
            return _failed(stored, said.splitlines()[-1], traceback=said), about
        return done, replace(about, reason=decision.reason, silence=decision.silence or "")

    def _handled(self, stored: StoredEvent, decision: Decision) -> HandledEvent:
        """Return what is stored of a decision. Raises what a plugin's texts or messages lead to."""
        memory = decision.memory and Memory(storable(decision.memory.topic), storable(decision.memory.value))
        return HandledEvent(
            id=stored.id,
            state="handled",
            outcome=decision.outcome,
            trace=json.dumps(decision.trace),
            deliveries=[self._delivery(routed.message, robot) for routed in decision.said for robot in routed.robots],
            memory=memory,
            withdrawn=[pair for routed in decision.said for pair in self._withdrawn(stored.webhook_id, routed)],
        )

    def _recalled(self, webhook_id: str, before: Sequence[HandledEvent], topic: str) -> str | None:
        fresh = [done.memory.value for done in before if done.memory is not None and done.memory.topic == topic]
        return fresh[-1] if fresh else self._outbox.recall(webhook_id, topic)

    def _withdrawn(self, webhook_id: str, routed: Routed) -> Iterator[tuple[str, str]]:
        """Yield the lanes, with the burst, that must not be told now what is still held back in them.

        A bare report cannot say that it is confidential; the complete one does.
        """
        if routed.message.hold is not None:
            for robot in set(self._desk.settings.webhooks[webhook_id].robots) - set(routed.robots):
                yield self._desk.robots.lanes[robot], storable(routed.message.hold.burst)

    def _delivery(self, message: Message, robot: str) -> NewDelivery:
        return NewDelivery(
            robot=robot,
            lane_id=self._desk.robots.lanes[robot],
            idempotency_key=uuid.uuid4().hex,
            message=message.to_json(),
            occurrence=storable(message.occurrence or "") or None,
            hold=min(float(message.hold.seconds), LONGEST_HOLD) if message.hold else 0.0,
            burst=storable(message.hold.burst) or None if message.hold else None,
        )


@dataclass(frozen=True, slots=True)
class _About:
    """What is told of an event that was decided about, beside what is stored of it."""

    event: str = "?"
    handler: str = NO_HANDLER
    reason: str = ""
    silence: str = ""


def _log(stored: StoredEvent, done: HandledEvent, about: _About, seconds: float) -> None:
    said = about.reason or done.outcome
    fields = {"event": about.event, "outcome": done.outcome, "reason": about.reason, "seconds": round(seconds, 6)}
    which = _which(stored) | fields
    log.info("event %d of %s: %s, %s", stored.id, stored.webhook_id, about.event, said, extra=which)


def _failed(stored: StoredEvent, reason: str, **more: str) -> HandledEvent:
    step = {"step": "handled", "outcome": "error", "reason": reason, **more}
    return HandledEvent(id=stored.id, state="failed", outcome="error", trace=json.dumps([step]))


def _which(stored: StoredEvent) -> dict[str, object]:
    return {"event_id": stored.id, "webhook": stored.webhook_id}


def storable(text: str) -> str:
    """Return a text that a plugin made without white space around it; raises what is no text, or none to be stored.

    PostgreSQL's texts have no null characters.
    """
    text = str.strip(text).replace("\0", "")
    text.encode()
    return text
