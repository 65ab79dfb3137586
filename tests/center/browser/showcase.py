"""A firm's Request Center after a year of work, so that the pages have content."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import update

from gatepass.center.context import Center
from gatepass.center.mail import notices
from gatepass.center.pairs import pairs
from gatepass.center.pairs.firms import SessionKind, add_firm, add_session, find_session
from gatepass.center.pairs.sweep import sweep
from gatepass.center.people import passwords
from gatepass.center.people import users as people
from gatepass.center.people.codes import Purpose
from gatepass.center.roles import Actor, Role
from gatepass.center.store.schema import person
from tests.center.web.site import PASSWORD
from tests.center.world import Clock, Outbox

#: A Friday, 16:25 in Chicago: the center closes in five minutes.
TODAY = datetime(2026, 3, 6, 22, 25, tzinfo=UTC)

MOBILES = {"maria": "+13125550101", "kim": "+13125550102", "rae": "+13125550103"}
_ROLES = {"maria": Role.MANAGER, "kim": Role.KEYS, "rae": Role.READER}

_SESSIONS = (
    ("ABC", SessionKind.ILINK, "front desk, Chicago"),
    ("DEF", SessionKind.ILINK, "front desk, back-up"),
    ("GHJ", SessionKind.ILINK, "options market making"),
    ("KLM", SessionKind.ILINK, "spreads, London"),
    ("NPQ", SessionKind.ILINK, "execution for clients"),
    ("RST", SessionKind.ILINK, "new desk, from April on"),
    ("ABC123", SessionKind.DROPCOPY, "risk"),
)

#: Day, user, session; the number of the pair that a third one deletes, counted from the oldest.
_HISTORY: tuple[tuple[str, str, str, int | None], ...] = (
    ("2025-03-11", "maria", "ABC", None),
    ("2025-03-25", "kim", "NPQ", None),
    ("2025-06-03", "kim", "DEF", None),
    ("2025-08-05", "kim", "ABC", None),
    ("2025-08-12", "maria", "ABC", 1),
    ("2025-09-16", "kim", "GHJ", None),
    ("2025-10-07", "maria", "ABC123", None),
    ("2026-01-13", "kim", "KLM", None),
    ("2026-02-17", "kim", "ABC", None),
    ("2026-02-24", "kim", "GHJ", None),
)


def furnish_showcase(center: Center, clock: Clock, outbox: Outbox) -> None:
    """Add the firm, its users, each with `PASSWORD`, its sessions, and a year of key pairs."""
    _go(clock, "2025-03-10")
    add_firm(center, "Alpha Trading")
    actors = {name: _add_user(center, name) for name in MOBILES}
    for name, kind, description in _SESSIONS:
        add_session(center, "Alpha Trading", name, kind, "maria", description)
    for day, who, session, delete in _HISTORY:
        _go(clock, day)
        sweep(center, accept_clock=True)
        active = find_session(center, actors[who], session).active[::-1]
        chosen = None if delete is None else active[delete].access_key_id
        made = pairs.generate(center, actors[who], session, chosen)
        pairs.request_code(center, actors[who], Purpose.DOWNLOAD, [made.access_key_id])
        pairs.download(center, actors[who], [made.access_key_id], outbox.last_code)
    for actor in actors.values():
        notices.mark_seen(center, actor, [each.id for each in notices.unseen(center, actor)])
    clock.now = TODAY
    sweep(center, accept_clock=True)


def add_newcomer(center: Center) -> tuple[str, str, str]:
    """Add a user who has not chosen a password yet: name, mobile, one-time password."""
    mobile = "+13125550104"
    made = people.add_person(
        center, "Alpha Trading", "noor", "Noor", "noor@example.com", mobile, Role.READER
    )
    return "noor", mobile, made.one_time_password.reveal()


def _add_user(center: Center, name: str) -> Actor:
    made = people.add_person(
        center, "Alpha Trading", name, name.title(), f"{name}@example.com", MOBILES[name],
        _ROLES[name],
    )  # fmt: skip
    values = {"password_hash": passwords.hash_password(PASSWORD), "must_change": False}
    own = update(person).where(person.c.id == made.id).values(values)
    center.database.write(lambda connection: connection.execute(own))
    return Actor(made.id, 1, name, _ROLES[name], "192.0.2.17")


def _go(clock: Clock, day: str) -> None:
    """Go to the morning of a day."""
    clock.now = datetime.fromisoformat(f"{day}T15:00:00+00:00")
