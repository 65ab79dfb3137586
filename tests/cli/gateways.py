"""`gatepass simulate` and `gatepass logon` as two processes."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from gatepass.keys import IssuedPair, SecretKey, generate_pair, write_key_file
from tests.cli.processes import shell, started

LISTENING = re.compile(rb"listening on (127\.0\.0\.1:\d+)\n")


def fresh_pair(session: str = "ABC", *, days_left: int = 300) -> IssuedPair:
    """Make a pair that is valid now."""
    today = date.today()
    return generate_pair(session, today - timedelta(days=2), today + timedelta(days=days_left))


@dataclass
class Rehearsal:
    """A running gateway, its key file, and clients with their own state."""

    folder: Path
    pair: IssuedPair
    process: subprocess.Popen[bytes]
    address: str
    keys: str
    secrets: list[str] = field(default_factory=list)

    def logon(self, *words: str, keys: str | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run `gatepass logon`, and check that it shows no secret."""
        options = {
            "--keys": keys or self.keys,
            "--sender-comp-id": "ABC123N",
            "--state": str(self.folder / "state"),
            "--stay": "0.1",
        }
        for name, value in options.items():
            if name not in words:
                words = (*words, name, value)
        answer = shell("logon", self.address, *words)
        self.check_secrecy(answer.stdout + answer.stderr)
        return answer

    def wrong_keys(self) -> str:
        """Write a key file with the right Access Key ID and another secret key."""
        path = self.folder / "wrong.txt"
        wrong = replace(self.pair, secret=SecretKey.generate())
        self.secrets.append(wrong.secret.reveal())
        write_key_file(path, [wrong])
        return str(path)

    def say(self, line: str) -> None:
        """Type a line into the gateway's terminal."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def wait_for(self, word: bytes) -> bytes:
        """Read the gateway's output up to a line with a word; return that line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.check_secrecy(line)
            if word in line:
                return line
        raise AssertionError(f"the gateway ended without saying {word!r}")

    def end(self, number: int = signal.SIGTERM) -> tuple[int, bytes, bytes]:
        """Stop the gateway with a signal; return its exit code and its last output."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        self.check_secrecy(out + err)
        return self.process.returncode, out, err

    def check_secrecy(self, output: bytes) -> None:
        """No secret key, no signature, no canonical string, no traceback."""
        for secret in (self.pair.secret.reveal(), *self.secrets):
            assert secret.encode() not in output
        # A signature, or anything of 43 characters that looks like one.
        assert not re.search(rb"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])", output)
        assert b"\\nABC123" not in output
        assert b"Traceback" not in output


@contextmanager
def rehearsal(folder: Path, *words: str) -> Iterator[Rehearsal]:
    """Start a gateway on a free port, wait until it listens, and stop it at the end."""
    pair = fresh_pair()
    keys = folder / "keys.txt"
    write_key_file(keys, [pair])
    with started("simulate", "--keys", str(keys), *words) as process:
        try:
            assert process.stdout is not None
            match = LISTENING.fullmatch(process.stdout.readline())
            assert match is not None
            yield Rehearsal(folder, pair, process, match[1].decode(), str(keys))
        finally:
            if process.poll() is None:
                process.kill()


def json_lines(output: bytes) -> list[dict[str, Any]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in output.splitlines()]
