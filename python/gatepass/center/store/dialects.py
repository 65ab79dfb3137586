"""The differences between SQLite and PostgreSQL: how to connect and lock, and their errors."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, SQLAlchemyError

from gatepass.errors import DatabaseError
from gatepass.files import exposed
from gatepass.storage.write_ahead import write_ahead

#: Seconds to wait for another transaction's lock before giving up.
LOCK_WAIT = 15
#: Seconds to wait for a PostgreSQL server that does not answer.
CONNECT_WAIT = 5
#: Connections kept, and extra ones under load: two processes fit PostgreSQL's default of 100.
POOL = {"pool_size": 10, "max_overflow": 30, "pool_timeout": LOCK_WAIT}

NOT_A_URL = (
    "this is not a database URL: write sqlite:///center.sqlite for a file,"
    " postgresql://user@host/name for a PostgreSQL server"
)

#: PostgreSQL's SQLSTATE for a serialization failure and for a deadlock.
_CONFLICTS = frozenset({"40001", "40P01"})

#: Parts of the databases' error messages, in lower case, and what to do about each.
_ADVICE = (
    ("database is locked", "another program has locked it: end that program, or try again"),
    ("lock timeout", "another transaction has the lock: try again"),
    ("disk is full", "free some space on its disk, then try again"),
    ("could not extend file", "free some space on the server's disk, then try again"),
    ("file is not a database", "it is not a database file: give another path"),
    ("malformed", "it is damaged: restore it from a backup (gatepass center restore)"),
    ("readonly", "give this user write access to the file and its folder"),
    ("unable to open", "make sure that its folder exists and that this user may write to it"),
    ("disk i/o", "look for disk errors in the system log"),
    ("no such table", "run gatepass center init"),
    ("no such column", "run gatepass center init"),
    ("undefinedtable", "run gatepass center init"),
    ("password authentication", "check the user and password in the database URL"),
    ("does not exist", "create the database and the user first, or correct the URL"),
    ("connection refused", "start the PostgreSQL server, or correct the host and port in the URL"),
    ("could not translate host", "correct the host in the URL"),
    ("failed to resolve host", "correct the host in the URL"),
    ("too many clients", "raise the server's max_connections, or start fewer processes"),
    ("timed out", "make sure that the server is running and reachable"),
    ("timeout", "too many requests at once: try again"),
    ("connection", "make sure that the server is running, then try again"),
)
_OTHER = "see the message; nothing was changed"


def explain(error: SQLAlchemyError) -> str:
    """Return the first line of the driver's error, without values, and what to do."""
    cause = getattr(error, "orig", None) or error
    line = (str(cause).splitlines() or [""])[0].strip()
    said = f"{type(cause).__name__} {cause}".lower()
    advice = next((advice for words, advice in _ADVICE if words in said), _OTHER)
    return f"the database cannot be used: {line or type(cause).__name__}: {advice}"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How to use one kind of database."""

    prepare: Callable[[URL], URL]
    options: Mapping[str, Any]
    on_connect: Callable[[Any, Any], None]
    on_checkout: Callable[[Any, Any, Any], None]
    on_begin: Callable[[Connection], None]
    is_conflict: Callable[[DBAPIError], bool]
    one_writer: bool
    #: Execution options of a read-only transaction, and of a single reading statement.
    reading: Mapping[str, Any] = field(default_factory=dict)
    asking: Mapping[str, Any] = field(default_factory=dict)


def options(dialect: Dialect, lock_wait: int) -> dict[str, Any]:
    """Give an engine's options, with so many seconds to wait for a server's lock."""
    known = dict(dialect.options)
    if "connect_args" in known:
        waits = {"options": f"-c lock_timeout={lock_wait}s"}
        known["connect_args"] = {**known["connect_args"], **waits}
    return known


def of(url: URL) -> Dialect:
    """Return the dialect of a URL; raise `DatabaseError` for another kind of database."""
    found = _DIALECTS.get(url.get_backend_name())
    if found is None:
        raise DatabaseError(NOT_A_URL)
    return found


def _sqlite_file(url: URL) -> URL:
    """Create the file, private to its owner; SQLite gives its mode to the log and index."""
    if url.database in {None, "", ":memory:"}:
        raise DatabaseError("the Request Center needs a file: sqlite:///center.sqlite")
    if sqlite3.sqlite_version_info < _STRICT_SINCE:
        raise DatabaseError(
            f"this Python has SQLite {sqlite3.sqlite_version}, but 3.37 or later is required: use"
            " another Python, or a PostgreSQL server"
        )
    path = Path(str(url.database))
    try:
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _require_private(path, os.fstat(opened))
        finally:
            os.close(opened)
        for name in _BESIDE:
            with contextlib.suppress(FileNotFoundError):
                beside = path.with_name(path.name + name)
                _require_private(beside, beside.stat())
    except OSError as error:
        raise DatabaseError(
            f"{path} cannot be opened: {error.strerror}: make sure that its folder exists and that"
            " this user may write to it"
        ) from error
    return url.set(drivername="sqlite+pysqlite")


#: The first SQLite with STRICT tables, which refuse a value of another type.
_STRICT_SINCE = (3, 37)
#: Files that SQLite keeps beside the database; they contain its rows too.
_BESIDE = ("-wal", "-shm", "-journal")


def _require_private(path: Path, status: os.stat_result) -> None:
    """Raise `DatabaseError` if users other than the owner have access."""
    problem = exposed(status, path, "the database")
    if problem:
        raise DatabaseError(f"{path}: {problem}")


def _sqlite_connect(raw: Any, _record: Any) -> None:
    # `_sqlite_begin` begins the transactions, not the driver.
    raw.isolation_level = None
    # SQLite accepts text that is not UTF-8: such a text is read altered, and hides no row.
    raw.text_factory = _lenient
    for pragma in (
        f"busy_timeout={LOCK_WAIT * 1000}",
        # A pair that a user has received survives a power failure.
        "synchronous=FULL",
        "foreign_keys=ON",
        # Erased data is overwritten.
        "secure_delete=ON",
    ):
        raw.execute(f"PRAGMA {pragma}").close()
    write_ahead(raw, LOCK_WAIT)


def _lenient(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _sqlite_begin(connection: Connection) -> None:
    # A transaction that reads first and locks later could be refused the lock.
    writes = connection.get_execution_options().get("gatepass_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _never(_error: DBAPIError) -> bool:
    return False


def _psycopg(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg")


def _nothing(*_given: Any) -> None:
    pass


def _psycopg_checkout(raw: Any, _record: Any, _proxy: Any) -> None:
    """Refuse a connection that the server has closed: the pool then makes a new one.

    A stopped server has closed its sockets, which is visible here without a query; a query would
    take as long as any statement.
    """
    try:
        # The first call may read the server's last message; the second one then finds the closed
        # socket. Neither waits.
        raw.pgconn.consume_input()
        raw.pgconn.consume_input()
    except raw.OperationalError:
        raise InvalidatePoolError from None


def _is_conflict(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in _CONFLICTS


_DIALECTS = {
    "sqlite": Dialect(
        prepare=_sqlite_file,
        options=POOL,
        on_connect=_sqlite_connect,
        on_checkout=_nothing,
        on_begin=_sqlite_begin,
        is_conflict=_never,
        one_writer=True,
    ),
    "postgresql": Dialect(
        prepare=_psycopg,
        options={
            **POOL,
            "connect_args": {
                "connect_timeout": CONNECT_WAIT,
                "options": f"-c lock_timeout={LOCK_WAIT}s",
                "application_name": "gatepass",
            },
        },
        on_connect=_nothing,
        on_checkout=_psycopg_checkout,
        on_begin=_nothing,
        is_conflict=_is_conflict,
        one_writer=False,
        reading={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
        # Beginning and ending a transaction would take twice as long as the statement.
        asking={"isolation_level": "AUTOCOMMIT"},
    ),
}
