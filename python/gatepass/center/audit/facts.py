"""The data of an audit log entry: an action and its facts.

Programs read only these. The texts for people are made in `words`.
"""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, TypedDict

from sqlalchemy import ColumnElement, Text, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from gatepass.center.store.schema import audit


class Action(StrEnum):
    """What was done: first by users, then by the operator, last what concerns no firm."""

    LOG_ON = "log on"
    LOG_ON_REFUSED = "log on refused"
    CHANGE_PASSWORD = "change password"  # noqa: S105 - no password
    CODE = "code"
    CODE_REFUSED = "code refused"
    GENERATE = "generate"
    DOWNLOAD = "download"
    DELETE = "delete"
    WARN = "warn"
    EXPIRE = "expire"
    ERASE = "erase"
    BEGIN_AUTHENTICATOR = "begin authenticator"
    CONFIRM_AUTHENTICATOR = "confirm authenticator"
    REMOVE_AUTHENTICATOR = "remove authenticator"
    ADD_TOKEN = "add token"  # noqa: S105
    REVOKE_TOKEN = "revoke token"  # noqa: S105
    ADD_FIRM = "add firm"
    ADD_SESSION = "add session"
    HAND_OVER_SESSION = "hand over session"
    REMOVE_SESSION = "remove session"
    ADD_USER = "add user"
    CHANGE_USER = "change user"
    SET_ROLE = "set role"
    DISABLE_USER = "disable user"
    ENABLE_USER = "enable user"
    RESET_PASSWORD = "reset password"  # noqa: S105
    RESET_CODES = "reset codes"
    REWRAP = "rewrap"
    RESTORE = "restore"


class Facts(TypedDict, total=False):
    """The facts of an entry by name; ``None`` means absent. No fact is secret."""

    session: str
    access_key_id: str | None
    #: The pair that was deleted to make room for the one that was generated.
    deleted: str | None
    user: str
    former_user: str
    firm: str
    role: str | None
    full_name: str | None
    email: str | None
    #: Only the last digits of the number.
    mobile: str | None
    token: str
    #: A code's purpose, the last digits of the number it went to, and why a code was refused.
    purpose: str
    sent_to: str
    rule: str
    envelope_key: str
    seals: int
    #: When the restored backup was made, and how many entries the restore removed from the log.
    backup: str
    lost_entries: int


def as_json(facts: Facts) -> str:
    """Encode facts in their only form: sorted, without blanks."""
    given = {name: clean(value) for name, value in facts.items() if value is not None}
    return json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def clean(value: Any) -> Any:
    """Return a text without the characters that PostgreSQL refuses; other values unchanged.

    The log contains what people type, which must not prevent an entry.
    """
    if not isinstance(value, str):
        return value
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def fact(name: str) -> ColumnElement[str]:
    """Select a fact of each entry; null if the entry does not have it."""
    return _Fact(audit.c.facts, literal_column(f"'{name}'"))


class _Fact(FunctionElement[str]):
    """A value in a JSON text; SQLite and PostgreSQL have different functions for it."""

    name = "fact"
    type = Text()
    inherit_cache = True


@compiles(_Fact, "sqlite")
def _on_sqlite(element: _Fact, compiler: SQLCompiler, **given: Any) -> str:
    facts, name = (compiler.process(one, **given) for one in element.clauses)
    return f"json_extract({facts}, '$.' || {name})"


@compiles(_Fact, "postgresql")
def _on_postgresql(element: _Fact, compiler: SQLCompiler, **given: Any) -> str:
    facts, name = (compiler.process(one, **given) for one in element.clauses)
    return f"({facts}::json ->> {name})"
