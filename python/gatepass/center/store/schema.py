"""The tables of the Request Center, the same on SQLite and PostgreSQL.

What a column may hold is for the database to refuse (`columns`). Three more rules live here and not
in code, so that no race breaks them: a session has two places for active pairs (``pair.slot``,
unique per session), a mail or a notice has a key that makes it unique, and each change of a session
or its pairs is noted (`session_change`, by triggers). `migrations` builds these tables; a test
compares the two.
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


def _table(name: str, *items: SchemaItem) -> Table:
    return Table(name, metadata, *items, sqlite_strict=True)


# One row: what the keys of the audit chain and of code hashes are derived from, sealed.
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
    # Argon2id, in its own text form.
    text("password_hash", 200),
    flag("must_change"),
    # Sealed by the vault; null: codes go to the mobile.
    Column("totp_sealed", LargeBinary),
    # A TOTP code counts once: the last time step that did. Null: enrolment was not confirmed.
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
    # Whose mobile gets the verification codes of this session's pairs: who created it, or whom it
    # was handed over to.
    of("person", "created_by", index=False),
    at("created_at"),
    # Its row stays, for its pairs and the log tell of it.
    at("removed_at", nullable=True),
    # A Session ID is one session's at a time.
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
    # 1 or 2 while the pair is active, null from then on: two places, and the database counts them.
    Column("slot", Integer),
    one_of("state", "active", "expired", "deleted"),
    at("created_at"),
    at("expires_at"),
    at("ended_at", nullable=True),
    # When that was noticed and written down: by the clock of then, which may have been wrong.
    at("end_recorded_at", nullable=True),
    of("person", "created_by", index=False),
    text("environment", 20, of=PRINTABLE, nullable=True),
    # The secret, sealed by the vault; null once a pair that has ended was erased.
    Column("sealed", LargeBinary),
    # Which envelope key wraps it: what re-wrapping looks for.
    text("envelope", 64, nullable=True),
    UniqueConstraint("session_id", "slot"),
    CheckConstraint("slot IN (1, 2)", name="slot"),
    CheckConstraint("(state = 'active') = (slot IS NOT NULL)", name="active_has_slot"),
    CheckConstraint("(state = 'active') = (ended_at IS NULL)", name="ended_has_end"),
    CheckConstraint("slot IS NULL OR sealed IS NOT NULL", name="active_has_secret"),
    Index("ix_pair_state_expires", "state", "expires_at"),
)

# What a pair was from when on: the disaster-recovery view reads the past from it.
pair_version = _table(
    "pair_version",
    number(),
    of("pair"),
    at("at"),
    one_of("state", "active", "expired", "deleted"),
    at("expires_at"),
)

# Which session, or pair of it, was changed. Triggers write it, for changes by hand too; `changes`
# reads it, and so a gateway follows the store. Kept for good, as the versions are.
session_change = _table(
    "session_change",
    # SQLite: counts up, one writer after the other. PostgreSQL: the transaction that did it.
    number("number", counts_up=False),
    # No foreign key: also of a session that is gone.
    number("session_id", counts_up=False),
)

audit = _table(
    "audit",
    # Counted by the chain, without holes: a missing entry shows.
    number(counts_up=False),
    at("at"),
    Column("firm_id", Whole, nullable=True),
    text("actor", 64),
    text("action", 32, of="a-z "),
    # What was done, with `action`: canonical JSON, of which no byte is changed. Programs read it.
    json("facts"),
    # The same for people. What it was done to: a Session ID, a user's name ...
    text("subject", 64),
    text("access_key_id", 32, default=""),
    Column("detail", Text, nullable=False, default=""),
    text("origin", 64, default=""),
    digest("mac"),
    Index("ix_audit_firm_id_id", "firm_id", "id"),
)

# One row: the end of the chain. Whoever appends locks it first; cutting the log's end off shows.
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
    # Who asked for it, and whose daily budget it took.
    of("person"),
    one_of("purpose", "logon", "download", "delete", "authenticator"),
    # What it is good for: an Access Key ID, or nothing for a logon.
    text("subject", 64),
    # A keyed hash: six digits alone would be guessed from a plain one.
    digest("digest"),
    # The calendar day in Chicago whose budget it took, YYYY-MM-DD, and its place in it.
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
    # Names the event and the recipient: the same mail cannot be queued twice.
    text("key", 200, unique=True),
    text("recipient", 254),
    text("subject", 200),
    Column("body", Text, nullable=False),
    at("created_at"),
    at("due_at"),
    # Whoever sends it claims it first, until then.
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
    # When it first stood on a page of the user's.
    at("shown_at", nullable=True),
    at("seen_at", nullable=True),
)

login = _table(
    "login",
    number(),
    of("person"),
    # SHA-256 of the cookie: a stolen database opens no session.
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

# One row: the latest moment that was seen. A clock behind it was set back: codes that were sent
# until then are void.
clock = _table(
    "clock",
    number(counts_up=False),
    at("at"),
    # When the sweep last ran: a clock far ahead of it is not believed.
    at("swept_at", nullable=True),
    CheckConstraint("id = 1", name="one_row"),
)

# Requests that were counted against a limit, by what they were counted for.
attempt = _table(
    "attempt",
    number(),
    text("key", 120),
    at("at"),
    Index("ix_attempt_key_at", "key", "at"),
)
