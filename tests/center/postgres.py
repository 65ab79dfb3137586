"""A PostgreSQL server only for the tests: own port and data folder, stopped with the tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

#: On Debian the server's programs are not in PATH.
_DEBIAN = Path("/usr/lib/postgresql")
#: Settings for a data folder that need not survive.
FAST = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "max_connections=200",
    "deadlock_timeout=50ms",
)


def programs() -> Path | None:
    """Where initdb and postgres are; ``None`` if they or a user to run them are missing."""
    found = [p.parent for p in sorted(_DEBIAN.glob("*/bin/initdb"))]
    in_path = shutil.which("initdb")
    if in_path is not None:
        found.append(Path(in_path).parent)
    usable = [folder for folder in found if (folder / "postgres").exists()]
    return usable[-1] if usable and _as_user() is not None else None


def _as_user() -> list[str] | None:
    """The start of a command: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return []
    runuser = shutil.which("runuser")
    return None if runuser is None else [runuser, "-u", _user(), "--"]


def _user() -> str:
    known = {line.split(":")[0] for line in Path("/etc/passwd").read_text().splitlines()}
    return "postgres" if "postgres" in known else "nobody"


class Server:
    """Runs from its creation until `stop`, with PostgreSQL's defaults except ``settings``."""

    def __init__(self, settings: Sequence[str] = FAST) -> None:
        folder, user = programs(), _as_user()
        assert folder is not None
        assert user is not None
        self._folder = Path(tempfile.mkdtemp(prefix="gatepass-postgres-"))
        if user:
            shutil.chown(self._folder, _user())
        data = self._folder / "data"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        init = [folder / "initdb", "-D", data, "-U", "gatepass", "-A", "trust", "-N", "-E", "UTF8"]
        subprocess.run([*user, *init], check=True, stdout=subprocess.DEVNULL, cwd=self._folder)
        options = [part for setting in settings for part in ("-c", setting)]
        command = [folder / "postgres", "-D", data, "-p", str(self.port), "-k", self._folder]
        command += ["-h", "127.0.0.1", *options]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*user, *command], stdout=log, stderr=subprocess.STDOUT, cwd=self._folder
            )
        self.data = data
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """The server's main process; each connection has a child process."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def url(self, database: str) -> str:
        return f"postgresql://gatepass@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            # Immediately: the data is deleted.
            os.kill(self.pid, signal.SIGQUIT)
        self._process.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait(self) -> None:
        for _ in range(300):
            try:
                return self.run("SELECT 1")
            except psycopg.OperationalError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError((self._folder / "log").read_text())
