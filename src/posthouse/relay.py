"""The product on one page: take an event in, decide what to say about it, say it to the robots."""

import logging
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import posthouse
from posthouse.attempts import Attempts
from posthouse.config import load
from posthouse.core.errors import LeaseLost, Overloaded, Refused, StoreUnavailable
from posthouse.core.event import Event, Inbound
from posthouse.core.plugin import WebhookHandler
from posthouse.delivering import LEASE, Delivering
from posthouse.desk import Desk
from posthouse.handling import Handling, storable
from posthouse.lookups import Lookups
from posthouse.meters import WorkMeters
from posthouse.outbox import Arrival, Claim, HandledEvent, Kept, Kind, Outbox, Recorded
from posthouse.spans import HEADER, Note, Spans, open_spans
from posthouse.trace import UNVERIFIED
from posthouse.transport import Transport

log = logging.getLogger("posthouse.relay")

#: How many events are taken out of a lane at a time.
AT_ONCE = 50
#: After how many seconds no further event of one lane is handled before the other lanes had their turns.
TURN = 1.0


class Relay:
    """One per process. `accept` is called for every request; workers call `handle_next` and `deliver_next`."""

    def __init__(
        self,
        desk: Desk,
        *,
        outbox: Outbox,
        transport: Transport,
        clock: Callable[[], float] = time.time,
        spans: Spans | None = None,
    ) -> None:
        self.desk = desk
        self.outbox = outbox
        self.clock = clock
        #: The lanes of the configured robots; several robots may share one.
        self.lanes = frozenset(desk.robots.lanes.values())
        #: What this process counts when it works.
        self.meters = meters = WorkMeters(desk.webhooks, desk.robots.notifiers)
        self._spans = spans = spans or Spans()
        self._transport = transport
        self._lookups = Lookups(desk.webhooks, clock=clock, meters=meters, spans=spans)
        self._handling = Handling(desk, outbox, self._lookups, meters=meters, spans=spans)
        server = desk.settings.server
        attempts = Attempts(transport, clock, time_zone=server.time_zone, meters=meters)
        self._delivering = Delivering(
            desk.robots, outbox, attempts, server=server, clock=clock, meters=meters, spans=spans
        )

    @classmethod
    def open(cls, path: Path, *, wait: bool = False) -> "Relay":
        """Open everything that the configuration at ``path`` names; raises `ConfigError` or `StoreUnavailable`.

        With ``wait``, a database server that is away is waited for.
        """
        settings = load(path)
        desk = Desk(settings)
        outbox = Outbox.open(settings.server.database_url, wait=wait)
        transport = Transport(language=settings.server.language)
        spans = open_spans(posthouse.__version__) if settings.server.traces else Spans()
        relay = cls(desk, outbox=outbox, transport=transport, clock=outbox.clock, spans=spans)
        relay.prepare()
        return relay

    def prepare(self) -> None:
        """Make sure that every configured webhook and robot has its lane in the outbox."""
        lanes: dict[str, tuple[Kind, str]] = {}
        for webhook_id, handler in self.desk.webhooks.items():
            lanes[webhook_id] = ("webhook", handler.type)
        robots = self.desk.robots
        for name, notifier in robots.notifiers.items():
            lanes[robots.lanes[name]] = ("robot", notifier.type)
        self.outbox.lanes.prepare(lanes, robots.lanes, robots.stored_tokens())

    def close(self) -> None:
        """Close the database and every connection."""
        self._lookups.close()
        self._transport.close()
        self.outbox.close()
        self._spans.close()

    def accept(self, webhook_id: str, inbound: Inbound) -> Recorded:
        """Store what a request reports. It is on disk when this returns; raises `Refused` if it is not taken in."""
        handler = self.desk.webhook(webhook_id)
        parents = (inbound.headers.get(HEADER, ""),)
        with self._spans.span("accept", kind="SERVER", parents=parents, webhook=webhook_id) as note:
            try:
                recorded = self._recorded(_arrival(webhook_id, handler, inbound, note), handler.settings.max_waiting)
            except StoreUnavailable as error:
                note.add(status=Overloaded.status)
                # What the database said is for the log: it may name hosts, which are none of a sender's business.
                raise Overloaded("the event cannot be stored just now; try again later") from error
            except Refused as error:
                note.add(status=error.status)
                raise
            note.add(event_id=recorded.event_id, repeat=recorded.repeat)
            return recorded

    def handle_next(self, holder: str) -> bool:
        """Decide about the events that wait in one webhook's lane; return False if none waits anywhere."""
        claim = self._claim("webhook", self.desk.webhooks, holder)
        if claim is None:
            return False
        with self.outbox.dropped.seeing_to(claim):
            handled: list[HandledEvent] = []
            for stored in self.outbox.lanes.waiting_events(claim.lane_id, AT_ONCE):
                handled.append(self._handling.handle(stored, handled))
                if self.clock() > claim.until - LEASE + TURN:
                    break  # slow plugins: the other lanes are to have their turns
            window = self.desk.settings.server.repeat_window
            try:
                self.outbox.lanes.hand_over(claim, handled, now=self.clock(), window=window)
            except LeaseLost as error:
                log.warning("%s; its events are handled there", error)
        return True

    def deliver_next(self, holder: str, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Send what is due in one robot's lane, until it must rest; return False if nothing is due anywhere.

        When ``stopping`` turns true, the attempt in flight is finished and settled, and the lane given back.
        """
        claim = self._claim("robot", self.lanes, holder)
        if claim is None:
            return False
        with self.outbox.dropped.seeing_to(claim):
            try:
                self._delivering.work(claim, stopping)
            except LeaseLost as error:
                log.warning("%s; what was sent last may be sent there again", error)
        return True

    def tidy(self) -> Iterator[None]:
        """Delete what is older than it is kept, a little at every step; raises `StoreUnavailable`."""
        now, keep = self.clock(), self.desk.settings.server.keep
        return self.outbox.retention.tidy(
            Kept.since(now, events=keep.events, bodies=keep.bodies),
            lanes=self.lanes.union(self.desk.webhooks),
            tokens=self.desk.robots.allowances,
            now=now,
        )

    def next_due(self, kind: Kind) -> float | None:
        """Return when the next webhook's or robot's lane with work is due; None when nothing waits."""
        return self.outbox.lanes.next_due(kind, self.desk.webhooks if kind == "webhook" else self.lanes)

    def _recorded(self, arrival: Arrival, most: int) -> Recorded:
        """Store an event, unless ``most`` of its webhook or too many of all wait; a repeat makes them no more."""
        most_of_all = self.desk.settings.server.max_waiting
        too_many = self.outbox.backlog.too_many(arrival.webhook_id, most, most_of_all=most_of_all, now=self.clock())
        if too_many and not self.outbox.has(arrival.webhook_id, arrival.key):
            raise Overloaded(f"{too_many}; try again later")
        return self.outbox.record(arrival)

    def _claim(self, kind: Kind, among: Collection[str], holder: str) -> Claim | None:
        """Take a lane of those with work that is due, among them what was dropped when the database failed."""
        self.outbox.dropped.pick_up()
        return self.outbox.lanes.claim(kind, among, holder=holder, now=self.clock(), lease=LEASE)


def _arrival(webhook_id: str, handler: WebhookHandler, inbound: Inbound, note: Note) -> Arrival:
    verified = _verified(handler, inbound)
    event = _parsed(handler, inbound)
    headers = {name: value for name, value in inbound.headers.items() if name in handler.kept_headers}
    return Arrival(
        webhook_id=webhook_id,
        name=event.name,
        # What nobody could verify must not take the place of what is sent again later.
        key=None if verified.startswith(UNVERIFIED) else event.key,
        received_at=inbound.received_at,
        verified=verified,
        # Whoever handles and tells the event goes on from here.
        headers=headers | {HEADER: note.header} if note.header else headers,
        query={name: value for name, value in inbound.query.items() if name in handler.kept_query},
        body=inbound.body,
    )


def _verified(handler: WebhookHandler, inbound: Inbound) -> str:
    """Say how the sender proved to be genuine; a plugin's bug here must not cost the sender its hook either."""
    try:
        return storable(handler.verify(inbound))
    except Refused:
        raise
    except (Exception, SystemExit) as error:
        log.exception("%s failed to verify a request; it is kept, and told to nobody", type(handler).__name__)
        return f"{UNVERIFIED}: {type(error).__name__}"


def _parsed(handler: WebhookHandler, inbound: Inbound) -> Event:
    """Name the event; a plugin's bug here must not cost the sender its hook, so the event is kept without a name."""
    try:
        event = handler.parse(inbound)
        return Event(name=storable(event.name), payload={}, key=storable(event.key or "") or None)
    except Refused:
        raise
    except (Exception, SystemExit):
        log.exception("%s failed to read a request; it is kept", type(handler).__name__)
        return Event(name="?", payload={})
