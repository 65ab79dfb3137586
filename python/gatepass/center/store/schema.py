"""The tables of the Request Center, the same on SQLite and PostgreSQL.

Three rules live here and not in code, so that no race breaks them: a session has two places for
active pairs (``pair.slot``, unique per session), a mail or a notice has a key that makes it
unique, and each change of a session or its pairs is noted (`session_change`, by triggers).
`migrations` builds these tables; a test holds them against each other.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import Boolean, TypeDecorator


class Instant(TypeDecorator[datetime]):
    """A moment, aware and in UTC whatever the database makes of it. Refuses naive times."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Give the database UTC; SQLite has no time zones and takes it without one."""
        if value is None:
            return None
        if value.utcoffset() is None:
            raise ValueError("a moment needs a time zone")
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give the program UTC."""
        if value is None:
            return None
        at: datetime = value
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


# SQLite counts up only INTEGER PRIMARY KEY.
_ID = BigInteger().with_variant(Integer, "sqlite")

#: Names of constraints, so that a migration can name what it changes.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    return Column("id", _ID, primary_key=True, autoincrement=True)


def _of(table: str, *, nullable: bool = False, index: bool = True) -> Column[int]:
    return Column(f"{table}_id", _ID, ForeignKey(f"{table}.id"), nullable=nullable, index=index)


def _at(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, Instant, nullable=nullable)


# One row: what the keys of the audit chain and of code hashes are derived from, sealed.
root = Table(
    "root",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("envelope", String(64), nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

firm = Table(
    "firm",
    metadata,
    _id(),
    Column("name", String(100), nullable=False, unique=True),
    _at("created_at"),
)

person = Table(
    "person",
    metadata,
    _id(),
    _of("firm"),
    Column("name", String(64), nullable=False, unique=True),
    Column("full_name", String(100), nullable=False),
    Column("email", String(254), nullable=False),
    Column("mobile", String(32), nullable=False),
    # The name of a `Role`.
    Column("role", String(16), nullable=False),
    # Argon2id, in its own text form.
    Column("password_hash", String(200), nullable=False),
    Column("must_change", Boolean, nullable=False),
    # Sealed by the vault; null: codes go to the mobile.
    Column("totp_sealed", LargeBinary),
    # A TOTP code counts once: the last time step that did. Null: enrolment was not confirmed.
    Column("totp_step", BigInteger),
    Column("disabled", Boolean, nullable=False, default=False),
    _at("created_at"),
)

session = Table(
    "session",
    metadata,
    _id(),
    _of("firm"),
    # Session ID: 3 characters (iLink) or 6 (Drop Copy target session).
    Column("name", String(6), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("description", String(100), nullable=False, default=""),
    # Whose mobile gets the verification codes of this session's pairs: who created it, or whom it
    # was handed over to.
    Column("created_by", _ID, ForeignKey("person.id"), nullable=False),
    _at("created_at"),
    # Its row stays, for its pairs and the log tell of it.
    _at("removed_at", nullable=True),
    CheckConstraint("kind IN ('ilink', 'dropcopy')", name="kind"),
    # A Session ID is one session's at a time.
    Index(
        "uq_session_name",
        "name",
        unique=True,
        sqlite_where=text("removed_at IS NULL"),
        postgresql_where=text("removed_at IS NULL"),
    ),
    Index("ix_session_firm_name", "firm_id", "name"),
)

pair = Table(
    "pair",
    metadata,
    _id(),
    _of("session"),
    Column("access_key_id", String(32), nullable=False, unique=True),
    # 1 or 2 while the pair is active, null from then on: two places, and the database counts them.
    Column("slot", Integer),
    Column("state", String(16), nullable=False),
    _at("created_at"),
    _at("expires_at"),
    _at("ended_at", nullable=True),
    # When that was noticed and written down: by the clock of then, which may have been wrong.
    _at("end_recorded_at", nullable=True),
    Column("created_by", _ID, ForeignKey("person.id"), nullable=False),
    Column("environment", String(20)),
    # The secret, sealed by the vault; null once a pair that has ended was erased.
    Column("sealed", LargeBinary),
    # Which envelope key wraps it: what re-wrapping looks for.
    Column("envelope", String(64)),
    UniqueConstraint("session_id", "slot"),
    CheckConstraint("state IN ('active', 'expired', 'deleted')", name="state"),
    CheckConstraint("slot IN (1, 2)", name="slot"),
    CheckConstraint("(state = 'active') = (slot IS NOT NULL)", name="active_has_slot"),
    Index("ix_pair_state_expires", "state", "expires_at"),
)

# What a pair was from when on: the disaster-recovery view reads the past from it.
pair_version = Table(
    "pair_version",
    metadata,
    _id(),
    _of("pair"),
    _at("at"),
    Column("state", String(16), nullable=False),
    _at("expires_at"),
)

# Which session, or pair of it, was changed. Triggers write it, for changes by hand too; `changes`
# reads it, and so a gateway follows the store. Kept for good, as the versions are.
session_change = Table(
    "session_change",
    metadata,
    # SQLite: counts up, one writer after the other. PostgreSQL: the transaction that did it.
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    # No foreign key: also of a session that is gone.
    Column("session_id", BigInteger, primary_key=True, autoincrement=False),
)

audit = Table(
    "audit",
    metadata,
    # Counted by the chain, without holes: a missing entry shows.
    Column(
        "id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    ),
    _at("at"),
    Column("firm_id", _ID, nullable=True),
    Column("actor", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    # What was done, with `action`: canonical JSON, of which no byte is changed. Programs read it.
    Column("facts", Text, nullable=False),
    # The same for people. What it was done to: a Session ID, a user's name ...
    Column("subject", String(64), nullable=False),
    Column("access_key_id", String(32), nullable=False, default=""),
    Column("detail", Text, nullable=False, default=""),
    Column("origin", String(64), nullable=False, default=""),
    Column("mac", LargeBinary(32), nullable=False),
    Index("ix_audit_firm_id_id", "firm_id", "id"),
)

# One row: the end of the chain. Whoever appends locks it first; cutting the log's end off shows.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_id", BigInteger, nullable=False),
    Column("mac", LargeBinary(32), nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

code = Table(
    "code",
    metadata,
    _id(),
    # Who asked for it, and whose daily budget it took.
    _of("person"),
    Column("purpose", String(16), nullable=False),
    # What it is good for: an Access Key ID, or nothing for a logon.
    Column("subject", String(64), nullable=False),
    # A keyed hash: six digits alone would be guessed from a plain one.
    Column("digest", LargeBinary(32), nullable=False),
    # The calendar day in Chicago whose budget it took, YYYY-MM-DD, and its place in it.
    Column("day", String(10), nullable=False),
    Column("number", Integer, nullable=False),
    _at("created_at"),
    _at("expires_at"),
    _at("used_at", nullable=True),
    Column("tries", Integer, nullable=False, default=0),
    UniqueConstraint("person_id", "day", "number"),
)

mail = Table(
    "mail",
    metadata,
    _id(),
    # Names the event and the recipient: the same mail cannot be queued twice.
    Column("key", String(200), nullable=False, unique=True),
    Column("recipient", String(254), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("body", Text, nullable=False),
    _at("created_at"),
    _at("due_at"),
    # Whoever sends it claims it first, until then.
    _at("claimed_until", nullable=True),
    _at("sent_at", nullable=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("problem", Text, nullable=False, default=""),
    Index("ix_mail_sent_due", "sent_at", "due_at"),
)

notice = Table(
    "notice",
    metadata,
    _id(),
    _of("person"),
    Column("key", String(200), nullable=False, unique=True),
    Column("level", String(16), nullable=False),
    Column("text", Text, nullable=False),
    _at("created_at"),
    # When it first stood on a page of the user's.
    _at("shown_at", nullable=True),
    _at("seen_at", nullable=True),
)

login = Table(
    "login",
    metadata,
    _id(),
    _of("person"),
    # SHA-256 of the cookie: a stolen database opens no session.
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    # False between the password and the code.
    Column("verified", Boolean, nullable=False),
    _at("created_at"),
    _at("seen_at"),
    _at("ends_at"),
    Column("origin", String(64), nullable=False, default=""),
)

token = Table(
    "token",
    metadata,
    _id(),
    _of("person"),
    Column("name", String(64), nullable=False),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    _at("created_at"),
    _at("ends_at"),
    _at("used_at", nullable=True),
)

# One row: the latest moment that was seen. A clock behind it was set back: codes that were sent
# until then are void.
clock = Table(
    "clock",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _at("at"),
    # When the sweep last ran: a clock far ahead of it is not believed.
    _at("swept_at", nullable=True),
    CheckConstraint("id = 1", name="one_row"),
)

# Requests that were counted against a limit, by what they were counted for.
attempt = Table(
    "attempt",
    metadata,
    _id(),
    Column("key", String(120), nullable=False),
    _at("at"),
    Index("ix_attempt_key_at", "key", "at"),
)
