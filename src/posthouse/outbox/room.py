"""Gives the room of what was deleted in an SQLite file back to the disk, and bounds the log beside it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from posthouse.core.errors import StoreUnavailable
from posthouse.outbox.engine import unavailable
from posthouse.outbox.sqlite import LOG_BYTES, PATIENCE

#: How many pages one step moves to give back as many: 1 MB.
PAGES = 250
#: One page in so many may be free: what comes in next needs some room, and moving pages costs as much as writing them.
SPARE = 5
#: How long a log is tried to be cut that somebody still reads, in milliseconds: writers wait meanwhile.
CUTTING = 200
INCREMENTAL = 2


def shrink(engine: Engine) -> bool:
    """Give a little of the free room back; return whether there is more to give. Raises `StoreUnavailable`.

    A file that was made by a version of posthouse without this stays as large as it is, until `vacuum`.
    """
    with _alone(engine) as connection:
        free, pages = _asked(connection, "freelist_count"), _asked(connection, "page_count")
        if _asked(connection, "auto_vacuum") == INCREMENTAL and free * SPARE > pages:
            # A statement is stepped to its end only in a script: each page is a row without columns.
            connection.executescript(f"PRAGMA incremental_vacuum({PAGES})")
            return True
        _fold(connection)
        return False


def vacuum(engine: Engine) -> None:
    """Write the whole file anew, without free room; nothing can be stored meanwhile. Raises `StoreUnavailable`."""
    with _alone(engine) as connection:
        connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _fold(connection: sqlite3.Connection) -> None:
    """Write what the log has into the file, without making anybody wait; where it has grown too large, cut it."""
    _, frames, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if frames * _asked(connection, "page_size") > LOG_BYTES:
        # Nearly all is in the file by now, so this only waits until nobody reads what the log has.
        connection.execute(f"PRAGMA busy_timeout = {CUTTING}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _asked(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)


@contextmanager
def _alone(engine: Engine) -> Iterator[sqlite3.Connection]:
    """Yield a connection of SQLite's own, as none of this may happen inside of a transaction."""
    try:
        pooled = engine.raw_connection()
        try:
            connection: Any = pooled.driver_connection
            connection.execute(f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}")
            yield connection
        finally:
            pooled.invalidate()  # the others' connections have no such patience
    except SQLAlchemyError as error:
        raise unavailable(error) from None
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the database failed: {error}") from None
