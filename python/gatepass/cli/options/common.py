"""Options and arguments that several commands share, and what their texts mean."""

from __future__ import annotations

import contextlib
import re
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gatepass.cli.options import center as center_options
from gatepass.cli.options.file_kinds import FileKind, head_of, refuse_head, refuse_other
from gatepass.errors import KeyFileError
from gatepass.fix import parse_sending_time
from gatepass.keys import KeySource, open_keys
from gatepass.transport import client_context

Json = Annotated[
    bool, typer.Option("--json", metavar="", help="Write JSON instead of text for people.")
]
Keys = Annotated[
    str,
    typer.Option(
        "--keys",
        metavar="KEYS",
        help="Key pairs: the PATH of a key file, - for standard input, fd:N for an open"
        " descriptor, env: for GATEPASS_* variables, keyring:SESSION for the system's keyring,"
        " center:URL for a Request Center's database (center: for the one made here);"
        " center:URL?disaster=2026-11-23T10:00:00Z is what it would recover after a disaster then.",
    ),
]
KeysArgument = Annotated[
    str,
    typer.Argument(
        metavar="KEYFILE",
        help="The PATH of a key file, or - or fd:N or env: or keyring:SESSION, or center:URL for a"
        " Request Center's database.",
    ),
]
AllowInsecureKeys = Annotated[
    bool,
    typer.Option(
        "--allow-insecure-keys", metavar="", help="Accept a key file that others can read."
    ),
]
TlsCertificate = Annotated[
    Path | None,
    typer.Option(
        "--tls-cert", metavar="FILE", help="Listen with TLS and this certificate, a PEM file."
    ),
]
TlsKey = Annotated[
    Path | None,
    typer.Option(
        "--tls-key", metavar="FILE", help="Its key; without this, the certificate's file has it."
    ),
]
Tls = Annotated[bool, typer.Option("--tls", metavar="", help="Connect with TLS.")]
Authority = Annotated[
    Path | None,
    typer.Option(
        "--ca",
        metavar="FILE",
        help="Trust certificates of this authority, a PEM file, instead of the system's.",
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="Judge by this time instead of now: 2026-11-23T14:30:00Z, or as in a Logon"
        " (UTC): 20261123-14:30:00.000.",
    ),
]
AnyTime = Annotated[
    bool,
    typer.Option(
        "--any-time", metavar="", help="Leave out what depends on the time: for old Logons."
    ),
]
LogonFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE|-",
        help="Logons: one a line, or end to end; with SOH, or | in its place. - is standard input.",
        show_default=False,
    ),
]

STDIN = "-"
#: Years that ``--at`` takes: beyond them a date in another time zone may not exist.
YEARS = range(1970, 9000)
_DESCRIPTOR = re.compile(r"-|fd:([0-9]+)")
_STDIN_KEYS = re.compile(r"-|fd:0+")


def open_key_source(
    keys: str, *, logons: str | None = None, allow_insecure: bool, option: str = "--keys"
) -> KeySource:
    """Open the key pairs an option names; `logons` is where the Logons come from.

    Raises `typer.BadParameter` when both are standard input or the file is of another kind, and as
    `gatepass.keys.open_keys` and `gatepass.cli.options.center.open_center`.
    """
    if logons == STDIN and _STDIN_KEYS.fullmatch(keys):
        raise typer.BadParameter(
            "standard input cannot hold both the keys and the Logons: give a FILE with the"
            " Logons, or the keys as a file or by another descriptor, such as --keys fd:3",
            param_hint="--keys",
        )
    if keys.startswith(center_options.KEYS_PREFIX):
        return center_options.open_center(keys)
    try:
        return open_keys(keys, allow_insecure=allow_insecure)
    except KeyFileError:
        descriptor = _DESCRIPTOR.fullmatch(keys)
        if descriptor is None:
            refuse_other(keys, FileKind.KEY_FILE, option)
        else:
            # Of a pipe nothing is left; a file that was redirected can be looked at once more.
            head = head_of(Path(f"/dev/fd/{descriptor[1] or 0}"))
            refuse_head(keys, head, (FileKind.KEY_FILE,), option)
        raise


def open_tls(tls: bool, authority: Path | None) -> ssl.SSLContext | None:
    """Give what a client connects with, ``None`` for no TLS.

    Raises `typer.BadParameter` and `ConfigError`.
    """
    if authority is not None and not tls:
        raise typer.BadParameter("an authority is for TLS: give --tls too", param_hint="--ca")
    refuse_other(authority, FileKind.CERTIFICATE, "--ca")
    return client_context(authority) if tls else None


def parse_at(text: str | None) -> datetime | None:
    """Read a time with its zone: ISO 8601, or UTC as SendingTime (52) has it.

    Raises `typer.BadParameter`.
    """
    if text is None:
        return None
    moment = None
    for read in (parse_sending_time, lambda t: datetime.fromisoformat(t.upper())):
        with contextlib.suppress(ValueError):
            moment = moment or read(text)
    if moment is None or moment.utcoffset() is None or moment.year not in YEARS:
        raise typer.BadParameter(
            "give a date and time with its zone, such as 2026-11-23T14:30:00Z or"
            " 2026-11-23T08:30:00-06:00, or in UTC as a Logon has it: 20261123-14:30:00.000",
            param_hint="--at",
        )
    return moment


def moment_of(at: str | None) -> datetime:
    """Read ``--at``, or give the present, to the second."""
    return parse_at(at) or datetime.now(UTC).replace(microsecond=0)


def refuse_both_times(at: str | None, any_time: bool) -> None:
    """Raise `typer.BadParameter` if both ``--at`` and ``--any-time`` are given."""
    if at is not None and any_time:
        raise typer.BadParameter(
            "give --at TIME to judge by that time, or --any-time to leave it out, not both",
            param_hint="--any-time",
        )
