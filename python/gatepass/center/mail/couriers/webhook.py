"""Codes by HTTP request, for SMS providers."""

from __future__ import annotations

import http.client
import json
import ssl
from urllib.parse import urlsplit

from gatepass.center.secrets.hidden import Hidden
from gatepass.errors import CenterError, DeliveryError

#: Seconds to wait for the provider.
ANSWER_WITHIN = 20
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class WebhookCourier:
    """Posts ``{"to": mobile, "text": text}`` as JSON to a URL; any 2xx answer means accepted.

    ``token`` goes into the Authorization header as a bearer token. The URL must be https; http is
    accepted only for this machine. A redirect is not followed, because it would send the code to
    another host. Raises `gatepass.errors.CenterError` for any other URL.
    """

    def __init__(self, url: str, token: Hidden | None = None) -> None:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not host or parts.username or parts.password:
            raise CenterError("the webhook must be an https URL without user and password")
        if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
            raise CenterError("the webhook must use https, because it gets codes")
        self._secure = parts.scheme == "https"
        self._host, self._port = host, parts.port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._token = token

    def send_code(self, mobile: str, email: str, text: Hidden) -> None:
        """Give a text to the provider."""
        problem = self._post(mobile, text)
        if problem is not None:
            # Raised here, without a context that could contain the text.
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
        # 5xx: the provider failed, but may have sent the message.
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
