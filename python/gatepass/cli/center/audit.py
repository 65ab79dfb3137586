"""``gatepass center audit``: verify and list."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatepass.cli.options.center import CenterOptions, with_center_options
from gatepass.cli.options.common import Json
from gatepass.cli.terminal.output import MARKS, emit, marked, page, say
from gatepass.cli.terminal.progress import PATIENCE
from gatepass.cli.views.table import print_table
from gatepass.counting import counted
from gatepass.errors import AuditError

if TYPE_CHECKING:
    from gatepass.center.audit.anchor import Anchor
    from gatepass.center.audit.entry import Entry
    from gatepass.center.audit.verifying import Verdict

app = typer.Typer(
    name="audit",
    help="Verify and list the audit log.",
    epilog="[bold]Example:[/bold] gatepass center audit verify",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command(epilog="[bold]Example:[/bold] gatepass center audit verify || echo tampered")
@with_center_options
def verify(
    options: CenterOptions,
    anchor: Annotated[
        Path | None,
        typer.Option(
            "--anchor",
            metavar="FILE",
            help="Keep the anchor in FILE instead of in the state folder.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Check the chain of the whole audit log, and name the first broken entry.

    The log is also compared with the sessions, pairs and codes of the store, and
    with its anchor. The anchor is a file in the state folder with the last entry
    of the log when it was last verified. Only the anchor can show that the whole
    database was set back to an earlier state, or that last entries without other
    traces were removed. The first verification, or serve, makes it; each later
    one that finds no problem moves it. With --anchor, choose a FILE that people
    with write access to the database cannot write.

    Exit code 1 if the log is broken.

    --json writes one object: ok, entries (how many are good), broken, problem and
    anchored (the entry in the anchor).
    """
    from gatepass.center import assembly
    from gatepass.center.audit import anchor as anchors
    from gatepass.center.audit.verifying import verify as check

    settings = options.settings()
    place = anchor or settings.anchor
    before = anchors.read(place)
    with assembly.opened(settings) as center, bar() as progress:
        found = check(center.database, center.vault, progress, before)
    _show(found, before, as_json=json)
    if found.end is None:
        if before is not None:
            say(f"the log was compared with the anchor in {place}")
        raise typer.Exit(1)
    try:
        anchors.write(place, found.end)
    except AuditError as error:
        # The verdict is already written, and --json writes one object only.
        say(str(error))
        # A user who can only read the state folder still gets the verdict as the exit code.
        raise typer.Exit(0 if anchor is None else 2) from None
    if before is None:
        say(f"made a new anchor in {place}; later verifications compare the log with it")


def _show(found: Verdict, before: Anchor | None, *, as_json: bool) -> None:
    if as_json:
        anchored = None if before is None else before.entry
        told = {"entries": found.entries, "broken": found.broken, "problem": found.problem}
        emit({"ok": bool(found), **told, "anchored": anchored})
        return
    words = f"all {found.entries} entries are unchanged"
    if not found:
        good = counted(found.entries, "entry", "entries")
        words = f"broken: {found.problem}; good before it: {good}"
    console = page()
    console.print(marked(console, MARKS[bool(found)], words))


@app.command("list", epilog="[bold]Example:[/bold] gatepass center audit list --last 20")
@with_center_options
def list_entries(
    options: CenterOptions,
    last: Annotated[
        int, typer.Option("--last", metavar="N", min=1, help="How many; the newest come last.")
    ] = 50,
    firm: Annotated[
        str | None, typer.Option("--firm", metavar="NAME", help="Only entries of this firm.")
    ] = None,
    json: Json = False,
) -> None:
    """List the last entries of the audit log, with times in UTC.

    --json writes one object: entries; each entry has id, at, firm_id, actor,
    action, facts, subject, access_key_id, detail and origin. Programs should read
    action and facts (an object); the other texts are for people and may change.
    """
    from gatepass.center.pairs import overview

    with options.opened() as center:
        found = overview.last_entries(center, last, firm)
    if json:
        emit({"entries": [_as_json(one) for one in found]})
        return
    print_table(
        ("entry", "time", "who", "from", "action", "of", "Access Key ID", "detail"),
        (
            (
                one.id,
                f"{one.at:%Y-%m-%d %H:%M:%S}",
                one.actor,
                one.origin,
                one.action,
                one.subject,
                one.access_key_id,
                one.detail,
            )
            for one in found
        ),
    )


def _as_json(entry: Entry) -> dict[str, object]:
    return asdict(entry) | {"at": entry.at.isoformat(), "facts": loads(entry.facts)}


@contextmanager
def bar() -> Iterator[Callable[[int, int], None]]:
    """Give a function that shows progress: on a terminal, once the work takes long."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

    begun = time.monotonic()
    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    shown = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
    task = shown.add_task("")

    def show(done: int, total: int) -> None:
        shown.update(task, completed=done, total=total)
        if time.monotonic() - begun >= PATIENCE:
            shown.start()

    try:
        yield show
    finally:
        shown.stop()
