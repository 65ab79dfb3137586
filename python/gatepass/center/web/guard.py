"""Passes a request to its page if the route table allows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from fastapi import HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from gatepass.center.context import Center
from gatepass.center.pairs import hours
from gatepass.center.people import logins, tokens
from gatepass.center.web import security
from gatepass.center.web.forms import SentForm
from gatepass.center.web.host_names import host_of, is_this_machine
from gatepass.center.web.refusals import FormExpiredError, LoginNeededError, TokenNeededError
from gatepass.center.web.rules import Who, rule_for
from gatepass.center.web.visitor import Visitor, center_of, origin_of


async def guard(request: Request, form: SentForm) -> None:
    """Raise the error that refuses the request, or store its sender in the request's state.

    A route that needs no user needs no thread either, so that health checks do not wait for pages.
    The checks, in order: the route has a rule, the form is from this site, the sender is who the
    rule requires, the role allows the action, the Request Center is open.
    """
    rule = rule_for(request.method, request.scope["route"].path)
    if rule is None:
        raise HTTPException(404)
    if request.method == "POST" and not security.is_own_form(
        request, form.text(security.FORM_FIELD)
    ):
        raise FormExpiredError(_FORGED)
    if rule.who in _CHECKS:
        _CHECKS[rule.who](request)
        return
    center = center_of(request)
    visitor = await run_in_threadpool(_PROOFS[rule.who], request, center)
    request.state.visitor = visitor
    if rule.action is not None and visitor.actor is not None:
        visitor.actor.require(rule.action)
    if not rule.always_open:
        hours.require_open(center.clock(), always=center.open_always)


_FORGED: Final = (
    "this form was not sent from a page of this site, or you have logged in again since: go back,"
    " reload the page and send it again"
)


def _anyone(_request: Request) -> None:
    """Accept any sender, without a look-up."""


def _local(request: Request) -> None:
    """Accept a program on this machine that asks for this machine.

    A page of another site can send a browser on this machine here, by a host name that resolves to
    this machine (DNS rebinding): the browser then asks for that name. A proxy on this machine asks
    on behalf of others: the headers that it adds show it, or HTTP/1.0, which is nginx's default.
    """
    asked = host_of(request.headers.get("host", ""))
    passed_on = request.scope["http_version"] == "1.0" or any(
        name in _OF_PROXIES or name.startswith("x-forwarded-") for name in request.headers
    )
    if passed_on or not (is_this_machine(origin_of(request)) and is_this_machine(asked)):
        raise HTTPException(404)


#: Headers that proxies add, besides ``X-Forwarded-...``. A request with one counts as proxied.
_OF_PROXIES: Final = frozenset({"forwarded", "via", "x-real-ip"})


def _user(request: Request, center: Center) -> Visitor:
    """Accept a user by the cookie of a login with both factors."""
    actor = logins.find(center, request.cookies.get(security.LOGIN_COOKIE, ""), origin_of(request))
    if actor is None:
        raise LoginNeededError(_login_path(request))
    return Visitor(actor)


def _halfway(request: Request, center: Center) -> Visitor:
    """Accept a user by the cookie of an unfinished login."""
    pending = logins.find_pending(center, request.cookies.get(security.LOGIN_COOKIE, ""))
    if pending is None:
        raise LoginNeededError("/login")
    return Visitor(None, pending)


def _token(request: Request, center: Center) -> Visitor:
    """Accept a program by an API token."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise TokenNeededError
    actor = tokens.find(center, text.strip(), origin_of(request))
    if actor is None:
        raise TokenNeededError
    return Visitor(actor)


#: Checks that need only the request, and checks that read the store.
_CHECKS: Final[dict[Who, Callable[[Request], None]]] = {Who.ANYONE: _anyone, Who.LOCAL: _local}
_PROOFS: Final[dict[Who, Callable[[Request, Center], Visitor]]] = {
    Who.HALFWAY: _halfway,
    Who.USER: _user,
    Who.TOKEN: _token,
}


def _login_path(request: Request) -> str:
    """Return the address of the login page, which redirects to the requested page afterwards."""
    path = request.url.path
    if request.method != "GET" or path == "/sessions":
        return "/login"
    asked = f"{path}?{request.url.query}" if request.url.query else path
    return "/login?" + urlencode({"next": asked})
