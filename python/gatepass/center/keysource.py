"""The store's key pairs for whoever checks logons: as they are now, or as a disaster left them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, make_url, or_, select
from sqlalchemy.exc import ArgumentError

from gatepass._native import SigningKey
from gatepass.center import pair_rows, unreadable
from gatepass.center.database import Database
from gatepass.center.dialects import NOT_A_URL
from gatepass.center.envelope import TAMPERED, EnvelopeKeys
from gatepass.center.schema import audit_head, pair, pair_version, session
from gatepass.center.unreadable import Unreadable, told_as
from gatepass.center.vault import Vault
from gatepass.center.views import outlives_rules
from gatepass.errors import CenterError, KeySourceError, VaultError
from gatepass.keys import AccessKeyId, KeyPair, KeyRing, SessionId
from gatepass.keys.rules import PairState
from gatepass.keys.secret import SecretKey
from gatepass.keys.validity import exchange_zone, require_aware

#: How a command line names a Request Center's store.
PREFIX = "center:"
#: How old the disaster-recovery view is: what was changed later may not be in it.
RECOVERY_GAP = timedelta(minutes=15)

logger = logging.getLogger("gatepass.center")


class CenterKeys:
    """The active pairs of a Request Center's database (a `gatepass.keys.KeySource`).

    With ``disaster`` it is the store as it was `RECOVERY_GAP` before that instant. The pairs are
    read anew whenever something happened in the store: a pair that is generated serves the next
    logon, one that is deleted does not. While the database is gone the ring stays as it was, and
    the log ``gatepass.center`` says so; each pair still ends on its Expiration Date.

    Any number of threads may share one. Raises `gatepass.errors.CenterError` when the database or
    the envelope key cannot be used, `ValueError` for a ``disaster`` without a time zone.
    """

    def __init__(self, database: Database, vault: Vault, disaster: datetime | None = None) -> None:
        if disaster is not None:
            require_aware(disaster)
        database.check_version()
        vault.prepare(database)
        self._database, self._vault = database, vault
        self._query = _ACTIVE if disaster is None else _as_of(disaster - RECOVERY_GAP)
        self._lock = threading.Lock()
        self._pairs: dict[str, KeyPair] = {}
        self._refused: set[str] = set()
        self._seen: tuple[int, bytes] | None = None
        self._problem = ""
        self._ring = KeyRing(())
        self._follow()

    @property
    def ring(self) -> KeyRing:
        """The ring as of now. Costs one small query while nothing happens in the store."""
        with self._lock:
            try:
                self._follow()
            except CenterError as error:
                if str(error) != self._problem:
                    logger.error("%s: the key pairs read before stay in use", error)  # noqa: TRY400
                self._problem = str(error)
            else:
                self._problem = ""
            return self._ring

    def close(self) -> None:
        """Close the database's connections."""
        self._database.close()

    def _follow(self) -> None:
        # Each change ends with an entry in the audit log, and those come one after the other. The
        # head's HMAC tells a store that was put back and has as many entries by now.
        head = select(audit_head.c.last_id, audit_head.c.mac)
        with self._database.read() as connection:
            row = connection.execute(head).one_or_none()
            seen = (0, b"") if row is None else (row.last_id, row.mac)
            if seen == self._seen:
                return
            rows = unreadable.rows(connection, self._query, pair.c.id)
        self._adopt(rows)
        self._seen = seen

    def _adopt(self, rows: Sequence[Row[Any] | Unreadable]) -> None:
        """Make the ring of these rows; only pairs that are new are decrypted.

        One that cannot be used is left out, and the log has it: it hides none of the others.
        """
        before, self._refused = self._refused, set()
        known, self._pairs = self._pairs, {}
        for row in rows:
            name = _name(row)
            try:
                with told_as(VaultError(TAMPERED)):
                    subject, key_pair = self._key_pair(row, known)
                    self._pairs[subject] = key_pair
            except VaultError as error:
                self._refused.add(name)
                if name not in before:
                    logger.error("key pair %s is left out: %s", name, error)  # noqa: TRY400
        self._ring = KeyRing(self._pairs.values())

    def _key_pair(
        self, row: Row[Any] | Unreadable, known: Mapping[str, KeyPair]
    ) -> tuple[str, KeyPair]:
        if isinstance(row, Unreadable) or outlives_rules(row.created_at, row.expires_at):
            raise VaultError(TAMPERED)
        zone = exchange_zone()
        # Known for the same session and firm alone: what was moved to another does not open.
        subject = pair_rows.seal_subject_of(row)
        before = known.get(subject)
        return subject, KeyPair(
            session=SessionId(row.session_name),
            access_key_id=AccessKeyId(row.access_key_id),
            signing_key=before.signing_key if before else self._open(row.sealed, subject),
            created=row.created_at.astimezone(zone).date(),
            expires=row.expires_at.astimezone(zone).date(),
            environment=row.environment,
        )

    def _open(self, sealed: bytes | None, subject: str) -> SigningKey:
        if sealed is None:
            raise VaultError("its secret was erased after it ended: the disaster is too long ago")
        return SecretKey(self._vault.open(sealed, subject)).signing_key()


def _name(row: Row[Any] | Unreadable) -> str:
    """Name a pair for the log."""
    return f"with the id {row.number}" if isinstance(row, Unreadable) else str(row.access_key_id)


def open_center_keys(source: str, keys: EnvelopeKeys) -> CenterKeys:
    """Open ``center:URL``, or ``center:URL?disaster=2026-11-23T10:00:00Z`` for that instant's view.

    Raises `KeySourceError` for a text of another form, `gatepass.errors.CenterError` when the
    store cannot be used.
    """
    try:
        url = make_url(source.removeprefix(PREFIX))
    except ArgumentError:
        raise KeySourceError(NOT_A_URL) from None
    disaster = url.query.get("disaster")
    if not isinstance(disaster, str):
        # An empty one is not read at all, and must not mean the present.
        if "disaster" in source.partition("?")[2]:
            raise KeySourceError(_NO_INSTANT)
        disaster = None
    at = None if disaster is None else _instant(disaster)
    others = set(url.query) - {"disaster"}
    if others and url.get_backend_name() == "sqlite":
        # SQLite takes none, and a misspelt disaster must not mean the present.
        raise KeySourceError(
            f"there is no such setting: {', '.join(sorted(others))}: {_NO_INSTANT}"
        )
    plain = url.difference_update_query(["disaster"]).render_as_string(hide_password=False)
    database = Database(plain)
    try:
        return CenterKeys(database, Vault(keys), at)
    except BaseException:
        database.close()
        raise


_NO_INSTANT = "give one time of the disaster, of the form 2026-11-23T10:00:00Z"


def _instant(text: str) -> datetime:
    # Python 3.10 does not read the Z.
    iso = f"{text[:-1]}+00:00" if text.endswith("Z") else text
    try:
        at = datetime.fromisoformat(iso)
        require_aware(at)
    except ValueError:
        raise KeySourceError(_NO_INSTANT) from None
    return at


_COLUMNS = (*pair_rows.SEAL_COLUMNS, pair.c.created_at, pair.c.environment, pair.c.sealed)

_ACTIVE: Select[Any] = (
    select(*_COLUMNS, pair.c.expires_at)
    .join(session, pair.c.session_id == session.c.id)
    .where(pair.c.slot.is_not(None), session.c.removed_at.is_(None))
    .order_by(pair.c.id)
)


def _as_of(at: datetime) -> Select[Any]:
    """Select the pairs that were active at an instant, each as it was then."""
    latest = (
        select(func.max(pair_version.c.id))
        .where(pair_version.c.at <= at)
        .group_by(pair_version.c.pair_id)
    )
    return (
        select(*_COLUMNS, pair_version.c.expires_at)
        .join(pair, pair_version.c.pair_id == pair.c.id)
        .join(session, pair.c.session_id == session.c.id)
        .where(pair_version.c.id.in_(latest))
        .where(pair_version.c.state == PairState.ACTIVE.value, pair_version.c.expires_at > at)
        .where(or_(session.c.removed_at.is_(None), session.c.removed_at > at))
        .order_by(pair.c.id)
    )
