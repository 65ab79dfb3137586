"""The ``gatepass`` command: it parses, calls and prints. The logic is in other packages.

`app` lists the commands. Each group of commands has a folder; `options` has the input that they
share, `terminal` the streams, messages and exit codes, and `views` what they print.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from gatepass.cli.terminal.streams import replace_closed

#: Packages that only the extra ``cli`` installs.
EXTRA = ("typer", "rich")


def main() -> NoReturn:
    """Run the command and exit: 0 for yes, 1 for no, 2 for bad input or failed output."""
    replace_closed()
    try:
        import rich  # noqa: F401 - Typer imports it only later, in the middle of a command

        from gatepass.cli.app import app
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        sys.stderr.write(
            f"gatepass: the command needs the package {error.name}: pip install 'gatepass[cli]'\n"
        )
        sys.exit(2)
    sys.exit(app(prog_name="gatepass"))
