"""Statements that insert a row or change the one that is there, in the words of both databases."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

#: An ``INSERT`` that knows ``ON CONFLICT``; both databases' have the same methods.
Insert = sqlite.Insert


class Upsert:
    """One statement for both databases, made once for each."""

    def __init__(self, table: Table, build: Callable[[Insert], Executable]) -> None:
        inserts: Mapping[str, Any] = {"sqlite": sqlite.insert(table), "postgresql": postgresql.insert(table)}
        self._statements = {name: build(insert) for name, insert in inserts.items()}

    def on(self, connection: Connection) -> Executable:
        """Return the statement for the database of a connection."""
        return self._statements[connection.dialect.name]
