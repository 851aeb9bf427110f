"""The two kinds of database, and all that differs between them."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from posthouse.core.errors import StoreUnavailable
from posthouse.outbox import postgresql, room, sqlite
from posthouse.outbox.commit import LeaderCommit
from posthouse.outbox.engine import unavailable, upgrade
from posthouse.outbox.tables import metadata

Value = TypeVar("Value")
Result = TypeVar("Result")


class Commits(Protocol):
    """Runs pieces of work in transactions."""

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """Return what ``work`` returns, once it is on disk."""

    def run_joined(self, work: Callable[[Connection, Sequence[Value]], Sequence[Result]], value: Value) -> Result:
        """Return what ``work`` returns for a value, once it is on disk; it may be given values of others with it.

        It executes one statement if it is given one value.
        """

    def close(self) -> None:
        """Give back what is held."""


class Signals(Protocol):
    """Notices what other processes do."""

    def wait(self, seconds: float) -> int:
        """Return a number that changes with what others have done, after ``seconds`` at most."""

    def close(self) -> None:
        """Give back what is held."""


class Database(ABC):
    """One database, as one process sees it."""

    engine: Engine
    commits: Commits
    signals: Signals
    #: Whether it may be away for a while, and come back by itself.
    is_remote: bool = False
    #: The time that all processes agree about, in seconds since the epoch.
    clock: Callable[[], float]

    def migrate(self) -> str | None:
        """Create or upgrade the tables; safe when several processes start at once.

        Returns which migration they were at, None for none. Raises `StoreUnavailable`.
        """
        try:
            with self.engine.begin() as connection:
                self.lock_migration(connection)
                return upgrade(connection)
        except SQLAlchemyError as error:
            raise unavailable(error) from None

    @abstractmethod
    def require(self) -> None:
        """Raise `StoreUnavailable` if there is nothing to look at."""

    @abstractmethod
    def lock_migration(self, connection: Connection) -> None:
        """Let only one process at a time bring the tables up to date."""

    @abstractmethod
    def shrink(self) -> bool:
        """Give back a little of the room that nothing is in any more; return whether there is more to give."""

    @abstractmethod
    def vacuum(self) -> None:
        """Give back all of the room that nothing is in any more. Raises `StoreUnavailable`."""

    def tell(self, connection: Connection) -> None:  # noqa: B027 - SQLite has nothing to do
        """Let other processes know, once the transaction is committed, that there is something to do."""

    def lock_names(self, connection: Connection, names: Iterable[str]) -> None:  # noqa: B027 - as above
        """Let only one transaction at a time decide about each of these names."""

    def close(self) -> None:
        """Close every connection."""
        self.commits.close()
        self.signals.close()
        self.engine.dispose()


def open_database(url: str) -> Database:
    """Return the database at an SQLAlchemy URL; raises `StoreUnavailable` for one that nobody can open."""
    try:
        kind = make_url(url).get_backend_name()
    except ArgumentError:
        raise StoreUnavailable("the database's address is no URL") from None
    return PostgresqlDatabase(url) if kind in {"postgresql", "postgres"} else SqliteDatabase(url)


class SqliteDatabase(Database):
    """A file. It takes one writer at a time, which every transaction is from its beginning."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.engine = sqlite.open_sqlite(url)
        self.commits = LeaderCommit(self.engine)
        self.signals = sqlite.DataVersion(self.engine)
        self.clock = time.time

    def require(self) -> None:
        """Raise `StoreUnavailable` if there is no such file."""
        sqlite.require_file(self._url)

    def lock_migration(self, connection: Connection) -> None:
        """Do nothing: who writes is alone."""

    def shrink(self) -> bool:
        """Make the file smaller, as far as it was made for that, and fold the log into it."""
        return room.shrink(self.engine)

    def vacuum(self) -> None:
        """Write the file anew, so that it can shrink by itself from now on; nothing can be stored meanwhile."""
        room.vacuum(self.engine)


class PostgresqlDatabase(Database):
    """A server. Transactions run side by side, and what they must not decide at the same time is locked."""

    is_remote = True

    def __init__(self, url: str) -> None:
        self.engine = postgresql.open_postgresql(url)
        self.commits = postgresql.EachCommit(self.engine)
        self.signals = postgresql.Notifications(self.engine)
        self.clock = postgresql.ServerClock(self.engine)

    def require(self) -> None:
        """Do nothing: the server answers for itself."""

    def lock_migration(self, connection: Connection) -> None:
        """Wait for who is at it."""
        postgresql.lock_migration(connection)

    def shrink(self) -> bool:
        """Do nothing: the server's autovacuum does it."""
        return False

    def vacuum(self) -> None:
        """Let the server look through the tables now, beside everything else that goes on."""
        postgresql.vacuum(self.engine, metadata.tables)

    def tell(self, connection: Connection) -> None:
        """Send a notification with the commit."""
        postgresql.tell(connection)

    def lock_names(self, connection: Connection, names: Iterable[str]) -> None:
        """Take a lock for each, until the end of the transaction."""
        postgresql.lock_names(connection, names)
