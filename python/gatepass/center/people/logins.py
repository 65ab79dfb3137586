"""Log in to the Request Center: password, then code, then, the first time, a new password.

Each step ends the old token and gives a new one: a token that was planted or seen before a step is
not valid after it. Only a hash of a token is stored.

An unknown name, a wrong password, a disabled user and a locked user get the same answer after the
same work: the same counts, one Argon2 hash, one audit entry.
"""

from __future__ import annotations

import enum
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, or_, select, update

from gatepass.center.audit import log as audit
from gatepass.center.context import Center
from gatepass.center.people import codes, known_browsers, limits, passwords
from gatepass.center.people.codes import Purpose, Sent
from gatepass.center.people.origins import network_of
from gatepass.center.roles import Actor, Role
from gatepass.center.secrets.hidden import Hidden
from gatepass.center.store.moment import TOLERANCE
from gatepass.center.store.schema import login, person
from gatepass.errors import AccountError, LimitError

#: A login ends ``IDLE`` after it was last used, and ``LONGEST`` after it began.
IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
#: The time from the password to the code.
UNVERIFIED = timedelta(minutes=15)
#: The precision of the last use, so that not every request writes to the database.
_GRAIN = timedelta(seconds=15)

#: Passwords tried for one name from one origin, or in one known browser. Beyond it the name is
#: locked there until tries have left the window. An attacker can lock it only there.
BY_NAME = limits.Limit("logon name", 5, timedelta(minutes=15))
#: Passwords tried for one name from all origins together, except known browsers: an attacker may
#: have many origins (NIST SP 800-63B allows at most 100).
FROM_ALL = limits.Limit("logon name from all", 100, timedelta(minutes=15))
#: Wrong passwords from one origin for all names together: users may share an origin.
BY_ORIGIN = limits.Limit("logon origin", 50, timedelta(minutes=15))

_REFUSED = (
    "wrong user name or password, or too many tries: check both; after five tries, wait 15 minutes"
)
_OVER = "this login has ended: log in again with user name and password"


class Step(enum.Enum):
    """What a token waits for."""

    CODE = "give the verification code"
    PASSWORD = "choose a password"  # noqa: S105 - a step's name
    DONE = "logged in"


@dataclass(frozen=True, slots=True)
class Pending:
    """The password was right. ``sent`` says where the code went; ``None``: authenticator."""

    token: Hidden
    sent: Sent | None


@dataclass(frozen=True, slots=True)
class Halfway:
    """An unfinished login, which waits for `Step.CODE` or `Step.PASSWORD`.

    ``authenticator``: it waits for the authenticator's code, or for one that was sent to the mobile
    that ends in ``to``.
    """

    step: Step
    name: str
    authenticator: bool
    to: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The code was right. With ``must_change``, the user must choose a new password first."""

    token: Hidden
    must_change: bool


def begin_login(
    center: Center, name: str, password: str, origin: str = "", browser: str = ""
) -> Pending:
    """Check a password, send the code, and return the token of the next step.

    ``browser`` is the cookie from `known_browsers.introduce`, if the browser has one. Raises
    `AccountError`, always the same one; `LimitError` for an origin that tried too often; and
    `gatepass.errors.CodeError` (``budget``, ``unsent``) when the password is right and no code can
    be sent.
    """
    try:
        row = _proved(center, normal_name(name), password, origin, browser)
    finally:
        del password
    actor = actor_of(row, origin)
    sent = None if row.totp_step is not None else _send(center, actor)
    return Pending(_new_login(center, row.id, origin, verified=False), sent)


def send_again(center: Center, token: str, origin: str = "") -> Sent:
    """Send another code, also to the mobile of a user who has an authenticator.

    Raises `AccountError` when the token does not wait for a code, and what `codes.send_code`
    raises.
    """
    with center.database.read() as connection:
        row = _waiting_for(Step.CODE, connection, center, token)
    return _send(center, actor_of(row, origin))


def finish_login(center: Center, token: str, code: str, origin: str = "") -> LoggedIn:
    """Check the code and return the token of the login.

    Raises `AccountError` when the token does not wait for a code, `gatepass.errors.CodeError`
    when the code is wrong.
    """

    def work(connection: Connection) -> LoggedIn:
        row = _waiting_for(Step.CODE, connection, center, token)
        actor = actor_of(row, origin)
        codes.check_code(connection, center, actor, Purpose.LOGON, "", code)
        use_up(connection, token)
        fresh = add_login(connection, center, row.id, origin, verified=True)
        audit.append(connection, center, actor, audit.Action.LOG_ON, user=actor.name)
        return LoggedIn(fresh, row.must_change)

    return center.database.write(work)


def find_pending(center: Center, token: str) -> Halfway | None:
    """Return the unfinished login of a token; ``None`` if it is finished, ended or unknown."""
    row = _living(center, center.database.ask(_BY_DIGEST, {"wanted": digest_of(token)}))
    if row is None or _step(row) is Step.DONE:
        return None
    return Halfway(_step(row), row.name, row.totp_step is not None, codes.masked(row.mobile))


def find(center: Center, token: str, origin: str = "") -> Actor | None:
    """Return the user who is logged in with this token, or ``None``; note the login as used.

    It is also ``None`` before the code, and before a one-time password was replaced: see
    `find_pending`. Role and firm are the present ones, not those at the time of the login.
    """
    row = _living(center, center.database.ask(_BY_DIGEST, {"wanted": digest_of(token)}))
    if row is None or _step(row) is not Step.DONE:
        return None
    at = center.clock()
    if at - row.seen_at >= _GRAIN:
        seen = update(login).where(login.c.digest == digest_of(token), login.c.seen_at < at)
        center.database.write(lambda connection: connection.execute(seen.values(seen_at=at)))
    return actor_of(row, origin)


def end(center: Center, token: str) -> None:
    """Log out: the token is no longer valid, at any step."""
    center.database.write(lambda connection: _end(connection, token))


def sweep(connection: Connection, at: datetime) -> int:
    """Delete logins that have ended, and return how many."""
    over = or_(login.c.ends_at <= at, login.c.seen_at <= at - IDLE)
    return connection.execute(delete(login).where(over)).rowcount


def waiting_for_password(connection: Connection, center: Center, token: str) -> Row[Any]:
    """Return the user and login if the token waits for a new password; else `AccountError`."""
    return _waiting_for(Step.PASSWORD, connection, center, token)


def logged_in(connection: Connection, center: Center, token: str) -> Row[Any]:
    """Return the user and login if the token has finished all steps; else `AccountError`."""
    return _waiting_for(Step.DONE, connection, center, token)


def use_up(connection: Connection, token: str) -> None:
    """End a token as part of its next step; of two requests at once, one gets `AccountError`.

    The number of deleted rows decides; a delete waits for a concurrent one.
    """
    if not _end(connection, token):
        raise AccountError(_OVER)


def end_all(connection: Connection, person_id: int) -> None:
    """End all logins of a user: the password or the role has changed."""
    connection.execute(delete(login).where(login.c.person_id == person_id))


def add_login(
    connection: Connection, center: Center, person_id: int, origin: str, *, verified: bool
) -> Hidden:
    """Add a login and return its token: 256 random bits."""
    token = Hidden(secrets.token_urlsafe(32))
    at = center.clock()
    row = insert(login).values(
        person_id=person_id,
        digest=digest_of(token.reveal()),
        verified=verified,
        created_at=at,
        seen_at=at,
        ends_at=at + (LONGEST if verified else UNVERIFIED),
        origin=origin[:64],
    )
    connection.execute(row)
    return token


def actor_of(row: Row[Any], origin: str) -> Actor:
    """Return the actor of a row of `person`."""
    return Actor(row.id, row.firm_id, row.name, Role[row.role], origin)


def normal_name(name: str) -> str:
    """Return a typed user name in its stored form; drop characters that no name contains."""
    return name.strip().casefold().encode("utf-8", "ignore").decode().replace("\0", "")


def digest_of(token: str) -> bytes:
    """Return the stored hash of a token; a plain one is enough for 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def unlock(connection: Connection, name: str) -> None:
    """Forget all tries for a name."""
    for limit in (BY_NAME, FROM_ALL):
        limits.clear_all(connection, limit, name)


def _proved(center: Center, name: str, password: str, origin: str, browser: str) -> Row[Any]:
    """Return the user with this name and password, or raise the one refusal."""
    try:
        with center.database.read() as connection:
            row = connection.execute(select(person).where(person.c.name == name)).one_or_none()
        mark = known_browsers.mark_of(center, row, browser)
        counts = _Counts(center, name, network_of(origin), mark)
        stored = passwords.DUMMY_HASH if row is None else row.password_hash
        is_right = passwords.verify(stored, password)
        refused = row is None or row.disabled or counts.is_locked or not is_right
        rehashed = _rehashed(stored, password) if not refused else None
    finally:
        del password
    if row is None or refused:
        _note_refusal(center, row, origin)
        raise AccountError(_REFUSED)

    def work(connection: Connection) -> None:
        counts.take_back(connection)
        if rehashed is not None:
            values = {"password_hash": rehashed}
            connection.execute(update(person).where(person.c.id == row.id).values(values))

    center.database.write(work)
    return row


class _Counts:
    """The counts of one try, and whether its name is locked. May raise `LimitError`."""

    def __init__(self, center: Center, name: str, network: str, mark: str) -> None:
        # A known browser shares its tries with no one.
        self._own = (name, mark or network)
        self._numbers = [] if mark else [limits.count(center, BY_ORIGIN, network)]
        try:
            limits.count(center, BY_NAME, *self._own)
            if not mark:
                self._numbers.append(limits.count(center, FROM_ALL, name))
        except LimitError:
            self.is_locked = True
        else:
            self.is_locked = False

    def take_back(self, connection: Connection) -> None:
        """The password was right: forget earlier wrong ones, and do not count this try."""
        limits.clear(connection, BY_NAME, *self._own)
        for number in self._numbers:
            limits.take_back(connection, number)


def _rehashed(stored: str, password: str) -> str | None:
    """Return a hash with today's costs if the stored one has others."""
    try:
        return passwords.hash_password(password) if passwords.is_outdated(stored) else None
    finally:
        del password


def _note_refusal(center: Center, row: Row[Any] | None, origin: str) -> None:
    """Log the refusal; without an unknown name, since people type passwords there."""
    firm_id, name = (None, "unknown user") if row is None else (row.firm_id, row.name)
    author, action = audit.Author(name, firm_id, origin), audit.Action.LOG_ON_REFUSED
    center.database.write(
        lambda connection: audit.append(connection, center, author, action, user=name)
    )


def _send(center: Center, actor: Actor) -> Sent:
    return codes.send_code(center, actor, Purpose.LOGON, "", actor.user_id)


def _new_login(center: Center, person_id: int, origin: str, *, verified: bool) -> Hidden:
    return center.database.write(
        lambda connection: add_login(connection, center, person_id, origin, verified=verified)
    )


def _alive(connection: Connection, center: Center, token: str) -> Row[Any] | None:
    """Return the user and login of a token, unless it has ended or the user is disabled."""
    return _living(center, connection.execute(_BY_DIGEST, {"wanted": digest_of(token)}).all())


def _living(center: Center, found: Sequence[Row[Any]]) -> Row[Any] | None:
    """Return the found row of a login, on the same conditions."""
    at = center.clock()
    row = found[0] if found else None
    if row is None or row.disabled or at >= min(row.ends_at, row.seen_at + IDLE):
        return None
    # Last used in the future: the clock was set back, and the login's age is unknown.
    return None if at < row.seen_at - TOLERANCE else row


# Built once: SQLAlchemy takes longer to build a statement than the database to run it.
_BY_DIGEST: Select[Any] = (
    select(person, login.c.id.label("login_id"), login.c.verified, login.c.seen_at, login.c.ends_at)
    .join(login, login.c.person_id == person.c.id)
    .where(login.c.digest == bindparam("wanted"))
)


def _waiting_for(step: Step, connection: Connection, center: Center, token: str) -> Row[Any]:
    row = _alive(connection, center, token)
    if row is None or _step(row) is not step:
        raise AccountError(_OVER)
    return row


def _step(row: Row[Any]) -> Step:
    if not row.verified:
        return Step.CODE
    return Step.PASSWORD if row.must_change else Step.DONE


def _end(connection: Connection, token: str) -> bool:
    ended = connection.execute(delete(login).where(login.c.digest == digest_of(token)))
    return ended.rowcount == 1
