"""Compare the audit log with the store.

The chain proves that no entry was changed. It cannot prove that the end was not cut off, if an
older head row was restored too. But actions also leave rows in the store: each pair was generated,
each ended pair was deleted or expired, each code was sent, and each used code was used for
something. So this check finds a missing entry for any of them, and a pair that was removed or set
back while its entry is still there.

Codes are kept for 30 days after their day, so only the entries of that time are compared. Of an
entry, its action, facts, author and time are read, but no text for people.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, case, func, select, union

from gatepass.center.audit.facts import Action, fact
from gatepass.center.audit.rows import UNREADABLE
from gatepass.center.store.schema import audit, code, pair, pair_version, person, session
from gatepass.keys.rules import outlives_rules

_key_id, _session_name, _made_room = fact("access_key_id"), fact("session"), fact("deleted")
#: The actions in a pair's life.
_LIVES = (Action.GENERATE, Action.DELETE, Action.EXPIRE)
#: An action and its entry are in one transaction, which may wait for locks between the two.
_TOGETHER = timedelta(minutes=2)
#: A pair has the time of its request, which may have waited for other requests.
_WAITED = timedelta(hours=1)
#: A pair ends at most this long after a newer pair of its session is made: four weeks, then until
#: a market close that holidays may delay.
_OVERLAP = timedelta(days=40)
#: Rows fetched at a time.
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A difference. The store does not confirm ``entry``; ``None``: an entry is missing."""

    problem: str
    entry: int | None = None


def first_mismatch(connection: Connection) -> Mismatch | None:
    """Return the first difference between log and store, as of one moment."""
    try:
        with closing(_mismatches(connection)) as found:
            return next(found, None)
    except UNREADABLE:
        return Mismatch("a pair or a code has a malformed time")


def _mismatches(connection: Connection) -> Generator[Mismatch, None, None]:
    for what, there, logged in _MUST_BE_LOGGED:
        for (name,) in connection.execute(there.except_(logged).limit(1)):
            yield Mismatch(f"no entry says that key pair {name} {what}")
    for what, logged, there in _MUST_BE_THERE:
        for (name,) in connection.execute(logged.except_(there).limit(1)):
            about = audit.c.action.in_(_LIVES) & (_key_id == name) | (_made_room == name)
            says = select(func.min(audit.c.id)).where(about)
            entry = connection.execute(says).scalar_one()
            yield Mismatch(
                f"the log says that key pair {name} {what}, but the store does not", entry
            )
    yield from _sessions(connection)
    yield from _pairs(connection)
    yield from _codes(connection)


def _sessions(connection: Connection) -> Generator[Mismatch, None, None]:
    """Compare how often each firm's sessions were added and removed."""
    is_removed = session.c.removed_at.is_not(None)
    for action, done, which in (
        (Action.ADD_SESSION, "added", None),
        (Action.REMOVE_SESSION, "removed", is_removed),
    ):
        stored = _counted(session.c.name, session.c.firm_id, which)
        logged = _counted(_session_name, audit.c.firm_id, audit.c.action == action)
        for one, other in ((stored, logged), (logged, stored)):
            for name, firm_id, _ in connection.execute(one.except_(other).limit(1)):
                yield Mismatch(
                    f"the log and the store disagree on how often session {name} of the firm with"
                    f" the id {firm_id} was {done}"
                )


def _pairs(connection: Connection) -> Generator[Mismatch, None, None]:
    """Compare each pair with the entry of its generation and with the rules."""
    query = (
        select(pair.c.access_key_id, pair.c.session_id, pair.c.slot)
        .add_columns(pair.c.created_at, pair.c.expires_at, session.c.name, session.c.firm_id)
        .add_columns(audit.c.at, _session_name.label("name_then"))
        .add_columns(audit.c.firm_id.label("firm_then"))
        .join(session, pair.c.session_id == session.c.id)
        .join(audit, (_key_id == pair.c.access_key_id) & (audit.c.action == Action.GENERATE))
        .order_by(pair.c.session_id, pair.c.id.desc())
    )
    with connection.execute(query.execution_options(yield_per=_BATCH)) as rows:
        yield from _amiss(rows)


def _amiss(rows: Iterable[Row[Any]]) -> Generator[Mismatch, None, None]:
    newer: Row[Any] | None = None
    for row in rows:
        name = row.access_key_id
        if (row.name, row.firm_id) != (row.name_then, row.firm_then):
            yield Mismatch(f"key pair {name} was generated for another session or firm")
        if abs(row.created_at - row.at) > _WAITED:
            yield Mismatch(f"key pair {name} was generated at another time than the store says")
        if outlives_rules(row.created_at, row.expires_at) or (
            newer is not None
            and newer.session_id == row.session_id
            and row.slot is not None
            and row.expires_at > newer.created_at + _OVERLAP
        ):
            yield Mismatch(f"key pair {name} is valid longer than the rules allow")
        newer = row


def _counted(
    name: ColumnElement[str], firm_id: ColumnElement[int], which: ColumnElement[bool] | None
) -> Select[Any]:
    """Count the rows for each session name and firm."""
    query = select(name).add_columns(firm_id, func.count()).group_by(name, firm_id)
    return query if which is None else query.where(which)


def _codes(connection: Connection) -> Generator[Mismatch, None, None]:
    """Look for the entry of each sent code and of each used code."""
    query = select(code, person.c.name).join(person, code.c.person_id == person.c.id)
    sent = connection.execute(query.order_by(code.c.created_at, code.c.id)).all()
    if not sent:
        return
    logged = _deeds_since(connection, min(row.created_at for row in sent) - _TOGETHER)
    for row in sent:
        if not _take(logged.get((row.name, Action.CODE), []), row.created_at, row.purpose):
            yield Mismatch(
                f"no entry mentions the code for {row.purpose} that was sent to {row.name} at"
                f" {row.created_at:%Y-%m-%d %H:%M:%S} UTC"
            )
        deed = _DEEDS.get(row.purpose)
        if row.used_at is None or deed is None:
            continue
        # A code for several pairs contains only their hash, so any entry of theirs counts.
        about = None if row.purpose == "logon" or row.subject.startswith("sha256:") else row.subject
        if not _take(logged.get((row.name, deed), []), row.used_at, about):
            yield Mismatch(
                f"no entry mentions the {row.purpose} for which {row.name} used a code at"
                f" {row.used_at:%Y-%m-%d %H:%M:%S} UTC"
            )


#: The action in the entry when a code with this purpose was used.
_DEEDS = {"logon": Action.LOG_ON, "download": Action.DOWNLOAD, "delete": Action.DELETE}


def _deeds_since(
    connection: Connection, since: datetime
) -> dict[tuple[str, str], list[tuple[datetime, str]]]:
    """Return each user's actions: when, and for which pair, or a sent code's purpose."""
    deeds: dict[tuple[str, str], list[tuple[datetime, str]]] = {}
    about = case((audit.c.action == Action.CODE, fact("purpose")), else_=_key_id).label("about")
    query = select(audit.c.at, audit.c.actor, audit.c.action, about).where(
        audit.c.at >= since, audit.c.action.in_((Action.CODE, *_DEEDS.values()))
    )
    for row in connection.execute(query.order_by(audit.c.id)):
        deeds.setdefault((row.actor, row.action), []).append((row.at, row.about))
    return deeds


def _take(deeds: list[tuple[datetime, str]], at: datetime, about: str | None) -> bool:
    """Remove the first action at this time, so that it confirms one code only."""
    for number, (then, what) in enumerate(deeds):
        if abs(then - at) <= _TOGETHER and about in (None, what):
            del deeds[number]
            return True
    return False


def _logged(action: Action) -> Select[Any]:
    return select(_key_id).where(audit.c.action == action)


def _in_state(state: str) -> Select[Any]:
    return select(pair.c.access_key_id).where(pair.c.state == state)


def _once_in_state(state: str) -> Select[Any]:
    versions = select(pair.c.access_key_id).join(pair_version, pair_version.c.pair_id == pair.c.id)
    return versions.where(pair_version.c.state == state)


def _either(*queries: Select[Any]) -> Select[Any]:
    # SQLite does not accept brackets around a part of a compound, only a subquery.
    return select(union(*queries).subquery().c[0])


def _made_room_for_another() -> Select[Any]:
    generated = audit.c.action == Action.GENERATE
    return select(_made_room).where(generated, _made_room.is_not(None))


_DELETED = _either(_logged(Action.DELETE), _made_room_for_another())
_ALL_PAIRS = select(pair.c.access_key_id)

#: What the store shows, and the entries that must confirm it.
_MUST_BE_LOGGED = (
    ("was generated", _ALL_PAIRS, _logged(Action.GENERATE)),
    ("was deleted", _either(_in_state("deleted"), _once_in_state("deleted")), _DELETED),
    ("expired", _either(_in_state("expired"), _once_in_state("expired")), _logged(Action.EXPIRE)),
)
#: What entries say, and what the store must show: now, and in the disaster-recovery view.
_MUST_BE_THERE = (
    ("was generated", _logged(Action.GENERATE), _ALL_PAIRS),
    ("was deleted", _DELETED, _in_state("deleted")),
    ("was deleted", _DELETED, _once_in_state("deleted")),
    ("expired", _logged(Action.EXPIRE), _in_state("expired")),
    ("expired", _logged(Action.EXPIRE), _once_in_state("expired")),
)
