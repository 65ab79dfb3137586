"""Changes since a backup that a restore keeps: a user does not get lost rights back.

A backup contains old passwords, mobiles, tokens and users. A user who was disabled since must not
get in again with an old password or token, nor get codes on a mobile that was stolen. So for a user
in both stores, the present password, authenticator, mobile, address and disabling count, the lesser
of the two roles, and only the tokens in both; and a session keeps its present owner, if the backup
has that user. This trusts the present store: if someone else wrote to it, restore into a new
database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from gatepass.center.roles import MAY, Role
from gatepass.center.store import moment
from gatepass.center.store.schema import clock, login, mail, person, session, token

#: Columns of a user that stay as they are now.
_NOW: Final = (
    *("password_hash", "must_change", "totp_sealed", "totp_step"),
    *("mobile", "email"),
)
#: Mails per query.
_BATCH: Final = 1000


@dataclass(frozen=True, slots=True, repr=False)
class KeptChanges:
    """What is kept, by row ids of the backup, and the names of all that is affected.

    ``users`` and ``tokens`` exist only in the present store and are lost with it. ``kept`` are
    users who stay as they are now, ``revoked_tokens`` are tokens that stay revoked. Sessions that
    are ``handed_over`` keep their present owner; those ``given_back`` go to an earlier one, since
    the backup does not have the present one.
    """

    users: tuple[str, ...]
    tokens: tuple[str, ...]
    kept: tuple[str, ...]
    revoked_tokens: tuple[str, ...]
    handed_over: tuple[str, ...]
    given_back: tuple[str, ...]
    _values: Mapping[int, dict[str, Any]]
    _revoked: tuple[int, ...]
    _owners: Mapping[int, int]
    _sent: Mapping[str, datetime]
    _swept_at: datetime | None

    def apply(self, connection: Connection) -> None:
        """Apply the changes to a restored store. All logins end, and all codes become void."""
        connection.execute(delete(login))
        moment.void_codes(connection)
        for number, values in self._values.items():
            connection.execute(update(person).where(person.c.id == number).values(values))
        for number, owner in self._owners.items():
            owned = update(session).where(session.c.id == number)
            connection.execute(owned.values(created_by=owner))
        for number in self._revoked:
            connection.execute(delete(token).where(token.c.id == number))
        if self._sent:
            rows = [{"its": key, "sent": at} for key, at in self._sent.items()]
            connection.execute(_NOTE_SENT, rows)
        if self._swept_at is not None:
            connection.execute(update(clock).values(swept_at=self._swept_at))


_NOTE_SENT = (
    update(mail)
    .where(mail.c.key == bindparam("its"))
    .values(sent_at=bindparam("sent", type_=mail.c.sent_at.type), claimed_until=None)
)


def changes_to_keep(now: Connection, saved: Connection) -> KeptChanges:
    """Compare the present store with a backup; one of another store has nothing in common."""
    here, there = _people(now), _people(saved)
    both = here.keys() & there.keys()
    values = {there[one].id: changed for one in both if (changed := _later(here[one], there[one]))}
    numbers = {there[one].id for one in both}
    present, past = _tokens(now), _tokens(saved)
    # The id of a user in the backup, by the present id.
    known = {here[one].id: there[one].id for one in both}
    others = list(_handed_over(now, saved, known))
    revoked = [row for key, row in past.items() if key not in present and row.person_id in numbers]
    return KeptChanges(
        users=_names(here[one].name for one in here.keys() - both),
        tokens=_names(_said(row) for key, row in present.items() if key not in past),
        kept=_names(row.name for row in there.values() if row.id in values),
        revoked_tokens=_names(map(_said, revoked)),
        handed_over=_names(row.name for row, owner in others if owner is not None),
        given_back=_names(row.name for row, owner in others if owner is None),
        _values=values,
        _revoked=tuple(row.id for row in revoked),
        _owners={row.id: owner for row, owner in others if owner is not None},
        _sent=_sent(now, saved),
        _swept_at=now.execute(select(clock.c.swept_at)).scalar_one_or_none(),
    )


def _people(connection: Connection) -> dict[tuple[Any, ...], Row[Any]]:
    """Return users by what never changes; another store's user of the same name differs."""
    rows = connection.execute(select(person))
    return {(row.id, row.name, row.created_at): row for row in rows}


def _handed_over(
    now: Connection, saved: Connection, known: Mapping[int, int]
) -> Iterator[tuple[Row[Any], int | None]]:
    """Yield the backup's sessions that have another owner now, and the owner's id in the backup."""
    owners = {_same_session(row): row.created_by for row in now.execute(select(session))}
    for row in saved.execute(select(session)):
        owner = owners.get(_same_session(row))
        if owner is not None and known.get(owner) != row.created_by:
            yield row, known.get(owner)


def _same_session(row: Row[Any]) -> tuple[Any, ...]:
    """Return the values of a session that never change."""
    return row.id, row.name, row.created_at


def _later(now: Row[Any], then: Row[Any]) -> dict[str, Any]:
    """Return the changes for a user of the backup."""
    wanted = {name: getattr(now, name) for name in _NOW}
    wanted["disabled"] = now.disabled or then.disabled
    wanted["role"] = min(now.role, then.role, key=_rights)
    return {name: value for name, value in wanted.items() if value != getattr(then, name)}


def _rights(role: str) -> int:
    """Return the number of actions of a role: each role has all actions of the lesser ones."""
    return len(MAY[Role[role]])


def _tokens(connection: Connection) -> dict[bytes, Row[Any]]:
    query = select(token, person.c.name.label("owner")).join(
        person, token.c.person_id == person.c.id
    )
    return {row.digest: row for row in connection.execute(query)}


def _sent(now: Connection, saved: Connection) -> dict[str, datetime]:
    """Return the mails that wait in the backup but were sent since, and when."""
    waiting = saved.execute(select(mail.c.key).where(mail.c.sent_at.is_(None))).scalars().all()
    sent: dict[str, datetime] = {}
    for start in range(0, len(waiting), _BATCH):
        those = mail.c.key.in_(waiting[start : start + _BATCH])
        query = select(mail.c.key, mail.c.sent_at).where(those, mail.c.sent_at.is_not(None))
        sent.update({row.key: row.sent_at for row in now.execute(query)})
    return sent


def _said(row: Row[Any]) -> str:
    return f"{row.name} of {row.owner}"


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))
