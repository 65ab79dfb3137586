"""The sender of a request, if known."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from gatepass.center.context import Center
from gatepass.center.people.logins import Halfway
from gatepass.center.roles import Actor


@dataclass(frozen=True, slots=True)
class Visitor:
    """A user, known by a login cookie or an API token.

    Exactly one is set: ``actor``, or ``halfway`` until all steps of the login are done.
    """

    actor: Actor | None
    halfway: Halfway | None = None


def center_of(request: Request) -> Center:
    """Return the Request Center that this application serves."""
    center: Center = request.app.state.center
    return center


def visitor_of(request: Request) -> Visitor | None:
    """Return the sender of the request, or ``None`` if unknown."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    return visitor


def actor_of(request: Request) -> Actor:
    """Return the user who acts; only on routes whose rule requires one."""
    visitor = visitor_of(request)
    if visitor is None or visitor.actor is None:
        raise AssertionError("this route has no user: its rule does not require one")
    return visitor.actor


def halfway_of(request: Request) -> Halfway:
    """Return the unfinished login; only on routes whose rule requires one."""
    visitor = visitor_of(request)
    if visitor is None or visitor.halfway is None:
        raise AssertionError("this route has no unfinished login: its rule does not require one")
    return visitor.halfway


def origin_of(request: Request) -> str:
    """Return where the request came from, for the audit log."""
    return request.client.host if request.client else ""
