"""The outbox: one database that events are put into, and everything else is read from."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError

from posthouse.core.errors import StoreUnavailable
from posthouse.outbox.commit import LeaderCommit
from posthouse.outbox.engine import Reads, migrate, open_engine, require_file
from posthouse.outbox.history import History
from posthouse.outbox.lanes import Lanes
from posthouse.outbox.memory import recall
from posthouse.outbox.replay import Replayed, replay
from posthouse.outbox.tables import event, worker


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event that is to be stored: what it is called, and what of its request is kept."""

    webhook_id: str
    name: str
    key: str | None
    received_at: float
    verified: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event that is stored; ``repeat`` if it was already."""

    event_id: int
    repeat: bool


class Outbox:
    """The store of one process; used by any number of threads."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        self._commit = LeaderCommit(self._engine)
        self._watch: Connection | None = None
        self._reads = Reads(self._engine)
        self.lanes = Lanes(self._commit, self._reads)
        self.history = History(self._reads)

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> "Outbox":
        """Open the database at ``url``, which need not exist if ``create``, and bring its tables up to date.

        Raises `StoreUnavailable`.
        """
        if not create:
            require_file(url)
        outbox = cls(url)
        migrate(outbox._engine)
        return outbox

    def record(self, arrival: Arrival) -> Recorded:
        """Store an event. It is on disk when this returns; the same key twice is stored once."""
        values = {
            "webhook_id": arrival.webhook_id,
            "name": arrival.name,
            "key": arrival.key,
            "received_at": arrival.received_at,
            "verified": arrival.verified,
            "headers": json.dumps(dict(arrival.headers), ensure_ascii=False),
            "query": json.dumps(dict(arrival.query), ensure_ascii=False),
            "body": arrival.body,
        }
        row = self._commit.run(lambda connection: connection.execute(_RECORD, values).one())
        return Recorded(event_id=row.id, repeat=row.repeats > 0)

    def replay(self, event_ids: Collection[int] | None) -> Replayed:
        """Let buried deliveries and failed events wait again, of some events or (None) of all."""
        return self._commit.run(lambda connection: replay(connection, event_ids))

    def recall(self, webhook_id: str, topic: str) -> str | None:
        """Return what the webhook's handlers remembered under a topic; None if nothing was."""
        with self._reads.connect() as connection:
            return recall(connection, webhook_id, topic)

    def changed(self) -> int:
        """Return a number that differs from the last one if anybody, in any process, has committed in between.

        Costs a few microseconds and no disk access, so it may be asked many times a second; by one thread only.
        Raises `StoreUnavailable`.
        """
        try:
            if self._watch is None:
                self._watch = self._engine.connect()
            # Beside SQLAlchemy's transactions: inside of one, SQLite would not look.
            cursor = self._watch.connection.cursor()
            cursor.execute("PRAGMA data_version")
            (version,) = cursor.fetchone() or (0,)
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error) as error:
            self._watch = None
            raise StoreUnavailable(f"the database failed: {error}") from None
        return int(version)

    def beat(self, worker_id: str, *, started_at: float, now: float) -> None:
        """Note that a worker is alive, and forget those that have not been seen for a day."""

        def work(connection: Connection) -> None:
            connection.execute(_BEAT, {"id": worker_id, "started_at": started_at, "seen_at": now})
            connection.execute(worker.delete().where(worker.c.seen_at < now - 86_400))

        self._commit.run(work)

    def last_beat(self) -> float | None:
        """Return when a worker was last seen alive; raises `StoreUnavailable` if the database cannot be read."""
        with self._reads.connect() as connection:
            seen_at: float | None = connection.scalar(select(func.max(worker.c.seen_at)))
        return seen_at

    def close(self) -> None:
        """Close every connection."""
        self._commit.close()
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self._engine.dispose()


# A repeat is counted, and answered with the id of the event that was there first: one statement for both cases.
_NEW = insert(event).values({name: bindparam(name) for name in (
    "webhook_id", "name", "key", "received_at", "verified", "headers", "query", "body"
)})  # fmt: skip
_RECORD = _NEW.on_conflict_do_update(
    index_elements=[event.c.webhook_id, event.c.key], set_={"repeats": event.c.repeats + 1}
).returning(event.c.id, event.c.repeats)
_BEAT = insert(worker).values(id=bindparam("id"), started_at=bindparam("started_at"), seen_at=bindparam("seen_at"))
_BEAT = _BEAT.on_conflict_do_update(index_elements=[worker.c.id], set_={"seen_at": _BEAT.excluded.seen_at})
