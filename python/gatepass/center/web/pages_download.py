"""Download key pairs: select them, verify, get the key file.

The file is the answer to the form with the code. It has no address of its own, so no history or
cache can bring it back. The page stays open, and its script shows that the file was sent. Without
scripts, an earlier refusal disappears from the page as soon as six digits are typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from gatepass.center.pairs import firms, pairs
from gatepass.center.pairs.views import SessionView
from gatepass.center.people import users as people
from gatepass.center.people.codes import Purpose
from gatepass.center.store.page import PAGE_SIZE
from gatepass.center.web import security
from gatepass.center.web.forms import SentForm
from gatepass.center.web.pages_generate import oldest_first
from gatepass.center.web.rendering import page
from gatepass.center.web.visitor import actor_of, center_of
from gatepass.errors import CodeError

router = APIRouter(prefix="/download")

FILE_NAME: Final = "CMEKeys.txt"

Names = Annotated[list[str], Query(default_factory=list)]


@router.get("")
def download_dialog(request: Request, session: Names) -> Response:
    """Show the active pairs of the sessions, to select from."""
    center, actor = center_of(request), actor_of(request)
    return _dialog(request, [firms.find_session(center, actor, name) for name in unique(session)])


@router.post("")
def send_code(request: Request, form: SentForm) -> Response:
    """Send the verification code for the chosen pairs and redirect to the page that asks for it.

    A user with an authenticator gets no code, unless the form asks for one.
    """
    center, actor = center_of(request), actor_of(request)
    chosen = form.texts("key")
    if not chosen:
        sessions = [firms.find_session(center, actor, name) for name in form.texts("session")]
        return _dialog(request, sessions, "Select a key pair first.")
    if form.text("send") or not people.account(center, actor).authenticator:
        pairs.request_code(center, actor, Purpose.DOWNLOAD, chosen)
    return RedirectResponse("/download/code?" + urlencode([("key", key) for key in chosen]), 303)


@router.get("/code")
def code_page(request: Request, key: Names) -> Response:
    """Ask for the verification code."""
    if not key:
        return RedirectResponse("/sessions", 303)
    return _code_page(request, unique(key))


@router.post("/code")
def download(request: Request, form: SentForm) -> Response:
    """Answer the right code with the key file."""
    chosen = form.texts("key")
    if not chosen:
        return RedirectResponse("/sessions", 303)
    try:
        text = pairs.download(
            center_of(request), actor_of(request), chosen, form.text("code").strip()
        )
    except CodeError as error:
        return _code_page(request, chosen, str(error))
    response = Response(
        text,
        media_type="text/plain; charset=us-ascii",
        headers={
            "content-disposition": f'attachment; filename="{FILE_NAME}"',
            "cache-control": "no-store",
        },
    )
    security.tell_sent(response, form.text("sign"))
    return response


def unique(texts: Sequence[str]) -> list[str]:
    """Return the distinct texts in order, at most as many as a page of sessions has."""
    return list(dict.fromkeys(texts))[:PAGE_SIZE]


def _dialog(request: Request, sessions: Sequence[SessionView], problem: str = "") -> Response:
    choices = [pair for session in sessions for pair in oldest_first(session)]
    return page(
        request,
        "download.html",
        422 if problem else 200,
        names=[session.name for session in sessions],
        choices=choices,
        picked=[pair.access_key_id for session in sessions for pair in session.active[:1]],
        problem_text=problem,
    )


def _code_page(request: Request, keys: Sequence[str], problem: str = "") -> Response:
    center, actor = center_of(request), actor_of(request)
    chosen = firms.find_pairs(center, actor, keys)
    return page(
        request,
        "download_code.html",
        422 if problem else 200,
        chosen=chosen,
        owner=firms.find_session(center, actor, chosen[0].session).created_by,
        authenticator=people.account(center, actor).authenticator,
        problem_text=problem,
    )
