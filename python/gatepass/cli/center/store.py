"""``gatepass center`` init, backup, restore, sweep and rewrap: what is done to the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatepass.cli.center.users import show_password
from gatepass.cli.options.center import CenterOptions, with_center_options
from gatepass.cli.options.common import Json
from gatepass.cli.options.file_kinds import FileKind, refuse_other
from gatepass.cli.terminal.output import emit, say
from gatepass.errors import CenterError

if TYPE_CHECKING:
    from gatepass.center.context import Center
    from gatepass.center.people.users import NewPerson

INIT_EPILOG = """[bold]Example:[/bold] gatepass center init --firm ACME --manager maria \
--full-name 'Maria Jones' --email maria@example.com --mobile +13125550123

[bold]Example:[/bold] gatepass center init --database postgresql://gatepass@db/center"""
BACKUP_EPILOG = "[bold]Example:[/bold] gatepass center backup monday.backup"
RESTORE_EPILOG = "[bold]Example:[/bold] gatepass center restore monday.backup"
SWEEP_EPILOG = "[bold]Example:[/bold] gatepass center sweep"
REWRAP_EPILOG = "[bold]Example:[/bold] gatepass center rewrap --new-key"


@with_center_options
def init(
    options: CenterOptions,
    firm: Annotated[
        str | None, typer.Option("--firm", metavar="NAME", help="Add a firm, with its manager.")
    ] = None,
    manager: Annotated[
        str | None, typer.Option("--manager", metavar="NAME", help="The manager's user name.")
    ] = None,
    full_name: Annotated[
        str | None, typer.Option("--full-name", metavar="TEXT", help="The manager's, for people.")
    ] = None,
    email: Annotated[
        str | None, typer.Option("--email", metavar="ADDRESS", help="The manager's.")
    ] = None,
    mobile: Annotated[
        str | None,
        typer.Option("--mobile", metavar="NUMBER", help="The manager's: +, country code, number."),
    ] = None,
    json: Json = False,
) -> None:
    """Make the database and the envelope key, or upgrade an older database; add a firm.

    Shows the manager's one-time password this once. What is there already
    stays: run it again after an upgrade of gatepass, or for one more firm.

    --json writes one object: database, envelope_key, and with a firm name and
    one_time_password.
    """
    from gatepass.center import assembly
    from gatepass.center.settings import shown

    given = {
        "--firm": firm,
        "--manager": manager,
        "--full-name": full_name,
        "--email": email,
        "--mobile": mobile,
    }
    missing = [option for option, value in given.items() if value is None]
    if missing and len(missing) < len(given):
        raise typer.BadParameter("a firm and its manager go together", param_hint=missing[0])
    settings = options.settings(make_folder=True)
    with assembly.begun(settings) as center:
        made = None if missing else _add_firm(center, *(str(value) for value in given.values()))
        place = str(settings.envelope.file or settings.envelope.variable)
        if json:
            told = {"database": shown(settings.database), "envelope_key": place}
            if made is not None:
                told |= {"name": str(manager), "one_time_password": made.one_time_password.reveal()}
            emit(told)
            return
        say(f"the database is ready: {shown(settings.database)}")
        say(f"its envelope key: {place}: keep a copy apart from the database's backups")
    if made is not None:
        show_password(str(manager), made.one_time_password, as_json=False)


@with_center_options
def backup(
    options: CenterOptions,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.", show_default=False)],
    json: Json = False,
) -> None:
    """Write a copy of the whole store to a new file, while it is served.

    Secrets in it are sealed, and the envelope key is not in it: keep that apart.
    Either kind of database takes it back.

    --json writes one object: file, made_at, last_entry and rows.
    """
    from gatepass.center.backup.backup import backup as write_backup

    with options.opened() as center:
        made = write_backup(center, file)
    if json:
        told = {"made_at": made.made_at, "last_entry": made.last_entry, "rows": made.rows}
        emit({"file": str(file), **told})
    else:
        say(f"{file}: {sum(made.rows.values())} rows, up to entry {made.last_entry} of the log")


@with_center_options
def restore(
    options: CenterOptions,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.", show_default=False)],
    replace: Annotated[
        bool,
        typer.Option("--replace", metavar="", help="Also over a store that went on since."),
    ] = False,
    json: Json = False,
) -> None:
    """Put the store back to what it was at a backup, all or nothing.

    End all serve processes first. A store that went on since the backup is left
    alone, and what would be lost is said, unless --replace is given. Users'
    passwords, authenticators, mobiles and addresses, and whom sessions belong to,
    stay as they are now: what was taken from somebody since does not come back.
    The audit log's anchor in the state folder is removed, and begins again.

    --json writes one object: file and lost, which is null where nothing was.
    """
    from gatepass.center.assembly import envelope_keys
    from gatepass.center.audit.anchor import forget
    from gatepass.center.backup.restore import restore as read_backup
    from gatepass.center.store.database import Database as Store

    refuse_other(file, FileKind.STORE, "FILE")
    settings = options.settings(make_folder=True)
    store = Store(settings.database)
    try:
        loss = read_backup(store, envelope_keys(settings.envelope), file, replace=replace)
    finally:
        store.close()
    lost = None if loss is None else str(loss)
    if json:
        emit({"file": str(file), "lost": lost})
    else:
        say(
            f"restored {file}"
            + ("; nothing was lost" if lost is None else f" in spite of this: {lost}")
        )
    forget(settings.anchor)


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
    told = {
        "expired": swept.expired,
        "warned": swept.warned,
        "erased": swept.erased,
        "sent": mail.sent,
        "failed": mail.failed,
        "broken": list(swept.broken),
    }
    if json:
        emit(told)
    else:
        say(
            f"key pairs expired: {swept.expired}; warnings: {swept.warned}; secrets erased:"
            f" {swept.erased}; mails sent: {mail.sent}, failed: {mail.failed}"
        )
        for problem in swept.broken:
            say(f"passed over: {problem}")
    if swept.broken:
        raise typer.Exit(1)


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
    from gatepass.center.secrets import envelope

    settings = options.settings()
    if new_key:
        if settings.envelope.file is None:
            raise typer.BadParameter(
                "the envelope key comes from the environment: put a new one before it there",
                param_hint="--new-key",
            )
        with opened(settings):
            # Only for a store that the key at hand opens.
            envelope.add_to_file(settings.envelope.file)
    with opened(settings) as center:
        done = wrap_anew(center)
        name = center.vault.envelope
    if json:
        emit({"envelope_key": name, "wrapped": done.wrapped, "broken": list(done.broken)})
    else:
        say(f"secrets wrapped with envelope key {name}: {done.wrapped}")
        for problem in done.broken:
            say(f"not wrapped: {problem}")
    if done.broken:
        raise typer.Exit(1)


def _add_firm(
    center: Center, firm: str, manager: str, full_name: str, email: str, mobile: str
) -> NewPerson:
    from gatepass.center.pairs import firms
    from gatepass.center.people import users as people
    from gatepass.center.roles import Role

    try:
        firms.add_firm(center, firm)
    except CenterError:
        # A run before this one may have added the firm and been refused the manager.
        if people.people(center, firm):
            raise
    return people.add_person(center, firm, manager, full_name, email, mobile, Role.MANAGER)
