"""Alembic runs this for each command; `gatepass.center.store.migrations` gives the connection."""

from __future__ import annotations

from alembic import context

from gatepass.center.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can undo a CREATE TABLE just as well.
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
