"""The audit log of the firm, for Administrative Managers."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gatepass.center import audit
from gatepass.center.web.pages_sessions import page_number
from gatepass.center.web.rendering import page as render
from gatepass.center.web.visitor import actor_of, center_of

router = APIRouter()


@router.get("/audit")
def audit_page(request: Request, page: str = "1") -> Response:
    """Show a page of the log, the latest entries first."""
    center, actor = center_of(request), actor_of(request)
    found = audit.entries(center, actor, page_number(page))
    if found.number > found.count:
        found = audit.entries(center, actor, found.count)
    return render(request, "audit.html", page=found, link=lambda to: f"/audit?page={to}")
