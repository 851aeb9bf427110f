"""The answer to "why was this (not) sent?": an event's steps, in order, in words. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from posthouse.core.budget import Allowance, Budget, Circuit
from posthouse.outbox import AttemptRecord, DeliveryRecord, EventRecord
from posthouse.pacing import SECOND, free, ready_at
from posthouse.quota import month_of

#: A step has at least ``step``, ``outcome`` and ``reason``; some also ``robot``, ``remedy`` or ``traceback``.
Step = Mapping[str, str]

#: How the proof of an event begins whose verification failed by a plugin's bug: it is kept, and told to nobody.
UNVERIFIED = "the verification itself failed"
#: What sets apart the delivery that says that a robot needs somebody's attention.
ABOUT_A_ROBOT = ", which tells operators about a robot"


def steps(
    event: EventRecord,
    attempts: Mapping[int, Sequence[AttemptRecord]],
    *,
    webhooks: Collection[str],
    lanes: Collection[str],
    seats: Mapping[str, Mapping[str, Allowance]] = {},
    time_zone: str,
    now: float,
) -> list[Step]:
    """Return what happened to an event: received, verified, handled, said, routed, and every attempt.

    ``attempts`` are those of the event's deliveries by their ids; ``webhooks`` and ``lanes`` the configured ones.
    ``seats`` are the tokens' hashes of those who may speak under a robot's or pool's name, and what each may use.
    """
    again = f"; sent {event.repeats + 1} times with the same key" if event.repeats else ""
    size = f"{event.bytes} bytes" if event.emptied_at is None else "its body is not kept any more"
    received = f"{event.name} for {event.webhook_id}, {size}, at {at(event.received_at, time_zone)}{again}"
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
        tried = _attempts(delivery, attempts.get(delivery.id, ()), time_zone)
        remedy = ""
        if delivery.state != "waiting":
            state = _settled(delivery)
        elif delivery.lane_id not in lanes:
            state = "it waits, but this robot is not configured any more"
        else:
            state, remedy = _waits(delivery, seats.get(delivery.robot, {}), time_zone, now)
        # What is to be done stands where the delivery does, and need not stand behind every attempt.
        found.extend(step if step.get("remedy") != remedy else {**step, "remedy": ""} for step in tried)
        about = f"delivery {delivery.id} to {delivery.robot}{ABOUT_A_ROBOT if delivery.is_alert else ''}"
        step = _step("delivery", delivery.state, f"{about}: {state}")
        found.append(step | {"robot": delivery.robot} | ({"remedy": remedy} if remedy else {}))
    return found


def at(seconds: float, time_zone: str) -> str:
    """Return a time as people in ``time_zone`` write it, with the offset."""
    return datetime.fromtimestamp(seconds, ZoneInfo(time_zone)).isoformat(sep=" ", timespec="seconds")


@dataclass(frozen=True, slots=True)
class Hindrance:
    """What keeps a robot from its next attempt, and until when; a time that is past if the next message is tried.

    ``wrong``: it is set up wrongly, as its ``circuit`` says. ``month`` or ``minute``: that is used up. ``failed``: it
    rests after failures. ``vendor``: it rests as all robots of its kind do. ``crowd``: its vendor is crowded just now.
    """

    kind: Literal["wrong", "month", "failed", "vendor", "minute", "crowd"]
    until: float
    words: str
    circuit: Circuit | None = None


def hindrance(budget: Budget, allowance: Allowance, *, now: float, time_zone: str) -> Hindrance | None:
    """Return what keeps a token's robot from its next attempt at ``now``; None if nothing does for longer."""
    until = ready_at(budget, allowance, now=now, time_zone=time_zone)
    again = at(until, time_zone)
    if budget.circuit is not None:
        tried = f"at {again}" if until > now else "with the next message"
        since = at(budget.circuit.since, time_zone)
        return Hindrance("wrong", until, f"set up wrongly since {since}, and is tried again {tried}", budget.circuit)
    if until <= now + SECOND:
        return None
    rests = f"rests until {again}"
    quota = allowance.per_month
    if quota and budget.used >= quota and budget.month == month_of(now, time_zone):
        return Hindrance("month", until, f"{rests}: {budget.used} of this month's {quota} messages are used")
    if budget.rest_until > now and budget.failures:
        often = "a failure" if budget.failures == 1 else f"{budget.failures} failures in a row"
        return Hindrance("failed", until, f"{rests} after {often}")
    if budget.rest_until > now:
        return Hindrance("vendor", until, f"{rests}, as all robots of its kind do")
    if free(budget, allowance, now=now) == 0:
        limit = allowance.per_minute
        return Hindrance("minute", until, f"{rests}: {limit} of {limit} messages a minute are used")
    return Hindrance("crowd", until, f"{rests}, as its vendor is crowded at whole and half hours")


def _proof(verified: str) -> str:
    if verified.startswith(UNVERIFIED):
        return "error"
    return "unchecked" if verified.startswith("not checked") else "ok"


def _attempts(delivery: DeliveryRecord, attempts: Sequence[AttemptRecord], time_zone: str) -> Iterator[Step]:
    """Yield the attempts of a delivery.

    Those of a digest include what was tried of its first delivery before; what a digest that was divided has tried is
    counted, but noted with another delivery.
    """
    elsewhere = max(delivery.attempts - len(attempts), 0)
    if elsewhere:
        often = "1 attempt was" if elsewhere == 1 else f"{elsewhere} attempts were"
        reason = f"{often} made for a digest that does not tell it any more"
        yield _step("attempt", "elsewhere", reason) | {"robot": delivery.robot}
    own = attempts[max(len(attempts) - delivery.attempts, 0) :]
    for number, attempt in enumerate(own, start=elsewhere + 1):
        took = (attempt.finished_at - attempt.started_at) * 1000
        reason = f"attempt {number} at {at(attempt.started_at, time_zone)}, {took:.0f} ms: {attempt.answer}"
        yield _step("attempt", attempt.verdict, reason) | {"robot": delivery.robot, "remedy": attempt.remedy}


def _settled(delivery: DeliveryRecord) -> str:
    match delivery.state:
        case "sent":
            return "the robot has shown it"
        case "digested":
            return f"the robot has shown it, in a digest of {delivery.digest}"
        case "buried" if not delivery.attempts:
            return "given up and kept, as too many waited for a robot that was set up wrongly"
        case "buried":
            return f"given up and kept{_in_a_digest(delivery)}"
        case "repeated":
            return f"told already by event {delivery.told_by}"
        case "superseded":
            return f"event {delivery.told_by}, which came soon after, takes its place"
        case other:
            return other


def _waits(delivery: DeliveryRecord, seats: Mapping[str, Allowance], time_zone: str, now: float) -> tuple[str, str]:
    """Return for what a delivery waits, and what a person can do about it."""
    if delivery.due_at > now:
        return f"held back until {at(delivery.due_at, time_zone)}, in case that a later message says more", ""
    waits = f"it waits{_in_a_digest(delivery)}"
    budgets = [budget for budget in delivery.budgets if budget.token in seats]
    found = [hindrance(budget, seats[budget.token], now=now, time_zone=time_zone) for budget in budgets]
    # A robot that is set up wrongly may be tried first, but it is the others that are worth waiting for.
    lasting = sorted((one for one in found if one is not None), key=lambda one: (one.kind == "wrong", one.until))
    next_at = delivery.next_at or 0.0
    if lasting and len(lasting) == len(found) and (lasting[0].circuit or next_at <= lasting[0].until + SECOND):
        who = "its robot" if len(found) == 1 else f"none of its {len(found)} robots is ready; the first"
        return _stands(f"{waits}; {who}", lasting[0], delivery.event_id)
    if next_at <= now + SECOND:
        return f"{waits} for its turn", ""
    if found:
        return f"{waits}; messages for its robot gather until {at(next_at, time_zone)}, to be told in one digest", ""
    return f"{waits}; its robot goes on at {at(next_at, time_zone)}", ""


def _stands(who: str, reason: Hindrance, event_id: int) -> tuple[str, str]:
    if reason.circuit is None:
        return f"{who} {reason.words}", ""
    replay = f"posthouse replay {event_id} tries it at once"
    return f"{who} has been {reason.words} (it answered: {reason.circuit.answer}); {replay}", reason.circuit.remedy


def _in_a_digest(delivery: DeliveryRecord) -> str:
    return f" in a digest of {delivery.digest}" if delivery.digest > 1 else ""


def _step(step: str, outcome: str, reason: str) -> dict[str, str]:
    return {"step": step, "outcome": outcome, "reason": reason}
