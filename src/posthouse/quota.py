"""A robot's month: what counts towards its quota, when the next one begins, and how this one will end. Pure."""

import calendar
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from posthouse.core.budget import Budget
from posthouse.core.errors import Verdict

#: Attempts that a vendor does not count: those that never arrived, and those that came too fast (DingTalk's page on
#: how its platform is billed).
UNCOUNTED: frozenset[Verdict] = frozenset({"transient", "throttled"})
#: From which part of its quota on a robot is nearly used up.
NEARLY = 0.8


@dataclass(frozen=True, slots=True)
class Forecast:
    """How a month ends if it goes on like this: messages in all, and when the quota is used up (None: it is not)."""

    messages: int
    exhausted_at: float | None


def month_of(now: float, time_zone: str) -> str:
    """Return the calendar month at ``now``, such as "2026-11"."""
    return f"{datetime.fromtimestamp(now, ZoneInfo(time_zone)):%Y-%m}"


def next_month(now: float, time_zone: str) -> float:
    """Return when the next calendar month begins."""
    here = _month_begin(now, time_zone)
    year, month = (here.year + 1, 1) if here.month == 12 else (here.year, here.month + 1)
    return here.replace(year=year, month=month).timestamp()


def is_nearly_used(budget: Budget, quota: int, *, now: float, time_zone: str) -> bool:
    """Tell whether most of this month's quota is used; never without one (0)."""
    return bool(quota) and budget.month == month_of(now, time_zone) and budget.used >= quota * NEARLY


def forecast(budget: Budget, quota: int, *, now: float, time_zone: str) -> Forecast:
    """Return what to expect of the month that ``budget`` counts in; with a ``quota`` of 0 it is never exhausted."""
    begin = _month_begin(now, time_zone)
    used = budget.used if budget.month == month_of(now, time_zone) else 0
    # Of the first hours nothing can be foretold: a day is taken as the least that the month has lasted.
    lasted = max(now - begin.timestamp(), 86_400.0)
    per_second = used / lasted
    whole = calendar.monthrange(begin.year, begin.month)[1] * 86_400.0
    end = next_month(now, time_zone)
    exhausted_at = begin.timestamp() + quota / per_second if quota and used else None
    if used >= quota > 0:
        exhausted_at = min(now, exhausted_at or now)
    return Forecast(
        round(per_second * whole), exhausted_at if exhausted_at is not None and exhausted_at < end else None
    )


def _month_begin(now: float, time_zone: str) -> datetime:
    return datetime.fromtimestamp(now, ZoneInfo(time_zone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
