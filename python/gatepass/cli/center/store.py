"""``gatepass center`` init, backup and restore: the store as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatepass.cli.center.person import show_password
from gatepass.cli.options.center import CenterOptions, with_center_options
from gatepass.cli.options.common import Json
from gatepass.cli.options.file_kinds import FileKind, refuse_other
from gatepass.cli.terminal.output import emit, report, say
from gatepass.errors import CenterError

if TYPE_CHECKING:
    from gatepass.center.context import Center
    from gatepass.center.people.users import NewPerson

INIT_EPILOG = """[bold]Example:[/bold] gatepass center init --firm ACME --manager maria \
--full-name 'Maria Jones' --email maria@example.com --mobile +13125550123

[bold]Example:[/bold] gatepass center init --database postgresql://gatepass@db/center"""
BACKUP_EPILOG = "[bold]Example:[/bold] gatepass center backup monday.backup"
RESTORE_EPILOG = "[bold]Example:[/bold] gatepass center restore monday.backup"


@with_center_options
def init(
    options: CenterOptions,
    firm: Annotated[
        str | None, typer.Option("--firm", metavar="NAME", help="Add a firm and its manager.")
    ] = None,
    manager: Annotated[
        str | None, typer.Option("--manager", metavar="NAME", help="The manager's user name.")
    ] = None,
    full_name: Annotated[
        str | None, typer.Option("--full-name", metavar="TEXT", help="The manager's full name.")
    ] = None,
    email: Annotated[
        str | None, typer.Option("--email", metavar="ADDRESS", help="The manager's e-mail address.")
    ] = None,
    mobile: Annotated[
        str | None,
        typer.Option(
            "--mobile",
            metavar="NUMBER",
            help="The manager's mobile: +, country code and number.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Make the database and the envelope key, or upgrade an older database; add a firm.

    The manager's one-time password is shown only once. Existing data stays: run
    this again after you upgrade gatepass, or to add another firm.

    --json writes one object: database and envelope_key, and, if a firm was added,
    name and one_time_password.
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
        raise typer.BadParameter(
            "give it too: a firm is added together with its manager", param_hint=missing[0]
        )
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
        say(f"its envelope key is {place}: keep a copy of it apart from the backups")
    if made is not None:
        show_password(str(manager), made.one_time_password, as_json=False)


@with_center_options
def backup(
    options: CenterOptions,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new file.", show_default=False)],
    json: Json = False,
) -> None:
    """Write a copy of the whole store to a new file; serve may keep running.

    Secrets in the file are encrypted. The envelope key is not in it: keep a copy
    of the key in another place. SQLite and PostgreSQL can both restore the file.

    --json writes one object: file, made_at, last_entry and rows.
    """
    from gatepass.center.backup.backup import backup as write_backup

    with options.opened() as center:
        made = write_backup(center, file)
    told = {"made_at": made.made_at, "last_entry": made.last_entry, "rows": made.rows}
    words = (
        f"wrote {file}: {sum(made.rows.values())} rows, up to entry {made.last_entry} of the"
        " audit log"
    )
    report({"file": str(file), **told}, words, as_json=json)


@with_center_options
def restore(
    options: CenterOptions,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.", show_default=False)],
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            metavar="",
            help="Restore even if the store has changed since the backup.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Restore the store from a backup, all or nothing.

    Stop all serve processes first. If the store has changed since the backup,
    nothing is restored and the error lists what would be lost, unless --replace
    is given. Users' passwords, authenticators, mobile numbers and addresses, and
    the owners of sessions, stay as they are now, so access that was taken away
    since the backup does not come back. The audit log's anchor in the state
    folder is removed; the next verification makes a new one.

    --json writes one object: file and lost (null if nothing was lost).
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
    outcome = "; nothing was lost" if lost is None else f" with --replace: {lost}"
    report({"file": str(file), "lost": lost}, f"restored {file}{outcome}", as_json=json)
    forget(settings.anchor)


def _add_firm(
    center: Center, firm: str, manager: str, full_name: str, email: str, mobile: str
) -> NewPerson:
    from gatepass.center.pairs import firms
    from gatepass.center.people import users as people
    from gatepass.center.roles import Role

    try:
        firms.add_firm(center, firm)
    except CenterError:
        # An earlier run may have added the firm and failed to add the manager.
        if people.people(center, firm):
            raise
    return people.add_person(center, firm, manager, full_name, email, mobile, Role.MANAGER)
