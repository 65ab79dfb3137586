"""What ``gatepass center serve`` prints at its start: address, first password and limits."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gatepass.cli.terminal.output import emit, say

if TYPE_CHECKING:
    from gatepass.center.context import Center
    from gatepass.center.embedded import FirstSteps
    from gatepass.center.settings import CenterSettings


def announce(
    settings: CenterSettings, center: Center, listener: socket.socket, *, as_json: bool
) -> None:
    """Print the address; if codes stay on this machine, make the first user and print the password.

    Call it once the server accepts requests: after that, no failure can hide the password.
    """
    from gatepass.center import embedded

    first = embedded.take_first_steps(center) if settings.codes_stay_here else None
    sys.stdout.write(f"listening on {_url(settings, listener)}\n")
    if first is not None:
        _show(first, as_json=as_json)
    sys.stdout.flush()
    _say_places(settings)
    if not embedded.has_user(center):
        say("there are no users yet: gatepass center init --help shows how to add a firm")
    _say_limits(center)
    say("press Ctrl-C to stop")


def say_code(path: Path, *, as_json: bool) -> None:
    """Say which file contains a code. The code itself is not printed."""
    if as_json:
        emit({"what": "code", "file": str(path)})
    else:
        say(f"a verification code is in {path}")


def _url(settings: CenterSettings, listener: socket.socket) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "http" if settings.certificate is None else "https"
    return f"{scheme}://{host}:{listener.getsockname()[1]}"


def _show(first: FirstSteps, *, as_json: bool) -> None:
    password = first.one_time_password.reveal()
    if as_json:
        told = {"what": "administrator", "name": first.name, "session": first.session}
        emit({**told, "one_time_password": password})
    else:
        sys.stdout.write(
            f"user name: {first.name}\n"
            f"one-time password, shown only now: {password}\n"
            f"session for rehearsals: {first.session}\n"
        )


def _say_places(settings: CenterSettings) -> None:
    from gatepass.center.settings import shown
    from gatepass.center.web.host_names import stands_for_all

    if settings.address:
        say(f"public address: {settings.address}")
    elif stands_for_all(settings.host):
        say("requests by host name are refused: set the public address with --address URL")
    say(f"database: {shown(settings.database)}")
    if settings.codes_stay_here:
        what = "verification codes" if settings.mail.host else "verification codes and mails"
        say(f"{what} are written to {settings.outbox}")


def _say_limits(center: Center) -> None:
    """Say which limits users meet, and how to lift them."""
    from gatepass.center.pairs import hours
    from gatepass.center.people import codes

    if center.open_always:
        say("always open, for rehearsals: CME's opening hours are ignored")
    elif not hours.is_open(now := center.clock()):
        opens = hours.next_opening(now)
        say(
            f"closed until {opens:%A %Y-%m-%d %H:%M} Chicago time; use --open-always for rehearsals"
        )
    say(
        f"each user gets {codes.PER_DAY} verification codes a day;"
        " gatepass center user reset-codes NAME resets the count"
    )
