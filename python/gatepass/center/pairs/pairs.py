"""Generate, download and delete key pairs, each in one transaction, logged last.

The steps of a request: role and opening hours, the session's row (locked, so that requests for one
session run one after the other), the rules, the verification code, the changes, mail, audit log.
If all else fails, the database itself allows a session only two active pairs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row

from gatepass.center.audit import log as audit
from gatepass.center.context import Center
from gatepass.center.mail import notices
from gatepass.center.pairs import firms, hours
from gatepass.center.pairs import rows as pair_rows
from gatepass.center.pairs.views import PairView, days_until, pair_view
from gatepass.center.people import codes
from gatepass.center.people.codes import Purpose, Sent
from gatepass.center.roles import Action, Actor
from gatepass.errors import CenterError, VaultError
from gatepass.keys.identifiers import AccessKeyId, SessionId
from gatepass.keys.issue import format_key_file, generate_pair
from gatepass.keys.pair import IssuedPair
from gatepass.keys.rules import (
    Generation,
    PairState,
    PairTerms,
    effective_state,
    end_of_life,
    end_of_overlap,
    plan_deletion,
    plan_generation,
)
from gatepass.keys.secret import SecretKey
from gatepass.keys.validity import exchange_zone


def generate(
    center: Center,
    actor: Actor,
    session_name: str,
    delete: str | None = None,
    *,
    shown: Collection[str] | None = None,
) -> PairView:
    """Generate a pair for a session; ``delete`` names the one of two active pairs to delete.

    ``shown`` are the active pairs that the user saw. If others are active now, it raises
    `OtherPairsError`, so that a form that is sent twice makes one pair. Raises
    `gatepass.errors.ThirdPairError` when ``delete`` is missing, and `NotAllowedError`,
    `ClosedError`, `NotFoundError`, `CenterError` as the rules say.
    """
    at = _allowed(center, actor, Action.GENERATE)
    chosen = None if delete is None else firms.known_key(delete)

    def work(connection: Connection) -> PairView:
        row = pair_rows.lock_session(connection, actor.firm_id, session_name)
        before = pair_rows.terms(connection, row.id)
        if shown is not None and _active(before, at) != set(shown):
            raise OtherPairsError
        plan = plan_generation(session_name, before, at, center.calendar, chosen)
        lapsed = pair_rows.settle(connection, before, plan.created_at)
        made = _carry_out(connection, center, actor, row, plan)
        name = made.access_key_id
        notices.generated(
            connection,
            center,
            actor,
            session_name,
            name,
            plan.expires_at,
            plan.delete,
            plan.shorten,
        )
        log = partial(audit.append, connection, center, actor)
        for one in lapsed:
            log(audit.Action.EXPIRE, session=session_name, access_key_id=one.access_key_id)
        made_room = plan.delete
        log(audit.Action.GENERATE, session=session_name, access_key_id=name, deleted=made_room)
        return _view_of_new(actor, made, plan, at)

    return center.database.write(work, again=True)


class OtherPairsError(CenterError):
    """The active pairs of the session are not those that the user saw."""

    def __str__(self) -> str:
        return "the key pairs of this session have changed since this page was shown: check them"


def _active(pairs: Iterable[PairTerms], at: datetime) -> set[str]:
    return {one.access_key_id for one in pairs if effective_state(one, at) is PairState.ACTIVE}


@dataclass(frozen=True, slots=True)
class Foreseen:
    """When a pair that is generated now would expire, and the latest end of an older one."""

    expires_at: datetime
    older_ends_at: datetime


def foresee(center: Center) -> Foreseen:
    """Return what the rules would give a pair now, for the dialog before it is generated."""
    at = center.clock()
    return Foreseen(end_of_life(at, center.calendar), end_of_overlap(at, center.calendar))


#: The purpose of a code, and the action that its user's role must allow.
_ACTIONS = {Purpose.DOWNLOAD: Action.DOWNLOAD, Purpose.DELETE: Action.DELETE}


def request_code(
    center: Center, actor: Actor, purpose: Purpose, access_key_ids: Sequence[str]
) -> Sent:
    """Send the code to download or delete these pairs to the mobile of their session's owner.

    Raises `gatepass.errors.CodeError` when none can be sent, and what `download` and `delete`
    raise.
    """
    at = _allowed(center, actor, _ACTIONS[purpose])
    with center.database.read() as connection:
        rows = pair_rows.find_pairs(connection, actor.firm_id, access_key_ids)
    _require_active(rows, at)
    subject = codes.subject_of(access_key_ids)
    return codes.send_code(center, actor, purpose, subject, _creator(rows))


def download(center: Center, actor: Actor, access_key_ids: Sequence[str], code: str) -> str:
    """Return the text of a key file with these pairs, for the code that was sent for them.

    Raises `gatepass.errors.CodeError` for a wrong code, `CenterError` for a pair that has ended,
    `VaultError` for one that cannot be opened (the code then stays valid), and
    `NotAllowedError`, `ClosedError`, `NotFoundError`.
    """
    at = _allowed(center, actor, Action.DOWNLOAD)
    subject = codes.subject_of(access_key_ids)

    def work(connection: Connection) -> str:
        rows = pair_rows.find_pairs(connection, actor.firm_id, access_key_ids)
        _require_active(rows, at)
        codes.check_code(connection, center, actor, Purpose.DOWNLOAD, subject, code)
        text = format_key_file(_issued(center, row) for row in rows)
        named = [(row.session_name, row.access_key_id) for row in rows]
        notices.downloaded(connection, center, actor, named)
        done = audit.Action.DOWNLOAD
        for session, key in named:
            audit.append(connection, center, actor, done, session=session, access_key_id=key)
        return text

    return center.database.write(work)


def delete(center: Center, actor: Actor, access_key_id: str, code: str) -> PairView:
    """Delete an active pair at once, for the code that was sent for it.

    Raises what `download` raises.
    """
    at = _allowed(center, actor, Action.DELETE)
    chosen = firms.known_key(access_key_id)

    def work(connection: Connection) -> PairView:
        row = pair_rows.lock_session_of(connection, actor.firm_id, chosen)
        before = pair_rows.terms(connection, row.id)
        plan = plan_deletion(row.name, before, chosen, at)
        subject = codes.subject_of([chosen])
        codes.check_code(connection, center, actor, Purpose.DELETE, subject, code)
        pair_rows.end_pair(connection, chosen, PairState.DELETED, plan.ended_at, at)
        pair_rows.keep_versions(connection, [chosen], plan.ended_at)
        notices.deleted(connection, center, actor, row.name, chosen)
        done = audit.Action.DELETE
        audit.append(connection, center, actor, done, session=row.name, access_key_id=chosen)
        return _view(connection, actor, chosen, at)

    return center.database.write(work)


def _allowed(center: Center, actor: Actor, action: Action) -> datetime:
    actor.require(action)
    at = center.clock()
    hours.require_open(at, always=center.open_always)
    return at


def _carry_out(
    connection: Connection, center: Center, actor: Actor, session: Row[Any], plan: Generation
) -> IssuedPair:
    """Make room, insert the new pair and record the new state of each pair."""
    changed = []
    if plan.delete is not None:
        now = plan.created_at
        pair_rows.end_pair(connection, plan.delete, PairState.DELETED, now, now)
        changed.append(plan.delete)
    if plan.shorten is not None:
        pair_rows.shorten_pair(connection, *plan.shorten)
        changed.append(plan.shorten[0])
    made = _insert(connection, center, actor, session, plan)
    pair_rows.keep_versions(connection, [*changed, made.access_key_id], plan.created_at)
    return made


def _insert(
    connection: Connection, center: Center, actor: Actor, session: Row[Any], plan: Generation
) -> IssuedPair:
    zone = exchange_zone()
    made = generate_pair(
        session.name,
        plan.created_at.astimezone(zone).date(),
        plan.expires_at.astimezone(zone).date(),
        center.environment,
    )
    subject = pair_rows.seal_subject(made.access_key_id, session.id, session.name, session.firm_id)
    seal = center.vault.seal(made.secret.reveal(), subject)
    values = {
        "created_at": plan.created_at,
        "expires_at": plan.expires_at,
        "created_by": actor.user_id,
    }
    pair_rows.insert_pair(connection, session.id, made, seal, values)
    return made


def _issued(center: Center, row: Row[Any]) -> IssuedPair:
    """Open a pair's secret and return the pair for a key file."""
    zone = exchange_zone()
    try:
        secret = SecretKey(center.vault.open(row.sealed, pair_rows.seal_subject_of(row)))
    except VaultError as error:
        raise VaultError(f"key pair {row.access_key_id}: {error}") from None
    return IssuedPair(
        session=SessionId(row.session_name),
        access_key_id=AccessKeyId(row.access_key_id),
        secret=secret,
        created=row.created_at.astimezone(zone).date(),
        expires=row.expires_at.astimezone(zone).date(),
        environment=row.environment,
    )


def _view_of_new(actor: Actor, made: IssuedPair, plan: Generation, at: datetime) -> PairView:
    return PairView(
        session=made.session,
        access_key_id=made.access_key_id,
        state=PairState.ACTIVE,
        created_at=plan.created_at,
        expires_at=plan.expires_at,
        ended_at=None,
        days_left=days_until(plan.expires_at, at),
        created_by=actor.name,
        environment=made.environment,
    )


def _view(connection: Connection, actor: Actor, access_key_id: str, at: datetime) -> PairView:
    (row,) = pair_rows.find_pairs(connection, actor.firm_id, [access_key_id])
    return pair_view(row, at)


def _require_active(rows: Sequence[Row[Any]], at: datetime) -> None:
    for row in rows:
        view = pair_view(row, at)
        if view.state is not PairState.ACTIVE:
            raise CenterError(
                f"key pair {view.access_key_id} of session {view.session} is {view.state.value}:"
                " look at the session again"
            )


def _creator(rows: Sequence[Row[Any]]) -> int:
    """Return the user whose mobile gets the code; raise if the owners differ."""
    creators = {row.owner for row in rows}
    if len(creators) > 1:
        raise CenterError(
            "these sessions belong to different users, and one code cannot go to all their"
            " mobiles: download them one by one"
        )
    return int(creators.pop())
