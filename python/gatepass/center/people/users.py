"""The operator's work on users: add, change, disable, restore access.

At CME, Global Account Management does this, not a user of a firm. Here the operator of the Request
Center does it at the command line, and the audit log shows it as the system's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from gatepass.center.audit import log as audit
from gatepass.center.context import Center
from gatepass.center.people import codes, logins, passwords, tokens
from gatepass.center.roles import Actor, Role
from gatepass.center.secrets.hidden import Hidden
from gatepass.center.store.schema import firm, person
from gatepass.errors import AccountError, NotFoundError

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}[a-z0-9]")
#: A mobile number with its country code (ITU-T E.164), without spaces and hyphens.
_MOBILE = re.compile(r"\+[1-9][0-9]{6,14}")


@dataclass(frozen=True, slots=True)
class NewPerson:
    """A new user and the password for the first login, shown once."""

    id: int
    one_time_password: Hidden


@dataclass(frozen=True, slots=True)
class PersonView:
    """A user. ``authenticator``: has one; ``must_change``: must replace a one-time password."""

    id: int
    firm: str
    name: str
    full_name: str
    email: str
    mobile: str
    role: Role
    disabled: bool
    must_change: bool
    authenticator: bool
    created_at: datetime


def add_person(
    center: Center, firm_name: str, name: str, full_name: str, email: str, mobile: str, role: Role
) -> NewPerson:
    """Add a user of a firm, with a one-time password.

    ``mobile`` is ``+`` and digits, country code first. Raises `AccountError`, which says what to
    correct, and `NotFoundError` for an unknown firm.
    """
    name = logins.normal_name(name)
    values = {
        "name": name,
        "full_name": _plain("full_name", full_name),
        "email": _plain("email", email),
        "mobile": _plain("mobile", mobile),
    }
    _require_usable(values)
    password = passwords.one_time_password()
    password_hash = passwords.hash_password(password.reveal())

    def work(connection: Connection) -> int:
        firm_id = connection.execute(
            select(firm.c.id).where(firm.c.name == firm_name)
        ).scalar_one_or_none()
        if firm_id is None:
            raise NotFoundError(f"there is no firm {firm_name!r}")
        row = insert(person).values(
            **values,
            firm_id=firm_id,
            role=role.name,
            password_hash=password_hash,
            must_change=True,
            disabled=False,
            created_at=center.clock(),
        )
        made: int = connection.execute(row.returning(person.c.id)).scalar_one()
        author = audit.system(firm_id)
        audit.append(connection, center, author, audit.Action.ADD_USER, user=name, role=role.value)
        return made

    try:
        return NewPerson(center.database.write(work), password)
    except IntegrityError:
        raise AccountError(f"user {name!r} already exists: choose another name") from None


def change_details(
    center: Center,
    name: str,
    *,
    full_name: str | None = None,
    email: str | None = None,
    mobile: str | None = None,
) -> None:
    """Change the given details of a user; they apply from the next mail and code on.

    A new mobile or address makes the firm's unused codes void. Raises `AccountError`, which says
    what to correct, and `NotFoundError`.
    """
    given = {"full_name": full_name, "email": email, "mobile": mobile}
    values = {key: _plain(key, value) for key, value in given.items() if value is not None}
    if not values:
        raise AccountError("nothing to change: give a full name, an e-mail address or a mobile")

    def work(connection: Connection) -> None:
        row = _locked(connection, name)
        kept = {"name": row.name, "full_name": row.full_name}
        _require_usable({**kept, "email": row.email, "mobile": row.mobile, **values})
        connection.execute(update(person).where(person.c.id == row.id).values(values))
        if values.keys() & {"email", "mobile"}:
            codes.make_void(connection, row.firm_id)
        audit.append(
            connection,
            center,
            audit.system(row.firm_id),
            audit.Action.CHANGE_USER,
            user=row.name,
            full_name=values.get("full_name"),
            email=values.get("email"),
            # The log does not give a whole number away.
            mobile=codes.masked(values["mobile"]) if "mobile" in values else None,
        )

    center.database.write(work)


def reset_codes(center: Center, name: str) -> None:
    """Allow a user ten more verification codes today. Raises `NotFoundError`."""

    def work(connection: Connection) -> None:
        row = _locked(connection, name)
        codes.give_another_day(connection, row.id, center.clock())
        author = audit.system(row.firm_id)
        audit.append(connection, center, author, audit.Action.RESET_CODES, user=row.name)

    center.database.write(work)


def set_role(center: Center, name: str, role: Role, *, last_manager: bool = False) -> None:
    """Give a user another role, from the next request on.

    Raises `NotFoundError`, and `AccountError` for the firm's last active manager unless
    ``last_manager`` allows it.
    """
    keep = role is not Role.MANAGER and not last_manager
    _change(center, name, audit.Action.SET_ROLE, {"role": role.name}, end=False, keep=keep)


def set_disabled(center: Center, name: str, *, disabled: bool, last_manager: bool = False) -> None:
    """Disable a user at once, or enable the user again. Raises what `set_role` raises.

    API tokens of a disabled user are revoked permanently.
    """
    action = audit.Action.DISABLE_USER if disabled else audit.Action.ENABLE_USER
    keep = disabled and not last_manager
    _change(center, name, action, {"disabled": disabled}, end=True, keep=keep, revoke=disabled)


def reset_password(center: Center, name: str) -> Hidden:
    """End a user's logins, API tokens and lockout, and return a one-time password.

    Verification codes of later days, sent while the clock was ahead, are forgotten. Raises
    `NotFoundError`.
    """
    password = passwords.one_time_password()
    values = {"password_hash": passwords.hash_password(password.reveal()), "must_change": True}
    _change(center, name, audit.Action.RESET_PASSWORD, values, end=True, revoke=True)
    return password


def remove_authenticator(center: Center, name: str) -> None:
    """Remove a lost authenticator: codes go to the mobile again. Raises `NotFoundError`."""
    values = {"totp_sealed": None, "totp_step": None}
    _change(center, name, audit.Action.REMOVE_AUTHENTICATOR, values, end=True)


def people(center: Center, firm_name: str | None = None) -> list[PersonView]:
    """Return all users, or those of a firm, by name."""
    query = _PEOPLE if firm_name is None else _PEOPLE.where(firm.c.name == firm_name)
    with center.database.read() as connection:
        return [_view(row) for row in connection.execute(query)]


def account(center: Center, actor: Actor) -> PersonView:
    """Return the user's own entry."""
    with center.database.read() as connection:
        return _view(connection.execute(_PEOPLE.where(person.c.id == actor.user_id)).one())


_PEOPLE: Select[Any] = (
    select(person, firm.c.name.label("firm_name"))
    .join(firm, person.c.firm_id == firm.c.id)
    .order_by(person.c.name)
)


def _view(row: Row[Any]) -> PersonView:
    return PersonView(
        id=row.id,
        firm=row.firm_name,
        name=row.name,
        full_name=row.full_name,
        email=row.email,
        mobile=row.mobile,
        role=Role[row.role],
        disabled=row.disabled,
        must_change=row.must_change,
        authenticator=row.totp_step is not None,
        created_at=row.created_at,
    )


def _change(
    center: Center,
    name: str,
    action: audit.Action,
    values: dict[str, Any],
    *,
    end: bool,
    keep: bool = False,
    revoke: bool = False,
) -> None:
    """Change a user's row; ``end`` ends the user's logins and lockout.

    With ``keep`` the firm's last active manager cannot be changed; ``revoke`` ends API tokens.
    """
    name = logins.normal_name(name)

    def work(connection: Connection) -> None:
        row = _locked(connection, name)
        if keep:
            _require_another_manager(connection, row)
        connection.execute(update(person).where(person.c.id == row.id).values(values))
        if revoke:
            tokens.revoke_all(connection, row.id)
        if end:
            logins.end_all(connection, row.id)
            logins.unlock(connection, name)
            codes.forget_future_days(connection, row.id, center.clock())
        role = Role[values["role"]].value if "role" in values else None
        author = audit.system(row.firm_id)
        audit.append(connection, center, author, action, user=name, role=role)

    center.database.write(work)


def _locked(connection: Connection, name: str) -> Row[Any]:
    """Return a user's row, locked until the end of this transaction. Raises `NotFoundError`."""
    name = logins.normal_name(name)
    row = connection.execute(
        select(person).where(person.c.name == name).with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no user {name!r}")
    return row


def _require_another_manager(connection: Connection, row: Row[Any]) -> None:
    """Raise `AccountError` if this is the only active manager of the firm."""
    # Locks the firm's row, so that two managers cannot be disabled at the same time.
    connection.execute(select(firm.c.id).where(firm.c.id == row.firm_id).with_for_update())
    active = select(person.c.id).where(
        person.c.firm_id == row.firm_id,
        person.c.role == Role.MANAGER.name,
        person.c.disabled.is_(False),
    )
    if connection.execute(active).scalars().all() == [row.id]:
        raise AccountError(
            f"{row.name} is the last active manager of this firm: no other user can see its audit"
            " log. Make another user a manager first, or add --last-manager"
        )


def _plain(key: str, text: str) -> str:
    """Return a detail as it is stored: a mobile number without spaces and hyphens."""
    return re.sub(r"[\s().-]", "", text) if key == "mobile" else text.strip()


def _require_usable(values: dict[str, str]) -> None:
    """Raise `AccountError` for a detail that cannot be used."""
    if not _NAME.fullmatch(values["name"]):
        raise AccountError(
            "a user name has 2 to 64 characters: letters a to z, digits and . _ - between them"
        )
    if not 1 <= len(values["full_name"]) <= 100 or not values["full_name"].isprintable():
        raise AccountError("a full name has 1 to 100 characters")
    if not _MOBILE.fullmatch(values["mobile"]):
        raise AccountError("a mobile number is + and 7 to 15 digits, country code first")
    try:
        is_address = bool(Address(addr_spec=values["email"]).domain)
    except (ValueError, IndexError, MessageError):
        is_address = False
    if not is_address or len(values["email"]) > 254 or not values["email"].isprintable():
        raise AccountError("an e-mail address looks like name@example.com")
