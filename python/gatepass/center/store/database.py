"""The database behind the Request Center: SQLite or PostgreSQL, one way to use both.

``database.read()`` is a transaction that sees one moment. ``database.write(work)`` calls ``work``
with a connection inside a transaction, and **again** if another transaction got in its way: so
``work`` does nothing but use its connection. What a refusal must leave behind (a wrong try of a
code) is kept by raising it as `KeptError`.

SQLite takes its one write lock when the transaction begins, never half-way; PostgreSQL works at
READ COMMITTED, and use cases lock the row that they decide about (``with_for_update``).
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

#: How often a write is tried before its conflict is told.
TRIES = 20
#: Writes of one process at the same time, on PostgreSQL.
WRITERS = 3
#: Seconds for which a write that went well shows that those behind it will.
JUST_NOW = 0.25


class KeptError(Exception):
    """Raise this in a write to refuse and yet keep what was written so far.

    `Database.write` commits and then raises ``refusal`` in its place.
    """

    def __init__(self, refusal: CenterError) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class Database:
    """A database by its URL: ``sqlite:///center.sqlite`` or ``postgresql://user@host/name``.

    Threads may share it; a process that forks opens its own. Raises
    `gatepass.errors.DatabaseError`, here and in every use, with what to do; nothing is connected
    before the first use. `lock_wait` is for how many seconds a server's lock is waited for.
    """

    def __init__(self, url: str | URL, *, lock_wait: int = dialects.LOCK_WAIT) -> None:
        try:
            given = make_url(url)
            self._dialect = dialects.of(given)
            self._url = self._dialect.prepare(given)
            self._engine = create_engine(
                self._url,
                # An error message never shows a value: it may be a hash or a sealed secret.
                hide_parameters=True,
                **dialects.options(self._dialect, lock_wait),
            )
        except (ArgumentError, NoSuchModuleError):
            # Not repeated: a URL may hold a password.
            raise DatabaseError(dialects.NOT_A_URL) from None
        self._reader = self._engine.execution_options(**self._dialect.reading)
        self._asker = self._engine.execution_options(**self._dialect.asking)
        # Threads queue here: SQLite's lock lets them wait in growing naps, and those that wait at
        # PostgreSQL's take the interpreter from the one that holds the audit log's head.
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
        """SQLAlchemy's engine, for what a transaction cannot do."""
        return self._engine

    @property
    def is_sqlite(self) -> bool:
        """Whether it is an SQLite file."""
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees the database as of one moment and cannot change it."""
        with self._explained(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def glance(self) -> Iterator[Connection]:
        """Give a connection whose statements may each see another moment: cheaper than `read`."""
        with self._explained(), self._asker.connect() as connection:
            yield connection

    def ask(self, query: Select[Any], values: Mapping[str, Any] | None = None) -> list[Row[Any]]:
        """Return the rows of one query: what `read` does, and cheaper for a single statement."""
        with self.glance() as connection:
            return list(connection.execute(query, values))

    def write(self, work: Callable[[Connection], Result], *, again: bool = False) -> Result:
        """Call ``work`` with a connection, all or nothing, and return what it returns.

        It is called again after a deadlock or a serialization failure, and when the server ended
        the connection before the commit; with ``again`` also after a broken unique constraint,
        for work that chose a place which another took meanwhile. An `IntegrityError` that stays
        is raised as it is.
        """
        # A set's changes are whole, a number's are not.
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
                        "other transactions kept getting in the way: try again"
                    ) from conflict
        raise AssertionError("unreachable")

    def upgrade(self) -> None:
        """Make the tables, or bring those of an older gatepass up to this one's.

        Several processes may do so at once.
        """
        from gatepass.center.store import migrations

        with self._turn, self._explained(), self._engine.connect() as connection:
            migrations.upgrade(self._as_writer(connection))

    def check_version(self) -> None:
        """Raise `DatabaseError` unless the tables are those of this gatepass."""
        from gatepass.center.store import migrations

        with self.read() as connection:
            migrations.check(connection)

    def check_writing(self) -> None:
        """Raise `DatabaseError` unless something can be written.

        A row is written and deleted: that a transaction can begin says nothing of a disk that is
        full. Behind others that write, it is enough that one of them did a moment ago.
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
        """Tell which file this is, of those that had its path; ``None`` for a server's database.

        An open file can be read for as long as one likes after another took its place. Raises
        `DatabaseError` where there is none.
        """
        path = self._url.database
        if not self.is_sqlite or path is None:
            return None
        try:
            status = os.stat(path)  # noqa: PTH116 - a path as SQLAlchemy has it
        except OSError as error:
            message = f"the database file {path} is gone, or cannot be read: put it back"
            raise DatabaseError(message) from error
        return status.st_dev, status.st_ino

    def close(self) -> None:
        """Close the connections that are not in use; those to come may be to another file."""
        self._engine.dispose()
        self._file = None

    def __repr__(self) -> str:
        return f"<Database {self._url.render_as_string(hide_password=True)}>"

    def _on_do_connect(self, *_given: object) -> None:
        # SQLite would make the file anew, for others to read, and empty.
        self._require_file()

    def _require_file(self) -> None:
        """Raise `DatabaseError` where the file's path leads to none, or to another one by now.

        What is written to the open file goes with it, and nobody else sees it.
        """
        file = self.file()
        if self._file is None:
            self._file = file
        elif file != self._file:
            raise DatabaseError(
                f"the database file {self._url.database} is not the one that was opened: somebody"
                " replaced it: put it back, or end this program and start it again"
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
                        # Not at the commit, of which nobody could say whether it was done.
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
        """Turn what the driver says into what to do; not chained, since it may quote a row."""
        try:
            yield
        except IntegrityError:
            raise
        except (DBAPIError, TimeoutError) as error:
            raise DatabaseError(dialects.explain(error)) from None


class _ConflictError(Exception):
    """Another transaction got in the way: nothing was done, and trying again may do."""
