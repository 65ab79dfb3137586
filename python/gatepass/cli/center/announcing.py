"""What ``gatepass center serve`` says of itself: where it is, the first password, its limits."""

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
    """Say where it is; where codes stay here, take the first steps and show their password.

    Call it once requests are taken: nothing can go wrong any more before the password is shown.
    """
    from gatepass.center import embedded

    first = embedded.take_first_steps(center) if settings.codes_stay_here else None
    sys.stdout.write(f"listening on {_url(settings, listener)}\n")
    if first is not None:
        _show(first, as_json=as_json)
    sys.stdout.flush()
    _say_places(settings)
    if not embedded.has_user(center):
        say("there is no user yet: gatepass center init --help shows how to add a firm")
    _say_limits(center)
    say("Ctrl-C ends")


def say_code(path: Path, *, as_json: bool) -> None:
    """Say of a code that was put into a file where it is, not what it is."""
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
            f"session to rehearse with: {first.session}\n"
        )


def _say_places(settings: CenterSettings) -> None:
    from gatepass.center.settings import shown
    from gatepass.center.web.host_names import stands_for_all

    if settings.address:
        say(f"for people: {settings.address}")
    elif stands_for_all(settings.host):
        say("asked for by a name, it refuses: --address URL says what people type")
    say(f"database: {shown(settings.database)}")
    if settings.codes_stay_here:
        what = "verification codes" if settings.mail.host else "verification codes and mails"
        say(f"{what} are put into {settings.outbox}")


def _say_limits(center: Center) -> None:
    """Say what keeps users from going on, and what lifts it."""
    from gatepass.center.pairs import hours
    from gatepass.center.people import codes

    if center.open_always:
        say("open always, to rehearse: CME's opening hours are left out")
    elif not hours.is_open(now := center.clock()):
        opens = hours.next_opening(now)
        say(f"closed until {opens:%A %Y-%m-%d %H:%M} in Chicago; --open-always is for rehearsals")
    say(
        f"each user gets {codes.PER_DAY} verification codes a day:"
        " gatepass center user reset-codes NAME gives as many again"
    )
