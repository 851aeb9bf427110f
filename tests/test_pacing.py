"""A robot's limits are never exceeded, wherever between its start and its end an attempt arrives."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.core.budget import Allowance, Budget
from posthouse.core.errors import Verdict
from posthouse.pacing import CROWDED, HALF_HOUR, LONGEST_PAUSE, REMEMBERED, WINDOW, free, pause, ready_at, spent
from posthouse.quota import next_month

ZONE = "Asia/Shanghai"
NOW = 1_700_000_100.0  # some minutes past a half hour
FRESH = Budget("ding_talk:1")
#: How long an attempt takes, and at which part of that time the robot sees it.
ATTEMPTS = st.lists(st.tuples(st.floats(0, 15), st.floats(0, 1)), min_size=1, max_size=120)


def ready(budget: Budget, allowance: Allowance, now: float = NOW) -> float:
    return ready_at(budget, allowance, now=now, time_zone=ZONE)


def after(budget: Budget, allowance: Allowance, ended_at: float, verdict: Verdict = "ok") -> Budget:
    return spent(budget, allowance, ended_at=ended_at, verdict=verdict, time_zone=ZONE)


def most_in_any(window: float, arrivals: list[float]) -> int:
    """Return how many arrivals any window holds; those exactly its length apart are not in one."""
    return max(sum(first <= other < first + window for other in arrivals) for first in arrivals)


@settings(deadline=None)
@given(attempts=ATTEMPTS, per_minute=st.integers(1, 30), per_second=st.integers(0, 5), data=st.data())
def test_no_window_holds_more_than_the_limit(
    attempts: list[tuple[float, float]], per_minute: int, per_second: int, data: st.DataObject
) -> None:
    now, arrivals, budget = NOW, list[float](), FRESH
    allowance = Allowance(per_minute, per_second)
    for seconds, part in attempts:
        now = max(now + data.draw(st.floats(0, 30)), ready(budget, allowance, now))
        arrivals.append(now + seconds * part)
        now += seconds
        budget = after(budget, allowance, now)
    assert most_in_any(WINDOW, arrivals) <= per_minute
    if per_second:
        assert most_in_any(1.0, arrivals) <= per_second


@given(count=st.integers(0, 30), per_minute=st.integers(1, 30))
def test_nobody_waits_longer_than_needed(count: int, per_minute: int) -> None:
    budget = replace(FRESH, ended=tuple(NOW + number for number in range(count)))
    expected = 0.0 if count < per_minute else NOW + count - per_minute + WINDOW
    assert ready(budget, Allowance(per_minute)) == expected
    room = free(budget, Allowance(per_minute), now=NOW)
    assert room == max(per_minute - count, 0)


def test_without_a_limit_nothing_is_waited_for_or_remembered() -> None:
    assert ready(replace(FRESH, ended=(NOW,) * 1000), Allowance()) == 0.0
    assert after(FRESH, Allowance(), NOW).ended == ()
    assert free(FRESH, Allowance(), now=NOW) is None


def test_what_is_older_than_a_window_is_forgotten() -> None:
    budget = replace(FRESH, ended=(NOW - 60, NOW - 30, NOW - 1))
    assert after(budget, Allowance(20), NOW).ended == (NOW - 30, NOW - 1, NOW)
    assert after(budget, Allowance(0, 4), NOW + 0.5).ended == (NOW + 0.5,)


def test_the_highest_limit_is_still_kept() -> None:
    budget, allowance = FRESH, Allowance(REMEMBERED)
    for _ in range(REMEMBERED * 2):
        budget = after(budget, allowance, NOW)
    assert len(budget.ended) == REMEMBERED
    assert ready(budget, allowance) == NOW + WINDOW


def test_a_robot_that_rests_is_not_ready() -> None:
    assert ready(replace(FRESH, rest_until=NOW + 600), Allowance(20)) == NOW + 600


def test_a_month_that_is_used_up_ends_with_the_month() -> None:
    budget, allowance = FRESH, Allowance(per_month=3)
    for verdict in ("ok", "throttled", "transient", "ambiguous", "config"):
        assert ready(budget, allowance) == 0.0
        budget = after(budget, allowance, NOW, verdict)
    # What never arrived and what came too fast is not counted by the vendor.
    assert (budget.month, budget.used) == ("2023-11", 3)
    assert ready(budget, allowance) == next_month(NOW, ZONE)
    later = next_month(NOW, ZONE) + 1
    assert ready(budget, allowance, later) == 0.0
    assert after(budget, allowance, later).used == 1


def test_messages_are_spread_after_the_whole_and_half_hour() -> None:
    mark = NOW // HALF_HOUR * HALF_HOUR + HALF_HOUR
    crowded = Allowance(crowded_at_half_hours=True)
    moments = {ready(replace(FRESH, token=f"fei_shu:{number}"), crowded, mark) - mark for number in range(50)}
    assert all(0 <= moment < CROWDED for moment in moments)
    assert len(moments) > 25
    moment = ready(FRESH, crowded, mark)
    assert ready(FRESH, crowded, moment) == moment  # who has waited may go
    assert ready(FRESH, crowded, mark + 300) <= moment
    assert ready(FRESH, crowded, mark - 5) < mark - HALF_HOUR + CROWDED
    assert ready(FRESH, Allowance(), mark) == 0.0


def test_pauses_grow_and_stay_bounded() -> None:
    for failures, steady in enumerate((2, 8, 32, 128, 512, 600, 600), start=1):
        for _ in range(20):
            assert pause(failures) == pytest.approx(steady, rel=0.2001)
    assert pause(1_000_000) <= LONGEST_PAUSE * 1.2
