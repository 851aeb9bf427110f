"""Every error posthouse raises on purpose, as one tree.

::

    PosthouseError
    ├── ConfigError            at start: file, line and key of every problem; the command exits with 2
    ├── Refused                inbound: the class carries the HTTP status
    │   ├── UnknownWebhook 404
    │   ├── NotGenuine     401
    │   ├── BadPayload     400
    │   ├── TooLarge       413
    │   └── Overloaded     503
    ├── StoreUnavailable       the database does not take writes just now: full, locked or gone
    ├── LeaseLost              a lane was taken over; what was done for it meanwhile is not settled
    └── DeliveryError          outbound: the class decides the fate of the delivery
        ├── TryLater           the robot's trouble: the lane rests, then the delivery is tried again
        └── Rejected           the message's trouble: buried with a remedy; the configuration's: the robot stands still
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

#: What a robot's answer means, whichever vendor gave it.
#: ``config``: the robot is set up wrongly. ``message``: this message is refused. ``throttled``: too fast.
#: ``quota``: the month's allowance is used up. ``transient``: it will pass. ``ambiguous``: it may have been shown.
Verdict = Literal["ok", "config", "message", "throttled", "quota", "transient", "ambiguous"]


class PosthouseError(Exception):
    """The root of the tree."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a configuration file, and where."""

    file: str
    line: int | None
    key: str
    text: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.text}" if self.key else f"{place}: {self.text}"


class ConfigError(PosthouseError):
    """The configuration cannot be used; ``problems`` names every reason found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class Refused(PosthouseError):
    """A request is not taken in; ``status`` is the HTTP status the sender gets."""

    status: ClassVar[int]


class UnknownWebhook(Refused):
    """Nothing is configured at this address."""

    status = 404


class NotGenuine(Refused):
    """The request does not prove that it comes from the configured sender."""

    status = 401


class BadPayload(Refused):
    """The body is not a JSON object."""

    status = 400


class TooLarge(Refused):
    """The body exceeds what posthouse takes in."""

    status = 413


class Overloaded(Refused):
    """The event cannot be stored just now; the sender should try again."""

    status = 503


class StoreUnavailable(PosthouseError):
    """The database cannot be written or read just now; nothing of what was asked has happened."""


class LeaseLost(PosthouseError):
    """Somebody else holds the lane by now."""


class DeliveryError(PosthouseError):
    """A delivery was not shown, or may not have been.

    ``answer`` is what the robot (or the network) said, ``remedy`` what a person can do about it; neither may hold
    a credential.
    """

    def __init__(self, answer: str, *, verdict: Verdict, remedy: str = "") -> None:
        super().__init__(answer)
        self.answer = answer
        self.verdict: Verdict = verdict
        self.remedy = remedy


class TryLater(DeliveryError):
    """The lane rests ``after`` seconds (growing pauses when None), then the delivery is attempted again.

    ``attempts`` bounds how often: the delivery is buried when that many attempts have failed; None means never.
    ``whole_vendor`` lets every lane of the same notifier rest, not only this robot's.
    """

    def __init__(
        self,
        answer: str,
        *,
        verdict: Verdict,
        remedy: str = "",
        after: float | None = None,
        attempts: int | None = None,
        whole_vendor: bool = False,
    ) -> None:
        super().__init__(answer, verdict=verdict, remedy=remedy)
        self.after = after
        self.attempts = attempts
        self.whole_vendor = whole_vendor


class Rejected(DeliveryError):
    """The same bytes will never pass; the delivery is buried, unless ``simpler_may_pass`` and a simpler form exists.

    ``form`` is the first one that may pass, where those that come before it would fail alike. With the verdict
    ``config`` it is the robot that is set up wrongly: its circuit opens, and nothing is buried.
    """

    def __init__(
        self, answer: str, *, verdict: Verdict, remedy: str, simpler_may_pass: bool = False, form: int = 0
    ) -> None:
        super().__init__(answer, verdict=verdict, remedy=remedy)
        self.simpler_may_pass = simpler_may_pass
        self.form = form
