"""One HTTPS request with JSON in and out, for signers that live elsewhere.

Copy this file along with the signer you use. It needs nothing but Python's standard library, and
is strict where `urllib` is not: no redirect is followed, since a redirected request would carry
the token to another host; nothing but HTTPS, unless the host is this machine; no more than 64 KiB
of answer. Whatever goes wrong is a `SignerError` that holds neither token nor answer.
"""

from __future__ import annotations

import ipaddress
import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from functools import cache
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from gatepass.errors import SignerError

#: Gives the token anew for each request, so that one that was renewed takes effect.
Token = Callable[[], str]

MAX_ANSWER_BYTES = 64 * 1024

#: What a status code asks of whoever runs the signer.
_REMEDIES = {
    301: "it redirects: give the address that it redirects to",
    302: "it redirects: give the address that it redirects to",
    307: "it redirects: give the address of the active node",
    308: "it redirects: give the address that it redirects to",
    400: "it does not accept the request: check the key's name, its type and its version",
    401: "it does not accept the token: renew it",
    403: "it does not let this token sign with this key: renew the token, or grant it the right",
    404: "it has no such key: check the key's name, and that the secret was imported",
    429: "it is asked too often: wait, then try again",
    503: "it is sealed or down: have its operators look, then try again",
}
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[\w.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?/?", re.ASCII
)
_TOKEN = re.compile(r"[!-~]+")


def require_safe(address: str) -> str:
    """Return `address` without a trailing slash, if it is ``https://HOST[:PORT]``.

    Plain ``http`` is accepted for this machine only: nobody is on the way. Raises `SignerError`.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise SignerError("the address must be https://HOST or https://HOST:PORT, and no more")
    if match["scheme"] != "https" and not _is_loopback(match["host"].strip("[]")):
        raise SignerError("the address must begin with https://, unless it is this machine's own")
    return address.rstrip("/")


def post_json(
    url: str,
    body: Mapping[str, object],
    headers: Callable[[], Mapping[str, str]],
    timeout_seconds: float,
) -> dict[str, Any]:
    """Post `body` and return the answer's JSON object.

    `headers` gives the headers with the token; it is called once, and what it raises comes
    through. `timeout_seconds` bounds each wait for the other side. Raises `SignerError`.
    """
    answer = _exchange(url, json.dumps(body).encode("ascii"), headers, timeout_seconds)
    # Raised here, where no local variable holds the token and no other error is under way: those
    # of urllib and json hold what was sent and what came.
    if isinstance(answer, str):
        raise SignerError(f"{urlsplit(url).netloc} gave no signature: {answer}")
    return answer


def bearing(token: Token, header: str, prefix: str = "") -> Callable[[], Mapping[str, str]]:
    """Return what makes the one header that carries the token. Raises `SignerError` when called."""

    def headers() -> Mapping[str, str]:
        value = token()
        is_clean = _TOKEN.fullmatch(value) is not None
        if is_clean:
            return {header: prefix + value}
        del value
        raise SignerError(
            "the token is empty, or holds a blank, a line feed or another character that no header"
            " may hold: strip it"
        )

    return headers


def _exchange(
    url: str,
    body: bytes,
    headers: Callable[[], Mapping[str, str]],
    timeout_seconds: float,
) -> dict[str, Any] | str:
    """Return the answer, or why there is none."""
    kind = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, body, {**kind, **headers()}, method="POST")  # noqa: S310
    try:
        opener = _opener(_is_loopback(urlsplit(url).hostname or ""))
        with opener.open(request, timeout=timeout_seconds) as response:
            text = response.read(MAX_ANSWER_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            remedy = _REMEDIES.get(error.code, "have its operators look, then try again")
            return f"HTTP status {error.code}: {remedy}"
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return _no_answer(reason, timeout_seconds)
    if len(text) > MAX_ANSWER_BYTES:
        return "it answered with more than 64 KiB: check that the address is that of the service"
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        return "it answered with no JSON object: check that the address is that of the service"
    return answer


@cache  # because it reads this machine's certificate authorities
def _opener(loopback: bool) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
    if loopback:
        # A proxy is another machine.
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing: the status then comes as an error."""


def _no_answer(reason: object, timeout_seconds: float) -> str:
    if isinstance(reason, TimeoutError):
        return f"no answer within {timeout_seconds:g} s: check the network, or allow more time"
    if isinstance(reason, ssl.SSLError):
        return "its certificate is not accepted: check the address, and this machine's authorities"
    kind = type(reason).__name__
    return f"it cannot be reached, or broke off ({kind}): check its address and the network"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
