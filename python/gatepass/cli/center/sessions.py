"""``gatepass center session``: add, list, owner and remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gatepass.cli.options.center import CenterOptions, with_center_options
from gatepass.cli.options.common import Json
from gatepass.cli.terminal.output import emit, report
from gatepass.cli.views.table import print_table
from gatepass.counting import counted

if TYPE_CHECKING:
    from gatepass.center.pairs.overview import FirmSession

app = typer.Typer(
    name="session",
    help="Add, list, hand over and remove iLink and Drop Copy sessions.",
    epilog="[bold]Example:[/bold] gatepass center session list",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command(
    epilog="[bold]Example:[/bold] gatepass center session add ABC --firm ACME --created-by maria"
)
@with_center_options
def add(
    options: CenterOptions,
    name: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Session ID: 3 characters for iLink, 6 for a Drop Copy target session.",
            show_default=False,
        ),
    ],
    firm: Annotated[
        str, typer.Option("--firm", metavar="NAME", help="The firm that owns the session.")
    ],
    created_by: Annotated[
        str,
        typer.Option(
            "--created-by",
            metavar="USER",
            help="The user whose mobile gets the verification codes for its key pairs.",
        ),
    ],
    description: Annotated[
        str, typer.Option("--description", metavar="TEXT", help="A description for people.")
    ] = "",
    json: Json = False,
) -> None:
    """Add a session to a firm.

    --json writes one object: session, kind and firm.
    """
    from gatepass.center.pairs import firms

    kinds = {kind.value: kind for kind in firms.SessionKind}
    kind = kinds.get(len(name))
    if kind is None:
        raise typer.BadParameter(
            "a Session ID has 3 characters for iLink or 6 for Drop Copy", param_hint="ID"
        )
    with options.opened() as center:
        firms.add_session(center, firm, name, kind, created_by, description)
    words = f"added session {name} ({kind.word}) to firm {firm}"
    report({"session": name, "kind": kind.word, "firm": firm}, words, as_json=json)


@app.command("list", epilog="[bold]Example:[/bold] gatepass center session list --firm ACME")
@with_center_options
def list_sessions(
    options: CenterOptions,
    firm: Annotated[
        str | None, typer.Option("--firm", metavar="NAME", help="Only sessions of this firm.")
    ] = None,
    json: Json = False,
) -> None:
    """List the sessions with their active key pairs. Secret Keys are never shown.

    The codes for a session's key pairs go to the mobile of its owner: the user
    who created it or received it with gatepass center session owner.

    --json writes one object: sessions; each session has session, kind, firm,
    description, created_by and pairs, and each pair has access_key_id, created_at,
    expires_at and days_left.
    """
    from gatepass.center.pairs import overview

    with options.opened() as center:
        found = list(overview.sessions(center, firm))
    if json:
        emit({"sessions": [_as_data(one) for one in found]})
        return
    print_table(
        ("session", "kind", "firm", "owner", "description", "active key pairs"),
        (
            (
                one.session.name,
                one.session.kind,
                one.firm,
                one.session.created_by,
                one.session.description,
                _pairs(one),
            )
            for one in found
        ),
    )


@app.command(epilog="[bold]Example:[/bold] gatepass center session owner ABC --to kim")
@with_center_options
def owner(
    options: CenterOptions,
    name: Annotated[str, typer.Argument(metavar="ID", help="The Session ID.", show_default=False)],
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="USER", help="The user whose mobile gets its codes from now on."
        ),
    ],
    json: Json = False,
) -> None:
    """Hand a session over to another user of its firm, such as when its creator leaves.

    Unused verification codes of the firm's users become invalid.

    --json writes one object: session and created_by.
    """
    from gatepass.center.pairs.handover import hand_over

    with options.opened() as center:
        hand_over(center, name, to)
    words = f"the codes for session {name} now go to the mobile of {to}"
    report({"session": name, "created_by": to}, words, as_json=json)


@app.command(epilog="[bold]Example:[/bold] gatepass center session remove ABC")
@with_center_options
def remove(
    options: CenterOptions,
    name: Annotated[str, typer.Argument(metavar="ID", help="The Session ID.", show_default=False)],
    json: Json = False,
) -> None:
    """Remove a session that has no active key pair.

    Any firm may then use its Session ID. The audit log keeps the session's history.

    --json writes one object: removed.
    """
    from gatepass.center.pairs import firms

    with options.opened() as center:
        firms.remove_session(center, name)
    report({"removed": name}, f"removed session {name}", as_json=json)


def _pairs(one: FirmSession) -> str:
    pairs = (
        f"{pair.access_key_id} ({counted(pair.days_left, 'day')})" for pair in one.session.active
    )
    return ", ".join(pairs) or "none"


def _as_data(one: FirmSession) -> dict[str, object]:
    session = one.session
    return {
        "session": session.name,
        "kind": session.kind,
        "firm": one.firm,
        "description": session.description,
        "created_by": session.created_by,
        "pairs": [
            {
                "access_key_id": pair.access_key_id,
                "created_at": pair.created_at.isoformat(),
                "expires_at": pair.expires_at.isoformat(),
                "days_left": pair.days_left,
            }
            for pair in session.active
        ],
    }
