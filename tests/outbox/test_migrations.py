"""The migrations lead to the tables that the code works with."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import posthouse.outbox.migrations
from posthouse.core.errors import StoreUnavailable
from posthouse.outbox import Outbox
from posthouse.outbox.database import open_database
from posthouse.outbox.engine import HEAD
from posthouse.outbox.tables import metadata


def test_the_migrations_make_the_tables(outbox: Outbox) -> None:
    with outbox._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_newest_migration_is_the_one_that_is_looked_for() -> None:
    (folder,) = posthouse.outbox.migrations.__path__
    assert ScriptDirectory(folder).get_current_head() == HEAD


def test_opening_a_second_time_changes_nothing(outbox: Outbox, url: str) -> None:
    Outbox.open(url).close()
    assert outbox.history.events(1) == []


def test_of_many_who_bring_the_tables_up_to_date_one_does_the_work(url: str) -> None:
    with ExitStack() as stack:
        databases = [stack.enter_context(closing(open_database(url))) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            found = [*pool.map(lambda database: database.migrate(), databases)]
    assert sorted(found, key=str) == [HEAD, HEAD, HEAD, None]


def test_tables_of_a_newer_posthouse_are_left_alone(outbox: Outbox, url: str) -> None:
    with outbox._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnavailable, match=f"at migration 9999, and this one knows {HEAD} at most"):
        Outbox.open(url)


def test_partial_indexes_serve_the_questions_of_workers(outbox: Outbox) -> None:
    sqlite = outbox._engine.dialect.name == "sqlite"
    questions = {
        "event_waiting": "SELECT id FROM event WHERE webhook_id = 'finance' AND state = 'waiting' ORDER BY id",
        "delivery_waiting": "SELECT id FROM delivery WHERE lane_id = 'a' AND state = 'waiting' AND due_at < 1 "
        "ORDER BY id",
        "delivery_occurrence": "SELECT id FROM delivery WHERE occurrence IN ('x') AND lane_id IN ('a')",
        "delivery_burst": "SELECT id FROM delivery WHERE burst IN ('x') AND lane_id IN ('a') AND state = 'waiting'",
    }
    explain = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
    with outbox._engine.connect() as connection:
        if not sqlite:  # of few rows a look at all is cheaper
            connection.exec_driver_sql("SET enable_seqscan = off")
            connection.exec_driver_sql("SET enable_bitmapscan = off")
        for index, question in questions.items():
            plan = str(connection.exec_driver_sql(f"{explain} {question}").all())
            assert index in plan
            assert "TEMP B-TREE" not in plan
            assert "Sort" not in plan
