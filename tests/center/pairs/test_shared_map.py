"""A mapping whose changed copies share what has not changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatepass.center.pairs.shared_map import SharedMap

KEYS = st.text(max_size=2)
CHANGES = st.dictionaries(KEYS, st.none() | st.integers())


@given(st.lists(CHANGES))
def test_a_map_has_the_same_values_as_a_dictionary(steps: list[dict[str, int | None]]) -> None:
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
def test_a_map_does_not_change_when_it_is_copied_with_changes(
    first: dict[str, int | None], then: dict[str, int | None]
) -> None:
    before = SharedMap[int]().changed(first)
    there = {key: before.get(key) for key in {*first, *then}}
    size = len(before)
    before.changed(then)
    assert {key: before.get(key) for key in there} == there
    assert len(before) == size


def test_a_change_copies_as_much_of_a_large_map_as_of_a_small_one() -> None:
    """All leaves except one are the same objects."""
    large = SharedMap[int]().changed({str(number): number for number in range(40_000)})
    after = large.changed({"7": None})
    leaves, changed = (
        {id(leaf) for branch in one._branches.values() for leaf in branch.values()}
        for one in (large, after)
    )
    assert len(leaves - changed) == 1
    assert max(len(leaf) for branch in large._branches.values() for leaf in branch.values()) < 40
