"""The tables' history, and bringing a database up to its end (Alembic).

A change of `gatepass.center.store.schema` comes with a new file in ``versions``; a test compares
what they build with the schema.
"""

from __future__ import annotations

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from gatepass.errors import DatabaseError

#: Any number, the same for all: who holds PostgreSQL's lock of it upgrades.
_LOCK = 0x6761746570617373


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, all or none. Processes that do so at once queue."""
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:it)"), {"it": _LOCK})
        _refuse_unknown(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(connection: Connection) -> None:
    """Raise `DatabaseError` unless the database has these tables and not older or newer ones."""
    if revision(connection) != head():
        _refuse_unknown(connection)
        raise DatabaseError(
            "the database has no tables of the Request Center, or those of an older gatepass:"
            " run gatepass center init"
        )


def revision(connection: Connection) -> str | None:
    """Return which version of the tables a database has, ``None`` for none."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def head() -> str | None:
    """Return which version of the tables this gatepass works with."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _refuse_unknown(connection: Connection) -> None:
    found = revision(connection)
    if found is None:
        return
    try:
        ScriptDirectory.from_config(_config()).get_revision(found)
    except CommandError:
        raise DatabaseError(
            f"the database has tables of a newer gatepass, or of one from before the first release"
            f" ({found}): use that one, or begin with a new database"
        ) from None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "gatepass.center.store:migrations")
    config.set_main_option("path_separator", "os")
    return config
