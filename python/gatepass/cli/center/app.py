"""``gatepass center``: serve the Request Center, and the commands for its operator."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from gatepass.cli.center import audit as center_audit
from gatepass.cli.center import serve as center_serve
from gatepass.cli.center import sessions as center_sessions
from gatepass.cli.center import store as center_store
from gatepass.cli.center import upkeep as center_upkeep
from gatepass.cli.center import users as center_users
from gatepass.cli.options.center import needing_the_extra

#: The commands in the order in which an operator needs them.
ORDER = ("serve", "init", "user", "session", "audit", "backup", "restore", "sweep", "rewrap")


class CenterCommands(TyperGroup):
    """Commands that need the extra ``center``, and say so if it is missing."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name the commands in `ORDER`; Typer would put groups last."""
        return list(ORDER)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with needing_the_extra():
            return super().invoke(ctx)


app = typer.Typer(
    name="center",
    cls=CenterCommands,
    help="Serve the Request Center, which issues, rotates and retires key pairs.",
    epilog="[bold]Example:[/bold] gatepass center serve",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

app.command(epilog=center_serve.EPILOG)(center_serve.serve)
app.command(epilog=center_store.INIT_EPILOG)(center_store.init)
app.add_typer(center_users.app)
app.add_typer(center_sessions.app)
app.add_typer(center_audit.app)
app.command(epilog=center_store.BACKUP_EPILOG)(center_store.backup)
app.command(epilog=center_store.RESTORE_EPILOG)(center_store.restore)
app.command(epilog=center_upkeep.SWEEP_EPILOG)(center_upkeep.sweep)
app.command(epilog=center_upkeep.REWRAP_EPILOG)(center_upkeep.rewrap)
