"""Log in: user name and password, then the verification code; log out."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gatepass.center.people import known_browsers, logins, password_change, passwords
from gatepass.center.secrets.hidden import Hidden
from gatepass.center.web import security
from gatepass.center.web.concurrency import run_limited
from gatepass.center.web.forms import Form, SentForm
from gatepass.center.web.rendering import page
from gatepass.center.web.visitor import center_of, halfway_of, origin_of
from gatepass.errors import AccountError, CodeError, LimitError

router = APIRouter()

HOME: Final = "/sessions"
NOT_THE_SAME: Final = "the new passwords do not match: type both again"
#: A path on this site. With ``//`` or a backslash it could lead to another site.
_OWN_PAGE: Final = re.compile(r"/(?:[A-Za-z0-9_-][A-Za-z0-9_/?=&%.-]{0,500})?")


@router.get("/")
def home() -> Response:
    """Redirect to the sessions."""
    return RedirectResponse(HOME, 303)


@router.get("/login")
def login_page(request: Request, next: str = "") -> Response:  # noqa: A002 - the address says so
    """Ask for user name and password."""
    if logins.find(center_of(request), _token(request), origin_of(request)):
        return RedirectResponse(own_page(next), 303)
    return page(request, "login.html", name="", next=own_page(next))


@router.post("/login")
async def log_in(request: Request, form: SentForm) -> Response:
    """Check user name and password, then ask for the code; every mistake gets the same refusal."""
    return await run_limited(request, lambda: _log_in(request, form))


def _log_in(request: Request, form: Form) -> Response:
    name, target = form.text("name").strip(), own_page(form.text("next"))
    try:
        pending = logins.begin_login(
            center_of(request),
            name,
            form.text("password"),
            origin_of(request),
            request.cookies.get(security.KNOWN_COOKIE, ""),
        )
    except (AccountError, CodeError, LimitError) as error:
        return page(request, "login.html", 422, name=name, next=target, problem_text=str(error))
    response = _on("/login/code", target)
    security.set_cookie(response, security.LOGIN_COOKIE, pending.token.reveal())
    return response


@router.get("/login/code")
def code_page(request: Request, next: str = "") -> Response:  # noqa: A002
    """Ask for the verification code."""
    return _code_page(request, own_page(next))


@router.post("/login/code")
def check_code(request: Request, form: SentForm) -> Response:
    """Check the code; the login continues under a new cookie."""
    target = own_page(form.text("next"))
    try:
        done = logins.finish_login(
            center_of(request), _token(request), form.text("code"), origin_of(request)
        )
    except CodeError as error:
        return _code_page(request, target, str(error))
    response = _on("/login/password" if done.must_change else target, target)
    keep_login(request, response, done.token)
    return response


@router.post("/login/code/send")
def send_again(request: Request, form: SentForm) -> Response:
    """Send another code."""
    target = own_page(form.text("next"))
    try:
        logins.send_again(center_of(request), _token(request), origin_of(request))
    except CodeError as error:
        return _code_page(request, target, str(error))
    return _on("/login/code", target)


@router.get("/login/password")
def password_page(request: Request, next: str = "") -> Response:  # noqa: A002
    """Ask for a new password to replace the one-time password."""
    return _password_page(request, own_page(next))


@router.post("/login/password")
async def choose_password(request: Request, form: SentForm) -> Response:
    """Set the password; the login continues under a new cookie."""
    return await run_limited(request, lambda: _choose_password(request, form))


def _choose_password(request: Request, form: Form) -> Response:
    target = own_page(form.text("next"))
    if form.text("new") != form.text("again"):
        return _password_page(request, target, NOT_THE_SAME)
    try:
        token = password_change.choose_first(
            center_of(request), _token(request), form.text("new"), origin_of(request)
        )
    except AccountError as error:
        return _password_page(request, target, str(error))
    response = RedirectResponse(target, 303)
    keep_login(request, response, token)
    return response


@router.post("/logout")
def log_out(request: Request) -> Response:
    """End the login, here and in the store."""
    logins.end(center_of(request), _token(request))
    response = RedirectResponse("/login", 303)
    security.forget_cookie(response, security.LOGIN_COOKIE)
    security.forget_cookie(response, security.FORM_COOKIE)
    # The browser must not show the user's pages again after this.
    response.headers["clear-site-data"] = '"cache"'
    return response


def keep_login(request: Request, response: Response, token: Hidden) -> None:
    """Set the cookie of a new login and, once all its steps are done, that of a known browser."""
    center = center_of(request)
    security.set_cookie(response, security.LOGIN_COOKIE, token.reveal())
    actor = logins.find(center, token.reveal())
    if actor is not None:
        known = known_browsers.introduce(center, actor.user_id).reveal()
        seconds = int(known_browsers.KNOWN_FOR.total_seconds())
        security.set_lasting_cookie(response, security.KNOWN_COOKIE, known, seconds)


def own_page(path: str) -> str:
    """Return where to go after the login: a page of this site, or the sessions."""
    return path if path != "/" and _OWN_PAGE.fullmatch(path) else HOME


def _on(path: str, target: str) -> RedirectResponse:
    """Redirect, and remember where to go after the login."""
    if path == target or target == HOME:
        return RedirectResponse(path, 303)
    return RedirectResponse(f"{path}?{urlencode({'next': target})}", 303)


def _code_page(request: Request, target: str, problem: str = "") -> Response:
    halfway = halfway_of(request)
    if halfway.step is not logins.Step.CODE:
        return _on("/login/password", target)
    return page(
        request,
        "login_code.html",
        422 if problem else 200,
        next=target,
        authenticator=halfway.authenticator,
        to=halfway.to,
        problem_text=problem,
    )


def _password_page(request: Request, target: str, problem: str = "") -> Response:
    if halfway_of(request).step is not logins.Step.PASSWORD:
        return _on("/login/code", target)
    return page(
        request,
        "login_password.html",
        422 if problem else 200,
        next=target,
        name=halfway_of(request).name,
        min_password=passwords.SHORTEST,
        problem_text=problem,
    )


def _token(request: Request) -> str:
    return request.cookies.get(security.LOGIN_COOKIE, "")
