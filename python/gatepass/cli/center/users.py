"""``gatepass center user``: add, list and change; `user_access` has the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from gatepass.cli.center import user_access
from gatepass.cli.center.person import Name, RoleOption, RoleWord, show_password
from gatepass.cli.options.center import CenterOptions, with_center_options
from gatepass.cli.options.common import Json
from gatepass.cli.terminal.output import emit, report
from gatepass.cli.views.table import print_table

if TYPE_CHECKING:
    from gatepass.center.people.users import PersonView

app = typer.Typer(
    name="user",
    help="Add, list and change users, as the exchange's Global Account Management does.",
    epilog="[bold]Example:[/bold] gatepass center user list",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command(
    epilog="[bold]Example:[/bold] gatepass center user add kim --firm ACME --role keys"
    " --full-name 'Kim Lee' --email kim@example.com --mobile +13125550123"
)
@with_center_options
def add(
    options: CenterOptions,
    name: Name,
    firm: Annotated[str, typer.Option("--firm", metavar="NAME", help="The user's firm.")],
    full_name: Annotated[str, typer.Option("--full-name", metavar="TEXT", help="The full name.")],
    email: Annotated[
        str, typer.Option("--email", metavar="ADDRESS", help="Address for mails about key pairs.")
    ],
    mobile: Annotated[
        str,
        typer.Option(
            "--mobile", metavar="NUMBER", help="Mobile for codes: +, country code and number."
        ),
    ],
    role: RoleOption = RoleWord.READER,
    json: Json = False,
) -> None:
    """Add a user, and show the one-time password for the first login.

    The password is shown only once and not stored. At the first login, the user
    chooses a new one.

    --json writes one object: name and one_time_password.
    """
    from gatepass.center.people import users as people
    from gatepass.center.roles import Role

    with options.opened() as center:
        made = people.add_person(center, firm, name, full_name, email, mobile, Role[role.name])
    show_password(name, made.one_time_password, as_json=json)


@app.command("list", epilog="[bold]Example:[/bold] gatepass center user list --firm ACME")
@with_center_options
def list_users(
    options: CenterOptions,
    firm: Annotated[
        str | None, typer.Option("--firm", metavar="NAME", help="Only users of this firm.")
    ] = None,
    json: Json = False,
) -> None:
    """List the users with firm, role and state.

    --json writes one object: users; each user has name, firm, full_name, email,
    mobile, role, disabled, must_change, authenticator and created_at.
    """
    from gatepass.center.pairs import overview
    from gatepass.center.people import users as people

    with options.opened() as center:
        if firm is not None:
            overview.require_firm(center, firm)
        found = people.people(center, firm)
    if json:
        emit({"users": [_as_data(one) for one in found]})
        return
    print_table(
        ("user", "firm", "role", "full name", "e-mail", "mobile", "state"),
        (
            (one.name, one.firm, one.role.value, one.full_name, one.email, one.mobile, _state(one))
            for one in found
        ),
    )


@app.command(epilog="[bold]Example:[/bold] gatepass center user change kim --mobile +13125550199")
@with_center_options
def change(
    options: CenterOptions,
    name: Name,
    full_name: Annotated[
        str | None, typer.Option("--full-name", metavar="TEXT", help="The full name.")
    ] = None,
    email: Annotated[
        str | None,
        typer.Option("--email", metavar="ADDRESS", help="Address for mails about key pairs."),
    ] = None,
    mobile: Annotated[
        str | None,
        typer.Option(
            "--mobile", metavar="NUMBER", help="Mobile for codes: +, country code and number."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Change a user's full name, e-mail address or mobile number.

    If the mobile or the address changes, unused codes of the firm's users become
    invalid. The first administrator, whom serve creates, has a placeholder number
    and address: replace them before codes and mails are sent.

    --json writes one object: name and changed (the options that were given).
    """
    from gatepass.center.people import users as people

    given = {"full_name": full_name, "email": email, "mobile": mobile}
    values = {key: value for key, value in given.items() if value is not None}
    if not values:
        raise typer.BadParameter(
            "give at least one of --full-name, --email and --mobile", param_hint="--full-name"
        )
    with options.opened() as center:
        people.change_details(center, name, **values)
    words = f"changed for {name}: {', '.join(values).replace('_', ' ')}"
    report({"name": name, "changed": list(values)}, words, as_json=json)


for _command, _example in (
    (user_access.role, "role kim --role manager"),
    (user_access.disable, "disable kim"),
    (user_access.enable, "enable kim"),
    (user_access.reset_password, "reset-password kim"),
    (user_access.reset_codes, "reset-codes kim"),
):
    app.command(
        _example.partition(" ")[0],
        epilog=f"[bold]Example:[/bold] gatepass center user {_example}",
    )(_command)


def _state(one: PersonView) -> str:
    if one.disabled:
        return "disabled"
    if one.must_change:
        return "one-time password"
    return "authenticator" if one.authenticator else "active"


def _as_data(one: PersonView) -> dict[str, object]:
    return {
        "name": one.name,
        "firm": one.firm,
        "full_name": one.full_name,
        "email": one.email,
        "mobile": one.mobile,
        "role": one.role.value,
        "disabled": one.disabled,
        "must_change": one.must_change,
        "authenticator": one.authenticator,
        "created_at": one.created_at.isoformat(),
    }
