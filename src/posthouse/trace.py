"""The answer to "why was this (not) sent?": an event's steps, in order, in words. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from posthouse.outbox import AttemptRecord, DeliveryRecord, EventRecord

#: A step has at least ``step``, ``outcome`` and ``reason``; some also ``robot``, ``remedy`` or ``traceback``.
Step = Mapping[str, str]

#: How the proof of an event begins whose verification failed by a plugin's bug: it is kept, and told to nobody.
UNVERIFIED = "the verification itself failed"


def steps(
    event: EventRecord,
    attempts: Mapping[int, Sequence[AttemptRecord]],
    *,
    webhooks: Collection[str],
    lanes: Collection[str],
    time_zone: str,
    now: float,
) -> list[Step]:
    """Return what happened to an event: received, verified, handled, said, routed, and every attempt.

    ``attempts`` are those of the event's deliveries by their ids; ``webhooks`` and ``lanes`` the configured ones.
    """
    zone = ZoneInfo(time_zone)
    again = f"; sent {event.repeats + 1} times with the same key" if event.repeats else ""
    received = f"{event.name} for {event.webhook_id}, {event.bytes} bytes, at {_clock(event.received_at, zone)}{again}"
    found: list[Step] = [
        _step("received", "ok", received),
        _step("verified", _proof(event.verified), event.verified),
    ]
    if event.state == "waiting":
        known = event.webhook_id in webhooks
        why = "it waits for a worker to handle it" if known else "it waits, but its webhook is not configured any more"
        return [*found, _step("handled", "waiting", why)]
    found.extend(event.trace)
    for delivery in event.deliveries:
        found.extend(_attempts(delivery, attempts.get(delivery.id, ()), zone))
        state = _state(delivery, lanes, zone, now)
        remedy = {"remedy": delivery.circuit.remedy} if delivery.circuit else {}
        found.append(_step("delivery", delivery.state, state) | {"robot": delivery.robot} | remedy)
    return found


def _proof(verified: str) -> str:
    if verified.startswith(UNVERIFIED):
        return "error"
    return "unchecked" if verified.startswith("not checked") else "ok"


def at(seconds: float, time_zone: str) -> str:
    """Return a time as people in ``time_zone`` write it, with the offset."""
    return _clock(seconds, ZoneInfo(time_zone))


def _attempts(delivery: DeliveryRecord, attempts: Sequence[AttemptRecord], zone: ZoneInfo) -> Iterator[Step]:
    for number, attempt in enumerate(attempts, start=1):
        took = (attempt.finished_at - attempt.started_at) * 1000
        reason = f"attempt {number} at {_clock(attempt.started_at, zone)}, {took:.0f} ms: {attempt.answer}"
        yield _step("attempt", attempt.verdict, reason) | {"robot": delivery.robot, "remedy": attempt.remedy}


def _state(delivery: DeliveryRecord, lanes: Collection[str], zone: ZoneInfo, now: float) -> str:
    about = f"delivery {delivery.id} to {delivery.robot}"
    if delivery.state == "sent":
        return f"{about}: the robot has shown it"
    if delivery.state == "digested":
        return f"{about}: the robot has shown it, in a digest of {delivery.digest}"
    if delivery.state == "buried" and not delivery.attempts:
        return f"{about}: given up and kept, as too many waited for a robot that was set up wrongly"
    if delivery.state == "buried":
        return f"{about}: given up and kept"
    if delivery.state == "repeated":
        return f"{about}: told already by event {delivery.told_by}"
    if delivery.state == "superseded":
        return f"{about}: event {delivery.told_by}, which came soon after, takes its place"
    if delivery.lane_id not in lanes:
        return f"{about}: it waits, but this robot is not configured any more"
    if delivery.due_at > now:
        return f"{about}: held back until {_clock(delivery.due_at, zone)}, in case that a later message says more"
    if delivery.circuit is not None:
        since, again = _clock(delivery.circuit.since, zone), _clock(max(delivery.next_at or 0.0, now), zone)
        return f"{about}: it waits; its robot has been set up wrongly since {since} and is tried again at {again}"
    if delivery.next_at and delivery.next_at > now:
        return f"{about}: it waits; its robot goes on at {_clock(delivery.next_at, zone)}"
    return f"{about}: it waits for its turn"


def _step(step: str, outcome: str, reason: str) -> dict[str, str]:
    return {"step": step, "outcome": outcome, "reason": reason}


def _clock(seconds: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(seconds, zone).isoformat(sep=" ", timespec="seconds")
