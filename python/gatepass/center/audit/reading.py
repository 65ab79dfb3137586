"""A firm's part of the audit log, for its users with that right: in pages, and as a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from gatepass.center.audit import facts
from gatepass.center.audit.entry import Entry, entry_of
from gatepass.center.audit.rows import Unreadable, rows
from gatepass.center.context import Center
from gatepass.center.roles import Action, Actor
from gatepass.center.store.page import PAGE_SIZE, Page
from gatepass.center.store.schema import audit
from gatepass.keys.validity import exchange_zone

#: Entries read at a time for the file.
_BATCH = 1000
_TEXTS = (
    *(audit.c.actor, audit.c.action, audit.c.subject),
    *(audit.c.access_key_id, audit.c.detail, audit.c.origin),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter: entries with ``text`` in them, of the days ``first`` to ``last`` in Chicago.

    ``action`` is one of `ACTIONS`. An empty field filters nothing.
    """

    text: str = ""
    first: date | None = None
    last: date | None = None
    action: str = ""


_OF_THE_STORE = (facts.Action.REWRAP, facts.Action.RESTORE)
#: The actions in a firm, without those on the whole store.
ACTIONS = tuple(one for one in facts.Action if one not in _OF_THE_STORE)


def has_deleted(center: Center, actor: Actor, session: str, access_key_id: str) -> bool:
    """Tell whether this user deleted a key pair."""
    own = (audit.c.firm_id == actor.firm_id) & (audit.c.actor == actor.name)
    told = facts.as_json(facts.Facts(session=session, access_key_id=access_key_id))
    this = (audit.c.action == facts.Action.DELETE) & (audit.c.facts == told)
    with center.database.read() as connection:
        return connection.execute(select(audit.c.id).where(own & this).limit(1)).first() is not None


def entries(
    center: Center, actor: Actor, page: int = 1, size: int = PAGE_SIZE, wanted: Wanted = Wanted()
) -> Page[Entry | Unreadable]:
    """Return a page of the firm's entries, newest first.

    Raises `gatepass.errors.NotAllowedError`.
    """
    actor.require(Action.SEE_AUDIT)
    own = _condition(actor, wanted)
    with center.database.read() as connection:
        total = connection.execute(select(func.count()).select_from(audit).where(own)).scalar_one()
        offset = (max(1, page) - 1) * size
        query = select(audit).where(own).order_by(audit.c.id.desc()).limit(size).offset(offset)
        return Page(tuple(_read(connection, query)), max(1, page), size, total)


def as_csv(center: Center, actor: Actor, wanted: Wanted = Wanted()) -> Iterator[str]:
    """Give the entries as lines of a CSV file with a header, oldest first, times in UTC.

    A text that a spreadsheet would take for a formula gets an apostrophe before it, also after a
    possible cell separator. Raises `gatepass.errors.NotAllowedError` before the first line.
    """
    actor.require(Action.SEE_AUDIT)
    return _lines(center, _condition(actor, wanted))


_HEAD = (
    *("Entry", "Time (UTC)", "User", "Action", "What", "Access Key ID", "Detail", "From"),
    "Facts (JSON)",
)
#: How a formula begins in some spreadsheet; some skip Tab and CR before it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001

#: If the system's list separator is not a comma, a spreadsheet may begin a new cell within one.
_AFTER_SEPARATOR = re.compile(rf"[;|\t\r\n][\s\"]*(?=[{re.escape(''.join(_FORMULA[:4]))}＝＋－＠])")  # noqa: RUF001


def _lines(center: Center, own: ColumnElement[bool]) -> Iterator[str]:
    yield _line(_HEAD)
    after = 0
    while True:
        query = select(audit).where(own, audit.c.id > after).order_by(audit.c.id).limit(_BATCH)
        # One transaction per batch, so that a slow reader keeps none open.
        with center.database.read() as connection:
            found = _read(connection, query)
        yield "".join(_line(_cells(one)) for one in found)
        if len(found) < _BATCH:
            return
        after = _number(found[-1])


def _line(cells: tuple[object, ...]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow([_harmless(str(cell)) for cell in cells])
    return text.getvalue()


def _harmless(text: str) -> str:
    return _AFTER_SEPARATOR.sub(r"\g<0>'", f"'{text}" if text.startswith(_FORMULA) else text)


def _cells(one: Entry | Unreadable) -> tuple[object, ...]:
    if isinstance(one, Unreadable):
        return (one.number, "", "", UNREADABLE, "", "", "", "", "")
    at = f"{one.at:%Y-%m-%dT%H:%M:%S.%fZ}"
    who = (one.actor, one.action, one.subject, one.access_key_id, one.detail, one.origin)
    return (one.id, at, *who, one.facts)


#: The text for an entry that cannot be read.
UNREADABLE = "cannot be shown: its row in the database was changed"


def _number(one: Entry | Unreadable) -> int:
    return one.number if isinstance(one, Unreadable) else one.id


def _read(connection: Connection, query: Select[Any]) -> list[Entry | Unreadable]:
    found = rows(connection, query)
    return [row if isinstance(row, Unreadable) else entry_of(row) for row in found]


def _condition(actor: Actor, wanted: Wanted) -> ColumnElement[bool]:
    own = audit.c.firm_id == actor.firm_id
    # PostgreSQL refuses a text with a NUL, and no entry has one.
    if text := wanted.text.replace("\0", ""):
        own &= or_(*(column.icontains(text, autoescape=True) for column in _TEXTS))
    if action := wanted.action.replace("\0", ""):
        own &= audit.c.action == action
    if wanted.first is not None:
        own &= audit.c.at >= _midnight(wanted.first)
    if wanted.last is not None:
        own &= audit.c.at < _midnight(wanted.last + timedelta(days=1))
    return own


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), exchange_zone())
