from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.errors import StateError
from tests.session.toy import TABLE, State, Trigger


@given(st.sampled_from(State), st.sampled_from(Trigger))
def test_a_table_allows_its_moves_and_refuses_all_others(state: State, trigger: Trigger) -> None:
    if (state, trigger) in TABLE.moves:
        assert TABLE.has(state, trigger)
        assert TABLE.after(state, trigger) is TABLE.moves[state, trigger]
    else:
        assert not TABLE.has(state, trigger)
        with pytest.raises(StateError) as caught:
            TABLE.after(state, trigger)
        assert (caught.value.call, caught.value.state) == (trigger.value, state.value)


def test_a_refused_move_hides_the_key_error_behind_it() -> None:
    with pytest.raises(StateError) as caught:
        TABLE.after(State.OVER, Trigger.CONNECT)
    assert caught.value.__suppress_context__
