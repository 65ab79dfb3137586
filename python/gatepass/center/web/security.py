"""Security of every answer and form: headers, cookies, and the token against forged forms."""

from __future__ import annotations

import hmac
import re
import secrets
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: ``__Host-``: browsers accept such a cookie only if it is Secure, for this host and all paths.
LOGIN_COOKIE: Final = "__Host-gatepass"
FORM_COOKIE: Final = "__Host-gatepass-form"
#: Tells the script of a page that stays open that its file was sent; contains no secret.
SENT_COOKIE: Final = "__Host-gatepass-sent"
#: Marks a browser in which its user has logged in: `gatepass.center.people.known_browsers`.
KNOWN_COOKIE: Final = "__Host-gatepass-known"
#: The hidden field of each form.
FORM_FIELD: Final = "form_token"

#: The most bytes of a request's body. The largest form, a page of selected sessions, has about
#: 4 KiB. Forms are parsed on the event loop: 64 KiB of percent signs block it for 30 ms.
MAX_BODY: Final = 16 * 1024

#: Only this site's own style sheet, script and pictures; no inline script or style.
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)

_HEADERS: Final = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not ``no-referrer``: with it browsers send "Origin: null" with this site's own forms.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
#: 180 days.
_TRANSPORT_SECURITY: Final = "max-age=15552000"


class SecurityHeaders:
    """Adds the security headers to each answer, and ``no-store`` if it says nothing on caching."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add the headers to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_headers(MutableHeaders(scope=message), scope["scheme"])
            await send(message)

        await self._app(scope, receive, send_with_headers)


def add_headers(headers: MutableHeaders, scheme: str) -> None:
    """Add the headers that each answer carries."""
    headers.update(_HEADERS)
    headers.setdefault("cache-control", "no-store")
    if scheme == "https":
        headers["strict-transport-security"] = _TRANSPORT_SECURITY


def set_cookie(response: Response, name: str, value: str) -> None:
    """Set a cookie that ends with the browser and that no script or other site can use."""
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="strict")


def set_lasting_cookie(response: Response, name: str, value: str, seconds: int) -> None:
    """Set a cookie that remains when the browser is closed, but is otherwise like the others."""
    response.set_cookie(
        name, value, seconds, path="/", secure=True, httponly=True, samesite="strict"
    )


def tell_sent(response: Response, sign: str) -> None:
    """Tell a page's script that its form was answered with a file, by the ``sign`` it sent."""
    if _SIGN.fullmatch(sign):
        response.set_cookie(SENT_COOKIE, sign, 60, path="/", secure=True, samesite="strict")


_SIGN: Final = re.compile(r"[0-9a-f]{16}")


def forget_cookie(response: Response, name: str) -> None:
    """Delete a cookie in the browser."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="strict")


def form_cookie(request: Request) -> str:
    """Return the cookie that form tokens are bound to; a new one, to be set, if there is none."""
    known: str | None = getattr(request.state, "form_cookie", None)
    if known is None:
        known = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(32)
        request.state.form_cookie = known
    return known


def form_token(cookie: str, login: str) -> str:
    """Return the token of a form, which is valid only for this browser and this login."""
    return hmac.new(cookie.encode(), login.encode(), "sha256").hexdigest()


def is_own_form(request: Request, given: str) -> bool:
    """Tell whether a form came from a page of this site, in this browser and this login."""
    # Browsers that send this header say by it where a request comes from.
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    cookie = request.cookies.get(FORM_COOKIE)
    if not cookie:
        return False
    expected = form_token(cookie, request.cookies.get(LOGIN_COOKIE, ""))
    return hmac.compare_digest(expected.encode(), given.encode())
