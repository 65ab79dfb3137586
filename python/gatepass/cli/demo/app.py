"""``gatepass demo``: the whole story in ten seconds, with throwaway keys."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import typer

from gatepass.cli.demo.center import LEFT_OUT, is_installed
from gatepass.cli.demo.step import Step
from gatepass.cli.demo.story import tell
from gatepass.cli.options.common import Json
from gatepass.cli.terminal.output import MARKS, emit, marked, page

EPILOG = "[bold]Example:[/bold] gatepass demo"

#: Seconds to read a step in, where somebody reads: less than ten in all.
PACE = 0.35


def demo(json: Json = False) -> None:
    """Show the whole story in ten seconds, with throwaway keys.

    Makes a key file, signs a Logon, shows the canonical string, verifies it,
    changes one byte, and shows the refusal and the explanation.

    Then does it live: starts a gateway on this machine, logs on for the first
    time in the week, is refused with a wrong key, logs on in mid-week, rotates
    keys, and resets the numbers in session.

    Then a month of the Request Center in simulated time, if its extra is there:
    generates a pair, downloads it, logs on, rotates in mid-week, is refused with
    the old pair after its four weeks, generates a third pair, and deletes.

    The keys are in a temporary folder and gone at the end. Exit code 1 if a
    step does not turn out as it should.

    --json writes one object: ok, left_out (null if nothing is), and steps with
    step, ok and what was found.
    """
    left_out = None if is_installed() else LEFT_OUT
    with tempfile.TemporaryDirectory(prefix="gatepass-demo-") as folder:
        steps = tell(Path(folder), datetime.now(UTC))
        if json:
            told = list(steps)
            ok = all(step.ok for step in told)
            emit({"ok": ok, "left_out": left_out, "steps": [step.as_dict() for step in told]})
        else:
            ok = _print(steps, left_out)
    raise typer.Exit(0 if ok else 1)


def _print(steps: Iterable[Step], left_out: str | None) -> bool:
    from rich.text import Text

    console = page()
    ok = True
    for number, step in enumerate(steps, start=1):
        if number > 1 and sys.stdout.isatty():
            time.sleep(PACE)
        console.print(Text(f"{number:<2} {step.title}", "bold cyan"))
        step.show(console)
        if not step.ok:
            console.print(marked(console, MARKS[False], "this did not turn out as it should"))
        console.print()
        ok = ok and step.ok
    if left_out is not None:
        console.print(f"{left_out}\n")
    words = "Everything turned out as it should." if ok else "Something went wrong."
    console.print(marked(console, MARKS[ok], f"{words} The keys of this demo are gone."))
    console.print("  Next: gatepass samples ., gatepass simulate --help, gatepass center serve")
    return ok
