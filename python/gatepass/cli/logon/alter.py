"""The options that change a Logon on purpose: --set and --omit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import typer

from gatepass.rehearsal.alterations import Alterations

Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="TAG=VALUE",
        help="Set a tag of the Logon to this value and sign it. Only for a gateway on this machine."
        " Repeatable.",
        show_default=False,
    ),
]
Omit = Annotated[
    list[str] | None,
    typer.Option(
        "--omit",
        metavar="TAG",
        help="Leave a tag out of the Logon. Only for a gateway on this machine. Repeatable.",
        show_default=False,
    ),
]

_WORDS = {
    "--set": (re.compile(r"([0-9]{1,9})=(.*)", re.DOTALL), "TAG=VALUE, such as 141=Y"),
    "--omit": (re.compile(r"([0-9]{1,9})"), "a tag number, such as 142"),
}


def parse_alterations(assigned: Sequence[str], left_out: Sequence[str]) -> Alterations:
    """Read --set and --omit. Raises `FieldError` for a tag that must not be changed."""
    words = [("--set", word) for word in assigned] + [("--omit", word) for word in left_out]
    return Alterations(tuple(_alteration(option, word) for option, word in words))


def _alteration(option: str, word: str) -> tuple[int, str | None]:
    pattern, wanted = _WORDS[option]
    match = pattern.fullmatch(word)
    if match is None:
        raise typer.BadParameter(f"give {wanted}", param_hint=option)
    return int(match[1]), match[2] if pattern.groups > 1 else None
