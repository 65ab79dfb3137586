"""A mapping whose changed copies share what did not change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatepass.center.pairs.shared_map import SharedMap

KEYS = st.text(max_size=2)
CHANGES = st.dictionaries(KEYS, st.none() | st.integers())


@given(st.lists(CHANGES))
def test_it_has_what_a_dictionary_has(steps: list[dict[str, int | None]]) -> None:
    plain: dict[str, int] = {}
    shared: SharedMap[int] = SharedMap()
    for step in steps:
        shared = shared.changed(step)
        for key, value in step.items():
            plain.pop(key, None)
            if value is not None:
                plain[key] = value
        assert len(shared) == len(plain)
        assert sorted(shared.values()) == sorted(plain.values())
        for key in {*plain, *step}:
            assert shared.get(key) == plain.get(key)


@given(CHANGES, CHANGES)
def test_one_that_was_handed_out_stays_as_it_is(
    first: dict[str, int | None], then: dict[str, int | None]
) -> None:
    before = SharedMap[int]().changed(first)
    there = {key: before.get(key) for key in {*first, *then}}
    size = len(before)
    before.changed(then)
    assert {key: before.get(key) for key in there} == there
    assert len(before) == size


def test_a_change_copies_as_much_of_a_large_map_as_of_a_small_one() -> None:
    """All leaves but one are the very same ones."""
    large = SharedMap[int]().changed({str(number): number for number in range(40_000)})
    after = large.changed({"7": None})
    leaves, changed = (
        {id(leaf) for branch in one._branches.values() for leaf in branch.values()}
        for one in (large, after)
    )
    assert len(leaves - changed) == 1
    assert max(len(leaf) for branch in large._branches.values() for leaf in branch.values()) < 40
