"""A Request Center served by the command as a process, and a browser without pictures."""

from __future__ import annotations

import http.client
import re
import signal
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from gatepass.center.context import Center
from gatepass.center.pairs import pairs
from gatepass.center.pairs.hours import is_open
from gatepass.center.pairs.overview import require_firm
from gatepass.center.people.codes import Purpose
from gatepass.center.people.users import people
from gatepass.center.roles import Actor
from tests.cli.gateways import LISTENING
from tests.cli.processes import ENVIRONMENT, SCRIPT

PASSWORD = re.compile(r"one-time password, shown only now: (\S+)")


@dataclass
class Serving:
    """A running `gatepass center serve`: its address and its output."""

    process: subprocess.Popen[bytes]
    url: str
    lines: list[str] = field(default_factory=list)
    said: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait for a matching line on either stream, and return it."""

        def found() -> re.Match[str] | None:
            return next((m for line in self.lines if (m := re.search(pattern, line))), None)

        with self.said:
            match = self.said.wait_for(found, timeout=60)
        assert match is not None, f"{pattern!r} is not in {self.lines}"
        return match

    def end(self, number: int = signal.SIGTERM) -> int:
        """Stop it with a signal, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)

    def listen(self, stream: Iterator[bytes]) -> None:
        for line in stream:
            with self.said:
                self.lines.append(line.decode().rstrip("\n"))
                self.said.notify_all()


@contextmanager
def serving(*words: str, **env: str) -> Iterator[Serving]:
    """Serve on a free port during the block, and read the output as it comes."""
    with subprocess.Popen(
        [SCRIPT, "center", "serve", "--port", "0", *words],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**ENVIRONMENT, **env},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline().decode()
        readers = []
        try:
            match = re.fullmatch(r"listening on (https?://127\.0\.0\.1:\d+)\n", first)
            assert match is not None, (first, process.stderr.read())
            live = Serving(process, match[1])
            for stream in (process.stdout, process.stderr):
                readers.append(threading.Thread(target=live.listen, args=(iter(stream),)))
                readers[-1].start()
            # The last line at the start.
            live.wait_for("press Ctrl-C to stop")
            yield live
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(30)
            for reader in readers:
                reader.join(30)


class Browser:
    """Follows redirects, keeps cookies, and sends back the hidden fields of a page's form."""

    def __init__(self, url: str, context: ssl.SSLContext | None = None) -> None:
        self._url = urlsplit(url)
        self._context = context
        self._cookies: dict[str, str] = {}
        self.page = ""
        self.path = ""

    def move(self, url: str) -> None:
        """Continue with another process of the same Request Center."""
        self._url = urlsplit(url)

    def get(self, path: str) -> str:
        """Open a page and return its text."""
        return self._ask("GET", path, None)

    def submit(self, path: str, **fields: str) -> str:
        """Submit a form of the open page, and return the next page."""
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.page)
        return self._ask("POST", path, urlencode({**dict(hidden), **fields}))

    def _ask(self, method: str, path: str, body: str | None) -> str:
        host, port = str(self._url.hostname), self._url.port
        connection: http.client.HTTPConnection
        if self._context is None:
            connection = http.client.HTTPConnection(host, port, timeout=30)
        else:
            connection = http.client.HTTPSConnection(host, port, timeout=30, context=self._context)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            self.page, self.path = answer.read().decode(), path
            for cookie in answer.headers.get_all("set-cookie", []):
                name, _, value = cookie.partition(";")[0].partition("=")
                self._cookies[name] = value
        finally:
            connection.close()
        if answer.status in {302, 303}:
            return self._ask("GET", str(answer.headers["location"]), None)
        return self.page


def code_in(file: str) -> str:
    """Return the six digits in a file of the outbox."""
    match = re.search(r"^(\d{6}) ", Path(file).read_text(), re.MULTILINE)
    assert match is not None
    return match[1]


@contextmanager
def gateway(keys: str, **env: str) -> Iterator[str]:
    """Run `gatepass simulate` with these keys on a free port, and give its address."""
    with subprocess.Popen(
        [SCRIPT, "simulate", "--keys", keys],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**ENVIRONMENT, **env},
    ) as process:
        assert process.stdout is not None
        try:
            match = LISTENING.fullmatch(process.stdout.readline())
            assert match is not None
            yield match[1].decode()
        finally:
            process.kill()


class Desk:
    """A user in this process, at the latest time at which the Request Center was open."""

    def __init__(self, center: Center, firm: str, name: str, outbox: Path) -> None:
        at = datetime.now(UTC)
        while not is_open(at):
            at -= timedelta(hours=1)
        self.center = replace(center, clock=lambda: at)
        user = next(one for one in people(center, firm) if one.name == name)
        self._actor = Actor(user.id, require_firm(center, firm), name, user.role, "127.0.0.1")
        self._outbox = outbox

    def generate(self, session: str) -> str:
        """Generate a pair and return its Access Key ID."""
        return pairs.generate(self.center, self._actor, session).access_key_id

    def download(self, access_key_id: str, path: Path) -> None:
        """Download a pair's key file."""
        code = self._code(Purpose.DOWNLOAD, access_key_id)
        text = pairs.download(self.center, self._actor, [access_key_id], code)
        path.touch(0o600)
        path.write_text(text)

    def delete(self, access_key_id: str) -> None:
        """Delete a pair."""
        code = self._code(Purpose.DELETE, access_key_id)
        pairs.delete(self.center, self._actor, access_key_id, code)

    def _code(self, purpose: Purpose, access_key_id: str) -> str:
        pairs.request_code(self.center, self._actor, purpose, [access_key_id])
        return code_in(str(max(self._outbox.glob("code-*"))))
