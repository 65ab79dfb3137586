"""What an entry of the audit log tells, as data: an action and the facts that go with it.

Programs read these and nothing else of an entry. The words for people are in `words`.
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
    """What was done: a user's day first, then the operator's, then what is of no firm."""

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
    """The facts of an entry by their names; ``None`` is as good as left out. None is secret."""

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
    #: Only the end of a number.
    mobile: str | None
    token: str
    #: What a code is for, the end of the number it went to, and why one was refused.
    purpose: str
    sent_to: str
    rule: str
    envelope_key: str
    seals: int
    #: When the backup was made that was restored, and how many entries that took from the log.
    backup: str
    lost_entries: int


def as_json(facts: Facts) -> str:
    """Write facts in the one way that there is for them: sorted, without blanks."""
    given = {name: clean(value) for name, value in facts.items() if value is not None}
    return json.dumps(given, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def clean(value: Any) -> Any:
    """Return a text without what PostgreSQL refuses, and anything else as it is.

    What people type in comes to the log, and must not keep an entry out of it.
    """
    if not isinstance(value, str):
        return value
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def fact(name: str) -> ColumnElement[str]:
    """Select a fact of each entry; null for an entry without it."""
    return _Fact(audit.c.facts, literal_column(f"'{name}'"))


class _Fact(FunctionElement[str]):
    """A value in a JSON text, which the two kinds of database each name in their own way."""

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
