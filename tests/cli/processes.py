"""Real runs of the `gatepass` script, as a shell would do them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_SCRIPT = Path(sys.executable).parent / ("gatepass.exe" if os.name == "nt" else "gatepass")
SCRIPT = [str(_SCRIPT)]
ENVIRONMENT = {**os.environ, "PYTHONUTF8": "1"}


def shell(
    *words: str, stdin: bytes = b"", fds: tuple[int, ...] = (), **env: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the script to its end."""
    return subprocess.run(
        [*SCRIPT, *words],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        pass_fds=fds,
        env={**ENVIRONMENT, **env},
    )
