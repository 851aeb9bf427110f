"""What a worker takes out of the outbox, and what it puts back, as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from posthouse.core.budget import Budget
from posthouse.core.errors import StoreUnavailable, Verdict
from posthouse.core.event import Memory, Outcome

Kind = Literal["webhook", "robot"]
DeliveryState = Literal["waiting", "sent", "digested", "buried", "repeated", "superseded"]


@dataclass(frozen=True, slots=True)
class Token:
    """A robot's token, as a hash, with the lane that works with it and a hash of the settings it is used with."""

    token: str
    lane_id: str
    vendor: str
    settings: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work a lane until ``until``, unless somebody takes it over after that."""

    lane_id: str
    holder: str
    until: float
    #: The budgets of the tokens that the lane works with; none for a webhook's.
    budgets: tuple[Budget, ...]
    #: The last holder never gave the lane back: it died, perhaps in the middle of an attempt.
    taken_over: bool


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event that waits to be handled: its request, reduced to what was kept of it."""

    id: int
    webhook_id: str
    received_at: float
    verified: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """One message for one robot, not stored yet."""

    robot: str
    lane_id: str
    idempotency_key: str
    message: str
    #: What happened; a lane is told of it once.
    occurrence: str | None = None
    #: For how many seconds it is held back, so that a later one of the same burst may take its place.
    hold: float = 0.0
    burst: str | None = None


@dataclass(frozen=True, slots=True)
class HandledEvent:
    """What came of an event."""

    id: int
    state: Literal["handled", "failed"]
    outcome: Outcome
    #: A JSON list of steps.
    trace: str
    deliveries: Sequence[NewDelivery] = ()
    memory: Memory | None = None
    #: Lanes and bursts of which what is held back must not be told: it turned out to be confidential.
    withdrawn: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """A delivery that waits to be sent."""

    id: int
    event_id: int
    robot: str
    idempotency_key: str
    message: str = field(repr=False)
    form: int
    attempts: int
    #: How many attempts in a row ended in a way that only so many may.
    bounded_failures: int
    created_at: float
    #: The idempotency key of the digest that is to tell it, if one was begun.
    digest: str | None
    #: Whether it is told on its own, because a digest that named it was refused.
    alone: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of one attempt, and what the lane does next."""

    #: The delivery, or those that a digest named; the attempt is noted with the first.
    deliveries: Sequence[int]
    state: DeliveryState
    form: int
    bounded_failures: int
    started_at: float
    finished_at: float
    verdict: Verdict
    answer: str
    remedy: str
    #: When the lane may go on; in the past if it need not rest.
    next_at: float
    budgets: Sequence[Budget]
    #: Lets all lanes of the same vendor rest until ``next_at``.
    whole_vendor: bool = False
    #: What a refused digest is told in instead: digests' idempotency keys, or None for each on its own.
    parts: Sequence[tuple[str | None, Sequence[int]]] = ()
    #: What the operators are told about the robot, as deliveries of the event whose delivery it was.
    alerts: Sequence[NewDelivery] = ()
    event_id: int = 0
    #: Gives up the oldest of what waits in the lane, beyond so many.
    keep: int | None = None


class Unsettled(StoreUnavailable):
    """An attempt was made, and what came of it could not be stored: it is to be once the database is back."""

    def __init__(self, error: StoreUnavailable, settled: Settlement) -> None:
        super().__init__(str(error))
        self.settled = settled
