"""GitLab's dates and times, which come in several forms, as days where the readers are."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

#: How long the longest form of a time is, generously.
LONGEST = 40
#: How long a date is that has no time with it.
DATE_ALONE = len("2026-11-24")


def day(text: str, time_zone: str) -> date | None:
    """Return the day that a date or a time falls on in the time zone; none for what is neither.

    A date alone is the same day everywhere. Times are ``2026-11-24 04:00:00 UTC``, ``2026-11-24T04:00:00.000Z`` or
    ``2026-11-24 12:00:00 +0800``; one that names no zone is in UTC.
    """
    form = text[:LONGEST].replace(" UTC", "").replace(" +", "+").replace(" -", "-")
    try:
        moment = datetime.fromisoformat(form)
        if len(form) == DATE_ALONE:
            return moment.date()
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(ZoneInfo(time_zone)).date()
    except (ValueError, OverflowError):
        return None


def day_text(text: str, time_zone: str) -> str:
    """Return the same day as people write it; an empty text for none."""
    found = day(text, time_zone)
    return found.isoformat() if found else ""


def day_of(seconds: float, time_zone: str) -> date | None:
    """Return the day that a time, in seconds since the epoch, falls on in the time zone; none for an unknown time."""
    return datetime.fromtimestamp(seconds, ZoneInfo(time_zone)).date() if seconds else None
