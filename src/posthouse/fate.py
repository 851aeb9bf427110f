"""What becomes of a delivery after an attempt. Pure."""

from dataclasses import dataclass
from typing import Literal

from posthouse.core.errors import DeliveryError, Rejected, TryLater
from posthouse.pacing import pause

#: How long a robot that is set up wrongly is left alone before one delivery is tried again, in seconds: somebody may
#: have set it right at the vendor's. The first pause is shorter.
FIRST_PROBE = 600.0
LATER_PROBES = 3600.0


@dataclass(frozen=True, slots=True)
class Fate:
    """The delivery's new state and form, how many seconds its robot rests, and failures in a row.

    ``failures`` are the robot's, ``bounded`` those of the delivery that count against a bound. ``opens`` tells that
    the robot is set up wrongly: its circuit opens.
    """

    state: Literal["waiting", "sent", "buried"]
    form: int
    rest: float
    failures: int
    bounded: int = 0
    opens: bool = False


def fate(error: DeliveryError | None, *, form: int, forms: int, failures: int, earlier: int) -> Fate:
    """Decide by what the attempt ended with; None is success.

    ``form`` is the one that was sent, of ``forms`` that the notifier knows. ``failures`` counts the robot's failures
    in a row before this one, ``earlier`` those of this delivery that counted against a bound.
    """
    match error:
        case None:
            return Fate("sent", form, rest=0.0, failures=0)
        case Rejected(simpler_may_pass=True, form=least) if max(form + 1, least) < forms:
            return Fate("waiting", max(form + 1, least), rest=0.0, failures=failures)
        case TryLater(attempts=int(most), verdict="config") if earlier + 1 >= most:
            return _opened(form, failures)
        case Rejected(verdict="config"):
            return _opened(form, failures)
        case TryLater(attempts=int(most)) if earlier + 1 >= most:
            return Fate("buried", form, rest=0.0, failures=0)
        case TryLater(after=after, attempts=most):
            # A little later than asked for, so that many lanes do not come back in the same instant.
            rest = pause(failures + 1) if after is None else after + pause(1) / 2
            return Fate("waiting", form, rest=rest, failures=failures + 1, bounded=0 if most is None else earlier + 1)
        case _:
            return Fate("buried", form, rest=0.0, failures=0)


def _opened(form: int, failures: int) -> Fate:
    """Keep the delivery, and leave the robot alone: no message would pass."""
    rest = FIRST_PROBE if failures == 0 else LATER_PROBES
    return Fate("waiting", form, rest=rest + pause(1), failures=failures + 1, opens=True)
