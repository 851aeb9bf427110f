"""What handlers remember from one event to the next."""

from storing import LEASE, arrival

from posthouse.core.event import Memory
from posthouse.outbox import HandledEvent, Outbox


def remember(outbox: Outbox, value: str, *, now: float, webhook_id: str = "finance") -> None:
    event_id = outbox.record(arrival(webhook_id=webhook_id)).event_id
    outbox.lanes.prepare({webhook_id: ("webhook", "GITLAB")}, {})
    claim = outbox.lanes.claim("webhook", [webhook_id], holder="t", now=now, lease=LEASE)
    assert claim is not None
    handled = HandledEvent(event_id, "handled", "silent", "[]", memory=Memory("main", value))
    outbox.lanes.hand_over(claim, [handled], now=now, window=0.0)


def test_nothing_is_remembered_at_first(outbox: Outbox) -> None:
    assert outbox.recall("finance", "main") is None


def test_the_newest_value_is_remembered(outbox: Outbox) -> None:
    remember(outbox, "failed", now=100.0)
    remember(outbox, "success", now=101.0)
    assert outbox.recall("finance", "main") == "success"
    assert outbox.recall("finance", "develop") is None


def test_each_webhook_remembers_for_itself(outbox: Outbox) -> None:
    remember(outbox, "failed", now=100.0)
    remember(outbox, "success", now=100.0, webhook_id="ops")
    assert outbox.recall("finance", "main") == "failed"
    assert outbox.recall("ops", "main") == "success"
