"""How fast a robot may be called, and how long it is left alone after a failure. Pure."""

import random
import zlib
from dataclasses import replace

from posthouse.core.budget import Allowance, Budget
from posthouse.core.errors import Verdict
from posthouse.quota import UNCOUNTED, month_of, next_month

#: A robot's budget is counted over this many seconds.
WINDOW = 60.0
SECOND = 1.0
#: More attempts than this are not remembered; no limit is higher.
REMEMBERED = 600
#: Pauses after failures that name none, in seconds: about 2, 8, 32, 128, 512, then always 600.
FIRST_PAUSE = 2.0
PAUSE_GROWTH = 4.0
LONGEST_PAUSE = 600.0
#: Over how many seconds after a whole or half hour messages are spread, where the vendor is crowded then.
CROWDED = 20.0
HALF_HOUR = 1800.0


def ready_at(budget: Budget, allowance: Allowance, *, now: float, time_zone: str) -> float:
    """Return when the next attempt with a token keeps to all its limits; a time that is past for at once.

    An attempt counts from when it *ended*. The robot counts it when it arrives, which is earlier, so that a window of
    ours never holds more than the robot's own, whatever the network does.
    """
    ready = budget.rest_until
    if allowance.per_minute and len(budget.ended) >= allowance.per_minute:
        ready = max(ready, budget.ended[-allowance.per_minute] + WINDOW)
    if allowance.per_second and len(budget.ended) >= allowance.per_second:
        ready = max(ready, budget.ended[-allowance.per_second] + SECOND)
    if allowance.per_month and budget.month == month_of(now, time_zone) and budget.used >= allowance.per_month:
        ready = max(ready, next_month(now, time_zone))
    if allowance.crowded_at_half_hours:
        ready = max(ready, _past_the_crowd(budget.token, max(ready, now)))
    return ready


def free(budget: Budget, allowance: Allowance, *, now: float) -> int | None:
    """Return how many more attempts the present minute takes; None for any number."""
    if not allowance.per_minute:
        return None
    return max(allowance.per_minute - sum(ended > now - WINDOW for ended in budget.ended), 0)


def spent(budget: Budget, allowance: Allowance, *, ended_at: float, verdict: Verdict, time_zone: str) -> Budget:
    """Return the budget after one more attempt; what need not be remembered of it is forgotten."""
    month = month_of(ended_at, time_zone)
    if budget.month != month:
        budget = replace(budget, month=month, used=0, warned=False)
    window = WINDOW if allowance.per_minute else SECOND if allowance.per_second else 0.0
    ended = tuple(time for time in (*budget.ended, ended_at)[-REMEMBERED:] if time > ended_at - window)
    return replace(budget, ended=ended, used=budget.used + (verdict not in UNCOUNTED))


def pause(failures: int) -> float:
    """Return how many seconds to rest after the ``failures``-th failure in a row, growing, with jitter of a fifth."""
    steady = min(FIRST_PAUSE * PAUSE_GROWTH ** min(failures - 1, 10), LONGEST_PAUSE)
    return steady * random.uniform(0.8, 1.2)  # noqa: S311 - jitter, no secret


def _past_the_crowd(token: str, at: float) -> float:
    """Return the token's own moment after the latest whole or half hour: a while before ``at``, or soon after it."""
    mark = at // HALF_HOUR * HALF_HOUR
    moment = zlib.crc32(f"{token} {mark}".encode()) % 1000 / 1000 * CROWDED
    return mark + moment
