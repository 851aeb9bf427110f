"""Carries everything in one database over to another one of either kind."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from sqlalchemy import Connection, Engine, Executable, LargeBinary, Table, bindparam, func, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from posthouse.core.errors import PosthouseError
from posthouse.outbox.archive import Manifest, Reader, Row, Writer
from posthouse.outbox.database import Database
from posthouse.outbox.engine import HEAD, revision, unavailable
from posthouse.outbox.ids import NUMBERED, go_on_behind, last_id
from posthouse.outbox.tables import attempt, delivery, event, lane, memory, metadata, worker
from posthouse.outbox.upsert import Insert, Upsert

#: Rows refer to those of tables further up. Which workers are alive is not carried over.
TABLES = tuple(table for table in metadata.sorted_tables if table is not worker)
#: How many rows are fetched at a time, where one may have a body of 25 MiB and where all are small.
WITH_BODIES, SMALL = 20, 1000
ELSEWHERE = "import into a database of its own, which need not have tables yet"


@dataclass(frozen=True, slots=True)
class Imported:
    """What was imported, and how many events have come in before or meanwhile, which come behind it.

    ``moved`` is by how much the numbers of those grew that had come in before.
    """

    manifest: Manifest
    behind: int
    moved: int


def export_rows(database: Database, stream: BinaryIO, *, version: str, now: float) -> Manifest:
    """Write everything as it is at one moment, whatever others write meanwhile, in constant memory.

    ``version`` is posthouse's own. Raises `StoreUnavailable`, and `PosthouseError` for tables of another version.
    """
    with _transaction(_snapshots(database.engine)) as connection:
        if (found := revision(connection)) != HEAD:
            raise PosthouseError(
                f"the database is at migration {found or 'none'} instead of {HEAD}: posthouse db upgrade first"
            )
        manifest = _manifest(connection, version, now)
        writer = Writer(stream, manifest)
        for table in TABLES:
            writer.begin(table.name)
            for row in connection.execute(_ALL[table.name]):
                writer.row(row)
        writer.end()
    return manifest


def import_rows(database: Database, stream: BinaryIO) -> Imported:
    """Bring the tables up to date, and put everything from an export into them, in one transaction: all or nothing.

    Ids stay as they are. Events may have come in before, or come in meanwhile, if nobody has worked on them: their
    numbers grow so that they come behind what is imported, and the repeat of an imported one becomes one with it.
    Leases end. Raises `StoreUnavailable`, and `PosthouseError` for a file or a database that will not do.
    """
    reader = Reader(stream)
    manifest = reader.manifest
    _require_this_version(manifest)
    database.migrate()
    with _transaction(database.engine) as connection:
        _lock(connection, lane, delivery, event)
        _require_unworked(connection, manifest)
        moved = _make_room(connection, manifest)
    # Of its own, so that on PostgreSQL others can go on to store events, with numbers of their own.
    with _transaction(database.engine) as connection:
        _lock(connection, lane, delivery)
        _require_unworked(connection, manifest)
        for table, rows in reader.batches(_IN_BASE64):
            connection.execute(_PUT[table].on(connection), [_fitting(row) for row in rows])
        _go_on(connection, manifest)
        database.tell(connection)
        behind = connection.scalar(_BEHIND, {"last": manifest.last_ids[event.name]}) or 0
    return Imported(manifest, behind, moved)


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise unavailable(error) from None


def _snapshots(engine: Engine) -> Engine:
    """Return an engine whose transactions see the database as it is when they begin, and hold nobody up."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(reads=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _manifest(connection: Connection, version: str, now: float) -> Manifest:
    return Manifest(
        version=version,
        migration=HEAD,
        written_at=now,
        columns=_COLUMNS,
        rows={table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES},
        last_ids={table.name: last_id(connection, table) for table in NUMBERED},
        oldest_at=connection.scalar(_OLDEST),
    )


def _require_this_version(manifest: Manifest) -> None:
    if manifest.migration > HEAD:
        raise PosthouseError(
            f"posthouse {manifest.version} wrote this export at migration {manifest.migration}, and this one knows "
            f"{HEAD} at most: install that version"
        )
    if manifest.migration < HEAD:
        raise PosthouseError(
            f"posthouse {manifest.version} wrote this export at migration {manifest.migration}, and this one is at "
            f"{HEAD}: import it with that version, then run posthouse db upgrade with this one"
        )
    if manifest.columns != _COLUMNS:
        raise PosthouseError(f"this export has other columns than tables at migration {HEAD}")


def _lock(connection: Connection, *tables: Table) -> None:
    """Let others only read these tables until the end of the transaction; on SQLite they do so anyway."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(table.name for table in tables)
        connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


def _require_unworked(connection: Connection, manifest: Manifest) -> None:
    for worked in _WORKED:
        if connection.execute(worked).first() is not None:
            raise PosthouseError(f"events of this database have been worked on already: {ELSEWHERE}")
    oldest_at = connection.scalar(_OLDEST)
    # What was imported before looks like that, too.
    if oldest_at is not None and manifest.oldest_at is not None and oldest_at <= manifest.oldest_at:
        raise PosthouseError(f"this database has events from before the first one of the export: {ELSEWHERE}")


def _make_room(connection: Connection, manifest: Manifest) -> int:
    """Give the events that are there numbers behind those of the export, in the same order; return how much higher."""
    last, own = manifest.last_ids[event.name], last_id(connection, event)
    first = connection.scalar(select(func.min(event.c.id)))
    # Higher than all there are: numbers are compared with those that have not been changed yet, too.
    distance = 0 if first is None or first > last else max(last, own)
    if distance:
        connection.execute(update(event).values(id=event.c.id + distance))
    go_on_behind(connection, event, max(last, own + distance))
    return distance


def _go_on(connection: Connection, manifest: Manifest) -> None:
    """Let work go on: from the next ids on, in lanes that nobody holds, with plans for the tables as they are now."""
    for numbered in NUMBERED:
        go_on_behind(connection, numbered, manifest.last_ids[numbered.name])
    # A holder's name stays: who takes the lane over must know that it was in the middle of something.
    connection.execute(update(lane).values(lease_until=0.0))
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ANALYZE {', '.join(_COLUMNS)}"))


def _fitting(row: Row) -> Mapping[str, Any]:
    """Return a row that both databases take: PostgreSQL's texts have no null characters."""
    return {name: value.replace("\0", "") if isinstance(value, str) else value for name, value in row.items()}


def _put(table: Table) -> Upsert:
    """Insert a row, or put it in the place of what has come in or been set up since the database was made."""
    keys = (event.c.webhook_id, event.c.key) if table is event else tuple(table.primary_key)

    def build(insert: Insert) -> Executable:
        new = insert.values({column.name: bindparam(column.name) for column in table.c})
        if table in {delivery, attempt}:
            return new  # there are none
        values: dict[str, Any] = {column.name: new.excluded[column.name] for column in table.c}
        if table is event:  # what is there is a repeat of it
            values["repeats"] = new.excluded.repeats + event.c.repeats + 1
        return new.on_conflict_do_update(index_elements=keys, set_=values)

    return Upsert(table, build)


def _all(table: Table) -> Executable:
    rows = WITH_BODIES if table is event else SMALL
    return select(table).order_by(*table.primary_key).execution_options(yield_per=rows)


_COLUMNS = {table.name: tuple(column.name for column in table.c) for table in TABLES}
_IN_BASE64 = {
    (table.name, column.name) for table in TABLES for column in table.c if isinstance(column.type, LargeBinary)
}
_ALL = {table.name: _all(table) for table in TABLES}
_PUT = {table.name: _put(table) for table in TABLES}
_OLDEST = select(event.c.received_at).order_by(event.c.id).limit(1)
_BEHIND = select(func.count()).select_from(event).where(event.c.id > bindparam("last"))
_WORKED = (
    select(delivery.c.id).limit(1),
    select(event.c.id).where(event.c.state != text("'waiting'")).limit(1),
    select(memory.c.topic).limit(1),
)
