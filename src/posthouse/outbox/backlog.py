"""Says whether as much waits to be handled as may: looks about once a second, so that it costs storing nothing."""

from sqlalchemy import bindparam, func, select, text

from posthouse.outbox.engine import Reads
from posthouse.outbox.tables import event

#: For how long what was counted last is believed, in seconds.
FRESH = 1.0


class Backlog:
    """Counts the events that wait; used by any number of threads, of which one counts."""

    def __init__(self, reads: Reads) -> None:
        self._reads = reads
        self._counted: dict[str | None, tuple[float, int]] = {}

    def too_many(self, webhook_id: str, most: int, *, most_of_all: int, now: float) -> str:
        """Say which bound on the events that wait is reached, of one webhook or of all; nothing if neither is.

        A bound of 0 is none. What was counted less than a second ago is believed, so more may wait than a bound says.
        Raises `StoreUnavailable`.
        """
        if most and self._reaches(webhook_id, most, now):
            return f"{most} events of this webhook wait already, its max_waiting"
        if most_of_all and self._reaches(None, most_of_all, now):
            return f"{most_of_all} events of all webhooks wait already, server.max_waiting"
        return ""

    def _reaches(self, webhook_id: str | None, most: int, now: float) -> bool:
        counted_at, count = self._counted.get(webhook_id, (float("-inf"), 0))
        if not 0.0 <= now - counted_at < FRESH:
            # Others believe the last count meanwhile: all of them would count, as counting many takes its time.
            self._counted[webhook_id] = (now, count)
            count = self._count(webhook_id, most)
            self._counted[webhook_id] = (now, count)
        return count >= most

    def _count(self, webhook_id: str | None, most: int) -> int:
        statement = _ALL if webhook_id is None else _OF_WEBHOOK
        asked = {"most": most} if webhook_id is None else {"most": most, "webhook": webhook_id}
        with self._reads.connect() as connection:
            return connection.scalar(statement, asked) or 0


# The state is written out, not bound: the partial index is only used for the very text.
_WAITING = select(event.c.id).where(event.c.state == text("'waiting'")).limit(bindparam("most"))
_ALL = select(func.count()).select_from(_WAITING.subquery())
_OF_WEBHOOK = select(func.count()).select_from(_WAITING.where(event.c.webhook_id == bindparam("webhook")).subquery())
