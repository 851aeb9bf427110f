"""What is in a database and how large it is, whichever migration it is at."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, text

from posthouse.outbox.database import Database
from posthouse.outbox.engine import HEAD, Reads, revision
from posthouse.outbox.tables import delivery, event, metadata

#: Tables that the server thinks are larger are not counted: it would read them all.
COUNTED_ROWS = 100_000
#: The file, and the log beside it.
SQLITE_FILES = ("", "-wal")


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is. Times are seconds since the epoch, and None where there is nothing."""

    software: str
    #: Which migration the tables are at, None for no tables; and the newest one that this posthouse knows.
    migration: str | None
    newest_migration: str
    bytes: int
    rows: Mapping[str, int]
    #: The tables of which `rows` has the server's own estimate.
    estimated: frozenset[str]
    oldest_event_at: float | None
    newest_event_at: float | None
    waiting_events: int
    waiting_deliveries: int


def take_stock(database: Database) -> Stock:
    """Look at a database without changing anything in it. Raises `StoreUnavailable`."""
    with Reads(database.engine).connect() as connection:
        present = {*inspect(connection).get_table_names()}
        tables = [name for name in metadata.tables if name in present]
        estimates = _large(connection, tables)
        counts = {name: estimates.get(name) or _count(connection, name) for name in tables}
        has_events = event.name in present
        return Stock(
            software=_software(connection),
            migration=revision(connection),
            newest_migration=HEAD,
            bytes=_bytes(connection),
            rows=counts,
            estimated=frozenset(estimates),
            oldest_event_at=connection.scalar(_RECEIVED.order_by(event.c.id)) if has_events else None,
            newest_event_at=connection.scalar(_RECEIVED.order_by(event.c.id.desc())) if has_events else None,
            waiting_events=(connection.scalar(_WAITING_EVENTS) or 0) if has_events else 0,
            waiting_deliveries=(connection.scalar(_WAITING_DELIVERIES) or 0) if has_events else 0,
        )


def size(database: Database) -> int:
    """Return how many bytes a database has on its disk. Raises `StoreUnavailable`."""
    with Reads(database.engine).connect() as connection:
        return _bytes(connection)


def _software(connection: Connection) -> str:
    if connection.dialect.name == "sqlite":
        return f"SQLite {connection.scalar(text('SELECT sqlite_version()'))}"
    return f"PostgreSQL {connection.scalar(text('SHOW server_version'))}"


def _bytes(connection: Connection) -> int:
    if connection.dialect.name == "sqlite":
        files = [Path(f"{connection.engine.url.database}{ending}") for ending in SQLITE_FILES]
        return sum(file.stat().st_size for file in files if file.exists())
    return connection.scalar(text("SELECT pg_database_size(current_database())")) or 0


def _large(connection: Connection, tables: Collection[str]) -> Mapping[str, int]:
    """Return how many rows the server thinks there are in large tables; SQLite does not think."""
    if connection.dialect.name == "sqlite":
        return {}
    asked = ((name, connection.scalar(_ESTIMATE, {"table": name})) for name in tables)
    return {name: int(rows) for name, rows in asked if rows is not None and rows > COUNTED_ROWS}


def _count(connection: Connection, name: str) -> int:
    return connection.scalar(select(func.count()).select_from(metadata.tables[name])) or 0


_ESTIMATE = text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:table)")
_RECEIVED = select(event.c.received_at).limit(1)
# The states are written out, not bound: the partial indexes are only used for the very text.
_WAITING_EVENTS = select(func.count()).select_from(event).where(event.c.state == text("'waiting'"))
_WAITING_DELIVERIES = select(func.count()).select_from(delivery).where(delivery.c.state == text("'waiting'"))
