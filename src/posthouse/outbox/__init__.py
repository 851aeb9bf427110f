"""The durable store of events and deliveries, and the lanes they are worked in. The only package that speaks SQL."""

from posthouse.outbox.arrivals import Arrival, Recorded
from posthouse.outbox.history import AttemptRecord, DeliveryRecord, EventRecord, History, Waiting
from posthouse.outbox.replay import Replayed
from posthouse.outbox.retention import Kept
from posthouse.outbox.store import Outbox
from posthouse.outbox.work import (
    Claim,
    HandledEvent,
    Kind,
    NewDelivery,
    Settlement,
    StoredDelivery,
    StoredEvent,
    Token,
    Unsettled,
)

__all__ = [
    "Arrival",
    "AttemptRecord",
    "Claim",
    "DeliveryRecord",
    "EventRecord",
    "HandledEvent",
    "History",
    "Kept",
    "Kind",
    "NewDelivery",
    "Outbox",
    "Recorded",
    "Replayed",
    "Settlement",
    "StoredDelivery",
    "StoredEvent",
    "Token",
    "Unsettled",
    "Waiting",
]
