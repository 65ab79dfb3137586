"""The list of sessions, and one session with the timeline of its key pairs."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gatepass.center.pairs import firms, hours
from gatepass.center.roles import MAY, Action, Actor
from gatepass.center.web.drawing import draw
from gatepass.center.web.forms import SentForm
from gatepass.center.web.rendering import page
from gatepass.center.web.visitor import actor_of, center_of

router = APIRouter()

#: Characters of a search; the rest is cut off.
MAX_SEARCH: Final = 50
#: The largest page number: beyond any list, and within the database's limits.
MAX_PAGE: Final = 1_000_000

#: In the order of the menu: name, label, what it does, and the action that a role must allow.
_ACTIONS: Final = (
    ("generate", "Generate", "a new key pair for one session", Action.GENERATE),
    ("download", "Download", "the active key pairs as a key file", Action.DOWNLOAD),
    ("delete", "Delete", "one key pair of one session, at once", Action.DELETE),
)


@router.get("/sessions")
def list_page(request: Request, search: str = "", page: str = "1") -> Response:
    """Show a page of the firm's sessions."""
    return _list(request, search, page_number(page))


@router.post("/sessions")
def act(request: Request, form: SentForm) -> Response:
    """Redirect to the dialog of the chosen action, with the selected sessions."""
    picked, do = form.texts("session"), form.text("do")
    if do == "download" and picked:
        return RedirectResponse(
            "/download?" + urlencode([("session", name) for name in picked]), 303
        )
    if do in ("generate", "delete") and len(picked) == 1:
        session = firms.find_session(center_of(request), actor_of(request), picked[0])
        return RedirectResponse(f"/sessions/{session.name}/{do}", 303)
    if picked:
        problem = "Select only one session for this action."
    else:
        problem = "Select a session first, then choose an action."
    number = page_number(form.text("page"))
    return _list(request, form.text("search"), number, problem, tuple(picked))


@router.get("/sessions/{name}")
def session_page(request: Request, name: str) -> Response:
    """Show one session, all the pairs that it ever had, and when each is valid."""
    center, actor = center_of(request), actor_of(request)
    session = firms.find_session(center, actor, name)
    paths = {
        "generate": f"/sessions/{session.name}/generate",
        "download": f"/download?session={session.name}",
        "delete": f"/sessions/{session.name}/delete",
    }
    actions = [
        (words, paths[value])
        for value, words, _ in _allowed(actor)
        if value == "generate" or session.active
    ]
    return page(
        request,
        "session.html",
        session=session,
        pairs=session.pairs,
        drawing=draw(session.pairs, center.clock()),
        actions=actions,
    )


def page_number(text: str) -> int:
    """Return the number of a page; 1 for a text that is not a number."""
    if not (text.isascii() and text.isdigit()):
        return 1
    return min(MAX_PAGE, max(1, int(text[:8])))


def _list(
    request: Request, search: str, number: int, problem: str = "", picked: tuple[str, ...] = ()
) -> Response:
    center, actor = center_of(request), actor_of(request)
    wanted = "".join(c for c in search.strip() if c.isprintable())[:MAX_SEARCH]
    found = firms.list_sessions(center, actor, wanted, number)
    if number > found.count:
        found = firms.list_sessions(center, actor, wanted, found.count)
    now = center.clock()
    return page(
        request,
        "sessions.html",
        422 if problem else 200,
        page=found,
        search=wanted,
        link=lambda to: "/sessions?" + urlencode({"search": wanted, "page": to}),
        actions=_allowed(actor),
        picked=picked,
        opens=None if center.open_always or hours.is_open(now) else hours.next_opening(now),
        problem_text=problem,
    )


def _allowed(actor: Actor) -> list[tuple[str, str, str]]:
    return [
        (value, words, more) for value, words, more, action in _ACTIONS if action in MAY[actor.role]
    ]
