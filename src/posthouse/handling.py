"""One event on its way to the robots: read, decided about, and turned into what is stored of it."""

import json
import logging
import traceback
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from posthouse.core.errors import StoreUnavailable
from posthouse.core.event import Inbound, Memory
from posthouse.core.message import Message
from posthouse.desk import Desk, Routed
from posthouse.lookups import Lookups
from posthouse.outbox import HandledEvent, NewDelivery, Outbox, StoredEvent
from posthouse.trace import UNVERIFIED

log = logging.getLogger("posthouse.relay")

#: How long a message is held back at most, in seconds: it must not seem lost.
LONGEST_HOLD = 3600.0


class Handling:
    """Decides about events; used by any number of threads."""

    def __init__(self, desk: Desk, outbox: Outbox, lookups: Lookups) -> None:
        self._desk = desk
        self._outbox = outbox
        self._lookups = lookups

    def handle(self, stored: StoredEvent, before: Sequence[HandledEvent]) -> HandledEvent:
        """Decide about one event. Whatever a plugin raises is kept with the event, and the lane goes on.

        ``before`` are events of the same webhook that were decided about and are not stored yet.
        """
        inbound = Inbound(stored.headers, stored.query, stored.body, stored.received_at)
        if stored.verified.startswith(UNVERIFIED):
            step = {"step": "handled", "outcome": "error", "reason": "nobody knows whether the sender is genuine"}
            return HandledEvent(id=stored.id, state="failed", outcome="error", trace=json.dumps([step]))
        try:
            event = self._desk.webhook(stored.webhook_id).parse(inbound)
            decision = self._desk.decide(
                stored.webhook_id,
                replace(event, received_at=stored.received_at),
                recall=partial(self._recalled, stored.webhook_id, before),
                look_up=self._lookups.look_up,
            )
            trace = json.dumps(decision.trace)
            memory = decision.memory and Memory(storable(decision.memory.topic), storable(decision.memory.value))
            deliveries = [self._delivery(routed.message, robot) for routed in decision.said for robot in routed.robots]
            withdrawn = [pair for routed in decision.said for pair in self._withdrawn(stored.webhook_id, routed)]
        except StoreUnavailable:
            raise  # no fault of the plugin's: the event waits until the database can be read again
        except (Exception, SystemExit):
            log.exception("event %d of %s: its handler failed", stored.id, stored.webhook_id)
            said = traceback.format_exc()
            step = {"step": "handled", "outcome": "error", "reason": said.splitlines()[-1], "traceback": said}
            trace = json.dumps([step])
            return HandledEvent(id=stored.id, state="failed", outcome="error", trace=trace)
        log.info(
            "event %d of %s: %s, %s", stored.id, stored.webhook_id, event.name, decision.reason or decision.outcome
        )
        return HandledEvent(stored.id, "handled", decision.outcome, trace, deliveries, memory, withdrawn)

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


def storable(text: str) -> str:
    """Return a text that a plugin made without white space around it; raises what is no text, or none to be stored.

    PostgreSQL's texts have no null characters.
    """
    text = str.strip(text).replace("\0", "")
    text.encode()
    return text
