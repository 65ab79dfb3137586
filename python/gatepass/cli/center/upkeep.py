"""``gatepass center`` sweep and rewrap: maintenance of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from gatepass.cli.options.center import CenterOptions, with_center_options
from gatepass.cli.options.common import Json
from gatepass.cli.terminal.output import report, say

if TYPE_CHECKING:
    from gatepass.center.settings import CenterSettings

SWEEP_EPILOG = "[bold]Example:[/bold] gatepass center sweep"
REWRAP_EPILOG = "[bold]Example:[/bold] gatepass center rewrap --new-key"


@with_center_options
def sweep(
    options: CenterOptions,
    accept_clock: Annotated[
        bool,
        typer.Option(
            "--accept-clock", metavar="", help="Trust the clock although it is far ahead."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Do once what serve does at intervals: expire pairs, warn, erase secrets, send mails.

    If the clock is more than a week ahead of the last sweep, nothing is done
    unless --accept-clock is given, because a wrong clock would expire all key pairs.

    A row that cannot be read is skipped and named; the exit code is then 1.

    --json writes one object: expired, warned, erased, sent, failed and broken.
    """
    from gatepass.center import assembly, background
    from gatepass.center.mail import queue as mails

    settings = options.settings()
    with assembly.opened(settings) as center:
        swept = background.sweep_all(center, accept_clock=accept_clock)
        mail = mails.deliver_due(center, assembly.make_mailer(settings))
    told = {"expired": swept.expired, "warned": swept.warned, "erased": swept.erased}
    told |= {"sent": mail.sent, "failed": mail.failed}
    words = (
        f"key pairs expired: {swept.expired}; warnings: {swept.warned}; secrets erased:"
        f" {swept.erased}; mails sent: {mail.sent}, failed: {mail.failed}"
    )
    _report(told, words, "skipped", swept.broken, as_json=json)


@with_center_options
def rewrap(
    options: CenterOptions,
    new_key: Annotated[
        bool,
        typer.Option(
            "--new-key", metavar="", help="First add a new envelope key to the key's file."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Encrypt all secrets again, with the first envelope key of its file or variable.

    To change the key: run rewrap --new-key; restart the processes that use the
    old key (serve, and simulate --keys center:); run rewrap again; then remove
    the other lines from the key file. Keep those old keys with the backups that
    need them.

    A secret that cannot be encrypted again is skipped and named; the exit code is
    then 1.

    --json writes one object: envelope_key (its name, not the key), wrapped and
    broken.
    """
    from gatepass.center.assembly import opened
    from gatepass.center.pairs.rewrap import rewrap as wrap_again

    settings = options.settings()
    if new_key:
        _add_key(settings)
    with opened(settings) as center:
        done = wrap_again(center)
        name = center.vault.envelope
    told = {"envelope_key": name, "wrapped": done.wrapped}
    words = f"secrets wrapped with envelope key {name}: {done.wrapped}"
    _report(told, words, "not wrapped", done.broken, as_json=json)


def _add_key(settings: CenterSettings) -> None:
    """Put a new envelope key before the others in its file, if the present one opens the store."""
    from gatepass.center.assembly import opened
    from gatepass.center.secrets import envelope

    if settings.envelope.file is None:
        raise typer.BadParameter(
            "the envelope key comes from an environment variable: add the new key there, as the"
            " first one",
            param_hint="--new-key",
        )
    with opened(settings):
        envelope.add_to_file(settings.envelope.file)


def _report(
    told: Mapping[str, object], words: str, failure: str, broken: Sequence[str], *, as_json: bool
) -> None:
    """Report what was done and which rows were broken; exit with code 1 if there were any."""
    report({**told, "broken": list(broken)}, words, as_json=as_json)
    if broken:
        for problem in () if as_json else broken:
            say(f"{failure}: {problem}")
        raise typer.Exit(1)
