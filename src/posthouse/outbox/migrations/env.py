"""Runs migrations inside the transaction that `posthouse.outbox.engine.migrate` opened; Alembic loads this module."""

from alembic import context

from posthouse.outbox.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
