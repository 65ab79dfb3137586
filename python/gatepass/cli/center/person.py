"""What the commands about users share: the name, the role, and how a password is shown."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Annotated

import typer

from gatepass.cli.terminal.output import emit, say

if TYPE_CHECKING:
    from gatepass.center.secrets.hidden import Hidden

Name = Annotated[str, typer.Argument(metavar="NAME", help="The user name.", show_default=False)]


class RoleWord(enum.StrEnum):
    """A role, as it is written on the command line."""

    MANAGER = "manager"
    KEYS = "keys"
    READER = "reader"


RoleOption = Annotated[
    RoleWord,
    typer.Option(
        "--role",
        help="Administrative Manager, Key Management User, or read-only.",
    ),
]


def show_password(name: str, password: Hidden, *, as_json: bool) -> None:
    """Write a one-time password to standard output, and its label to standard error."""
    if as_json:
        emit({"name": name, "one_time_password": password.reveal()})
        return
    say(f"one-time password of {name}, shown only now:")
    typer.echo(password.reveal())
