"""What a process has counted since it started, for Prometheus to read. Each registry has an owner; none is global."""

import hmac
from collections.abc import Collection, Iterator

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, Counter, Histogram, Metric, generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
#: What a histogram tells apart, in seconds: a commit takes milliseconds, a robot tenths, and nothing more than ten.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
#: The statuses that say that events are being lost, or might be: somebody should hear of the first one.
ALARMING = (400, 401, 413, 503)
#: In the place of an event handler's name, for events that none knows or that could not be read.
NO_HANDLER = "none"


class IntakeMeters:
    """What a web process counts: the requests that it took in, and those that it refused."""

    def __init__(self, webhooks: Collection[str]) -> None:
        self.registry = registry = CollectorRegistry()
        accepted = _counter(registry, "events_accepted", "Events that were stored.", "webhook")
        repeated = _counter(registry, "events_repeated", "Requests for events that were stored before.", "webhook")
        seconds = _histogram(registry, "accept_seconds", "From a request's first line to its event on disk.", "webhook")
        self._refused = _counter(
            registry,
            "requests_refused",
            "Requests that were not taken in, by the status that was answered; without a webhook if none has the name.",
            "webhook",
            "status",
        )
        # Looked up once: a sender waits. And a rate needs to have seen the zero.
        self._by_webhook = {
            webhook: (accepted.labels(webhook), repeated.labels(webhook), seconds.labels(webhook))
            for webhook in webhooks
        }
        for webhook in webhooks:
            for status in ALARMING:
                self._refused.labels(webhook, status)

    def accepted(self, webhook: str, seconds: float, *, repeat: bool) -> None:
        """Count a request that a configured webhook has taken in, ``seconds`` after it began."""
        accepted, repeated, histogram = self._by_webhook[webhook]
        (repeated if repeat else accepted).inc()
        histogram.observe(seconds)

    def refused(self, webhook: str, status: int) -> None:
        """Count a request that was not taken in. Anybody can make names up, so only configured ones are kept apart."""
        self._refused.labels(webhook if webhook in self._by_webhook else "", status).inc()


class WorkMeters:
    """What a worker process counts, a fate at a time: what is done again after a crash is counted again."""

    def __init__(self, webhooks: Collection[str], robots: Collection[str]) -> None:
        self.registry = registry = CollectorRegistry()
        self._handled = _counter(
            registry, "events_handled", "Events that were decided about: told, silent or error.", "webhook", "outcome"
        )
        self._silent = _counter(
            registry, "events_silent", "Events of which nothing is told, by what decided so.", "webhook", "reason"
        )
        self._handle_seconds = _histogram(
            registry,
            "handle_seconds",
            "Deciding about an event, with what was looked up for it, by the event handler's class.",
            "handler",
        )
        self._attempts = _counter(
            registry, "attempts", "Requests to robots, by the verdict about the answer.", "robot", "verdict"
        )
        self._attempt_seconds = _histogram(
            registry, "attempt_seconds", "One request to a robot, with making it, by the robot's kind.", "kind"
        )
        self._settled = _counter(
            registry,
            "deliveries_settled",
            "Deliveries that an attempt has settled: sent, digested or buried.",
            "robot",
            "state",
        )
        self._lookups = _counter(
            registry, "lookups", "Questions to senders: answered, kept, hidden, failed or resting.", "sender", "outcome"
        )
        for webhook in webhooks:  # a rate needs to have seen the zero
            for outcome in ("told", "silent", "error"):
                self._handled.labels(webhook, outcome)
        for robot in robots:
            for state in ("sent", "digested", "buried"):
                self._settled.labels(robot, state)

    def handled(self, webhook: str, outcome: str, *, silence: str, handler: str, seconds: float) -> None:
        """Count an event that was decided about; ``silence`` names what decided that nothing is told."""
        self._handled.labels(webhook, outcome).inc()
        if outcome == "silent":
            self._silent.labels(webhook, silence).inc()
        self._handle_seconds.labels(handler).observe(seconds)

    def attempted(self, robot: str, verdict: str, *, kind: str, seconds: float) -> None:
        """Count an attempt with a robot of this kind."""
        self._attempts.labels(robot, verdict).inc()
        self._attempt_seconds.labels(kind).observe(seconds)

    def cut_off(self, robot: str) -> None:
        """Count an attempt that a worker died in, perhaps: nobody knows how long it took."""
        self._attempts.labels(robot, "ambiguous").inc()

    def settled(self, robot: str, state: str, deliveries: int) -> None:
        """Count deliveries that one attempt has settled."""
        self._settled.labels(robot, state).inc(deliveries)

    def looked_up(self, sender: str, outcome: str) -> None:
        """Count a question to a sender, such as ``Confluence``."""
        self._lookups.labels(sender, outcome).inc()


class Page:
    """The page that Prometheus reads, for whoever has the token, if there is one."""

    def __init__(self, *collectors: Collector, token: str | None) -> None:
        self._collectors = collectors
        self._expected = None if token is None else f"Bearer {token}".encode()

    def may_read(self, authorization: str) -> bool:
        """Tell whether this is the header of somebody who may read the page."""
        return self._expected is None or hmac.compare_digest(authorization.encode(), self._expected)

    def text(self) -> bytes:
        """Return what was collected, in Prometheus' text format."""
        return generate_latest(_Lean(self._collectors))


def _counter(registry: CollectorRegistry, name: str, documentation: str, *labels: str) -> Counter:
    return Counter(f"posthouse_{name}", documentation, labels, registry=registry)


def _histogram(registry: CollectorRegistry, name: str, documentation: str, *labels: str) -> Histogram:
    return Histogram(f"posthouse_{name}", documentation, labels, registry=registry, buckets=BUCKETS)


class _Lean(Collector):
    """Leaves out when each series was first counted, which would double the page, and names without any series."""

    def __init__(self, collectors: tuple[Collector, ...]) -> None:
        self._collectors = collectors

    def collect(self) -> Iterator[Metric]:
        for collector in self._collectors:
            for metric in collector.collect():
                metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
                if metric.samples:
                    yield metric
