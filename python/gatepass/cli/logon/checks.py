"""What ``gatepass logon`` refuses before it connects: bad values and bad combinations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address

import typer

from gatepass.cli.logon.run import Choice
from gatepass.keys.likely_secret import may_be_secret_part

_TARGET = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]+)):([0-9]{1,5})")
#: It is also the name of a file.
_SENDER_COMP_ID = re.compile(r"[A-Za-z0-9]{2,32}")
_TARGET_SUB_ID = re.compile(r"[A-Za-z0-9]{1,8}")


def parse_target(text: str, hint: str = "HOST:PORT") -> tuple[str, int]:
    """Read a host and a port. Raises `typer.BadParameter`."""
    match = _TARGET.fullmatch(text)
    if match is None or not 0 < int(match[3]) < 65536:
        raise typer.BadParameter("give a host and a port, such as localhost:9443", param_hint=hint)
    host = match[1] or match[2]
    if may_be_secret_part(host):
        # A name server would get it.
        raise typer.BadParameter("this looks like a Secret Key, not like a host", param_hint=hint)
    try:
        host.encode("idna")
    except UnicodeError as error:
        words = f"{host} is not a host name: each part must have 1 to 63 characters"
        raise typer.BadParameter(words, param_hint=hint) from error
    return host, int(match[3])


def check_scenario(scenario: Choice, next_number: int | None) -> None:
    """Raise `typer.BadParameter` for a number with a scenario that begins at 1."""
    if next_number is not None and scenario in (Choice.BEGINNING_OF_WEEK, Choice.IN_SESSION):
        words = "give it only with the scenario auto or mid-week: the others begin at 1"
        raise typer.BadParameter(words, param_hint="--next-number")


def check_session(sender_comp_id: str, target_sub_id: str, *, has_backup: bool) -> None:
    """Raise `typer.BadParameter` unless 49 and 57 are well formed, and 49 fits a backup."""
    if not _SENDER_COMP_ID.fullmatch(sender_comp_id):
        raise typer.BadParameter(
            "give Session ID, firm, and U or N, such as ABC123N", param_hint="--sender-comp-id"
        )
    if not _TARGET_SUB_ID.fullmatch(target_sub_id):
        raise typer.BadParameter(
            "give G, or the two digits of a market segment", param_hint="--target-sub-id"
        )
    if has_backup and not sender_comp_id.endswith("U"):
        raise typer.BadParameter(
            "a session with a backup is fault tolerant, so its SenderCompID (49) must end in U",
            param_hint="--sender-comp-id",
        )


def check_altered(altered: Mapping[str, bool], *, has_backup: bool) -> None:
    """Raise `typer.BadParameter` for options that change the Logon together with a backup."""
    given = [option for option, is_given in altered.items() if is_given]
    if given and has_backup:
        raise typer.BadParameter(
            "a Logon can be changed only on a single connection: leave out --backup",
            param_hint=" and ".join(given),
        )


def check_own_machine(options: Mapping[str, bool], targets: Iterable[tuple[str, int]]) -> None:
    """Raise `typer.BadParameter` for options that can close a port of another machine."""
    others = [host for host, _ in targets if not is_loopback(host)]
    for option, given in options.items():
        if given and others:
            raise typer.BadParameter(
                f"{others[0]} is not this machine, and a closed port there costs a fee",
                param_hint=option,
            )


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
