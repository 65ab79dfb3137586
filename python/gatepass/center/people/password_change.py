"""A user's own password: the first one after a one-time password, and any later one.

It ends all other logins of the user, all API tokens, and that browsers are known; this login goes
on with a new token.
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

#: What wrong old passwords are counted for, beside the user's name.
_CHANGE = "change of password"


def choose_first(center: Center, token: str, new: str, origin: str = "") -> Hidden:
    """Put a password of the user's own in the place of the one-time password; return the token.

    Raises `AccountError` when the token does not wait for it, or the password is no good.
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
    """Change the password of who is logged in with this token, and return the new token.

    Raises `AccountError` when the old password is wrong or the new one no good, and
    `gatepass.errors.LimitError` after too many wrong ones.
    """
    try:
        with center.database.read() as connection:
            row = logins.logged_in(connection, center, token)
        # Not by where it comes from: a login may come from anywhere.
        limits.count(center, logins.BY_NAME, row.name, _CHANGE)
        if not passwords.verify(row.password_hash, old):
            raise AccountError("the old password is not right")
        new_hash = _checked(row, new)
    finally:
        del old, new

    def work(connection: Connection) -> Hidden:
        logins.use_up(connection, token)
        limits.clear(connection, logins.BY_NAME, row.name, _CHANGE)
        return _set(connection, center, row, new_hash, origin)

    return center.database.write(work)


def _checked(row: Row[Any], new: str) -> str:
    """Return the hash of a new password that is good and another than before."""
    try:
        passwords.require_good(new, row.name)
        if passwords.verify(row.password_hash, new):
            raise AccountError("choose another password: this is the one you have")
        return passwords.hash_password(new)
    finally:
        del new


def _set(
    connection: Connection, center: Center, row: Row[Any], new_hash: str, origin: str
) -> Hidden:
    values = {"password_hash": new_hash, "must_change": False}
    connection.execute(update(person).where(person.c.id == row.id).values(values))
    logins.end_all(connection, row.id)
    # Somebody else who knew the old password may have made them.
    tokens.revoke_all(connection, row.id)
    token = logins.add_login(connection, center, row.id, origin, verified=True)
    actor = logins.actor_of(row, origin)
    audit.append(connection, center, actor, audit.Action.CHANGE_PASSWORD, user=actor.name)
    return token
