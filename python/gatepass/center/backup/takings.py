"""What was taken away from users since a backup: it stays so when the backup is put back.

A backup has the passwords, telephones, tokens and users of its day. Nobody who was shut out since
must get in again by an old password or token, or get codes on a telephone that was stolen. So of a
user whom both have, the present store's password, authenticator, mobile, address and shutting out
count, the lesser of the two roles, and only the tokens that both have; and a session belongs to
whom it belongs now, if the backup has that user. That believes the present store: if somebody else
wrote to it, restore into a new database.
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
#: Mails asked for in one statement.
_BATCH: Final = 1000


@dataclass(frozen=True, slots=True, repr=False)
class Takings:
    """What stays, by rows' numbers in the backup, and the names of all that is concerned.

    ``users`` and ``tokens`` are in the present store only, and go with it; ``kept`` are users who
    stay as they are now, ``revoked_tokens`` tokens that the backup would have brought back.
    ``handed_over`` are sessions that stay with whom they belong to now, and ``given_back`` those
    that go to an earlier owner, as the present one goes with the present store.
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

    def put_back(self, connection: Connection) -> None:
        """Take away from a store that was just restored. All logins end, all codes are void."""
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


def taken_since(now: Connection, saved: Connection) -> Takings:
    """Compare the present store with a backup of it, or of another one, which has none of it."""
    here, there = _people(now), _people(saved)
    both = here.keys() & there.keys()
    values = {there[one].id: changed for one in both if (changed := _later(here[one], there[one]))}
    numbers = {there[one].id for one in both}
    present, past = _tokens(now), _tokens(saved)
    # By the number that a user has now, the one in the backup.
    known = {here[one].id: there[one].id for one in both}
    others = list(_handed_over(now, saved, known))
    revoked = [row for key, row in past.items() if key not in present and row.person_id in numbers]
    return Takings(
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
    """Return users by what never changes of them: another store's of the same name are others."""
    rows = connection.execute(select(person))
    return {(row.id, row.name, row.created_at): row for row in rows}


def _handed_over(
    now: Connection, saved: Connection, known: Mapping[int, int]
) -> Iterator[tuple[Row[Any], int | None]]:
    """Give the backup's sessions that belong to another user now, and that user, if it has one."""
    owners = {_same_session(row): row.created_by for row in now.execute(select(session))}
    for row in saved.execute(select(session)):
        owner = owners.get(_same_session(row))
        if owner is not None and known.get(owner) != row.created_by:
            yield row, known.get(owner)


def _same_session(row: Row[Any]) -> tuple[Any, ...]:
    """Return what never changes of a session."""
    return row.id, row.name, row.created_at


def _later(now: Row[Any], then: Row[Any]) -> dict[str, Any]:
    """Return what a user of the backup must be changed to."""
    wanted = {name: getattr(now, name) for name in _NOW}
    wanted["disabled"] = now.disabled or then.disabled
    wanted["role"] = min(now.role, then.role, key=_rights)
    return {name: value for name, value in wanted.items() if value != getattr(then, name)}


def _rights(role: str) -> int:
    """Return how much a role may do: each has all that the lesser ones have."""
    if role not in Role.__members__:
        raise ValueError("this is no role")
    return len(MAY[Role[role]])


def _tokens(connection: Connection) -> dict[bytes, Row[Any]]:
    query = select(token, person.c.name.label("owner")).join(
        person, token.c.person_id == person.c.id
    )
    return {row.digest: row for row in connection.execute(query)}


def _sent(now: Connection, saved: Connection) -> dict[str, datetime]:
    """Return which mails that wait in the backup were sent since, and when."""
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
