"""SQLite, opened so that it keeps our promises: one file for all processes of one machine."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from posthouse.core.errors import StoreUnavailable
from posthouse.outbox.engine import unavailable

#: How long a write waits for other processes to finish theirs, in seconds.
PATIENCE = 8.0
#: How long to pause between two tries to begin a write, in seconds: SQLite's own waits grow to 100 ms and are not fair.
PAUSE = 0.001
#: How often to look whether anybody has committed, in seconds; it costs microseconds.
LOOK_SECONDS = 0.005
#: How large the log of commits stays after it has been longer, in bytes.
LOG_BYTES = 64 * 1024 * 1024


def open_sqlite(url: str) -> Engine:
    """Return an engine whose commits are on disk when they return, and whose transactions begin as writes."""
    engine = create_engine(url, pool_size=64, max_overflow=-1)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def require_file(url: str) -> None:
    """Raise `StoreUnavailable` if the database does not exist: who only looks should not look at an empty new one."""
    path = Path(make_url(url).database or "")
    if not path.is_file():
        raise StoreUnavailable(f"there is no database {path.absolute()}; posthouse serve makes it when it starts")


class DataVersion:
    """Notices the commits of all processes by a number that SQLite counts them with."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def wait(self, seconds: float) -> int:
        """Return a number that changes with every commit, after `LOOK_SECONDS` or ``seconds`` at most.

        Raises `StoreUnavailable`.
        """
        time.sleep(min(seconds, LOOK_SECONDS))
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            # Beside SQLAlchemy's transactions: inside of one, SQLite would not look.
            cursor = self._connection.connection.cursor()
            cursor.execute("PRAGMA data_version")
            (version,) = cursor.fetchone() or (0,)
        except SQLAlchemyError as error:
            self._connection = None
            raise unavailable(error) from None
        except sqlite3.Error as error:
            self._connection = None
            raise StoreUnavailable(f"the database failed: {error}") from None
        return int(version)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _prepare(dbapi_connection: Any, _record: Any) -> None:
    """Take transactions into our own hands, and ask SQLite to be durable."""
    dbapi_connection.isolation_level = None
    dbapi_connection.execute("PRAGMA busy_timeout = 0")
    _patiently(lambda: _let_shrink(dbapi_connection))
    _patiently(lambda: dbapi_connection.execute("PRAGMA journal_mode = WAL"))
    # Only FULL waits for the disk at every commit; with NORMAL a power cut loses what was answered last.
    dbapi_connection.execute("PRAGMA synchronous = FULL")
    dbapi_connection.execute("PRAGMA foreign_keys = ON")
    dbapi_connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")


def _let_shrink(dbapi_connection: Any) -> None:
    """Make a new file one that can become smaller; later it would take a VACUUM."""
    (pages,) = dbapi_connection.execute("PRAGMA page_count").fetchone()
    if not pages:
        dbapi_connection.execute("PRAGMA auto_vacuum = INCREMENTAL")


def _begin(connection: Connection) -> None:
    """Begin a write at once: a transaction that turns from reading to writing half-way can only fail."""
    if connection.get_execution_options().get("reads"):
        connection.exec_driver_sql("BEGIN")
        return
    _patiently(lambda: connection.exec_driver_sql("BEGIN IMMEDIATE"))


def _patiently(run: Callable[[], object]) -> None:
    """Run a statement, again while another process holds the write lock, for `PATIENCE` seconds at most."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            run()
        except (OperationalError, sqlite3.OperationalError) as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)
        else:
            return
