"""``gatepass demo``: a tour of gatepass in ten seconds, with throwaway keys."""

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

#: Seconds between two steps in a terminal, for the reader: less than ten in all.
PACE = 0.35


def demo(json: Json = False) -> None:
    """Show what gatepass does, in ten seconds, with throwaway keys.

    First, files: it makes a key file, signs a Logon, shows the canonical string,
    verifies the Logon, changes one byte, and shows why it is then refused.

    Then a gateway on this machine: it logs on for the first time in the week, is
    refused with a wrong key, logs on in mid-week, rotates keys, and resets the
    sequence numbers in session.

    Then a month at the Request Center in simulated time, if its extra is
    installed: it generates a pair, downloads it, logs on, rotates in mid-week, is
    refused with the old pair after four weeks, generates a third pair, and
    deletes a pair.

    The keys are in a temporary folder, which is removed at the end. Exit code 1 if
    a step fails.

    --json writes one object: ok, left_out (null if nothing is left out), and
    steps; each step has step, ok and its results.
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
            console.print(marked(console, MARKS[False], "this step failed"))
        console.print()
        ok = ok and step.ok
    if left_out is not None:
        console.print(f"{left_out}\n")
    words = "All steps went as expected." if ok else "A step failed."
    console.print(marked(console, MARKS[ok], f"{words} The keys of this demo are deleted."))
    console.print("  Next: gatepass samples ., gatepass simulate --help, gatepass center serve")
    return ok
