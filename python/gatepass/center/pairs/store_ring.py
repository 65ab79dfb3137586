"""The key ring of a store: a changed pair makes a new ring, which shares all other pairs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from gatepass.center.pairs.shared_map import SharedMap
from gatepass.errors import KeySourceError
from gatepass.keys import MAX_PAIRS_PER_SESSION, KeyPair, KeyRing, SessionId
from gatepass.keys.expiry import ExpiryWarning, expiry_warning
from gatepass.keys.identifiers import SESSION_ID_LENGTHS


@dataclass(frozen=True, slots=True)
class StoredPair:
    """A pair of the store, with the ids of its row and of its session.

    ``subject`` is what its secret is bound to.
    """

    number: int
    session_id: int
    subject: str
    pair: KeyPair


class StoreRing(KeyRing):
    """An immutable `gatepass.keys.KeyRing` that is not built again for each change.

    Its pairs are in the order of their row ids.
    """

    __slots__ = ("_keys", "_names")

    def __init__(self) -> None:
        super().__init__(())
        self._names: SharedMap[tuple[StoredPair, ...]] = SharedMap()
        self._keys: SharedMap[StoredPair] = SharedMap()

    def changed(self, gone: Collection[StoredPair], new: Collection[StoredPair]) -> StoreRing:
        """Return a ring without the ``gone`` pairs and with the ``new`` ones.

        Raises `KeySourceError` as `KeyRing` does.
        """
        numbers = {one.number for one in gone}
        names: dict[str, list[StoredPair]] = {}
        for one in (*gone, *new):
            before = self._names.get(one.pair.session) or ()
            names[one.pair.session] = [it for it in before if it.number not in numbers]
        keys: dict[str, StoredPair | None] = {one.pair.access_key_id: None for one in gone}
        for one in new:
            key = one.pair.access_key_id
            if (keys[key] if key in keys else self._keys.get(key)) is not None:
                raise KeySourceError(f"Access Key ID {key} occurs twice: keep one")
            keys[key] = one
            names[one.pair.session].append(one)
        for its in names.values():
            its.sort(key=_number)
            if len(its) > MAX_PAIRS_PER_SESSION:
                KeyRing(one.pair for one in its)  # raises its own error
        made = StoreRing()
        made._names = self._names.changed({name: tuple(its) or None for name, its in names.items()})
        made._keys = self._keys.changed(keys)
        return made

    def stored(self, access_key_id: str) -> StoredPair | None:
        """Return what is known of the pair with this Access Key ID."""
        return self._keys.get(access_key_id)

    def __iter__(self) -> Iterator[KeyPair]:
        return (one.pair for one in sorted(self._keys.values(), key=_number))

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def sessions(self) -> tuple[SessionId, ...]:
        """The sessions that have pairs, in the order of their first pair."""
        firsts = sorted((its[0] for its in self._names.values()), key=_number)
        return tuple(one.pair.session for one in firsts)

    def serving(self, sender_comp_id: str) -> tuple[KeyPair, ...]:
        """Return the pairs of every session that serves a SenderCompID, the longest session first.

        See `KeyRing.serving`.
        """
        lengths = sorted(SESSION_ID_LENGTHS, reverse=True)
        names = [sender_comp_id[:length] for length in lengths if len(sender_comp_id) >= length]
        return tuple(one.pair for name in names for one in self._names.get(name) or ())

    def find(self, access_key_id: str) -> KeyPair | None:
        """Return the pair with this Access Key ID, valid or not; ``None`` if there is none."""
        stored = self._keys.get(access_key_id)
        return None if stored is None else stored.pair

    def warnings(self, at: datetime) -> list[ExpiryWarning]:
        """Return a warning for each pair that expires within `WARNING_DAYS` of ``at``."""
        due = (expiry_warning(pair, at) for pair in self)
        return [warning for warning in due if warning is not None]

    @property
    def unusual(self) -> tuple[KeyPair, ...]:
        """The pairs whose secret key has a length that CME's keys do not have."""
        return tuple(pair for pair in self if not pair.signing_key.has_usual_length)


_number = attrgetter("number")
