"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
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

# Until the first release, change this file and its number: a database with earlier tables is then
# refused, and does not fail later.
revision = "0003"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    _table(
        "root",
        number(counts_up=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        text("envelope", 64),
        sa.CheckConstraint("id = 1", name="one_row"),
    )
    _table(
        "firm",
        number(),
        text("name", 100, unique=True),
        at("created_at"),
    )
    _table(
        "person",
        number(),
        of("firm"),
        text("name", 64, unique=True),
        text("full_name", 100),
        text("email", 254),
        text("mobile", 32),
        one_of("role", "MANAGER", "KEYS", "READER"),
        text("password_hash", 200),
        flag("must_change"),
        sa.Column("totp_sealed", sa.LargeBinary),
        sa.Column("totp_step", Whole),
        flag("disabled", default=False),
        at("created_at"),
    )
    _table(
        "session",
        number(),
        of("firm"),
        text("name", 6, "IN (3, 6)", of=LETTERS_AND_DIGITS),
        one_of("kind", "ilink", "dropcopy"),
        text("description", 100, default=""),
        of("person", "created_by", index=False),
        at("created_at"),
        at("removed_at", nullable=True),
    )
    op.create_index(
        "uq_session_name",
        "session",
        ["name"],
        unique=True,
        sqlite_where=sa.text("removed_at IS NULL"),
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index("ix_session_firm_name", "session", ["firm_id", "name"])
    _table(
        "pair",
        number(),
        of("session"),
        text("access_key_id", 32, "BETWEEN 1 AND 32", of=NAME, unique=True),
        sa.Column("slot", sa.Integer),
        one_of("state", "active", "expired", "deleted"),
        at("created_at"),
        at("expires_at"),
        at("ended_at", nullable=True),
        at("end_recorded_at", nullable=True),
        of("person", "created_by", index=False),
        text("environment", 20, of=PRINTABLE, nullable=True),
        sa.Column("sealed", sa.LargeBinary),
        text("envelope", 64, nullable=True),
        sa.UniqueConstraint("session_id", "slot"),
        sa.CheckConstraint("slot IN (1, 2)", name="slot"),
        sa.CheckConstraint("(state = 'active') = (slot IS NOT NULL)", name="active_has_slot"),
        sa.CheckConstraint("(state = 'active') = (ended_at IS NULL)", name="ended_has_end"),
        sa.CheckConstraint("slot IS NULL OR sealed IS NOT NULL", name="active_has_secret"),
    )
    _table(
        "pair_version",
        number(),
        of("pair"),
        at("at"),
        one_of("state", "active", "expired", "deleted"),
        at("expires_at"),
    )
    _table(
        "session_change",
        number("number", counts_up=False),
        number("session_id", counts_up=False),
    )
    op.create_index("ix_pair_state_expires", "pair", ["state", "expires_at"])
    _table(
        "audit",
        number(counts_up=False),
        at("at"),
        sa.Column("firm_id", Whole, nullable=True),
        text("actor", 64),
        text("action", 32, of="a-z "),
        json("facts"),
        text("subject", 64),
        text("access_key_id", 32, default=""),
        sa.Column("detail", sa.Text, nullable=False, default=""),
        text("origin", 64, default=""),
        digest("mac"),
    )
    _table(
        "audit_head",
        number(counts_up=False),
        count("last_id"),
        digest("mac"),
        sa.CheckConstraint("id = 1", name="one_row"),
    )
    op.create_index("ix_audit_firm_id_id", "audit", ["firm_id", "id"])
    _table(
        "code",
        number(),
        of("person"),
        one_of("purpose", "logon", "download", "delete", "authenticator"),
        text("subject", 64),
        digest("digest"),
        text("day", 10, "= 10", of="0-9-"),
        sa.Column("number", sa.Integer, nullable=False),
        at("created_at"),
        at("expires_at"),
        at("used_at", nullable=True),
        count("tries", default=0),
        sa.UniqueConstraint("person_id", "day", "number"),
    )
    _table(
        "mail",
        number(),
        text("key", 200, unique=True),
        text("recipient", 254),
        text("subject", 200),
        sa.Column("body", sa.Text, nullable=False),
        at("created_at"),
        at("due_at"),
        at("claimed_until", nullable=True),
        at("sent_at", nullable=True),
        count("attempts", default=0),
        sa.Column("problem", sa.Text, nullable=False, default=""),
    )
    op.create_index("ix_mail_sent_due", "mail", ["sent_at", "due_at"])
    _table(
        "notice",
        number(),
        of("person"),
        text("key", 200, unique=True),
        one_of("level", "success", "warning"),
        sa.Column("text", sa.Text, nullable=False),
        at("created_at"),
        at("shown_at", nullable=True),
        at("seen_at", nullable=True),
    )
    _table(
        "login",
        number(),
        of("person"),
        digest("digest", unique=True),
        flag("verified"),
        at("created_at"),
        at("seen_at"),
        at("ends_at"),
        text("origin", 64, default=""),
    )
    _table(
        "token",
        number(),
        of("person"),
        text("name", 64),
        digest("digest", unique=True),
        at("created_at"),
        at("ends_at"),
        at("used_at", nullable=True),
    )
    _table(
        "clock",
        number(counts_up=False),
        at("at"),
        at("swept_at", nullable=True),
        sa.CheckConstraint("id = 1", name="one_row"),
    )
    _table(
        "attempt",
        number(),
        text("key", 120),
        at("at"),
    )
    op.create_index("ix_attempt_key_at", "attempt", ["key", "at"])
    if op.get_bind().dialect.name == "sqlite":
        _watch_on_sqlite()
    else:
        _watch_on_postgresql()


def _table(name: str, *items: SchemaItem) -> None:
    op.create_table(name, *items, sqlite_strict=True)


def _watch_on_sqlite() -> None:
    """Note each change of a session; SQLite needs a trigger for each kind of statement."""
    sessions = {
        "session": "SELECT {row}.id AS id",
        "pair": "SELECT {row}.session_id AS id",
        "pair_version": "SELECT session_id AS id FROM pair WHERE pair.id = {row}.pair_id",
    }
    sides = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}
    for table, its in sessions.items():
        for event, rows in sides.items():
            changed = " UNION ".join(its.format(row=row) for row in rows)
            op.execute(_ON_SQLITE.format(table=table, event=event, changed=changed))


_ON_SQLITE = """
CREATE TRIGGER session_change_{table}_{event} AFTER {event} ON {table} BEGIN
    INSERT INTO session_change (number, session_id)
    SELECT (SELECT coalesce(max(number), 0) + 1 FROM session_change), id
    FROM ({changed}) WHERE id IS NOT NULL;
END
"""


def _watch_on_postgresql() -> None:
    """Note each change of a session once per transaction, and a TRUNCATE as session 0."""
    # Uses the schema of these tables, not the one that the writer has set.
    op.execute(
        """
        CREATE FUNCTION session_change() RETURNS trigger
        LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
        DECLARE
            its bigint[];
        BEGIN
            IF TG_OP = 'TRUNCATE' THEN
                its := ARRAY[0];
            ELSIF TG_TABLE_NAME = 'session' THEN
                its := ARRAY[OLD.id, NEW.id];
            ELSIF TG_TABLE_NAME = 'pair' THEN
                its := ARRAY[OLD.session_id, NEW.session_id];
            ELSE
                its := ARRAY(SELECT session_id FROM pair WHERE id IN (OLD.pair_id, NEW.pair_id));
            END IF;
            INSERT INTO session_change (number, session_id)
                SELECT DISTINCT pg_current_xact_id()::text::bigint, one
                FROM unnest(its) AS one WHERE one IS NOT NULL
                ON CONFLICT DO NOTHING;
            RETURN NULL;
        END
        $$
        """
    )
    for table in ("session", "pair", "pair_version"):
        op.execute(
            f"CREATE TRIGGER session_change_{table} AFTER INSERT OR UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION session_change()"
        )
        op.execute(
            f"CREATE TRIGGER session_change_{table}_truncate AFTER TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION session_change()"
        )
