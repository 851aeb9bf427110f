"""PostgreSQL: one database for any number of processes on any number of machines."""

import contextlib
import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from posthouse.core.errors import StoreUnavailable
from posthouse.outbox.engine import unavailable

Value = TypeVar("Value")
Result = TypeVar("Result")
#: What everybody listens to, and who has made work for others says something on.
CHANNEL = "posthouse"
#: Connections of one process: as many may be in use at a time, and others wait for one for `PATIENCE` seconds.
CONNECTIONS = 12
PATIENCE = 8.0
CONNECT_SECONDS = 5
#: For how long a connection is trusted to be one after its last use, in seconds.
TRUSTED_SECONDS = 1.0
#: How long the network may say nothing to what was sent, in milliseconds, before a connection is given up; left to
#: itself, Linux tries for a quarter of an hour. With connecting anew it takes less than the ten seconds that GitLab
#: waits for an answer.
SILENT_MILLISECONDS = 4000
#: After how many seconds of silence, and how often after that, a connection is tried that only listens.
KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2}
#: When the server ends a transaction that nobody goes on with, as its host is cut off or frozen. It holds locks, for
#: which others would wait for two hours otherwise, until the server finds out by itself.
IDLE_SECONDS = 15
#: How often a transaction is begun again that the database broke off so that another one could go on.
TRIES = 5
#: Deadlocks and failed serialisation, after which the same again is right ("Appendix A. PostgreSQL Error Codes").
TRY_AGAIN = frozenset({"40001", "40P01"})
#: What is locked while tables are brought up to date; any number that nobody else in the database uses.
MIGRATION = 0x706F7374
#: How often the database is asked for its time, in seconds: clocks drift by a second in a day at worst.
CLOCK_SECONDS = 60.0


def open_postgresql(url: str, *, trusted: float = TRUSTED_SECONDS) -> Engine:
    """Return an engine that finds out whether a connection still is one before it lends it, unless it was just in use.

    A server that was restarted, or that another one has taken over from, costs a reconnection, and what was under way.
    ``trusted`` is for how many seconds after its last use a connection is not asked. Raises `StoreUnavailable` where
    the driver is not installed.
    """
    try:
        engine = create_engine(
            _with_driver(url),
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=PATIENCE,
            connect_args={
                "connect_timeout": CONNECT_SECONDS,
                "tcp_user_timeout": SILENT_MILLISECONDS,
                "application_name": "posthouse",
                **KEEPALIVES,
            },
        )
    except ModuleNotFoundError:
        raise StoreUnavailable('PostgreSQL needs its driver: pip install "posthouse[postgres]"') from None
    event.listen(engine, "connect", _prepare)
    _ask_before_use(engine, trusted)
    return engine


def _ask_before_use(engine: Engine, trusted: float) -> None:
    """Do as SQLAlchemy's own ``pool_pre_ping``, which would ask each time: that is one of five ways to the server."""

    def returned(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info[_USED_AT] = time.monotonic()

    def lent(connection: Any, record: ConnectionPoolEntry, _lent: Any) -> None:
        used_at = record.info.get(_USED_AT)
        if used_at is None or time.monotonic() - used_at < trusted:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error:
            # The others were made when this one was, and so are broken, too.
            raise InvalidatePoolError from None

    event.listen(engine, "checkin", returned)
    event.listen(engine, "checkout", lent)


class EachCommit:
    """Runs each piece of work in a transaction of its own: PostgreSQL joins the commits of many by itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._at_once = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._bell = _Bell(engine)

    def run(self, work: Callable[[Connection], Result]) -> Result:
        """Return what ``work`` returns, once it is committed. It may be called again where others stood in its way.

        Raises what ``work`` raises, with nothing of it written, and `StoreUnavailable` when the database fails.
        """
        return self._run(self._engine, work)

    def run_joined(self, work: Callable[[Connection, Sequence[Value]], Sequence[Result]], value: Value) -> Result:
        """Return what ``work``, which is one statement, returns for ``value``, like `run`."""
        # A transaction of one statement needs no beginning and no end, which are two more ways to the server.
        return self._run(self._at_once, lambda connection: work(connection, (value,))[0])

    def _run(self, engine: Engine, work: Callable[[Connection], Result]) -> Result:
        result, tells = self._committed(engine, work)
        if tells:
            self._bell.ring()
        return result

    def _committed(self, engine: Engine, work: Callable[[Connection], Result]) -> tuple[Result, bool]:
        """Return what ``work`` returns, and whether it has asked to `tell` others."""
        for attempt in range(1, TRIES + 1):
            try:
                with engine.begin() as connection:
                    connection.info.pop(_TELLS, None)  # what failed may have left it
                    return work(connection), connection.info.pop(_TELLS, False)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in TRY_AGAIN or attempt == TRIES:
                    raise unavailable(error) from None
            except SQLAlchemyError as error:
                raise unavailable(error) from None
        raise AssertionError  # the last attempt returns or raises

    def close(self) -> None:
        """Close what is not the engine's."""
        self._bell.close()


class _Bell:
    """Notifies everybody, once for all threads that ask for it while another notification is on its way.

    A transaction that notifies lets no other one of all databases of the server commit until it is on disk itself, so
    that notifying inside of those that store events would cost half of their speed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._guard = Lock()  # for the first number, held for moments only
        self._turn = Lock()  # for the rest, held while the database is spoken to
        self._asked = 0
        self._told = 0
        self._connection: Any = None

    def ring(self) -> None:
        """Return when everybody has been notified after this was called, or cannot be: they look now and then, too."""
        with self._guard:
            self._asked += 1
            mine = self._asked
        with self._turn:
            if self._told < mine:
                covered = self._asked
                with contextlib.suppress(SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error):
                    self._notify()
                self._told = covered

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _notify(self) -> None:
        if self._connection is None:
            self._connection = _own_connection(self._engine)
        try:
            self._connection.execute(_TELL)
        except self._engine.dialect.loaded_dbapi.OperationalError:
            # The server was restarted since the last time.
            self.close()
            self._connection = _own_connection(self._engine)
            self._connection.execute(_TELL)


class Notifications:
    """Notices that somebody has made work for others, by listening for it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._listener: Any = None
        self._heard = 0

    def wait(self, seconds: float) -> int:
        """Return a number that changes when there is something to do, then at once, else after ``seconds``.

        Raises `StoreUnavailable`. After that the number has changed: something may have gone unheard meanwhile.
        """
        try:
            if self._listener is None:
                self._listener = _own_connection(self._engine)
                self._listener.execute(f"LISTEN {CHANNEL}")
                self._heard += 1
            self._heard += sum(1 for _ in self._listener.notifies(timeout=seconds, stop_after=1))
        except SQLAlchemyError as error:
            self.close()
            raise unavailable(error) from None
        except self._engine.dialect.loaded_dbapi.Error as error:
            self.close()
            raise StoreUnavailable(f"the database failed: {error}") from None
        return self._heard

    def close(self) -> None:
        """Close the connection."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None


def _own_connection(engine: Engine) -> Any:
    """Return a connection of the driver's that the pool lends to nobody else, and whose statements commit at once."""
    pooled = engine.raw_connection()
    connection: Any = pooled.driver_connection
    pooled.detach()
    connection.autocommit = True
    return connection


class ServerClock:
    """The database's time, so that machines whose clocks differ agree about leases and budgets."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._offset = 0.0
        self._asked_at = float("-inf")
        self._asking = Lock()

    def __call__(self) -> float:
        """Return the seconds since the epoch; while the database is away, as this machine's clock was last set."""
        if time.monotonic() - self._asked_at > CLOCK_SECONDS and self._asking.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._asking.release()
        return time.time() + self._offset

    def _ask(self) -> None:
        self._asked_at = time.monotonic()
        with contextlib.suppress(SQLAlchemyError), self._engine.connect() as connection:
            before = time.time()
            (now,) = connection.execute(_NOW).one()
            # It was told somewhere between question and answer.
            self._offset = float(now) - (before + time.time()) / 2


def tell(connection: Connection) -> None:
    """Let `EachCommit` tell everybody, once this transaction is committed, that there is something to do."""
    connection.info[_TELLS] = True


def vacuum(engine: Engine, tables: Iterable[str]) -> None:
    """Let the rooms of deleted rows be used again, and count anew what is planned by. Raises `StoreUnavailable`."""
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"VACUUM (ANALYZE) {', '.join(tables)}"))
    except SQLAlchemyError as error:
        raise unavailable(error) from None


def lock_migration(connection: Connection) -> None:
    """Let only one process at a time bring tables up to date, until the end of the transaction."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:which)"), {"which": MIGRATION})


def lock_names(connection: Connection, names: Iterable[str]) -> None:
    """Let only one transaction at a time decide about each of these names; it sees what the one before committed."""
    # All in one order, or two transactions would wait for each other.
    for number in sorted({_number(name) for name in names}):
        connection.execute(_LOCK, {"which": number})


def _prepare(dbapi_connection: Any, _record: Any) -> None:
    """Bound how long a transaction may stand still; not in the connection's options, which proxies refuse.

    And compile no plans: in front of a million rows that would take ten times as long as any statement of ours.
    """
    dbapi_connection.autocommit = True
    dbapi_connection.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'; SET jit = off")
    dbapi_connection.autocommit = False


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def _with_driver(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in {"postgresql", "postgres"} else url


#: Where a connection has when it was used last.
_USED_AT = "posthouse.used_at"
#: Where a transaction notes that others are to be told.
_TELLS = "posthouse.tells"
_NOW = text("SELECT extract(epoch FROM clock_timestamp())::double precision")
_TELL = f"NOTIFY {CHANNEL}"
_LOCK = text("SELECT pg_advisory_xact_lock(:which)")
