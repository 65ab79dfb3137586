"""The user's own account: password, authenticator app, API tokens, and dismissed notices."""

from __future__ import annotations

import re
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup

from gatepass.center.mail import notices
from gatepass.center.people import codes, password_change, passwords, tokens, totp
from gatepass.center.people import users as people
from gatepass.center.web import security
from gatepass.center.web.concurrency import run_limited
from gatepass.center.web.forms import Form, SentForm
from gatepass.center.web.pages_login import NOT_THE_SAME, keep_login
from gatepass.center.web.rendering import page
from gatepass.center.web.visitor import actor_of, center_of, origin_of
from gatepass.errors import AccountError, CodeError, NotFoundError

router = APIRouter()

#: A row's number, within the database's limits.
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


@router.get("/account")
def account_page(request: Request) -> Response:
    """Show the account; after a change of the password, confirm it."""
    is_changed = request.query_params.get("password") == "changed"
    return _account(request, is_changed=is_changed)


@router.post("/account/password")
async def change_password(request: Request, form: SentForm) -> Response:
    """Change the password; all other logins of the user end."""
    return await run_limited(request, lambda: _change_password(request, form))


def _change_password(request: Request, form: Form) -> Response:
    if form.text("new") != form.text("again"):
        return _account(request, NOT_THE_SAME)
    try:
        token = password_change.change(
            center_of(request),
            request.cookies.get(security.LOGIN_COOKIE, ""),
            form.text("old"),
            form.text("new"),
            origin_of(request),
        )
    except AccountError as error:
        return _account(request, str(error))
    response = RedirectResponse("/account?password=changed", 303)
    keep_login(request, response, token)
    return response


@router.post("/account/authenticator")
def send_authenticator_code(request: Request) -> Response:
    """Send a code to the user's own mobile and redirect to the page that asks for it."""
    totp.request_code(center_of(request), actor_of(request))
    return RedirectResponse("/account/authenticator", 303)


@router.get("/account/authenticator")
def authenticator_code_page(request: Request) -> Response:
    """Ask for the code."""
    return _authenticator_code(request)


@router.post("/account/authenticator/begin")
def begin_authenticator(request: Request, form: SentForm) -> Response:
    """Show a new secret as a QR code. It is part of this answer and has no address of its own."""
    try:
        enrolment = totp.begin_enrolment(
            center_of(request), actor_of(request), form.text("code").strip()
        )
    except CodeError as error:
        return _authenticator_code(request, str(error))
    return page(
        request,
        "authenticator.html",
        picture=Markup(enrolment.svg.reveal()),  # noqa: S704 - made by totp, not by a user
        secret=enrolment.secret.reveal(),
    )


@router.post("/account/authenticator/confirm")
def confirm_authenticator(request: Request, form: SentForm) -> Response:
    """Activate the authenticator with its first code."""
    try:
        totp.confirm_enrolment(center_of(request), actor_of(request), form.text("code").strip())
    except CodeError as error:
        if people.account(center_of(request), actor_of(request)).authenticator:
            # The form was sent twice, and worked the first time.
            return RedirectResponse("/account", 303)
        return page(
            request, "authenticator.html", 422, picture="", secret="", problem_text=str(error)
        )
    return RedirectResponse("/account", 303)


@router.post("/account/authenticator/remove")
def remove_authenticator(request: Request, form: SentForm) -> Response:
    """Remove the authenticator, with one more of its codes."""
    try:
        totp.remove(center_of(request), actor_of(request), form.text("code").strip())
    except CodeError as error:
        return _account(request, app_problem=str(error))
    return RedirectResponse("/account", 303)


@router.post("/account/tokens")
def make_token(request: Request, form: SentForm) -> Response:
    """Create an API token and show it, only this once."""
    name = form.text("name").strip()
    try:
        text = tokens.issue(center_of(request), actor_of(request), name)
    except AccountError as error:
        return _account(request, token_problem=str(error))
    return page(request, "token.html", name=name, text=text.reveal(), days=tokens.DAYS)


@router.post("/account/tokens/{token_id}/end")
def end_token(request: Request, token_id: str) -> Response:
    """Revoke an API token."""
    if not _NUMBER.fullmatch(token_id):
        raise NotFoundError("there is no such token: choose one from the list")
    tokens.revoke(center_of(request), actor_of(request), int(token_id))
    return RedirectResponse("/account", 303)


@router.post("/notices/seen")
def seen(request: Request, form: SentForm) -> Response:
    """Dismiss the notices that were shown."""
    ids = [int(text) for text in form.texts("notice") if _NUMBER.fullmatch(text)]
    notices.mark_seen(center_of(request), actor_of(request), ids)
    return RedirectResponse("/sessions", 303)


def _authenticator_code(request: Request, problem: str = "") -> Response:
    account = people.account(center_of(request), actor_of(request))
    return page(
        request,
        "authenticator_code.html",
        422 if problem else 200,
        to=codes.masked(account.mobile),
        problem_text=problem,
    )


def _account(
    request: Request,
    problem: str = "",
    app_problem: str = "",
    token_problem: str = "",
    *,
    is_changed: bool = False,
) -> Response:
    center, actor = center_of(request), actor_of(request)
    return page(
        request,
        "account.html",
        422 if problem or app_problem or token_problem else 200,
        account=people.account(center, actor),
        tokens=tokens.tokens(center, actor),
        min_password=passwords.SHORTEST,
        is_changed=is_changed,
        problem_text=problem,
        app_problem=app_problem,
        token_problem=token_problem,
    )
