"""Jira's dates and times as days where the readers are."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from posthouse import Reader

#: How long the longest form of a time is, generously.
LONGEST = 40
#: How long a date is that has no time with it.
DATE_ALONE = len("2026-11-24")


def day(reader: Reader, path: str, time_zone: str) -> str:
    """Return the day that a date or a time falls on in the time zone, such as 2026-11-24; empty for what is neither.

    A date alone is the same day everywhere. Times are ``2026-11-24T04:00:00.000Z`` or ``2026-11-24T12:00:00.000+0800``.
    """
    text = reader.text(path)[:LONGEST]
    try:
        moment = datetime.fromisoformat(text)
        if len(text) > DATE_ALONE:
            moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(ZoneInfo(time_zone))
    except (ValueError, OverflowError):
        return ""
    return moment.date().isoformat()
