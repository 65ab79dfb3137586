"""``gatepass center user``: role, disable, enable, reset-password and reset-codes."""

from __future__ import annotations

from typing import Annotated

import typer

from gatepass.cli.center.person import Name, RoleOption, show_password
from gatepass.cli.options.center import CenterOptions, with_center_options
from gatepass.cli.options.common import Json
from gatepass.cli.terminal.output import report

LastManager = Annotated[
    bool,
    typer.Option(
        "--last-manager", metavar="", help="Allow this for the last active manager of a firm."
    ),
]


@with_center_options
def role(
    options: CenterOptions,
    name: Name,
    role: RoleOption,
    last_manager: LastManager = False,
    json: Json = False,
) -> None:
    """Give a user another role. It takes effect at the next request.

    The last active manager of a firm is not changed, unless --last-manager is given.

    --json writes one object: name and role.
    """
    from gatepass.center.people import users as people
    from gatepass.center.roles import Role

    wanted = Role[role.name]
    with options.opened() as center:
        people.set_role(center, name, wanted, last_manager=last_manager)
    report({"name": name, "role": wanted.value}, f"{name} is now {wanted.value}", as_json=json)


@with_center_options
def disable(
    options: CenterOptions,
    name: Name,
    last_manager: LastManager = False,
    json: Json = False,
) -> None:
    """Disable a user; all logins end at once.

    The last active manager of a firm is not disabled, unless --last-manager is given.

    --json writes one object: name and disabled.
    """
    from gatepass.center.people import users as people

    with options.opened() as center:
        people.set_disabled(center, name, disabled=True, last_manager=last_manager)
    _say_disabled(name, disabled=True, as_json=json)


@with_center_options
def enable(
    options: CenterOptions,
    name: Name,
    json: Json = False,
) -> None:
    """Enable a disabled user again.

    --json writes one object: name and disabled.
    """
    from gatepass.center.people import users as people

    with options.opened() as center:
        people.set_disabled(center, name, disabled=False)
    _say_disabled(name, disabled=False, as_json=json)


@with_center_options
def reset_password(
    options: CenterOptions,
    name: Name,
    authenticator: Annotated[
        bool,
        typer.Option("--authenticator", metavar="", help="Also remove a lost authenticator."),
    ] = False,
    json: Json = False,
) -> None:
    """Show a new one-time password; end the old password and all logins.

    This also ends a lockout after too many failed attempts.

    --json writes one object: name and one_time_password.
    """
    from gatepass.center.people import users as people

    with options.opened() as center:
        password = people.reset_password(center, name)
        if authenticator:
            people.remove_authenticator(center, name)
    show_password(name, password, as_json=json)


@with_center_options
def reset_codes(
    options: CenterOptions,
    name: Name,
    json: Json = False,
) -> None:
    """Reset the count of a user who has used all verification codes of the day.

    --json writes one object: name and codes (how many there are now).
    """
    from gatepass.center.people import codes
    from gatepass.center.people import users as people

    with options.opened() as center:
        people.reset_codes(center, name)
    words = f"{name} can have {codes.PER_DAY} more codes today"
    report({"name": name, "codes": codes.PER_DAY}, words, as_json=json)


def _say_disabled(name: str, *, disabled: bool, as_json: bool) -> None:
    words = f"{name} is now {'disabled' if disabled else 'enabled'}"
    report({"name": name, "disabled": disabled}, words, as_json=as_json)
