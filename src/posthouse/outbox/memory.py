"""What a webhook's handlers remember from one event to the next: how a branch's last pipeline ended, a page's title."""

from sqlalchemy import Connection, Executable, bindparam, select

from posthouse.core.event import Memory
from posthouse.outbox.tables import memory
from posthouse.outbox.upsert import Insert, Upsert


def remember(connection: Connection, webhook_id: str, event_id: int, remembered: Memory, now: float) -> None:
    """Keep a value for the next event of the same topic, in place of the one before."""
    values = {"webhook_id": webhook_id, "topic": remembered.topic, "value": remembered.value}
    connection.execute(_REMEMBER.on(connection), values | {"event_id": event_id, "remembered_at": now})


def recall(connection: Connection, webhook_id: str, topic: str) -> str | None:
    """Return what was remembered under a topic; None if nothing was."""
    value: str | None = connection.scalar(_RECALL, {"webhook": webhook_id, "topic": topic})
    return value


def _remember(insert: Insert) -> Executable:
    new = insert.values({name: bindparam(name) for name in memory.c.keys()})  # noqa: SIM118 - no dictionary
    return new.on_conflict_do_update(
        index_elements=[memory.c.webhook_id, memory.c.topic],
        set_={name: new.excluded[name] for name in ("value", "event_id", "remembered_at")},
    )


_REMEMBER = Upsert(memory, _remember)
_RECALL = select(memory.c.value).where(
    memory.c.webhook_id == bindparam("webhook"), memory.c.topic == bindparam("topic")
)
