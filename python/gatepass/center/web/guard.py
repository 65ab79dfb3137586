"""Lets a request through to its page, or not, as the route table says."""

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
    """Raise what refuses the request, or leave who sent it in its state.

    Without a thread where nobody needs to be looked up: a health check waits for no page. In this
    order: the route has a rule, the form is this site's own, the sender is who the rule
    asks for, the role allows it, the Request Center is open.
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
    "this form was not sent from a page of this site, or you logged in anew since: go back, reload"
    " the page and send it again"
)


def _anyone(_request: Request) -> None:
    """Take anybody: who it is does not matter, and is not looked up."""


def _local(request: Request) -> None:
    """Take a program on this machine that asks for this machine.

    A browser on this machine may be sent here by a page of elsewhere, whose host name was made to
    lead to this machine (DNS rebinding): then it asks for that name. A proxy on this machine asks
    for others: it shows by the headers that it adds, or by HTTP/1.0, which is nginx' default.
    """
    asked = host_of(request.headers.get("host", ""))
    passed_on = request.scope["http_version"] == "1.0" or any(
        name in _OF_PROXIES or name.startswith("x-forwarded-") for name in request.headers
    )
    if passed_on or not (is_this_machine(origin_of(request)) and is_this_machine(asked)):
        raise HTTPException(404)


#: Headers that proxies add, beside ``X-Forwarded-...``; whoever sends them has one or feigns it.
_OF_PROXIES: Final = frozenset({"forwarded", "via", "x-real-ip"})


def _user(request: Request, center: Center) -> Visitor:
    """Take a user by the cookie of a login that both factors have proved."""
    actor = logins.find(center, request.cookies.get(security.LOGIN_COOKIE, ""), origin_of(request))
    if actor is None:
        raise LoginNeededError(_login_path(request))
    return Visitor(actor)


def _halfway(request: Request, center: Center) -> Visitor:
    """Take a user by the cookie of a login that is on its way."""
    pending = logins.find_pending(center, request.cookies.get(security.LOGIN_COOKIE, ""))
    if pending is None:
        raise LoginNeededError("/login")
    return Visitor(None, pending)


def _token(request: Request, center: Center) -> Visitor:
    """Take a program by an API token."""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise TokenNeededError
    actor = tokens.find(center, text.strip(), origin_of(request))
    if actor is None:
        raise TokenNeededError
    return Visitor(actor)


#: What the request alone tells, and what takes a look into the store.
_CHECKS: Final[dict[Who, Callable[[Request], None]]] = {Who.ANYONE: _anyone, Who.LOCAL: _local}
_PROOFS: Final[dict[Who, Callable[[Request, Center], Visitor]]] = {
    Who.HALFWAY: _halfway,
    Who.USER: _user,
    Who.TOKEN: _token,
}


def _login_path(request: Request) -> str:
    """Return the login page, which leads on to the page that was asked for."""
    path = request.url.path
    if request.method != "GET" or path == "/sessions":
        return "/login"
    asked = f"{path}?{request.url.query}" if request.url.query else path
    return "/login?" + urlencode({"next": asked})
