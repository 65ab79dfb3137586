"""The database of the Request Center: SQLite or PostgreSQL, both used in the same way.

``database.read()`` is a transaction that sees one moment. ``database.write(work)`` calls ``work``
with a connection inside a transaction, and **again** after a conflict with another transaction: so
``work`` must only use its connection. To refuse and still keep what was written (a wrong attempt at
a code), raise `KeptError`.

SQLite takes its only write lock when the transaction begins, never later. PostgreSQL works at READ
COMMITTED, and use cases lock the row on which they decide (``with_for_update``).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Row,
    Select,
    create_engine,
    delete,
    event,
    insert,
    make_url,
)
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    TimeoutError,  # noqa: A004 - of SQLAlchemy's pool
)

from gatepass.center.store import dialects
from gatepass.center.store.schema import attempt
from gatepass.errors import CenterError, DatabaseError

Result = TypeVar("Result")

#: Attempts at a write before its conflict is reported.
TRIES = 20
#: Simultaneous writes of one process, on PostgreSQL.
WRITERS = 3
#: For so many seconds, a successful write shows that writing works.
JUST_NOW = 0.25


class KeptError(Exception):
    """Raise this in a write to refuse and still keep what was written so far.

    `Database.write` commits, then raises ``refusal`` instead of this error.
    """

    def __init__(self, refusal: CenterError) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class Database:
    """A database by its URL: ``sqlite:///center.sqlite`` or ``postgresql://user@host/name``.

    Threads can share it; a forked process must open its own. It connects at the first use. Here and
    in every use it raises `gatepass.errors.DatabaseError`, which says what to do. ``lock_wait`` is
    the number of seconds to wait for a server's lock.
    """

    def __init__(self, url: str | URL, *, lock_wait: int = dialects.LOCK_WAIT) -> None:
        try:
            given = make_url(url)
            self._dialect = dialects.of(given)
            self._url = self._dialect.prepare(given)
            self._engine = create_engine(
                self._url,
                # No value in an error message: it could be a hash or a sealed secret.
                hide_parameters=True,
                **dialects.options(self._dialect, lock_wait),
            )
        except (ArgumentError, NoSuchModuleError):
            # Not repeated: a URL can contain a password.
            raise DatabaseError(dialects.NOT_A_URL) from None
        self._reader = self._engine.execution_options(**self._dialect.reading)
        self._asker = self._engine.execution_options(**self._dialect.asking)
        # Threads queue here. At SQLite's lock they would sleep longer and longer; at PostgreSQL's
        # they would take the interpreter from the thread that has locked the audit log's head.
        self._turn: AbstractContextManager[Any] = (
            threading.RLock() if self._dialect.one_writer else threading.Semaphore(WRITERS)
        )
        self._written_at = -JUST_NOW
        self._writing: set[object] = set()
        self._file: tuple[int, int] | None = None
        event.listen(self._engine, "do_connect", self._on_do_connect)
        event.listen(self._engine, "connect", self._dialect.on_connect)
        event.listen(self._engine, "checkout", self._dialect.on_checkout)
        event.listen(self._engine, "begin", self._dialect.on_begin)

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, for what a transaction cannot do."""
        return self._engine

    @property
    def is_sqlite(self) -> bool:
        """Whether it is an SQLite file."""
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a read-only connection that sees the database as of one moment."""
        with self._explained(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """Give a connection whose statements can see different moments; cheaper than `read`."""
        with self._explained(), self._asker.connect() as connection:
            yield connection

    def ask(self, query: Select[Any], values: Mapping[str, Any] | None = None) -> list[Row[Any]]:
        """Return the rows of one query; cheaper than `read` for a single statement."""
        with self.glance() as connection:
            return list(connection.execute(query, values))

    def write(self, work: Callable[[Connection], Result], *, again: bool = False) -> Result:
        """Call ``work`` with a connection, commit all or nothing, and return its result.

        It is called again after a deadlock or a serialization failure, and if the server closed
        the connection before the commit. With ``again``, also after a violated unique constraint:
        for work that chose a place which another transaction took meanwhile. A remaining
        `IntegrityError` is raised unchanged.
        """
        # Changes of a set are atomic between threads, those of a number are not.
        self._writing.add(mark := object())
        try:
            return self._tried(work, again=again)
        finally:
            self._writing.discard(mark)

    def _tried(self, work: Callable[[Connection], Result], *, again: bool) -> Result:
        for left in reversed(range(TRIES)):
            try:
                with self._turn, self._explained():
                    return self._once(work)
            except IntegrityError:
                if not again or not left:
                    raise
            except _ConflictError as conflict:
                if not left:
                    raise DatabaseError(
                        "other transactions interfered at every attempt: try again"
                    ) from conflict
        raise AssertionError("unreachable")

    def upgrade(self) -> None:
        """Create the tables, or migrate those of an older gatepass to this version's.

        Several processes can do so at once.
        """
        from gatepass.center.store import migrations

        with self._turn, self._explained(), self._engine.connect() as connection:
            migrations.upgrade(self._as_writer(connection))

    def check_version(self) -> None:
        """Raise `DatabaseError` unless the tables are those of this version of gatepass."""
        from gatepass.center.store import migrations

        with self.read() as connection:
            migrations.check(connection)

    def check_writing(self) -> None:
        """Raise `DatabaseError` unless the database can be written to.

        A row is written and deleted, since a transaction can begin on a full disk too. While other
        threads write, a recent successful write of theirs is enough.
        """
        if self._writing and time.monotonic() - self._written_at < JUST_NOW:
            return

        def work(connection: Connection) -> None:
            at = datetime.now(UTC)
            row = insert(attempt).values(key="nothing", at=at).returning(attempt.c.id)
            number = connection.execute(row).scalar_one()
            connection.execute(delete(attempt).where(attempt.c.id == number))

        self.write(work)

    def file(self) -> tuple[int, int] | None:
        """Return the identity of the file at this path; ``None`` for a server's database.

        An open file stays readable after another one has replaced it. Raises `DatabaseError` if
        there is no file.
        """
        path = self._url.database
        if not self.is_sqlite or path is None:
            return None
        try:
            status = os.stat(path)  # noqa: PTH116 - a path from SQLAlchemy
        except OSError as error:
            message = f"the database file {path} is missing or cannot be read: put it back"
            raise DatabaseError(message) from error
        return status.st_dev, status.st_ino

    def close(self) -> None:
        """Close the unused connections; later ones may be to another file."""
        self._engine.dispose()
        self._file = None

    def __repr__(self) -> str:
        return f"<Database {self._url.render_as_string(hide_password=True)}>"

    def _on_do_connect(self, *_given: object) -> None:
        # SQLite would create a missing file: an empty one that others can read.
        self._require_file()

    def _require_file(self) -> None:
        """Raise `DatabaseError` if the file at the path is missing or has been replaced.

        Other programs would not see what is written to the open file.
        """
        file = self.file()
        if self._file is None:
            self._file = file
        elif file != self._file:
            raise DatabaseError(
                f"the database file {self._url.database} was replaced after it was opened: put it"
                " back, or restart this program"
            )

    def _as_writer(self, connection: Connection) -> Connection:
        return connection.execution_options(gatepass_writes=True)

    def _once(self, work: Callable[[Connection], Result]) -> Result:
        self._require_file()
        with self._engine.connect() as connection:
            try:
                with self._as_writer(connection).begin() as transaction:
                    try:
                        result = work(connection)
                    except KeptError as kept:
                        transaction.commit()
                        self._written_at = time.monotonic()
                        raise kept.refusal from None
                    except DBAPIError as error:
                        # Not at the commit: whether it succeeded would be unknown.
                        if error.connection_invalidated:
                            raise _ConflictError from error
                        raise
            except DBAPIError as error:
                if self._dialect.is_conflict(error):
                    raise _ConflictError from error
                raise
        self._written_at = time.monotonic()
        return result

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn a driver's error into one that says what to do; not chained: it may quote a row."""
        try:
            yield
        except IntegrityError:
            raise
        except (DBAPIError, TimeoutError) as error:
            raise DatabaseError(dialects.explain(error)) from None


class _ConflictError(Exception):
    """A conflict with another transaction: nothing was done, and another attempt may succeed."""
