"""Change a user's password: the one-time password, and any later one.

A change ends all other logins of the user and all API tokens, and no browser is known any more.
This login continues with a new token.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, update

from gatepass.center.audit import log as audit
from gatepass.center.context import Center
from gatepass.center.people import limits, logins, passwords, tokens
from gatepass.center.secrets.hidden import Hidden
from gatepass.center.store.schema import person
from gatepass.errors import AccountError

#: The key under which wrong current passwords are counted, beside the user's name.
_CHANGE = "change of password"


def choose_first(center: Center, token: str, new: str, origin: str = "") -> Hidden:
    """Replace the one-time password by a password of the user's choice; return the new token.

    Raises `AccountError` when the token does not wait for it, or the password is too weak.
    """
    try:
        with center.database.read() as connection:
            row = logins.waiting_for_password(connection, center, token)
        new_hash = _checked(row, new)
    finally:
        del new

    def work(connection: Connection) -> Hidden:
        logins.use_up(connection, token)
        return _set(connection, center, row, new_hash, origin)

    return center.database.write(work)


def change(center: Center, token: str, old: str, new: str, origin: str = "") -> Hidden:
    """Change the password of the user who is logged in with this token; return the new token.

    Raises `AccountError` when the current password is wrong or the new one too weak, and
    `gatepass.errors.LimitError` after too many wrong ones.
    """
    try:
        with center.database.read() as connection:
            row = logins.logged_in(connection, center, token)
        # Not counted by origin: a login may come from anywhere.
        limits.count(center, logins.BY_NAME, row.name, _CHANGE)
        if not passwords.verify(row.password_hash, old):
            raise AccountError("the current password is wrong")
        new_hash = _checked(row, new)
    finally:
        del old, new

    def work(connection: Connection) -> Hidden:
        logins.use_up(connection, token)
        limits.clear(connection, logins.BY_NAME, row.name, _CHANGE)
        return _set(connection, center, row, new_hash, origin)

    return center.database.write(work)


def _checked(row: Row[Any], new: str) -> str:
    """Return the hash of a new password; raise if it is too weak or not new."""
    try:
        passwords.require_good(new, row.name)
        if passwords.verify(row.password_hash, new):
            raise AccountError("choose another password: this is your current one")
        return passwords.hash_password(new)
    finally:
        del new


def _set(
    connection: Connection, center: Center, row: Row[Any], new_hash: str, origin: str
) -> Hidden:
    values = {"password_hash": new_hash, "must_change": False}
    connection.execute(update(person).where(person.c.id == row.id).values(values))
    logins.end_all(connection, row.id)
    # Someone else who knew the old password may have created them.
    tokens.revoke_all(connection, row.id)
    token = logins.add_login(connection, center, row.id, origin, verified=True)
    actor = logins.actor_of(row, origin)
    audit.append(connection, center, actor, audit.Action.CHANGE_PASSWORD, user=actor.name)
    return token
