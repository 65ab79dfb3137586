"""The table of states, and the diagram that is drawn from it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from gatepass.fix.states import TRANSITIONS, State, Trigger

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


def test_every_state_can_be_reached_and_left() -> None:
    reached = {State.DISCONNECTED}
    while (
        more := {after for (before, _), after in TRANSITIONS.items() if before in reached} - reached
    ):
        reached |= more
    assert reached == set(State)
    assert {before for before, _ in TRANSITIONS} == set(State) - {State.CLOSED}
