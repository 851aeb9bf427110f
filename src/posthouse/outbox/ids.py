"""The ids that both databases have given, and from which one on they go on."""

from sqlalchemy import Connection, Table, func, select, text

from posthouse.outbox.tables import attempt, delivery, event

#: The tables whose rows are numbered.
NUMBERED = (event, delivery, attempt)


def last_id(connection: Connection, table: Table) -> int:
    """Return the highest id that was ever given in a table, whose row may be deleted by now; 0 if none was."""
    return max(_given(connection, table), connection.scalar(select(func.max(table.c.id))) or 0)


def go_on_behind(connection: Connection, table: Table, number: int) -> None:
    """Let the next id be higher than ``number``, if it is not anyway; else nobody may put rows in meanwhile."""
    if _given(connection, table) < number:
        for statement in _GO_ON[connection.dialect.name]:
            connection.execute(statement, {"table": table.name, "number": number})


def _given(connection: Connection, table: Table) -> int:
    """Return the highest id that the database itself gave."""
    return connection.scalar(_GIVEN[connection.dialect.name], {"table": table.name}) or 0


_GIVEN = {
    # Of a table that never had a row, nothing is in there.
    "sqlite": text("SELECT seq FROM sqlite_sequence WHERE name = :table"),
    "postgresql": text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, 'id')::regclass)"),
}
_GO_ON = {
    "sqlite": (
        text("DELETE FROM sqlite_sequence WHERE name = :table"),
        text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :number)"),
    ),
    "postgresql": (text("SELECT setval(pg_get_serial_sequence(:table, 'id')::regclass, :number)"),),
}
