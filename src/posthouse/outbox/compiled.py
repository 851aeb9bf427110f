"""Statements that are run for every message: compiled once for each database, and handed to its driver as they are.

SQLAlchemy keeps what it has compiled, but looks it up and prepares parameters and results anew at each execution; that
was a third of what settling an attempt took.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, CursorResult, Dialect, Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement

from posthouse.outbox.upsert import Upsert


class Compiled:
    """A statement whose values are numbers, texts, bytes and None; lists of values to look for need SQLAlchemy."""

    def __init__(self, statement: Executable | Upsert) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute the statement with the values of its parameters."""
        form = self._form(connection)
        return connection.exec_driver_sql(form.text, form.fitted(values))

    def run_each(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute the statement for each of several rows of values, of which there is one at least."""
        form = self._form(connection)
        connection.exec_driver_sql(form.text, [form.fitted(values) for values in rows])

    def _form(self, connection: Connection) -> "_Form":
        name = connection.dialect.name
        if name not in self._forms:
            statement = self._statement
            chosen = statement.on(connection) if isinstance(statement, Upsert) else statement
            self._forms[name] = _form(chosen, connection.dialect)
        return self._forms[name]


@dataclass(frozen=True, slots=True)
class _Form:
    """What one kind of database is given."""

    text: str
    #: The parameters in their order, where the driver knows no names.
    order: Sequence[str] | None
    #: What the statement has written into itself.
    constants: Mapping[str, Any]

    def fitted(self, values: Mapping[str, Any]) -> tuple[Any, ...] | dict[str, Any]:
        named = {**self.constants, **values}
        return named if self.order is None else tuple([named[name] for name in self.order])


def _form(statement: Executable, dialect: Dialect) -> _Form:
    compiled = cast("ClauseElement", statement).compile(dialect=dialect)
    order = compiled.positiontup if isinstance(compiled, SQLCompiler) and compiled.positional else None
    return _Form(compiled.string, order, dict(compiled.params))
