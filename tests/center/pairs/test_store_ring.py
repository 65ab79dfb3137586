"""The ring of a store answers like any key ring, after any changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass import SigningKey
from gatepass.center.pairs.store_ring import StoredPair, StoreRing
from gatepass.errors import GatepassError, KeySourceError
from gatepass.keys import KeyRing, generate_pair

NAMES = ("ABC", "DEF", "ABC123", "XYZ")
AT = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


def made(number: int, name: str = "ABC", month: int = 12) -> StoredPair:
    issued = generate_pair(name, date(2026, 1, 5), date(2026, month, 5))
    pair = issued.key_pair()
    if number % 3 == 1:
        # Like a key that lost characters: 25 bytes.
        pair = replace(pair, signing_key=SigningKey("A" * 34))
    return StoredPair(number, 1, f"pair:{number}", pair)


#: Eight pairs, two per session; the first ones expire so soon that there is a warning.
ALL = [made(number, NAMES[number % 4], 3 if number < 4 else 12) for number in range(8)]
#: A public name of `KeyRing`, and how to call it.
QUESTIONS = {
    "sessions": lambda ring: ring.sessions,
    "pairs_for": lambda ring: [ring.pairs_for(f"{name}U") for name in (*NAMES, "A", "QQQ")],
    "serving": lambda ring: [ring.serving(f"{name}U") for name in (*NAMES, "A", "QQQ")],
    "find": lambda ring: [ring.find(one.pair.access_key_id) for one in ALL],
    "choose": lambda ring: [chosen(ring, f"{name}U") for name in (*NAMES, "QQQ")],
    "warnings": lambda ring: ring.warnings(AT),
    "unusual": lambda ring: ring.unusual,
    "len": len,
    "list": list,
    "bool": bool,
}


def chosen(ring: KeyRing, name: str) -> object:
    try:
        return ring.choose(name, AT)
    except GatepassError as error:
        return str(error)


@given(st.lists(st.sets(st.sampled_from(range(8)))))
def test_a_changed_ring_answers_like_a_new_ring_of_the_same_pairs(steps: list[set[int]]) -> None:
    ring, there = StoreRing(), set[int]()
    for wanted in steps:
        gone = [ALL[number] for number in there - wanted]
        ring, there = ring.changed(gone, [ALL[number] for number in wanted - there]), wanted
        plain = KeyRing(ALL[number].pair for number in sorted(there))
        for ask in QUESTIONS.values():
            assert ask(ring) == ask(plain)
        assert repr(ring) == repr(plain)


def test_every_public_name_of_a_ring_is_compared() -> None:
    public = {name for name in dir(KeyRing) if not name.startswith("_")}
    assert public <= QUESTIONS.keys()


def test_a_ring_does_not_change_when_it_is_copied_with_changes() -> None:
    first = StoreRing().changed((), ALL[:2])
    before = list(first)
    first.changed(ALL[:1], ALL[2:])
    assert list(first) == before
    assert first.find(ALL[0].pair.access_key_id) is ALL[0].pair


def test_a_third_pair_of_a_session_is_refused() -> None:
    ring = StoreRing().changed((), ALL)
    with pytest.raises(KeySourceError, match="3 key pairs"):
        ring.changed((), [made(9)])


def test_a_duplicate_access_key_id_is_refused() -> None:
    ring = StoreRing().changed((), ALL)
    again = StoredPair(9, 2, "pair:9", ALL[0].pair)
    for new in ([again], [made(10, "GHI"), again]):
        with pytest.raises(KeySourceError, match="twice"):
            ring.changed((), new)
    assert len(ring.changed(ALL[:1], [again])) == len(ALL)
