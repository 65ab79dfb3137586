"""The pairs that were read from the store and decrypted, and their ring."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row

from gatepass.center.pairs.active_pairs import stored_pair
from gatepass.center.pairs.store_ring import StoredPair, StoreRing
from gatepass.center.secrets.vault import Vault
from gatepass.errors import KeySourceError, VaultError
from gatepass.keys import KeyPair

logger = logging.getLogger("gatepass.center")

#: Rows of active pairs.
Rows = Sequence[Row[Any]]


class KnownPairs:
    """The pairs of each session as last read, by row id. For one thread at a time.

    ``ring`` is replaced, never changed.
    """

    def __init__(self, vault: Vault, *, diagnosis: bool) -> None:
        self.ring = StoreRing()
        self._vault = vault
        self._diagnosis = diagnosis
        self._by_session: dict[int, list[StoredPair]] = {}
        # The pairs left out, by row id; with their session if another try may help.
        self._refused: dict[int, int | None] = {}

    @property
    def refused_of(self) -> frozenset[int]:
        """The sessions with a pair that was left out and may be opened later."""
        return frozenset(its for its in self._refused.values() if its is not None)

    def is_of_another(self, rows: Rows, sessions: frozenset[int]) -> bool:
        """Tell whether a row of these sessions is known for another one: then a change was missed.

        SQLite runs no trigger for a row that REPLACE removes.
        """
        found = (self.ring.stored(row.access_key_id) for row in rows)
        return any(one is not None and one.session_id not in sessions for one in found)

    def adopt(self, rows: Rows, sessions: frozenset[int] | None) -> None:
        """Replace the pairs of these sessions by these rows; ``None``: of all sessions.

        Only unknown pairs are decrypted. A pair that cannot be used is left out, and so are all
        pairs of a session that has too many. The log says so once, and all other pairs stay.
        """
        them = frozenset(self._by_session) if sessions is None else sessions
        gone = [one for number in them for one in self._by_session.get(number, ())]
        new, refused = self._opened(rows, {one.subject: one.pair for one in gone})
        if new != gone:
            self.ring, crowded = self._changed(gone, new)
            new = [one for one in new if one.number not in crowded]
            refused |= crowded
        for number in them:
            self._by_session.pop(number, None)
        for one in new:
            self._by_session.setdefault(one.session_id, []).append(one)
        if sessions is not None:
            read = {one.number for one in new}
            refused |= {
                number: its
                for number, its in self._refused.items()
                if number not in read | refused.keys() and its not in sessions
            }
        self._refused = refused

    def _changed(
        self, gone: list[StoredPair], new: list[StoredPair]
    ) -> tuple[StoreRing, dict[int, int | None]]:
        """Return the changed ring, and the pairs that it refuses, in the form of `_refused`."""
        try:
            return self.ring.changed(gone, new), {}
        except KeySourceError:
            ring = self.ring.changed(gone, ())
        crowded: dict[int, int | None] = {}
        for its in groupby(sorted(new, key=_session_id), key=_session_id):
            pairs = list(its[1])
            try:
                ring = ring.changed((), pairs)
            except KeySourceError as error:
                crowded |= {one.number: one.session_id for one in pairs}
                if not crowded.keys() <= self._refused.keys():
                    logger.error("%s: its key pairs are left out", error)  # noqa: TRY400
        return ring, crowded

    def _opened(
        self, rows: Rows, known: Mapping[str, KeyPair]
    ) -> tuple[list[StoredPair], dict[int, int | None]]:
        """Return the pairs of rows, and the unusable ones, in the form of `_refused`."""
        new: list[StoredPair] = []
        refused: dict[int, int | None] = {}
        for row in rows:
            try:
                new.append(stored_pair(row, self._vault, known, diagnosis=self._diagnosis))
            except VaultError as error:
                # What was erased stays so until the row changes.
                refused[row.id] = None if row.sealed is None else row.session_id
                if row.id not in self._refused:
                    name = row.access_key_id
                    logger.error("key pair %s is left out: %s", name, error)  # noqa: TRY400
        return new, refused


_session_id = attrgetter("session_id")
