"""One HTTPS request with JSON in both directions, for remote signers.

Copy this file together with the signer that you use. It needs only Python's standard library, and
is stricter than `urllib`: it follows no redirect, which would send the token to another host; it
uses only HTTPS, unless the host is this machine; it reads at most 64 KiB of the answer. Every
failure is a `SignerError` that contains neither token nor answer.
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

#: Returns the token. It is called for each request, so that a renewed token is used at once.
Token = Callable[[], str]

MAX_ANSWER_BYTES = 64 * 1024

#: What to do, by status code.
_REMEDIES = {
    301: "it redirects: give the address that it redirects to",
    302: "it redirects: give the address that it redirects to",
    307: "it redirects: give the address of the active node",
    308: "it redirects: give the address that it redirects to",
    400: "it does not accept the request: check the key's name, its type and its version",
    401: "it does not accept the token: renew it",
    403: "this token may not sign with this key: renew the token, or grant it the right",
    404: "it has no such key: check the key's name, and that the secret was imported",
    429: "it gets too many requests: wait, then try again",
    503: "it is sealed or down: ask its operators, then try again",
}
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>[\w.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?/?", re.ASCII
)
_TOKEN = re.compile(r"[!-~]+")


def require_safe(address: str) -> str:
    """Return `address` without a trailing slash, if it is ``https://HOST[:PORT]``.

    Plain ``http`` is accepted for this machine only, where no network is used. Raises
    `SignerError`.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise SignerError("the address must be https://HOST or https://HOST:PORT, without a path")
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

    `headers` returns the headers with the token; it is called once, and its errors are not caught.
    `timeout_seconds` limits each wait for the other side. Raises `SignerError`.
    """
    answer = _exchange(url, json.dumps(body).encode("ascii"), headers, timeout_seconds)
    # Raised here, where no local variable contains the token and no other error is being handled:
    # those of urllib and json contain the request and the answer.
    if isinstance(answer, str):
        raise SignerError(f"{urlsplit(url).netloc} gave no signature: {answer}")
    return answer


def bearing(token: Token, header: str, prefix: str = "") -> Callable[[], Mapping[str, str]]:
    """Return a function for the header with the token; it raises `SignerError` for a bad token."""

    def headers() -> Mapping[str, str]:
        value = token()
        is_clean = _TOKEN.fullmatch(value) is not None
        if is_clean:
            return {header: prefix + value}
        del value
        raise SignerError(
            "the token is empty, or contains a blank, a line feed or another character that a"
            " header must not contain: strip it"
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
            remedy = _REMEDIES.get(error.code, "ask its operators, then try again")
            return f"HTTP status {error.code}: {remedy}"
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        return _no_answer(reason, timeout_seconds)
    if len(text) > MAX_ANSWER_BYTES:
        return "its answer has more than 64 KiB: check that the address is that of the service"
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        return "its answer is not a JSON object: check that the address is that of the service"
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
        """Follow no redirect: the status then becomes an error."""


def _no_answer(reason: object, timeout_seconds: float) -> str:
    if isinstance(reason, TimeoutError):
        return f"no answer within {timeout_seconds:g} s: check the network, or allow more time"
    if isinstance(reason, ssl.SSLError):
        return "its certificate is not accepted: check the address, and this machine's authorities"
    kind = type(reason).__name__
    return f"it cannot be reached, or the connection broke ({kind}): check address and network"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
