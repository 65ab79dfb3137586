"""The migrations of the tables (Alembic).

A change of `gatepass.center.store.schema` needs a new file in ``versions``; a test compares their
result with the schema.
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

#: The number of PostgreSQL's advisory lock that a process takes to upgrade.
_LOCK = 0x6761746570617373


def upgrade(connection: Connection) -> None:
    """Run the missing migrations, all or none. Simultaneous processes wait for each other."""
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:it)"), {"it": _LOCK})
        _refuse_unknown(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check(connection: Connection) -> None:
    """Raise `DatabaseError` unless the database has this version of the tables."""
    if revision(connection) != head():
        _refuse_unknown(connection)
        raise DatabaseError(
            "the database has no tables of the Request Center, or those of an older gatepass:"
            " run gatepass center init"
        )


def revision(connection: Connection) -> str | None:
    """Return the version of a database's tables, or ``None`` if it has none."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def head() -> str | None:
    """Return the version of the tables that this gatepass uses."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _refuse_unknown(connection: Connection) -> None:
    found = revision(connection)
    if found is None:
        return
    try:
        ScriptDirectory.from_config(_config()).get_revision(found)
    except CommandError:
        raise DatabaseError(
            f"the database has tables of a newer gatepass, or of one before the first release"
            f" ({found}): use that version, or start with a new database"
        ) from None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "gatepass.center.store:migrations")
    config.set_main_option("path_separator", "os")
    return config
