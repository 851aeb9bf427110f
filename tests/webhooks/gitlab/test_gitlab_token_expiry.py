"""How many days a token has left, wherever its readers are."""

from datetime import UTC, datetime
from typing import Any

import pytest

from making import made_handler
from posthouse import Event, Level, Site
from posthouse.webhooks.gitlab.access_token import ResourceAccessTokenHookNotifyEventHandler
from posthouse.webhooks.gitlab.expiry import days_left

SHANGHAI, NEW_YORK = "Asia/Shanghai", "America/New_York"
#: Noon in Shanghai, still the evening before in New York.
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC).timestamp()


def token(expires_at: Any, *, at: float = NOON, **fields: Any) -> Event:
    payload = {"object_attributes": {"id": 25, "name": "backup", "expires_at": expires_at}, **fields}
    return Event(name="Resource Access Token Hook", payload=payload, received_at=at)


@pytest.mark.parametrize(
    ("expires_at", "left"),
    [
        ("2026-12-01", 7),
        ("2026-11-25", 1),
        ("2026-11-24", 0),
        ("2026-11-20", -4),
        ("2026-12-01 07:57:25 UTC", 7),
        ("2026-12-01T15:59:59.999Z", 7),
        ("2026-12-01T16:00:00.000Z", 8),
        ("2026-12-01 01:00:00 +0900", 7),
        ("2026-11-30 23:30:00 +0000", 7),
    ],
)
def test_days_are_counted_as_the_calendar_on_the_wall_does(expires_at: str, left: int) -> None:
    assert days_left(token(expires_at), SHANGHAI) == left


def test_where_it_is_still_yesterday_there_is_a_day_more() -> None:
    assert days_left(token("2026-12-01"), NEW_YORK) == 8


@pytest.mark.parametrize(("interval", "left"), [("seven_days", 7), ("thirty_days", 30), ("sixty_days", 60)])
def test_the_interval_counts_where_the_date_or_the_time_of_arrival_is_not_known(interval: str, left: int) -> None:
    assert days_left(token(None, interval=interval), SHANGHAI) == left
    assert days_left(token("2026-12-01", at=0.0, interval=interval), SHANGHAI) == left


def test_the_date_counts_more_than_the_interval() -> None:
    assert days_left(token("2026-11-30", interval="seven_days"), SHANGHAI) == 6


@pytest.mark.parametrize("expires_at", [None, "", "soon", "2026-13-01", 1795492800, "0001-01-01 00:00:00 +2300"])
def test_a_date_that_is_none_leaves_the_days_unknown(expires_at: Any) -> None:
    assert days_left(token(expires_at), SHANGHAI) is None


@pytest.mark.parametrize(
    ("expires_at", "title", "level"),
    [
        ("2026-12-01", "Project access token backup expires in 7 days", Level.WARNING),
        ("2026-11-25", "Project access token backup expires in 1 day", Level.WARNING),
        ("2026-11-24", "Project access token backup expires today", Level.FAILURE),
        ("2026-11-23", "Project access token backup expired 1 day ago", Level.FAILURE),
        (None, "Project access token backup expires soon", Level.WARNING),
    ],
)
def test_the_less_time_is_left_the_worse_it_is(expires_at: str | None, title: str, level: Level) -> None:
    message = made_handler(ResourceAccessTokenHookNotifyEventHandler, Site(language="en")).message(token(expires_at))
    assert (message.title, message.level) == (title, level)
