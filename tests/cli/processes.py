"""Real runs of the `gatepass` script, as a shell would do them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

SCRIPT = str(Path(sys.executable).parent / ("gatepass.exe" if os.name == "nt" else "gatepass"))
#: Variables that change output or keys are not taken from the user who runs the tests.
LEFT_OUT = (
    *("NO_COLOR", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "COLUMNS", "TERMINAL_WIDTH"),
    *("PYTHONIOENCODING", "GATEPASS_SESSION_ID", "GATEPASS_ACCESS_KEY_ID", "GATEPASS_SECRET_KEY"),
)
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
ENVIRONMENT["PYTHONUTF8"] = "1"


def shell(
    *words: str,
    stdin: bytes = b"",
    stdout: int | IO[bytes] = subprocess.PIPE,
    fds: tuple[int, ...] = (),
    **env: str,
) -> subprocess.CompletedProcess[bytes]:
    """Run the script to its end."""
    return subprocess.run(
        [SCRIPT, *words],
        input=stdin,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
        pass_fds=fds,
        env={**ENVIRONMENT, **_user(), **env},
    )


def started(*words: str) -> subprocess.Popen[bytes]:
    """Start the script with pipes; it can be interrupted even if the tests ignore SIGINT."""
    return subprocess.Popen(
        [SCRIPT, *words],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**ENVIRONMENT, **_user()},
    )


def python(*words: str) -> subprocess.CompletedProcess[str]:
    """Run this Python to its end."""
    return subprocess.run(
        [sys.executable, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=ENVIRONMENT,
    )


def _user() -> dict[str, str]:
    """Return the state folder of this test's user, which the fixture ``user`` has set."""
    return {"XDG_STATE_HOME": os.environ["XDG_STATE_HOME"]}
