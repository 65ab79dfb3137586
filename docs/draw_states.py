"""Draw the session's states into docs/session.md, from the table the session itself runs on.

``python docs/draw_states.py`` writes the diagram; a test fails when it is out of date.
"""

from __future__ import annotations

from pathlib import Path

from gatepass.fix.states import CLIENT_MOVES, EXCHANGE_MOVES, State, Trigger

PAGE = Path(__file__).parent / "session.md"
MOVES = CLIENT_MOVES | EXCHANGE_MOVES
BEGIN, END = "```mermaid\n", "```\n"


def diagram() -> str:
    """Give the state diagram as Mermaid text. The way to CLOSED, open everywhere, is one arrow."""
    lines = ["stateDiagram-v2", "    [*] --> DISCONNECTED"]
    lines += [f"    {state.name}: {state.value}" for state in State]
    lines += [
        f"    {before.name} --> {after.name}: {trigger.value}"
        for (before, trigger), after in MOVES.items()
        if trigger is not Trigger.END
    ]
    ending = [before for before, trigger in MOVES if trigger is Trigger.END]
    assert set(ending) == set(State) - {State.CLOSED}  # noqa: S101 - or the note would be untrue
    lines += [
        f"    LOGOUT_SENT --> CLOSED: {Trigger.END.value}",
        f"    note right of CLOSED: every other state leads here too, by {Trigger.END.value}",
        "    CLOSED --> [*]",
    ]
    return "\n".join(lines) + "\n"


def page(text: str) -> str:
    """Put the diagram in its place in the page's text."""
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    return before + BEGIN + diagram() + END + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
