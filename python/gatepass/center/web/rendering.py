"""Pages from templates."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from gatepass._native import VERSION
from gatepass.center.context import Center
from gatepass.center.mail import notices
from gatepass.center.roles import MAY, Action, Actor
from gatepass.center.web import security
from gatepass.center.web.visitor import center_of, visitor_of
from gatepass.center.web.words import FILTERS
from gatepass.errors import DatabaseError

_STATIC_TYPES: Final = {
    "style.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file that pages link to. ``version`` changes with its content: browsers may cache it."""

    content: bytes
    media_type: str
    version: str


def _read(name: str, media_type: str) -> StaticFile:
    content = (files(__package__) / "static" / name).read_bytes()
    return StaticFile(content, media_type, hashlib.sha256(content).hexdigest()[:12])


STATIC: Final = {name: _read(name, media_type) for name, media_type in _STATIC_TYPES.items()}

#: The entries of the navigation, each with the action that a role must allow.
_PLACES: Final = (
    ("/sessions", "Sessions", Action.SEE_SESSIONS),
    ("/audit", "Audit log", Action.SEE_AUDIT),
    ("/account", "Account", Action.SEE_SESSIONS),
)

_environment = Environment(
    loader=PackageLoader("gatepass.center.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(FILTERS)
_environment.globals.update(
    version=VERSION,
    static=lambda name: f"/static/{name}?v={STATIC[name].version}",
)


def page(
    request: Request, template: str, status: int = 200, *, plain: bool = False, **context: Any
) -> HTMLResponse:
    """Return a page; ``context`` are the variables of its template.

    ``plain`` leaves out everything that is read from the database, for a page that reports that
    the database cannot be read.
    """
    visitor = visitor_of(request)
    actor = None if visitor is None or plain else visitor.actor
    center = center_of(request)
    cookie = security.form_cookie(request)
    shared = {
        "environment": center.environment,
        "open_always": center.open_always,
        "actor": actor,
        "current": "/" + request.url.path.split("/")[1],
        "places": _places(request),
        "notices": _notices(center, actor) if actor else [],
        "at_once": notices.VISIBLE,
        "outbox": center.outbox,
        "form_token": security.form_token(cookie, request.cookies.get(security.LOGIN_COOKIE, "")),
        "now": center.clock(),
        "problem_text": "",
    }
    text = _environment.get_template(template).render(shared | context)
    response = HTMLResponse(text, status)
    if security.FORM_COOKIE not in request.cookies:
        security.set_cookie(response, security.FORM_COOKIE, cookie)
    return response


def _notices(center: Center, actor: Actor) -> list[notices.Notice]:
    found = notices.unseen(center, actor)
    # If this cannot be written, the page still appears, and shows the notices again next time.
    with suppress(DatabaseError):
        notices.note_shown(center, found[: notices.VISIBLE])
    return found


def _places(request: Request) -> list[tuple[str, str]]:
    visitor = visitor_of(request)
    if visitor is None or visitor.actor is None:
        return []
    may = MAY[visitor.actor.role]
    return [(path, words) for path, words, action in _PLACES if action in may]
