"""A short storm, in which each kind of process dies and the database crashes; ``make storm`` is a long one."""

import secrets
from pathlib import Path

from weather import Weather

import postgres
from storm import Storm


def test_a_storm_loses_nothing_and_reorders_nothing(tmp_path: Path) -> None:
    weather = Weather(secrets.randbelow(1_000_000), events=120, robots=12, longest_rest=3.0, per_minute=100)
    with postgres.running(durable=True) as server:
        storm = Storm(weather, tmp_path, server, per_second=15.0, between_kills=(10, 16), outages=["immediate"])
        aftermath = storm.run(seconds=200.0)
    assert not any(aftermath.verdict.values()), (weather.seed, aftermath.verdict)
    counts = storm.counts
    assert counts["events answered"] == counts["events stored"] == weather.events
    # It was none if nothing went wrong.
    for what in (
        "web processes killed",
        "worker processes killed",
        "database restarts (immediate)",
        "requests that went wrong on demand",
        "deliveries sent",
        "digests in groups",
    ):
        assert counts[what] > 0, what
