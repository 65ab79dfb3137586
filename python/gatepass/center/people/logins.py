"""Logging on to the Request Center: password, then code, then, once, a password of one's own.

Each step is known by a token, and each step gives a new one and ends the old: whoever planted or
saw a token before a step has nothing after it. Only a hash of a token is stored.

An unknown name, a wrong password, a disabled user and one who is locked out get the same answer
after the same work: the same counts, one Argon2 hash, one audit entry.
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

#: A login ends so long after it was last used, and so long after it began.
IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
#: Time to get from the password to the code.
UNVERIFIED = timedelta(minutes=15)
#: How exactly the last use is noted, so that not each request writes.
_GRAIN = timedelta(seconds=15)

#: Passwords tried for one name from one origin, or in a browser that is known: then the name is
#: locked there until fewer were tried in that time. Who knows a name locks out nobody elsewhere.
BY_NAME = limits.Limit("logon name", 5, timedelta(minutes=15))
#: Passwords tried for one name from all origins together, known browsers left out: somebody may
#: have many origins (NIST SP 800-63B has 100 at most).
FROM_ALL = limits.Limit("logon name from all", 100, timedelta(minutes=15))
#: Wrong passwords from one origin, whatever the names: users may share it.
BY_ORIGIN = limits.Limit("logon origin", 50, timedelta(minutes=15))

_REFUSED = (
    "user name and password do not fit, or there were too many tries: check both, and after five"
    " tries wait a quarter of an hour"
)
_OVER = "this logon is over: begin again with user name and password"


class Step(enum.Enum):
    """What a token waits for."""

    CODE = "give the verification code"
    PASSWORD = "choose a password"  # noqa: S105 - a step's name
    DONE = "logged in"


@dataclass(frozen=True, slots=True)
class Pending:
    """The password was right. ``sent`` tells where the code went; ``None``: authenticator."""

    token: Hidden
    sent: Sent | None


@dataclass(frozen=True, slots=True)
class Halfway:
    """What a token that is not through waits for: `Step.CODE` or `Step.PASSWORD`.

    ``authenticator``: its code is awaited, unless one was sent to the mobile that ends in ``to``.
    """

    step: Step
    name: str
    authenticator: bool
    to: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The code was right. With ``must_change``, a password of one's own comes first."""

    token: Hidden
    must_change: bool


def begin_login(
    center: Center, name: str, password: str, origin: str = "", browser: str = ""
) -> Pending:
    """Check a password, send the code, and return the token of the next step.

    ``browser``: what `known_browsers.introduce` gave it once. Raises `AccountError`, always the
    same; `LimitError` for an origin that tried too often; and
    `gatepass.errors.CodeError` (``budget``, ``unsent``) when the password is right and no code
    can be sent.
    """
    try:
        row = _proved(center, normal_name(name), password, origin, browser)
    finally:
        del password
    actor = actor_of(row, origin)
    sent = None if row.totp_step is not None else _send(center, actor)
    return Pending(_new_login(center, row.id, origin, verified=False), sent)


def send_again(center: Center, token: str, origin: str = "") -> Sent:
    """Send another code, or one to the mobile of a user who has an authenticator.

    Raises `AccountError` when the token does not wait for a code, and as `codes.send_code`.
    """
    with center.database.read() as connection:
        row = _waiting_for(Step.CODE, connection, center, token)
    return _send(center, actor_of(row, origin))


def finish_login(center: Center, token: str, code: str, origin: str = "") -> LoggedIn:
    """Check the code and return the token of the login.

    Raises `AccountError` when the token does not wait for a code, `gatepass.errors.CodeError`
    when the code is not right.
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
    """Return what a token waits for; ``None`` for one that is through, over or unknown."""
    row = _living(center, center.database.ask(_BY_DIGEST, {"wanted": digest_of(token)}))
    if row is None or _step(row) is Step.DONE:
        return None
    return Halfway(_step(row), row.name, row.totp_step is not None, codes.masked(row.mobile))


def find(center: Center, token: str, origin: str = "") -> Actor | None:
    """Return who is logged in with this token, or ``None``; the login counts as used.

    ``None`` also before the code, and before a one-time password was replaced: `find_pending`.
    Role and firm are as they are now, not as at logon.
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
    """Log out: the token is worth nothing from now on, at whatever step it was."""
    center.database.write(lambda connection: _end(connection, token))


def sweep(connection: Connection, at: datetime) -> int:
    """Delete logins that are over, and return how many."""
    over = or_(login.c.ends_at <= at, login.c.seen_at <= at - IDLE)
    return connection.execute(delete(login).where(over)).rowcount


def waiting_for_password(connection: Connection, center: Center, token: str) -> Row[Any]:
    """Return the user and login whose token waits for a first password; else `AccountError`."""
    return _waiting_for(Step.PASSWORD, connection, center, token)


def logged_in(connection: Connection, center: Center, token: str) -> Row[Any]:
    """Return the user and login of a token that is through all steps; else `AccountError`."""
    return _waiting_for(Step.DONE, connection, center, token)


def use_up(connection: Connection, token: str) -> None:
    """End a token as part of its next step; of two at once, one gets `AccountError`.

    Whether it was there is told by its deletion, which waits for whoever else deletes it.
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
    """Return the actor that a row of `person` is."""
    return Actor(row.id, row.firm_id, row.name, Role[row.role], origin)


def normal_name(name: str) -> str:
    """Return a user name as it is stored, however it was typed; what no name holds is left out."""
    return name.strip().casefold().encode("utf-8", "ignore").decode().replace("\0", "")


def digest_of(token: str) -> bytes:
    """Return what is stored of a token: a plain hash, for nobody guesses 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def unlock(connection: Connection, name: str) -> None:
    """Forget all passwords that were tried for a name."""
    for limit in (BY_NAME, FROM_ALL):
        limits.clear_all(connection, limit, name)


def _proved(center: Center, name: str, password: str, origin: str, browser: str) -> Row[Any]:
    """Return the user whose name and password these are, or raise the one refusal."""
    try:
        with center.database.read() as connection:
            row = connection.execute(select(person).where(person.c.name == name)).one_or_none()
        mark = known_browsers.mark_of(center, row, browser)
        counts = _Counts(center, name, network_of(origin), mark)
        stored = passwords.NOBODY if row is None else row.password_hash
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
    """What one try counts against, and whether its name is locked. May raise `LimitError`."""

    def __init__(self, center: Center, name: str, network: str, mark: str) -> None:
        # A browser that is known shares none of its tries with anybody.
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
        """The password was right: forget the wrong ones before it, and that this was a try."""
        limits.clear(connection, BY_NAME, *self._own)
        for number in self._numbers:
            limits.take_back(connection, number)


def _rehashed(stored: str, password: str) -> str | None:
    """Return a hash of today's costs, where the stored one is of older ones."""
    try:
        return passwords.hash_password(password) if passwords.is_outdated(stored) else None
    finally:
        del password


def _note_refusal(center: Center, row: Row[Any] | None, origin: str) -> None:
    """Log it; an unknown name is not written down: people type passwords there."""
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
    """Return the user and login of a token, unless it is over or the user is disabled."""
    return _living(center, connection.execute(_BY_DIGEST, {"wanted": digest_of(token)}).all())


def _living(center: Center, found: Sequence[Row[Any]]) -> Row[Any] | None:
    """Return the row of a login that was found, likewise."""
    at = center.clock()
    row = found[0] if found else None
    if row is None or row.disabled or at >= min(row.ends_at, row.seen_at + IDLE):
        return None
    # Used in the future: the clock was set back, and nobody knows how long ago this began.
    return None if at < row.seen_at - TOLERANCE else row


# Made once: building a statement takes SQLAlchemy longer than running it takes the database.
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
