"""What both kinds of database share: reading, what went wrong, and bringing tables up to date."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from posthouse.core.errors import StoreUnavailable

#: The newest migration; a test compares it with the folder.
HEAD = "0004"


class Reads:
    """Transactions that only read, and so never wait for a writer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(reads=True)
        if engine.dialect.name == "postgresql":
            # What is read in one statement needs no transaction, whose beginning and end are two ways more.
            self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

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


def upgrade(connection: Connection) -> str | None:
    """Create the tables, or bring them up to date, in the transaction that the connection is in.

    Returns which migration they were at, None for none. Raises `StoreUnavailable` where that is newer than this code.
    """
    found = revision(connection)
    if found == HEAD:
        return found
    if found is not None and found > HEAD:
        raise StoreUnavailable(
            f"a newer posthouse has been here: its tables are at migration {found}, and this one knows {HEAD} at most"
        )
    # Importing Alembic takes a fifth of a second, which only the first start should pay.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "posthouse.outbox:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    return found


def revision(connection: Connection) -> str | None:
    """Return which migration the tables are at; None for none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
