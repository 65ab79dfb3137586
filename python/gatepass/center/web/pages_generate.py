"""Generate a key pair: a dialog with the existing key details, then the new key details."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from gatepass.center.pairs import firms, pairs
from gatepass.center.pairs.views import PairView, SessionView
from gatepass.center.roles import Actor
from gatepass.center.web.forms import SentForm
from gatepass.center.web.rendering import page
from gatepass.center.web.visitor import actor_of, center_of
from gatepass.errors import NotFoundError, ThirdPairError

router = APIRouter(prefix="/sessions/{name}")


@router.get("/generate")
def generate_dialog(request: Request, name: str) -> Response:
    """Show the session and its existing key details; with two pairs, ask which one to delete."""
    return _dialog(request, firms.find_session(center_of(request), actor_of(request), name))


@router.post("/generate")
def generate(request: Request, name: str, form: SentForm) -> Response:
    """Generate the pair and redirect to its details."""
    center, actor = center_of(request), actor_of(request)
    chosen = form.text("delete")
    shown = form.text("shown").split() if form.has("shown") else None
    try:
        pair = pairs.generate(center, actor, name, chosen or None, shown=shown)
    except pairs.OtherPairsError as error:
        session = firms.find_session(center, actor, name)
        left = set(shown or ()) - {chosen}
        made = _made_just_now(session, actor, left, center.clock())
        if made is None:
            return _dialog(request, session, str(error))
        pair = made
    except ThirdPairError:
        # The second pair was generated after the dialog was shown.
        session = firms.find_session(center, actor, name)
        problem = "This session now has two active key pairs: select the one to delete."
        return _dialog(request, session, problem)
    return RedirectResponse(f"/sessions/{pair.session}/generated/{pair.access_key_id}", 303)


#: The same form again within this time is a double click, or a page that was reloaded.
TWICE_WITHIN: Final = timedelta(minutes=1)


def _made_just_now(
    session: SessionView, actor: Actor, left: Collection[str], at: datetime
) -> PairView | None:
    """Return the pair that the same form made if it was sent before; ``left`` are those it kept."""
    newest, *others = session.active or (None,)
    is_its = newest is not None and newest.created_by == actor.name
    if newest is None or not is_its or {one.access_key_id for one in others if one} != set(left):
        return None
    return newest if at - newest.created_at < TWICE_WITHIN else None


@router.get("/generated/{access_key_id}")
def generated(request: Request, name: str, access_key_id: str) -> Response:
    """Show the key details, with a button for the download."""
    session = firms.find_session(center_of(request), actor_of(request), name)
    pair = pair_of(session, access_key_id)
    return page(request, "generated.html", session=session, pair=pair)


def pair_of(session: SessionView, access_key_id: str) -> PairView:
    """Return a pair of a session; raise `NotFoundError` if the session does not have it."""
    for pair in session.pairs:
        if pair.access_key_id == access_key_id:
            return pair
    raise NotFoundError("this session has no such key pair: choose one from its list")


def oldest_first(session: SessionView) -> list[PairView]:
    """Return the active pairs of a session as the dialogs show them."""
    return list(session.active[::-1])


def _dialog(request: Request, session: SessionView, problem: str = "") -> Response:
    return page(
        request,
        "generate.html",
        409 if problem else 200,
        session=session,
        active=oldest_first(session),
        foreseen=pairs.foresee(center_of(request)),
        problem_text=problem,
    )
