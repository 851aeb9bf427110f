"""A robot's limit is never exceeded, wherever between its start and its end an attempt arrives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.pacing import LONGEST_PAUSE, REMEMBERED, WINDOW, Pace, pause

#: How long an attempt takes, and at which part of that time the robot sees it.
ATTEMPTS = st.lists(st.tuples(st.floats(0, 15), st.floats(0, 1)), min_size=1, max_size=120)


def most_in_any_window(arrivals: list[float]) -> int:
    """Return how many arrivals any 60 seconds hold; those exactly 60 seconds apart are not in one window."""
    return max(sum(first <= other < first + WINDOW for other in arrivals) for first in arrivals)


@settings(deadline=None)
@given(attempts=ATTEMPTS, per_minute=st.integers(1, 30), data=st.data())
def test_no_window_holds_more_than_the_limit(
    attempts: list[tuple[float, float]], per_minute: int, data: st.DataObject
) -> None:
    now, arrivals, pace = 1_000.0, list[float](), Pace((), per_minute)
    for seconds, part in attempts:
        now = max(now + data.draw(st.floats(0, 30)), pace.ready_at())
        arrivals.append(now + seconds * part)
        now += seconds
        pace.add(now)
        if data.draw(st.booleans()):  # the lane is given back, and taken by another process
            pace = Pace(pace.recent(now), per_minute)
    assert most_in_any_window(arrivals) <= per_minute


@given(count=st.integers(0, 30), per_minute=st.integers(1, 30))
def test_nobody_waits_longer_than_needed(count: int, per_minute: int) -> None:
    pace = Pace([1_000.0 + number for number in range(count)], per_minute)
    ready_at = pace.ready_at()
    if count < per_minute:
        assert ready_at == 0.0
    else:
        assert ready_at == 1_000.0 + count - per_minute + WINDOW


def test_without_a_limit_nothing_is_waited_for_or_remembered() -> None:
    pace = Pace([1.0] * 1000, 0)
    assert pace.ready_at() == 0.0
    assert pace.recent(1.0) == ()


def test_what_is_older_than_a_window_is_forgotten() -> None:
    pace = Pace([100.0, 130.0, 160.0], 20)
    assert pace.recent(160.0) == (130.0, 160.0)
    assert pace.recent(1_000.0) == ()


def test_a_long_history_is_bounded() -> None:
    pace = Pace([100.0] * (REMEMBERED * 3), 600)
    assert len(pace.recent(100.0)) == REMEMBERED


def test_the_highest_limit_is_still_kept() -> None:
    pace = Pace((), REMEMBERED)
    for _ in range(REMEMBERED):
        assert pace.ready_at() == 0.0
        pace.add(5.0)
    assert Pace(pace.recent(5.0), REMEMBERED).ready_at() == 5.0 + WINDOW


def test_pauses_grow_and_stay_bounded() -> None:
    for failures, steady in enumerate((2, 8, 32, 128, 512, 600, 600), start=1):
        for _ in range(20):
            assert pause(failures) == pytest.approx(steady, rel=0.2001)
    assert pause(1_000_000) <= LONGEST_PAUSE * 1.2


def test_pauses_differ_so_that_lanes_do_not_come_back_together() -> None:
    assert len({pause(3) for _ in range(10)}) > 5
