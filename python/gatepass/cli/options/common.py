"""Options and arguments that several commands share, and how their values are read."""

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
        help="Key pairs: the PATH of a key file, - for standard input, fd:N for an open file"
        " descriptor, env: for GATEPASS_* variables, keyring:SESSION for the system's keyring, or"
        " center:URL for a Request Center's database (center: alone for the default one)."
        " center:URL?disaster=TIME gives the pairs that it would recover after a disaster at TIME,"
        " such as 2026-11-23T10:00:00Z.",
    ),
]
KeysArgument = Annotated[
    str,
    typer.Argument(
        metavar="KEYFILE",
        help="The PATH of a key file, -, fd:N, env:, keyring:SESSION, or center:URL for a Request"
        " Center's database.",
    ),
]
AllowInsecureKeys = Annotated[
    bool,
    typer.Option(
        "--allow-insecure-keys", metavar="", help="Accept a key file that other users can read."
    ),
]
TlsCertificate = Annotated[
    Path | None,
    typer.Option(
        "--tls-cert", metavar="FILE", help="Use TLS with the certificate in this PEM file."
    ),
]
TlsKey = Annotated[
    Path | None,
    typer.Option(
        "--tls-key",
        metavar="FILE",
        help="The certificate's private key. [dim]Default: the file of --tls-cert[/dim]",
    ),
]
Tls = Annotated[bool, typer.Option("--tls", metavar="", help="Connect with TLS.")]
Authority = Annotated[
    Path | None,
    typer.Option(
        "--ca",
        metavar="FILE",
        help="Trust the authorities in this PEM file instead of the system's.",
    ),
]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="Check as of this time instead of now: 2026-11-23T14:30:00Z, or as in a Logon"
        " (UTC): 20261123-14:30:00.000.",
    ),
]
AnyTime = Annotated[
    bool,
    typer.Option(
        "--any-time", metavar="", help="Skip the checks that depend on the time: for old Logons."
    ),
]
LogonFile = Annotated[
    str,
    typer.Argument(
        metavar="FILE|-",
        help="Logons: one per line or end to end, with SOH or | between the fields. - reads"
        " standard input.",
        show_default=False,
    ),
]

STDIN = "-"
#: Years that ``--at`` accepts: outside them, a date may not exist in another time zone.
YEARS = range(1970, 9000)
_DESCRIPTOR = re.compile(r"-|fd:([0-9]+)")
_STDIN_KEYS = re.compile(r"-|fd:0+")


def open_key_source(
    context: typer.Context,
    keys: str,
    *,
    logons: str | None = None,
    allow_insecure: bool,
    diagnosis: bool = False,
    option: str = "--keys",
) -> KeySource:
    """Open the key pairs that an option names; `logons` is where the Logons come from.

    `diagnosis` is for commands that name the mistakes of clients: see `gatepass.keys.KeyPair`.
    A Request Center's store is closed when the command of `context` ends.

    Raises `typer.BadParameter` if both are standard input or the file is of another kind, and what
    `gatepass.keys.open_keys` and `gatepass.cli.options.center.open_center` raise.
    """
    if logons == STDIN and _STDIN_KEYS.fullmatch(keys):
        raise typer.BadParameter(
            "standard input cannot contain both the keys and the Logons: give a FILE with the"
            " Logons, or give the keys as a file or another descriptor, such as --keys fd:3",
            param_hint="--keys",
        )
    if keys.startswith(center_options.KEYS_PREFIX):
        store = center_options.open_center(keys, diagnosis=diagnosis)
        context.call_on_close(store.close)
        return store
    try:
        return open_keys(keys, allow_insecure=allow_insecure, diagnosis=diagnosis)
    except KeyFileError:
        descriptor = _DESCRIPTOR.fullmatch(keys)
        if descriptor is None:
            refuse_other(keys, FileKind.KEY_FILE, option)
        else:
            # A redirected file can be read again; a pipe is empty by now.
            head = head_of(Path(f"/dev/fd/{descriptor[1] or 0}"))
            refuse_head(keys, head, (FileKind.KEY_FILE,), option)
        raise


def open_tls(tls: bool, authority: Path | None) -> ssl.SSLContext | None:
    """Return the client's TLS context, or ``None`` for no TLS.

    Raises `typer.BadParameter` and `ConfigError`.
    """
    if authority is not None and not tls:
        raise typer.BadParameter("it needs TLS: give --tls too", param_hint="--ca")
    refuse_other(authority, FileKind.CERTIFICATE, "--ca")
    return client_context(authority) if tls else None


def parse_at(text: str | None) -> datetime | None:
    """Read a time with its zone: ISO 8601, or UTC in the format of SendingTime (52).

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
            " 2026-11-23T08:30:00-06:00, or UTC as in a Logon: 20261123-14:30:00.000",
            param_hint="--at",
        )
    return moment


def moment_of(at: str | None) -> datetime:
    """Return the time of ``--at``, or the present to the second."""
    return parse_at(at) or datetime.now(UTC).replace(microsecond=0)


def refuse_both_times(at: str | None, any_time: bool) -> None:
    """Raise `typer.BadParameter` if both ``--at`` and ``--any-time`` are given."""
    if at is not None and any_time:
        raise typer.BadParameter(
            "give either --at TIME to check as of that time, or --any-time to skip the checks of"
            " the time, not both",
            param_hint="--any-time",
        )
