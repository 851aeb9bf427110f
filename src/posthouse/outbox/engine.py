"""Opens a database so that it keeps our promises, and brings its tables up to date."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from posthouse.core.errors import StoreUnavailable

#: How long a write waits for other processes to finish theirs, in seconds.
PATIENCE = 8.0
#: How long to pause between two tries to begin a write, in seconds: SQLite's own waits grow to 100 ms and are not fair.
PAUSE = 0.001
#: The newest migration; a test compares it with the folder.
HEAD = "0003"


def open_engine(url: str) -> Engine:
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


class Reads:
    """Transactions that only read, and so never wait for a writer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(reads=True)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """Yield a connection; raises `StoreUnavailable` when the database fails."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise unavailable(error) from None


def unavailable(error: SQLAlchemyError) -> StoreUnavailable:
    """Say what the database said, without the statement and its parameters: they hold what users wrote."""
    return StoreUnavailable(f"the database failed: {getattr(error, 'orig', None) or type(error).__name__}")


def migrate(engine: Engine) -> None:
    """Create or upgrade the tables; safe when several processes start at once. Raises `StoreUnavailable`."""
    try:
        with engine.begin() as connection:  # a write lock: the second process waits, then finds the work done
            if _revision(connection) != HEAD:
                _upgrade(connection)
    except SQLAlchemyError as error:
        raise unavailable(error) from None


def _upgrade(connection: Connection) -> None:
    # Importing Alembic takes a fifth of a second, which only the first start should pay.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "posthouse.outbox:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _prepare(dbapi_connection: Any, _record: Any) -> None:
    """Take transactions into our own hands, and ask SQLite to be durable."""
    dbapi_connection.isolation_level = None
    dbapi_connection.execute("PRAGMA busy_timeout = 0")
    _patiently(lambda: dbapi_connection.execute("PRAGMA journal_mode = WAL"))
    # Only FULL waits for the disk at every commit; with NORMAL a power cut loses what was answered last.
    dbapi_connection.execute("PRAGMA synchronous = FULL")
    dbapi_connection.execute("PRAGMA foreign_keys = ON")


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
