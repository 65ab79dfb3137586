"""Alembic runs this for each command, with the connection of the package `migrations`."""

from __future__ import annotations

from alembic import context

from gatepass.center.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can roll back a CREATE TABLE too.
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
