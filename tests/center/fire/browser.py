"""A browser: one connection, two cookies, forms."""

from __future__ import annotations

import http.client
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from gatepass.center.web.security import FORM_COOKIE, FORM_FIELD, LOGIN_COOKIE, form_token

#: Addresses of this machine: passwords are counted by origin.
_addresses = (f"127.0.{high}.{low}" for high in range(1, 200) for low in range(1, 200))
#: Longer than any answer may take; a client without an answer has found a bug.
PATIENCE = 60


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    text: str


class Browser:
    """Keeps cookies; does not follow redirects."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=PATIENCE, source_address=(next(_addresses), 0)
        )
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> Answer:
        return self._send("GET", path, None)

    def submit(self, path: str, fields: Sequence[tuple[str, str]] = ()) -> Answer:
        """Send a form of this site."""
        token = form_token(self._cookies[FORM_COOKIE], self._cookies.get(LOGIN_COOKIE, ""))
        return self._send("POST", path, urlencode([(FORM_FIELD, token), *fields]))

    def close(self) -> None:
        self._connection.close()

    def _send(self, method: str, path: str, body: str | None) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        text = response.read().decode()
        for line in response.headers.get_all("set-cookie", []):
            name, value = re.match(r"([^=]+)=([^;]*)", line).groups()  # type: ignore[union-attr]
            self._cookies[name] = value
        return Answer(response.status, response.headers.get("location", ""), text)
