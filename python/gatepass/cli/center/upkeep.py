"""``gatepass center`` sweep and rewrap: what keeps a store in order."""

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
            "--accept-clock", metavar="", help="The clock is right, though it is far ahead."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Do once what serve does at intervals: expire, warn, erase, and send the mails.

    With a clock that is more than a week ahead of the last sweep nothing is
    done unless --accept-clock is given: a wrong one would end all key pairs.

    A row that cannot be read is passed over and named, with exit code 1.

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
    _report(told, words, "passed over", swept.broken, as_json=json)


@with_center_options
def rewrap(
    options: CenterOptions,
    new_key: Annotated[
        bool,
        typer.Option("--new-key", metavar="", help="Make a new envelope key first, in its file."),
    ] = False,
    json: Json = False,
) -> None:
    """Wrap all secrets with the first envelope key of its file or variable.

    To change the key: rewrap --new-key, start anew what used the old key so
    far, the serve processes and each simulate --keys center:, rewrap once more,
    and take the other lines out of the file. Keep them with the backups that
    were made under them.

    What cannot be wrapped is named and passed over; exit code 1 then.

    --json writes one object: envelope_key (its name, not the key), wrapped and
    broken.
    """
    from gatepass.center.assembly import opened
    from gatepass.center.pairs.rewrap import rewrap as wrap_anew

    settings = options.settings()
    if new_key:
        _add_key(settings)
    with opened(settings) as center:
        done = wrap_anew(center)
        name = center.vault.envelope
    told = {"envelope_key": name, "wrapped": done.wrapped}
    words = f"secrets wrapped with envelope key {name}: {done.wrapped}"
    _report(told, words, "not wrapped", done.broken, as_json=json)


def _add_key(settings: CenterSettings) -> None:
    """Put a new envelope key before the others in its file, if that one opens the store."""
    from gatepass.center.assembly import opened
    from gatepass.center.secrets import envelope

    if settings.envelope.file is None:
        raise typer.BadParameter(
            "the envelope key comes from the environment: put a new one before it there",
            param_hint="--new-key",
        )
    with opened(settings):
        envelope.add_to_file(settings.envelope.file)


def _report(
    told: Mapping[str, object], words: str, failure: str, broken: Sequence[str], *, as_json: bool
) -> None:
    """Report what was done and which rows were broken; with any, exit with code 1."""
    report({**told, "broken": list(broken)}, words, as_json=as_json)
    if broken:
        for problem in () if as_json else broken:
            say(f"{failure}: {problem}")
        raise typer.Exit(1)
