"""Durations are told as people tell them."""

import pytest

from posthouse import duration


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [
        (0, "不到 1 秒", "under 1 s"),
        (0.4, "不到 1 秒", "under 1 s"),
        (1, "1 秒", "1 s"),
        (59.6, "1 分", "1 min"),
        (63.27, "1 分 3 秒", "1 min 3 s"),
        (120, "2 分", "2 min"),
        (3600, "1 小时", "1 h"),
        (3605, "1 小时", "1 h"),
        (7384, "2 小时 3 分", "2 h 3 min"),
        (90000, "1 天 1 小时", "1 d 1 h"),
        (None, "", ""),
        (-1, "", ""),
        (1e300, "", ""),
    ],
)
def test_a_duration_is_told_in_two_units(seconds: float | None, zh: str, en: str) -> None:
    assert (duration(seconds, "zh"), duration(seconds, "en")) == (zh, en)
