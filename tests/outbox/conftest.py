"""An outbox on a fresh database, and ways to put something into it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from postgres import Server
from posthouse.outbox import Arrival, HandledEvent, NewDelivery, Outbox, Token

LEASE = 15.0
#: Of what only one kind of database has.
sqlite_only = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
postgresql_only = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


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


def arrival(key: str | None = None, *, webhook_id: str = "finance", body: bytes = b"{}") -> Arrival:
    return Arrival(
        webhook_id=webhook_id,
        name="Push Hook",
        key=key,
        received_at=100.0,
        verified="the secret token is right",
        headers={"x-gitlab-event": "Push Hook"},
        query={},
        body=body,
    )


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
