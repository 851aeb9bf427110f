"""An outbox on a fresh database, and ways to put something into it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from storing import LEASE, arrival

from postgres import Server
from posthouse.outbox import HandledEvent, NewDelivery, Outbox, Token


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An address without tables, of each kind of database in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'posthouse.db'}"
    server: Server = request.getfixturevalue("server")
    return server.new_database()


@pytest.fixture
def outbox(url: str) -> Iterator[Outbox]:
    opened = Outbox.open(url)
    opened.lanes.prepare(
        {"finance": ("webhook", "GITLAB"), "a": ("robot", "ding_talk"), "b": ("robot", "ding_talk")},
        {"finance.a": "a", "finance.b": "b"},
        [Token(token=lane, lane_id=lane, vendor="ding_talk", settings="1") for lane in "ab"],
    )
    yield opened
    opened.close()


@pytest.fixture
def deliver(outbox: Outbox) -> Callable[..., list[int]]:
    """Store one event with a delivery for each named lane, as a worker would; returns the event's deliveries."""

    def put(*lanes: str) -> list[int]:
        event_id = outbox.record(arrival()).event_id
        claim = outbox.lanes.claim("webhook", ["finance"], holder="t", now=100.0, lease=LEASE)
        assert claim is not None
        new = [NewDelivery(robot=f"finance.{lane}", lane_id=lane, idempotency_key="k", message="{}") for lane in lanes]
        outbox.lanes.hand_over(claim, [HandledEvent(event_id, "handled", "told", "[]", new)], now=100.0, window=0)
        record = outbox.history.event(event_id)
        assert record is not None
        return [delivery.id for delivery in record.deliveries]

    return put
