"""The table of states, and its diagram."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.errors import StateError
from gatepass.fix.states import CLIENT, EXCHANGE, State, Trigger
from gatepass.session.table import Table

#: States that an exchange is never in.
ROLE = {State.SIGNING, State.LOGON_SENT, State.RESETTING, State.PROMOTING}
_SCRIPT = Path(__file__).parents[2] / "docs" / "draw_states.py"


def test_the_diagram_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("draw_states", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    drawing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawing)
    text = drawing.PAGE.read_text(encoding="utf-8")
    assert drawing.page(text) == text, "run: python docs/draw_states.py"
    assert all(trigger.value in text for trigger in Trigger)


@pytest.mark.parametrize(("table", "others"), [(CLIENT, {State.VERIFYING}), (EXCHANGE, ROLE)])
def test_every_state_of_a_role_can_be_reached_and_left(
    table: Table[State, Trigger], others: set[State]
) -> None:
    reached = {table.start}
    while (
        more := {after for (before, _), after in table.moves.items() if before in reached} - reached
    ):
        reached |= more
    assert reached == set(State) - others
    assert {before for before, _ in table.moves} == set(State) - {table.closed}


@given(st.sampled_from([CLIENT, EXCHANGE]), st.sampled_from(State), st.sampled_from(Trigger))
def test_a_move_that_is_not_in_the_table_is_refused(
    table: Table[State, Trigger], state: State, trigger: Trigger
) -> None:
    if table.has(state, trigger):
        assert table.after(state, trigger) in set(State)
    else:
        with pytest.raises(StateError) as caught:
            table.after(state, trigger)
        assert (caught.value.call, caught.value.state) == (trigger.value, state.value)
