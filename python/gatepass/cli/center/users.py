"""``gatepass center user``: add, list, change, role, disable, enable, reset-password and -codes."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated

import typer

from gatepass.cli.options.center import CenterOptions, with_center_options
from gatepass.cli.options.common import Json
from gatepass.cli.terminal.output import emit, say
from gatepass.cli.views.table import print_table

if TYPE_CHECKING:
    from gatepass.center.people.users import PersonView
    from gatepass.center.secrets.hidden import Hidden

app = typer.Typer(
    name="user",
    help="Add, list and change users; CME's part is Global Account Management's.",
    epilog="[bold]Example:[/bold] gatepass center user list",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user name.", show_default=False)]


class RoleWord(enum.StrEnum):
    """A role, as a word of a command line."""

    MANAGER = "manager"
    KEYS = "keys"
    READER = "reader"


RoleOption = Annotated[
    RoleWord,
    typer.Option(
        "--role",
        help="Administrative Manager, Key Management User, or read only.",
    ),
]


LastManager = Annotated[
    bool,
    typer.Option("--last-manager", metavar="", help="Also the last active manager of a firm."),
]


@app.command(
    epilog="[bold]Example:[/bold] gatepass center user add kim --firm ACME --role keys"
    " --full-name 'Kim Lee' --email kim@example.com --mobile +13125550123"
)
@with_center_options
def add(
    options: CenterOptions,
    name: Name,
    firm: Annotated[str, typer.Option("--firm", metavar="NAME", help="Whose user it is.")],
    full_name: Annotated[str, typer.Option("--full-name", metavar="TEXT", help="For people.")],
    email: Annotated[
        str, typer.Option("--email", metavar="ADDRESS", help="Where mails of key pairs go.")
    ],
    mobile: Annotated[
        str,
        typer.Option(
            "--mobile", metavar="NUMBER", help="Where codes go: +, country code and number."
        ),
    ],
    role: RoleOption = RoleWord.READER,
    json: Json = False,
) -> None:
    """Add a user, and show the one-time password for the first logon.

    It is shown this once and kept nowhere. The first logon asks for a password
    of the user's own.

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
        str | None, typer.Option("--firm", metavar="NAME", help="Only this firm's.")
    ] = None,
    json: Json = False,
) -> None:
    """List the users with firm, role and state.

    --json writes one object: users with name, firm, full_name, email, mobile,
    role, disabled, must_change, authenticator and created_at each.
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
        str | None, typer.Option("--full-name", metavar="TEXT", help="For people.")
    ] = None,
    email: Annotated[
        str | None,
        typer.Option("--email", metavar="ADDRESS", help="Where mails of key pairs go."),
    ] = None,
    mobile: Annotated[
        str | None,
        typer.Option(
            "--mobile", metavar="NUMBER", help="Where codes go: +, country code and number."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Change a user's full name, e-mail address or mobile number.

    With another mobile or address, codes that the firm's users have not used
    yet are void. The first administrator, whom serve makes, has a number and an
    address that are nobody's: give real ones before codes and mails are sent.

    --json writes one object: name and changed, the options that were given.
    """
    from gatepass.center.people import users as people

    given = {"full_name": full_name, "email": email, "mobile": mobile}
    values = {key: value for key, value in given.items() if value is not None}
    if not values:
        raise typer.BadParameter("one at least is needed", param_hint="--full-name")
    with options.opened() as center:
        people.change_details(center, name, **values)
    if json:
        emit({"name": name, "changed": list(values)})
    else:
        say(f"changed of {name}: {', '.join(values).replace('_', ' ')}")


@app.command("reset-codes", epilog="[bold]Example:[/bold] gatepass center user reset-codes kim")
@with_center_options
def reset_codes(
    options: CenterOptions,
    name: Name,
    json: Json = False,
) -> None:
    """Let a user who has used up the day's verification codes have as many again.

    --json writes one object: name and codes, how many there are now.
    """
    from gatepass.center.people import codes
    from gatepass.center.people import users as people

    with options.opened() as center:
        people.reset_codes(center, name)
    if json:
        emit({"name": name, "codes": codes.PER_DAY})
    else:
        say(f"{name} can have {codes.PER_DAY} more codes today")


@app.command(epilog="[bold]Example:[/bold] gatepass center user role kim --role manager")
@with_center_options
def role(
    options: CenterOptions,
    name: Name,
    role: RoleOption,
    last_manager: LastManager = False,
    json: Json = False,
) -> None:
    """Give a user another role, from the next click on.

    A firm's last active manager keeps it, unless --last-manager is given.

    --json writes one object: name and role.
    """
    from gatepass.center.people import users as people
    from gatepass.center.roles import Role

    wanted = Role[role.name]
    with options.opened() as center:
        people.set_role(center, name, wanted, last_manager=last_manager)
    if json:
        emit({"name": name, "role": wanted.value})
    else:
        say(f"{name} is {wanted.value} now")


@app.command(epilog="[bold]Example:[/bold] gatepass center user disable kim")
@with_center_options
def disable(
    options: CenterOptions,
    name: Name,
    last_manager: LastManager = False,
    json: Json = False,
) -> None:
    """Shut a user out, at once and in all browsers.

    A firm's last active manager is let in still, unless --last-manager is given.

    --json writes one object: name and disabled.
    """
    from gatepass.center.people import users as people

    with options.opened() as center:
        people.set_disabled(center, name, disabled=True, last_manager=last_manager)
    _say_disabled(name, disabled=True, as_json=json)


@app.command(epilog="[bold]Example:[/bold] gatepass center user enable kim")
@with_center_options
def enable(
    options: CenterOptions,
    name: Name,
    json: Json = False,
) -> None:
    """Let a user in again who was disabled.

    --json writes one object: name and disabled.
    """
    from gatepass.center.people import users as people

    with options.opened() as center:
        people.set_disabled(center, name, disabled=False)
    _say_disabled(name, disabled=False, as_json=json)


@app.command(
    "reset-password", epilog="[bold]Example:[/bold] gatepass center user reset-password kim"
)
@with_center_options
def reset_password(
    options: CenterOptions,
    name: Name,
    authenticator: Annotated[
        bool,
        typer.Option("--authenticator", metavar="", help="Take a lost authenticator away as well."),
    ] = False,
    json: Json = False,
) -> None:
    """Show a new one-time password; the old password and all logins end.

    Also ends a lockout after too many tries.

    --json writes one object: name and one_time_password.
    """
    from gatepass.center.people import users as people

    with options.opened() as center:
        password = people.reset_password(center, name)
        if authenticator:
            people.remove_authenticator(center, name)
    show_password(name, password, as_json=json)


def show_password(name: str, password: Hidden, *, as_json: bool) -> None:
    """Write a one-time password to standard output, and on standard error what it is."""
    if as_json:
        emit({"name": name, "one_time_password": password.reveal()})
        return
    say(f"one-time password of {name}, shown only now:")
    typer.echo(password.reveal())


def _say_disabled(name: str, *, disabled: bool, as_json: bool) -> None:
    if as_json:
        emit({"name": name, "disabled": disabled})
    else:
        say(f"{name} is {'shut out' if disabled else 'let in'} now")


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
