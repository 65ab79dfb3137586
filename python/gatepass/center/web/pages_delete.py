"""Delete a key pair: a dialog with the existing key details, then the verification code."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gatepass.center.audit import reading as audit_reading
from gatepass.center.pairs import firms, pairs
from gatepass.center.pairs.views import SessionView
from gatepass.center.people import users as people
from gatepass.center.people.codes import Purpose
from gatepass.center.web.forms import SentForm
from gatepass.center.web.pages_generate import oldest_first, pair_of
from gatepass.center.web.rendering import page
from gatepass.center.web.visitor import actor_of, center_of
from gatepass.errors import CodeError
from gatepass.keys.rules import PairState

router = APIRouter(prefix="/sessions/{name}/delete")


@router.get("")
def delete_dialog(request: Request, name: str) -> Response:
    """Show the session and its existing key details, to select from."""
    return _dialog(request, firms.find_session(center_of(request), actor_of(request), name))


@router.post("")
def send_code(request: Request, name: str, form: SentForm) -> Response:
    """Send the verification code for the chosen pair and redirect to the page that asks for it.

    A user with an authenticator gets no code, unless the form asks for one.
    """
    center, actor = center_of(request), actor_of(request)
    session = firms.find_session(center, actor, name)
    chosen = form.text("key")
    if not chosen:
        return _dialog(request, session, "Select a key pair first.")
    pair = pair_of(session, chosen)
    if form.text("send") or not people.account(center, actor).authenticator:
        pairs.request_code(center, actor, Purpose.DELETE, [pair.access_key_id])
    return RedirectResponse(f"/sessions/{session.name}/delete/{pair.access_key_id}", 303)


@router.get("/{access_key_id}")
def code_page(request: Request, name: str, access_key_id: str) -> Response:
    """Ask for the verification code."""
    return _code_page(request, name, access_key_id)


@router.post("/{access_key_id}")
def delete(request: Request, name: str, access_key_id: str, form: SentForm) -> Response:
    """Delete the pair if the code is right, and redirect to the list, which shows a notice."""
    center, actor = center_of(request), actor_of(request)
    pair = pair_of(firms.find_session(center, actor, name), access_key_id)
    is_done = pair.state is PairState.DELETED
    if is_done and audit_reading.has_deleted(center, actor, name, pair.access_key_id):
        # The form was sent twice: the first time it worked, and a notice says so.
        return RedirectResponse("/sessions", 303)
    try:
        pairs.delete(center, actor, access_key_id, form.text("code").strip())
    except CodeError as error:
        return _code_page(request, name, access_key_id, str(error))
    return RedirectResponse("/sessions", 303)


def _dialog(request: Request, session: SessionView, problem: str = "") -> Response:
    return page(
        request,
        "delete.html",
        422 if problem else 200,
        session=session,
        active=oldest_first(session),
        problem_text=problem,
    )


def _code_page(request: Request, name: str, access_key_id: str, problem: str = "") -> Response:
    center, actor = center_of(request), actor_of(request)
    session = firms.find_session(center, actor, name)
    return page(
        request,
        "delete_code.html",
        422 if problem else 200,
        session=session,
        pair=pair_of(session, access_key_id),
        authenticator=people.account(center, actor).authenticator,
        problem_text=problem,
    )
