"""What a group of alerts and each alert in it say, read without surprises."""

import hashlib
import json
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote as quoted

from posthouse import Level, Reader, first_line

#: How long a label, a summary or another text of one line may be before it is cut, in characters.
NAME = 200
#: How much of a word from a payload a reason repeats, in characters.
WORD = 40
#: How many different values a fact has at most.
FACTS = 100
#: What severities mean; each site has its own words, and these are the usual ones. All others are warnings.
LEVELS: Mapping[str, Level] = {
    **dict.fromkeys(("critical", "emergency", "fatal", "disaster", "error", "page", "high", "major"), Level.FAILURE),
    **dict.fromkeys(("p0", "p1", "sev0", "sev1", "严重", "紧急", "致命", "灾难"), Level.FAILURE),
    **dict.fromkeys(("info", "information", "informational", "notice", "low", "debug", "none"), Level.INFO),
    **dict.fromkeys(("提示", "信息", "通知"), Level.INFO),
}
BADNESS = (Level.FAILURE, Level.WARNING, Level.INFO)
#: The severity of alerts that are meant for machines, such as the Watchdog, which fires to show that all works.
FOR_MACHINES = "none"
#: Where the rule of an alert says what it is about, the usual name first.
SUMMARY = ("summary", "title")
DESCRIPTION = ("description", "message")
RUNBOOK = ("runbook_url", "runbook")


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of a group."""

    reader: Reader

    @property
    def is_over(self) -> bool:
        """Whether it fires no more."""
        return self.reader.text("status") == "resolved"

    @property
    def name(self) -> str:
        """The name of its rule."""
        return first_line(self.reader.text("labels.alertname"), NAME)

    @property
    def severity(self) -> str:
        """How bad it is, in the words of its rule."""
        return first_line(self.reader.text("labels.severity"), WORD)

    @property
    def level(self) -> Level:
        """How bad it is in our words."""
        return LEVELS.get(self.severity.casefold(), Level.WARNING)

    @property
    def labels(self) -> Mapping[str, str]:
        """What tells it from others."""
        return texts(self.reader, "labels")

    @property
    def notes(self) -> Mapping[str, str]:
        """What its rule says about it."""
        return texts(self.reader, "annotations")

    @property
    def graph(self) -> str:
        """The page of its rule's expression; the same for all alerts of one rule."""
        return self.reader.link("generatorURL")

    @property
    def since(self) -> datetime | None:
        """When it began to fire."""
        return _instant(self.reader.text("startsAt"))

    @property
    def lasted(self) -> float | None:
        """For how many seconds it fired, if it is over."""
        start, end = self.since, _instant(self.reader.text("endsAt"))
        return (end - start).total_seconds() if start and end and self.is_over else None


@dataclass(frozen=True, slots=True)
class Group:
    """The alerts that Alertmanager tells of together: those that fire first, and the worst of them first.

    ``labels`` and ``notes`` are the labels and annotations that all of them have in common.
    """

    reader: Reader
    alerts: Sequence[Alert]
    labels: Mapping[str, str]
    notes: Mapping[str, str]

    @classmethod
    def of(cls, reader: Reader) -> "Group":
        """Return the group that a payload tells of."""
        found = map(Alert, reader.each("alerts"))
        alerts = sorted(found, key=lambda alert: (alert.is_over, BADNESS.index(alert.level)))
        labels, notes = texts(reader, "commonLabels"), texts(reader, "commonAnnotations")
        if len(alerts) == 1:
            labels, notes = labels or alerts[0].labels, notes or alerts[0].notes
        return cls(reader, alerts, labels, notes)

    @property
    def status(self) -> str:
        """The word "firing" while any of its alerts fires, else "resolved", or what the payload says instead."""
        derived = "" if not self.alerts else "resolved" if self.alerts[0].is_over else "firing"
        return first_line(self.reader.text("status"), WORD) or derived

    @property
    def level(self) -> Level:
        """How bad the worst alert is that fires."""
        return Level.SUCCESS if not self.alerts or self.alerts[0].is_over else self.alerts[0].level

    @property
    def left_out(self) -> int:
        """How many more alerts it has: ``max_alerts`` in Alertmanager's configuration keeps payloads short."""
        return self.reader.count("truncatedAlerts") or 0

    @property
    def is_one(self) -> bool:
        """Whether it is one alert alone."""
        return len(self.alerts) == 1 and not self.left_out

    @property
    def grouped_by(self) -> tuple[str, ...]:
        """The labels that make it a group, besides the name of a rule."""
        return written(texts(self.reader, "groupLabels"), but=("alertname",))

    @property
    def graph(self) -> str:
        """The page of the expression, if the rule is the same for all alerts."""
        graphs = {alert.graph for alert in self.alerts}
        return graphs.pop() if len(graphs) == 1 else ""

    @property
    def page(self) -> str:
        """The page in Alertmanager that shows what its receiver is told of."""
        address, receiver = self.reader.link("externalURL").rstrip("/"), self.reader.text("receiver")
        return f"{address}/#/alerts?receiver={quoted(receiver, safe='')}" if address else ""

    @property
    def story(self) -> str | None:
        """What joins the messages about it; None if the payload does not say which group it is."""
        key = self.reader.text("groupKey")
        return f"alertmanager:{_digest(key)}" if key else None

    @property
    def occurrence(self) -> str | None:
        """What makes a notification news: the group, its alerts, and since when they fire.

        A pair of Alertmanagers sends every notification twice; neither the address of the Alertmanager nor the end
        of an alert has to be the same in both. None if the payload does not say which group or which alerts.
        """
        key = self.reader.text("groupKey")
        readers = [alert.reader for alert in self.alerts]
        marks = sorted((alert.text("fingerprint"), alert.text("status"), alert.text("startsAt")) for alert in readers)
        if not key or not marks or not all(fingerprint for fingerprint, _, _ in marks):
            return None
        return f"alertmanager:{_digest(json.dumps([key, self.status, marks]))}"

    def facts(self) -> dict[str, str | tuple[str, ...]]:
        """Return what rules may match on; empty values are left out."""
        facts: dict[str, str | tuple[str, ...]] = {
            "receiver": first_line(self.reader.text("receiver"), NAME),
            "status": self.status,
            "alertname": distinct(alert.name for alert in self.alerts),
            "severity": distinct(alert.severity for alert in self.alerts),
            "labels": written(self.labels),
        }
        return {fact: value for fact, value in facts.items() if value}


def texts(reader: Reader, path: str) -> Mapping[str, str]:
    """Return the names and texts at ``path``; what is blank or no text is left out."""
    found = reader.at(path).value
    pairs = found.items() if isinstance(found, dict) else ()
    kept = ((first_line(name, NAME), value.strip()) for name, value in pairs if isinstance(value, str))
    return {name: value for name, value in kept if name and value}


def written(labels: Mapping[str, str], *, but: Container[str] = ()) -> tuple[str, ...]:
    """Return labels as Prometheus writes them, without those that are told elsewhere."""
    return tuple(f"{name}={first_line(value, NAME)}" for name, value in labels.items() if name not in but)[:FACTS]


def first_of(values: Mapping[str, str], names: Iterable[str]) -> str:
    """Return the first of several texts that is there."""
    return next((values[name] for name in names if name in values), "")


def distinct(values: Iterable[str]) -> tuple[str, ...]:
    """Return every value once, in the order in which they come, without blank ones; no more than facts may have."""
    return tuple(dict.fromkeys(value for value in values if value))[:FACTS]


def _instant(text: str) -> datetime | None:
    """Return a point in time. Go's zero, in the year 1, is the end of an alert that still fires, and is none."""
    try:
        found = datetime.fromisoformat(text[:WORD])
    except ValueError:
        return None
    if not 1970 <= found.year < 9999:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _digest(text: str) -> str:
    """Shorten a text that has every label of a group in it."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
