"""What becomes of a delivery after an attempt. Pure."""

from dataclasses import dataclass
from typing import Literal

from posthouse.core.errors import DeliveryError, Rejected, TryLater
from posthouse.pacing import pause


@dataclass(frozen=True, slots=True)
class Fate:
    """The delivery's new state and form, how many seconds its lane rests, and failures in a row.

    ``failures`` are the lane's, ``bounded`` those of the delivery that count against a bound.
    """

    state: Literal["waiting", "sent", "buried"]
    form: int
    rest: float
    failures: int
    bounded: int = 0


def fate(error: DeliveryError | None, *, form: int, forms: int, failures: int, earlier: int) -> Fate:
    """Decide by what the attempt ended with; None is success.

    ``form`` is the one that was sent, of ``forms`` that the notifier knows. ``failures`` counts the lane's failures
    in a row before this one, ``earlier`` those of this delivery that counted against a bound.
    """
    match error:
        case None:
            return Fate("sent", form, rest=0.0, failures=0)
        case TryLater(attempts=int(most)) if earlier + 1 >= most:
            return Fate("buried", form, rest=0.0, failures=0)
        case TryLater(after=after, attempts=most):
            # A little later than asked for, so that many lanes do not come back in the same instant.
            rest = pause(failures + 1) if after is None else after + pause(1) / 2
            return Fate("waiting", form, rest=rest, failures=failures + 1, bounded=0 if most is None else earlier + 1)
        case Rejected(simpler_may_pass=True) if form + 1 < forms:
            return Fate("waiting", form + 1, rest=0.0, failures=failures)
        case _:
            return Fate("buried", form, rest=0.0, failures=0)
