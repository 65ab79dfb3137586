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
            help="Keep in FILE where the log ended, instead of in the state folder.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Check the chain of the whole audit log; exit code 1 names the first broken entry.

    The log is also compared with the sessions, pairs and codes of the store, and
    with its anchor: a file that says where it ended when it was last good. Only
    the anchor shows that the whole database was put back to an earlier state, or
    that an end was cut off which left nothing else behind. It is in the state
    folder; the first verification, or serve, makes it, and each good one moves it.
    With --anchor, name a FILE where those who write to the database cannot write.

    --json writes one object: ok, entries (that are good), broken, problem and
    anchored, the entry that was compared with.
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
            say(f"the log was compared with the anchor {place}")
        raise typer.Exit(1)
    try:
        anchors.write(place, found.end)
    except AuditError as error:
        # The verdict was said, and with --json there is one object.
        say(str(error))
        # Those who may only read the state folder still get the verdict as the exit code.
        raise typer.Exit(0 if anchor is None else 2) from None
    if before is None:
        say(f"{place}: a new anchor: nothing was compared with it yet")


def _show(found: Verdict, before: Anchor | None, *, as_json: bool) -> None:
    if as_json:
        anchored = None if before is None else before.entry
        told = {"entries": found.entries, "broken": found.broken, "problem": found.problem}
        emit({"ok": bool(found), **told, "anchored": anchored})
        return
    words = f"all {found.entries} entries are as they were written"
    if not found:
        words = f"broken: {found.problem}; the {found.entries} before it are good"
    console = page()
    console.print(marked(console, MARKS[bool(found)], words))


@app.command("list", epilog="[bold]Example:[/bold] gatepass center audit list --last 20")
@with_center_options
def list_entries(
    options: CenterOptions,
    last: Annotated[
        int, typer.Option("--last", metavar="N", min=1, help="So many, the newest at the end.")
    ] = 50,
    firm: Annotated[
        str | None, typer.Option("--firm", metavar="NAME", help="Only this firm's.")
    ] = None,
    json: Json = False,
) -> None:
    """List the last entries of the audit log, with times in UTC.

    --json writes one object: entries with id, at, firm_id, actor, action, facts,
    subject, access_key_id, detail and origin each. Programs read action and facts,
    an object; the other texts are for people, and their wording may change.
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
    """Give what shows how far it is, on a terminal and once it takes long."""
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
