"""Codes by an HTTP request, as SMS providers take it."""

from __future__ import annotations

import http.client
import json
import ssl
from urllib.parse import urlsplit

from gatepass.center.secrets.hidden import Hidden
from gatepass.errors import CenterError, DeliveryError

#: Seconds to wait for the other side.
ANSWER_WITHIN = 20
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class WebhookCourier:
    """Posts ``{"to": mobile, "text": text}`` as JSON to a URL; any 2xx answer means taken.

    ``token`` goes into the Authorization header as a bearer token. The URL is https; http only to
    this machine. A redirect is not followed: it would take the code elsewhere. Raises
    `gatepass.errors.CenterError` for another URL.
    """

    def __init__(self, url: str, token: Hidden | None = None) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not host or parts.username or parts.password:
            raise CenterError("the webhook is an https URL without user and password")
        if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
            raise CenterError("the webhook needs https: codes travel there")
        self._secure = parts.scheme == "https"
        self._host, self._port = host, parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._token = token

    def send_code(self, mobile: str, email: str, text: Hidden) -> None:
        """Hand a text over to the provider."""
        problem = self._post(mobile, text)
        if problem is not None:
            # Raised here, with nothing behind it that could hold the text.
            raise problem

    def _post(self, mobile: str, text: Hidden) -> DeliveryError | None:
        connection = self._connection()
        try:
            connection.connect()
        except OSError as error:
            return self._problem("unreachable", type(error).__name__)
        body = json.dumps({"to": mobile, "text": text.reveal()}).encode()
        try:
            connection.request("POST", self._target, body, self._headers())
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return self._problem("in doubt", type(error).__name__)
        finally:
            connection.close()
        # 5xx: the provider fell over, with the message perhaps already on its way.
        if status >= 500:
            return self._problem("in doubt", f"status {status}")
        return None if 200 <= status < 300 else self._problem("refused", f"status {status}")

    def _connection(self) -> http.client.HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=ANSWER_WITHIN, context=context
            )
        return http.client.HTTPConnection(self._host, self._port, timeout=ANSWER_WITHIN)

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "gatepass"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.reveal()}"
        return headers

    def _problem(self, rule: str, what: str) -> DeliveryError:
        return DeliveryError(f"SMS provider {self._host}: {rule} ({what})", rule)
