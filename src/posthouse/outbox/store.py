"""The outbox: one database that events are put into, and everything else is read from."""

import contextlib
import logging
import time
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Executable, bindparam, func, select

from posthouse.core.errors import StoreUnavailable
from posthouse.outbox.arrivals import Arrival, Recorded, record
from posthouse.outbox.backlog import Backlog
from posthouse.outbox.database import open_database
from posthouse.outbox.dropped import Dropped
from posthouse.outbox.engine import Reads
from posthouse.outbox.history import History
from posthouse.outbox.lanes import Lanes
from posthouse.outbox.memory import recall
from posthouse.outbox.replay import Replayed, replay
from posthouse.outbox.retention import Retention
from posthouse.outbox.tables import event, worker
from posthouse.outbox.upsert import Insert, Upsert

log = logging.getLogger("posthouse.outbox")

#: How long to leave a server alone that is away when we start, in seconds.
PAUSE = 2.0


class Outbox:
    """The store of one process; used by any number of threads."""

    def __init__(self, url: str) -> None:
        self._database = open_database(url)
        self._engine = self._database.engine
        self._commit = self._database.commits
        self._reads = Reads(self._engine)
        #: The time that all processes agree about, in seconds since the epoch.
        self.clock = self._database.clock
        self.lanes = Lanes(self._database, self._reads)
        self.dropped = Dropped(self.lanes)
        self.history = History(self._reads)
        self.backlog = Backlog(self._reads)
        self.retention = Retention(self._database, self._reads)

    @classmethod
    def open(cls, url: str, *, create: bool = True, wait: bool = False) -> "Outbox":
        """Open the database at ``url``, which need not exist if ``create``, and bring its tables up to date.

        Raises `StoreUnavailable`; with ``wait``, not for a server that is away, which will be back.
        """
        outbox = cls(url)
        if not create:
            outbox._database.require()
        while True:
            try:
                outbox._database.migrate()
                break
            except StoreUnavailable as error:
                if not (wait and outbox._database.is_remote):
                    outbox.close()
                    raise
                log.error("%s; waiting for it", error)  # noqa: TRY400 - no bug of ours
                time.sleep(PAUSE)
        return outbox

    def record(self, arrival: Arrival) -> Recorded:
        """Store an event. It is on disk when this returns; the same key twice is stored once."""
        return self._commit.run_joined(self._record, arrival)

    def _record(self, connection: Connection, arrivals: Sequence[Arrival]) -> list[Recorded]:
        recorded = record(connection, arrivals)
        if not all(one.repeat for one in recorded):
            self._database.tell(connection)
        return recorded

    def has(self, webhook_id: str, key: str | None) -> bool:
        """Tell whether an event of the webhook with this key is stored, so that recording it would be a repeat."""
        with self._reads.connect() as connection:
            return key is not None and connection.execute(_HAS, {"webhook": webhook_id, "key": key}).first() is not None

    def replay(self, event_ids: Collection[int] | None) -> Replayed:
        """Let buried deliveries and failed events wait again, of some events or (None) of all."""

        def work(connection: Connection) -> Replayed:
            replayed = replay(connection, event_ids)
            self._database.tell(connection)
            return replayed

        return self._commit.run(work)

    def recall(self, webhook_id: str, topic: str) -> str | None:
        """Return what the webhook's handlers remembered under a topic; None if nothing was."""
        with self._reads.connect() as connection:
            return recall(connection, webhook_id, topic)

    def wait(self, seconds: float) -> int:
        """Wait until anybody, in any process, has made work, but ``seconds`` at most; by one thread only.

        The number that is returned differs from the last one if something happened in between, and may do so if nothing
        did. Raises `StoreUnavailable`.
        """
        return self._database.signals.wait(seconds)

    def vacuum(self) -> None:
        """Give all room that nothing is in any more back to the disk.

        With SQLite nothing can be stored meanwhile, and the disk needs room for the file once more; with PostgreSQL
        everything goes on. Raises `StoreUnavailable`.
        """
        self._database.vacuum()

    def beat(self, worker_id: str, *, started_at: float, now: float) -> None:
        """Note that a worker is alive, and forget those that have not been seen for a day."""

        def work(connection: Connection) -> None:
            connection.execute(_BEAT.on(connection), {"id": worker_id, "started_at": started_at, "seen_at": now})
            connection.execute(worker.delete().where(worker.c.seen_at < now - 86_400))

        self._commit.run(work)

    def last_beat(self) -> float | None:
        """Return when a worker was last seen alive; raises `StoreUnavailable` if the database cannot be read."""
        with self._reads.connect() as connection:
            seen_at: float | None = connection.scalar(select(func.max(worker.c.seen_at)))
        return seen_at

    def close(self) -> None:
        """Note what is left to be noted, if the database lets us, and close every connection."""
        with contextlib.suppress(StoreUnavailable):
            self.dropped.pick_up()
        self._database.close()


def _beat(insert: Insert) -> Executable:
    new = insert.values({name: bindparam(name) for name in ("id", "started_at", "seen_at")})
    return new.on_conflict_do_update(index_elements=[worker.c.id], set_={"seen_at": new.excluded.seen_at})


_HAS = select(event.c.id).where(event.c.webhook_id == bindparam("webhook"), event.c.key == bindparam("key"))
_BEAT = Upsert(worker, _beat)
