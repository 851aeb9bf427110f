"""``/metrics``: what this process has counted, how the database stands, and what the worker beside it has counted."""

import time
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

import posthouse
from posthouse.core.budget import Budget
from posthouse.core.errors import DeliveryError, StoreUnavailable
from posthouse.core.http import HttpRequest
from posthouse.meters import IntakeMeters, Page
from posthouse.outbox import Waiting
from posthouse.quota import month_of
from posthouse.relay import Relay
from posthouse.trace import hindrance
from posthouse.transport import Transport

#: For how long what was read from the database is good enough, in seconds, however many ask.
FRESH_SECONDS = 1.0
#: How long the worker may take to say what it has counted, in seconds, and how much that may be.
WORKER_SECONDS = 1.0
WORKER_BYTES = 4 * 1024 * 1024
#: How a robot can stand: ready, not known to any worker yet, or as a `Hindrance` says.
STATES = ("ready", "new", "wrong", "month", "failed", "vendor", "minute", "crowd")
#: What stands in the place of a label's value that there is none of.
NOBODY: tuple[str, ...] = ()


class Metrics:
    """The page of a web process. ``worker_port`` is where the worker has its own page, if there is one beside."""

    def __init__(self, relay: Relay, meters: IntakeMeters, *, worker_port: int | None) -> None:
        token = relay.desk.settings.server.metrics_token
        secret = token.get_secret_value() if token else None
        self._page = Page(meters.registry, _Standing(relay), token=secret)
        self._worker = HttpRequest(
            url=f"http://127.0.0.1:{worker_port}/metrics",
            headers={"authorization": f"Bearer {secret}"} if secret else {},
            body=b"",
            method="GET",
        )
        self._has_worker = worker_port is not None
        self._transport = Transport(total_seconds=WORKER_SECONDS, body_bytes=WORKER_BYTES, peer="the worker")

    def may_read(self, authorization: str) -> bool:
        """Tell whether this is the header of somebody who may read the page."""
        return self._page.may_read(authorization)

    def text(self) -> bytes:
        """Return the page; without the worker's part when it does not answer, as one that is starting does not."""
        return self._page.text() + (self._workers_text() if self._has_worker else b"")

    def _workers_text(self) -> bytes:
        try:
            reply = self._transport.send(self._worker)
        except DeliveryError:
            return b""
        return reply.body if reply.status == 200 else b""


class _Standing(Collector):
    """Reads what is the same for all processes of a database, on however many machines, when somebody asks."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._read_at = 0.0
        self._found: list[Metric] = []

    def collect(self) -> Iterable[Metric]:
        now = time.monotonic()
        if not self._found or now - self._read_at > FRESH_SECONDS:
            self._found, self._read_at = [_version(), *self._read()], now
        return self._found

    def _read(self) -> Iterator[Metric]:
        outbox, desk = self._relay.outbox, self._relay.desk
        try:
            seen_at, budgets = outbox.last_beat(), outbox.history.budgets()
            events, deliveries = outbox.history.waiting_events(), outbox.history.waiting()
        except StoreUnavailable:
            yield _gauge("database_up", "Whether the database could be read: 1 or 0.", {NOBODY: 0})
            return
        yield _gauge("database_up", "Whether the database could be read: 1 or 0.", {NOBODY: 1})
        yield _gauge(
            "worker_seen_timestamp_seconds",
            "When a worker of this database was seen last, whichever it was.",
            {} if seen_at is None else {NOBODY: seen_at},
        )
        yield from _waiting("events", "webhook", events, among=desk.webhooks)
        yield from _waiting("deliveries", "robot", deliveries, among=desk.robots.lanes)
        yield from _robots(self._relay, budgets)


def _waiting(what: str, label: str, waiting: Mapping[str, Waiting], *, among: Iterable[str]) -> Iterator[Metric]:
    counts = dict.fromkeys(among, 0) | {name: its.count for name, its in waiting.items()}
    yield _gauge(
        f"{what}_waiting",
        f"How many {what} wait, by {label}.",
        {(name,): count for name, count in counts.items()},
        label,
    )
    yield _gauge(
        f"{what}_waiting_since_timestamp_seconds",
        f"Since when the oldest of the {what} that wait does.",
        {(name,): its.since for name, its in waiting.items()},
        label,
    )


def _robots(relay: Relay, budgets: Mapping[str, Budget]) -> Iterator[Metric]:
    robots, now, time_zone = relay.desk.robots, relay.clock(), relay.desk.settings.server.time_zone
    month = month_of(now, time_zone)
    states: dict[tuple[str, ...], float] = {}
    used: dict[tuple[str, ...], float] = {}
    quotas: dict[tuple[str, ...], float] = {}
    for name, token in robots.tokens.items():
        budget, allowance = budgets.get(token), robots.allowances[token]
        reason = budget and hindrance(budget, allowance, now=now, time_zone=time_zone)
        state = reason.kind if reason else "new" if budget is None else "ready"
        states |= {(name, each): float(each == state) for each in STATES}
        used[name,] = budget.used if budget is not None and budget.month == month else 0
        if allowance.per_month:
            quotas[name,] = allowance.per_month
    yield _gauge("robot_state", "How a robot stands: 1 for the state it is in.", states, "robot", "state")
    yield _gauge("robot_month_messages", "Messages that a robot had this month.", used, "robot")
    yield _gauge("robot_month_quota_messages", "Messages that a robot may have in a month.", quotas, "robot")


def _version() -> Metric:
    return _gauge("build_info", "The version that runs here.", {(posthouse.__version__,): 1}, "version")


def _gauge(name: str, documentation: str, values: Mapping[tuple[str, ...], float], *labels: str) -> Metric:
    family = GaugeMetricFamily(f"posthouse_{name}", documentation, labels=labels)
    for label, value in values.items():
        family.add_metric(label, value)
    return family
