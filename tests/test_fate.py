"""What becomes of a delivery after an attempt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.core.errors import DeliveryError, Rejected, TryLater
from posthouse.fate import Fate, fate
from posthouse.pacing import LONGEST_PAUSE


def after(error: DeliveryError | None, *, form: int = 0, forms: int = 2, failures: int = 0, earlier: int = 0) -> Fate:
    return fate(error, form=form, forms=forms, failures=failures, earlier=earlier)


def try_later(**how: float | None) -> TryLater:
    attempts = how.get("attempts")
    return TryLater(
        "?", verdict="transient", after=how.get("after"), attempts=None if attempts is None else int(attempts)
    )


def rejected(*, simpler: bool) -> Rejected:
    return Rejected("no", verdict="message", remedy="", simpler_may_pass=simpler)


def test_success_is_sent_and_forgets_failures() -> None:
    assert after(None, form=1, failures=7) == Fate("sent", 1, rest=0.0, failures=0)


def test_a_refused_message_is_buried_and_the_lane_goes_on() -> None:
    assert after(rejected(simpler=False), failures=3) == Fate("buried", 0, rest=0.0, failures=0)


def test_a_simpler_form_is_tried_at_once_where_there_is_one() -> None:
    assert after(rejected(simpler=True)) == Fate("waiting", 1, rest=0.0, failures=0)
    assert after(rejected(simpler=True), form=1) == Fate("buried", 1, rest=0.0, failures=0)
    assert after(rejected(simpler=True), forms=1) == Fate("buried", 0, rest=0.0, failures=0)


def test_trouble_of_the_robot_lets_the_lane_rest_longer_each_time() -> None:
    rests = [after(try_later(), failures=failures).rest for failures in range(5)]
    assert rests == sorted(rests)
    assert 1.6 <= rests[0] <= 2.4
    assert 410 <= rests[-1] <= 615


def test_a_pause_that_is_asked_for_is_kept_and_a_little_more() -> None:
    found = after(try_later(after=600.0), failures=4)
    assert 600.0 < found.rest < 602.0
    assert (found.state, found.failures) == ("waiting", 5)


def test_a_pause_of_no_time_is_still_a_pause() -> None:
    assert after(try_later(after=0.0)).rest > 0.0


def test_a_bounded_number_of_attempts_ends_in_burial() -> None:
    states = [after(try_later(attempts=3), earlier=earlier).state for earlier in range(4)]
    assert states == ["waiting", "waiting", "buried", "buried"]
    assert after(try_later(attempts=1)).state == "buried"
    assert after(try_later(attempts=0)).state == "buried"


def test_only_what_is_bounded_counts_against_the_bound() -> None:
    assert after(try_later(attempts=3), earlier=1).bounded == 2
    assert after(try_later(), earlier=2).bounded == 0
    assert after(rejected(simpler=True), earlier=2).bounded == 0


def test_without_a_bound_nothing_is_given_up() -> None:
    assert after(try_later(), failures=10_000, earlier=10_000).state == "waiting"


def test_another_error_of_a_plugin_is_buried() -> None:
    assert after(DeliveryError("?", verdict="ambiguous")).state == "buried"


@given(
    error=st.none()
    | st.builds(rejected, simpler=st.booleans())
    | st.builds(
        try_later,
        after=st.none() | st.floats(0, 1e6),
        attempts=st.none() | st.integers(0, 5).map(float),
    ),
    forms=st.integers(1, 3),
    failures=st.integers(0, 10_000),
    earlier=st.integers(0, 10),
    data=st.data(),
)
def test_every_attempt_has_a_fate_that_ends_or_goes_on(
    error: DeliveryError | None, forms: int, failures: int, earlier: int, data: st.DataObject
) -> None:
    form = data.draw(st.integers(0, forms - 1))
    found = after(error, form=form, forms=forms, failures=failures, earlier=earlier)
    assert found.state in {"waiting", "sent", "buried"}
    assert (found.state == "sent") == (error is None)
    assert form <= found.form < forms
    assert found.rest >= 0.0
    # What waits either rests or changes its form: no attempt is repeated at once without end.
    assert found.state != "waiting" or found.rest > 0.0 or found.form > form
    if found.state != "waiting":
        assert (found.rest, found.failures) == (0.0, 0)
    if not isinstance(error, TryLater) or error.after is None:
        assert found.rest <= LONGEST_PAUSE * 1.2


@pytest.mark.parametrize("failures", [0, 1, 5, 100])
def test_a_rejection_does_not_count_as_a_failure_of_the_robot(failures: int) -> None:
    assert after(rejected(simpler=True), failures=failures).failures == failures
