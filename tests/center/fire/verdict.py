"""Compare the database afterwards with what the clients were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from typing import Any

from sqlalchemy import Row, func, select

from gatepass.center.audit import log as audit
from gatepass.center.audit.verifying import verify
from gatepass.center.context import Center
from gatepass.center.pairs import rows as pair_rows
from gatepass.center.store.schema import audit as log
from gatepass.center.store.schema import mail, notice, pair, pair_version
from gatepass.center.store.schema import session as sessions
from tests.center.fire.client import Deed, Told
from tests.center.fire.store import MANAGER

#: Actions with mails and notices, and the word in a mail's subject.
_DONE = {"generate": "generated", "download": "downloaded", "delete": "deleted"}


def verdict(
    center: Center, told: Told, after: int, got: Sequence[tuple[str, EmailMessage]]
) -> Iterator[str]:
    """Yield all problems; ``after`` is the number of the last entry before the fire.

    ``got`` are the recipients and messages at the mail server.
    """
    yield from told.problems
    broken = verify(center.database, center.vault)
    if broken.broken is not None:
        yield f"the audit chain: {broken}"
    yield from _compared("audit log", told.deeds, _logged(center, after))
    yield from _mails(center, told, got)
    yield from _pairs(center)
    yield from _files(center, told)


def _logged(center: Center, after: int) -> Counter[Deed]:
    with center.database.read() as connection:
        # A sweep of the servers warns of pairs with four weeks left: not a client's action.
        mine = (log.c.id > after) & (log.c.actor != audit.SYSTEM)
        rows = connection.execute(select(log).where(mine)).all()
    return Counter(
        # The client does not know where a code was sent.
        (row.actor, row.action, row.subject, row.access_key_id, row.detail[:3])
        if row.action == "code"
        else (row.actor, row.action, row.subject, row.access_key_id, row.detail)
        for row in rows
    )


def _mails(center: Center, told: Told, got: Sequence[tuple[str, EmailMessage]]) -> Iterator[str]:
    """Each action has one mail to its user, one to the manager, sent once, and one notice."""
    wanted: Counter[str] = Counter()
    titles: Counter[tuple[str, str]] = Counter()
    for (user, action, session, _, _), number in told.deeds.items():
        if action in _DONE:
            wanted[user] += number
            for name in (user, MANAGER):
                titles[f"{name}@example.com", f"{action} {session}"] += number
    with center.database.read() as connection:
        queued = connection.execute(select(mail)).all()
        noted = connection.execute(select(func.count()).select_from(notice)).scalar_one()
        warned = connection.execute(
            select(log.c.access_key_id).where(log.c.actor == audit.SYSTEM, log.c.action == "warn")
        ).scalars()
        warnings = Counter(f"expiring:{name}" for name in warned)
    told_of = [row for row in queued if not row.key.startswith("expiring:")]
    if noted != wanted.total() + warnings.total():
        yield f"{noted} notices for {wanted.total()} deeds and {warnings.total()} warnings"
    yield from _compared("mails queued", titles, Counter(map(_title, told_of)))
    keys = (row.key.rpartition(":")[0].rpartition(":")[0] for row in queued)
    there = Counter(key for key in keys if key.startswith("expiring:"))
    yield from _compared("warnings queued", warnings, there)
    waiting = sum(row.sent_at is None for row in queued)
    if waiting:
        yield f"{waiting} mails were not sent"
    names = Counter(message["Message-ID"] for _, message in got)
    doubled = [name for name, number in names.items() if number > 1]
    if doubled or len(names) != len(queued):
        yield f"the mail server got {len(names)} of {len(queued)} mails, {len(doubled)} twice"
    recipients = Counter(address for address, _ in got)
    yield from _compared("mails received", recipients, Counter(row.recipient for row in queued))


def _title(row: Row[Any]) -> tuple[str, str]:
    words = row.subject.split()
    action = next(action for action in _DONE if _DONE[action] in words)
    return row.recipient, f"{action} {words[-1]}"


def _pairs(center: Center) -> Iterator[str]:
    """By their versions, a session never had three active pairs."""
    with center.database.read() as connection:
        pairs = {row.id: row for row in connection.execute(select(pair))}
        versions = connection.execute(select(pair_version).order_by(pair_version.c.id)).all()
    active: dict[int, set[int]] = {}
    for version in versions:
        its = active.setdefault(pairs[version.pair_id].session_id, set())
        (its.add if version.state == "active" else its.discard)(version.pair_id)
        if len(its) > 2:
            yield f"three active pairs at {version.at}"
    now = {row.id for row in pairs.values() if row.slot is not None}
    if now != set().union(*active.values()):
        yield "the versions and the pairs do not agree on what is active"


def _files(center: Center, told: Told) -> Iterator[str]:
    """Each key file has the secret of the pair it names."""
    with center.database.read() as connection:
        columns = select(pair.c.sealed, *pair_rows.SEAL_COLUMNS)
        rows = connection.execute(columns.join(sessions, pair.c.session_id == sessions.c.id)).all()
    named = {row.access_key_id: row for row in rows}
    for text in told.files:
        _, name, secret, *_ = text.splitlines()[1].split()
        subject = pair_rows.seal_subject_of(named[name])
        if center.vault.open(named[name].sealed, subject) != secret:
            yield f"the key file of {name} has another secret"


def _compared(what: str, wanted: Counter[Any], there: Counter[Any]) -> Iterator[str]:
    for word, some in (("lost", wanted - there), ("too many", there - wanted)):
        if some:
            yield f"{what}: {word}: {some.total()}, such as {list(some.items())[:3]}"
