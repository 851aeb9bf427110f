"""Months, and how they will end."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from posthouse.core.budget import Budget
from posthouse.quota import forecast, is_nearly_used, month_of, next_month

ZONE = "Asia/Shanghai"


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)).timestamp()


def test_a_month_begins_where_its_people_are() -> None:
    moment = at("2026-12-01 00:30")
    assert month_of(moment, ZONE) == "2026-12"
    assert month_of(moment, "Europe/Berlin") == "2026-11"
    assert next_month(moment, ZONE) == at("2027-01-01 00:00")


def test_a_month_with_a_change_of_clocks_ends_at_midnight() -> None:
    begin = next_month(datetime(2026, 3, 15, tzinfo=ZoneInfo("Europe/Berlin")).timestamp(), "Europe/Berlin")
    assert datetime.fromtimestamp(begin, ZoneInfo("Europe/Berlin")).isoformat() == "2026-04-01T00:00:00+02:00"


@pytest.mark.parametrize(
    ("used", "messages", "exhausted"),
    [(0, 0, None), (1000, 3000, None), (1500, 4500, "2026-11-21 00:00"), (3000, 9000, "2026-11-11 00:00")],
)
def test_a_month_is_foretold_by_how_it_went(used: int, messages: int, exhausted: str | None) -> None:
    expected = forecast(Budget("t", month="2026-11", used=used), 3000, now=at("2026-11-11 00:00"), time_zone=ZONE)
    assert expected.messages == messages
    assert expected.exhausted_at == (at(exhausted) if exhausted else None)


def test_what_was_used_last_month_does_not_count() -> None:
    budget = Budget("t", month="2026-10", used=3000)
    assert not is_nearly_used(budget, 3000, now=at("2026-11-02 00:00"), time_zone=ZONE)
    assert forecast(budget, 3000, now=at("2026-11-02 00:00"), time_zone=ZONE).messages == 0


def test_most_of_a_quota_is_four_fifths() -> None:
    now = at("2026-11-02 00:00")
    assert not is_nearly_used(Budget("t", month="2026-11", used=79), 100, now=now, time_zone=ZONE)
    assert is_nearly_used(Budget("t", month="2026-11", used=80), 100, now=now, time_zone=ZONE)
    assert not is_nearly_used(Budget("t", month="2026-11", used=80), 0, now=now, time_zone=ZONE)
