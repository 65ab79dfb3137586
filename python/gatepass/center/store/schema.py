"""The tables of the Request Center, the same on SQLite and PostgreSQL.

The database refuses values that a column does not allow (`columns`). Three more rules are in the
database and not in code, so that no race breaks them: a session has two slots for active pairs
(``pair.slot``, unique per session), the key of a mail or a notice is unique, and triggers note each
change of a session or its pairs (`session_change`). `migrations` creates these tables; a test
compares both.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.schema import SchemaItem

from gatepass.center.store.columns import (
    LETTERS_AND_DIGITS,
    NAME,
    PRINTABLE,
    Whole,
    at,
    count,
    digest,
    flag,
    json,
    number,
    of,
    one_of,
    text,
)

#: Constraints have names, so that a migration can change them.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *items: SchemaItem) -> Table:
    return Table(name, metadata, *items, sqlite_strict=True)


# One row: the sealed root secret, from which the keys of audit chain and code hashes are derived.
root = _table(
    "root",
    number(counts_up=False),
    Column("sealed", LargeBinary, nullable=False),
    text("envelope", 64),
    CheckConstraint("id = 1", name="one_row"),
)

firm = _table(
    "firm",
    number(),
    text("name", 100, unique=True),
    at("created_at"),
)

person = _table(
    "person",
    number(),
    of("firm"),
    text("name", 64, unique=True),
    text("full_name", 100),
    text("email", 254),
    text("mobile", 32),
    # The name of a `Role`.
    one_of("role", "MANAGER", "KEYS", "READER"),
    # Argon2id in its text form.
    text("password_hash", 200),
    flag("must_change"),
    # Sealed by the vault. Null: codes go to the mobile.
    Column("totp_sealed", LargeBinary),
    # The time step of the last accepted TOTP code, each of which counts once. Null: not confirmed.
    Column("totp_step", Whole),
    flag("disabled", default=False),
    at("created_at"),
)

session = _table(
    "session",
    number(),
    of("firm"),
    # Session ID: 3 characters (iLink) or 6 (Drop Copy target session).
    text("name", 6, "IN (3, 6)", of=LETTERS_AND_DIGITS),
    one_of("kind", "ilink", "dropcopy"),
    text("description", 100, default=""),
    # Its owner, whose mobile gets the verification codes of its pairs: the user who created it, or
    # to whom it was handed over.
    of("person", "created_by", index=False),
    at("created_at"),
    # The row stays: its pairs and the log refer to it.
    at("removed_at", nullable=True),
    # A Session ID belongs to one session at a time.
    Index(
        "uq_session_name",
        "name",
        unique=True,
        sqlite_where=sql("removed_at IS NULL"),
        postgresql_where=sql("removed_at IS NULL"),
    ),
    Index("ix_session_firm_name", "firm_id", "name"),
)

pair = _table(
    "pair",
    number(),
    of("session"),
    text("access_key_id", 32, "BETWEEN 1 AND 32", of=NAME, unique=True),
    # 1 or 2 while the pair is active, then null: the database allows no third active pair.
    Column("slot", Integer),
    one_of("state", "active", "expired", "deleted"),
    at("created_at"),
    at("expires_at"),
    at("ended_at", nullable=True),
    # When the end was recorded, by the clock of that moment, which may have been wrong.
    at("end_recorded_at", nullable=True),
    of("person", "created_by", index=False),
    text("environment", 20, of=PRINTABLE, nullable=True),
    # The secret, sealed by the vault. Null once it was erased after the pair's end.
    Column("sealed", LargeBinary),
    # The envelope key that wraps it; re-wrapping looks for it.
    text("envelope", 64, nullable=True),
    UniqueConstraint("session_id", "slot"),
    CheckConstraint("slot IN (1, 2)", name="slot"),
    CheckConstraint("(state = 'active') = (slot IS NOT NULL)", name="active_has_slot"),
    CheckConstraint("(state = 'active') = (ended_at IS NULL)", name="ended_has_end"),
    CheckConstraint("slot IS NULL OR sealed IS NOT NULL", name="active_has_secret"),
    Index("ix_pair_state_expires", "state", "expires_at"),
)

# The states of a pair over time, which the disaster-recovery view reads.
pair_version = _table(
    "pair_version",
    number(),
    of("pair"),
    at("at"),
    one_of("state", "active", "expired", "deleted"),
    at("expires_at"),
)

# The changes of sessions and their pairs. Triggers write them, also for changes with SQL; `changes`
# reads them, so that a gateway follows the store. Never deleted, like the versions.
session_change = _table(
    "session_change",
    # SQLite: counts up. PostgreSQL: the number of the transaction.
    number("number", counts_up=False),
    # No foreign key: the session may no longer exist.
    number("session_id", counts_up=False),
)

audit = _table(
    "audit",
    # Numbered by the chain without gaps, so that a missing entry is noticed.
    number(counts_up=False),
    at("at"),
    Column("firm_id", Whole, nullable=True),
    text("actor", 64),
    text("action", 32, of="a-z "),
    # With `action`, what was done: canonical JSON, never rewritten. Programs read it.
    json("facts"),
    # The same for people. The object of the action: a Session ID, a user's name ...
    text("subject", 64),
    text("access_key_id", 32, default=""),
    Column("detail", Text, nullable=False, default=""),
    text("origin", 64, default=""),
    digest("mac"),
    Index("ix_audit_firm_id_id", "firm_id", "id"),
)

# One row: the end of the chain, locked by each append. It reveals that the log's end was cut off.
audit_head = _table(
    "audit_head",
    number(counts_up=False),
    count("last_id"),
    digest("mac"),
    CheckConstraint("id = 1", name="one_row"),
)

code = _table(
    "code",
    number(),
    # The user who requested it, from whose daily limit it was taken.
    of("person"),
    one_of("purpose", "logon", "download", "delete", "authenticator"),
    # What it is valid for: an Access Key ID, or nothing for a logon.
    text("subject", 64),
    # A keyed hash: six digits could be found from a plain one.
    digest("digest"),
    # The calendar day in Chicago, YYYY-MM-DD, and the code's number on that day.
    text("day", 10, "= 10", of="0-9-"),
    Column("number", Integer, nullable=False),
    at("created_at"),
    at("expires_at"),
    at("used_at", nullable=True),
    count("tries", default=0),
    UniqueConstraint("person_id", "day", "number"),
)

mail = _table(
    "mail",
    number(),
    # Event and recipient, so that the same mail cannot be queued twice.
    text("key", 200, unique=True),
    text("recipient", 254),
    text("subject", 200),
    Column("body", Text, nullable=False),
    at("created_at"),
    at("due_at"),
    # A sender claims it first, until this time.
    at("claimed_until", nullable=True),
    at("sent_at", nullable=True),
    count("attempts", default=0),
    Column("problem", Text, nullable=False, default=""),
    Index("ix_mail_sent_due", "sent_at", "due_at"),
)

notice = _table(
    "notice",
    number(),
    of("person"),
    text("key", 200, unique=True),
    one_of("level", "success", "warning"),
    Column("text", Text, nullable=False),
    at("created_at"),
    # When a page first showed it to the user.
    at("shown_at", nullable=True),
    at("seen_at", nullable=True),
)

login = _table(
    "login",
    number(),
    of("person"),
    # SHA-256 of the cookie: a stolen database gives no access.
    digest("digest", unique=True),
    # False between the password and the code.
    flag("verified"),
    at("created_at"),
    at("seen_at"),
    at("ends_at"),
    text("origin", 64, default=""),
)

token = _table(
    "token",
    number(),
    of("person"),
    text("name", 64),
    digest("digest", unique=True),
    at("created_at"),
    at("ends_at"),
    at("used_at", nullable=True),
)

# One row: the latest time seen. A clock far behind it was set back, which makes codes void.
clock = _table(
    "clock",
    number(counts_up=False),
    at("at"),
    # The time of the last sweep; a clock far ahead of it is not believed.
    at("swept_at", nullable=True),
    CheckConstraint("id = 1", name="one_row"),
)

# Requests counted against a limit; the key names the limit.
attempt = _table(
    "attempt",
    number(),
    text("key", 120),
    at("at"),
    Index("ix_attempt_key_at", "key", "at"),
)
