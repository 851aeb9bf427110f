"""What a robot's token may use, and what it has used: values that lanes are paced by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be sent with one token; 0 is no limit."""

    per_minute: int = 0
    per_second: int = 0
    per_month: int = 0
    #: Whether the vendor is crowded at whole and half hours.
    crowded_at_half_hours: bool = False


@dataclass(frozen=True, slots=True)
class Circuit:
    """Open since a robot turned out to be set up wrongly: what the robot said, and what a person can do."""

    since: float
    answer: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Budget:
    """What was sent with one token, over all processes. Times are in seconds since the epoch."""

    #: A hash of the token.
    token: str
    #: When the latest attempts ended, oldest first.
    ended: tuple[float, ...] = ()
    #: Until when the robot takes nothing.
    rest_until: float = 0.0
    #: How many attempts have failed in a row.
    failures: int = 0
    #: The month that ``used`` counts in, such as "2026-11", and whether somebody was warned in it.
    month: str = ""
    used: int = 0
    warned: bool = False
    circuit: Circuit | None = None
