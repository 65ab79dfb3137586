"""The ``gatepass`` command: it parses, calls and prints; what it knows is in other packages.

In the order of the files: `app` (the commands), `running` and `streams` (how it ends), `options`
and `logons` (what comes in), `output` (what goes out), then one file a command with the pictures
it draws.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from gatepass.cli.terminal.streams import replace_closed

#: What the base install does without, and the extra ``cli`` brings.
EXTRA = ("typer", "rich")


def main() -> NoReturn:
    """Run the command and exit: 0 for yes, 1 for no, 2 for bad input or a lost answer."""
    replace_closed()
    try:
        import rich  # noqa: F401 - Typer itself asks for it later, in the middle of a command

        from gatepass.cli.app import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        sys.stderr.write(
            f"gatepass: the command needs the package {error.name}: pip install 'gatepass[cli]'\n"
        )
        sys.exit(2)
    sys.exit(app(prog_name="gatepass"))
