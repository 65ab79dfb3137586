"""The audit log of the firm, for Administrative Managers."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from gatepass.center.audit import reading as audit_reading
from gatepass.center.audit.reading import Wanted
from gatepass.center.web.pages_sessions import MAX_SEARCH, page_number
from gatepass.center.web.rendering import page as render
from gatepass.center.web.visitor import actor_of, center_of
from gatepass.errors import CenterError
from gatepass.keys.validity import exchange_zone

router = APIRouter(prefix="/audit")

First = Annotated[str, Query(alias="from")]
Last = Annotated[str, Query(alias="to")]


@router.get("")
def audit_page(
    request: Request,
    search: str = "",
    action: str = "",
    first: First = "",
    last: Last = "",
    page: str = "1",
) -> Response:
    """Show a page of the log, latest entries first."""
    asked = _asked(search, action, first, last)
    problem, wanted = "", Wanted()
    try:
        wanted = _wanted(asked)
    except CenterError as error:
        problem = str(error)
    center, actor = center_of(request), actor_of(request)
    found = audit_reading.entries(center, actor, page_number(page), wanted=wanted)
    if found.number > found.count:
        found = audit_reading.entries(center, actor, found.count, wanted=wanted)
    given = {name: text for name, text in asked.items() if text}
    return render(
        request,
        "audit.html",
        422 if problem else 200,
        page=found,
        asked=asked,
        actions=audit_reading.ACTIONS,
        filtered=bool(given),
        export="/audit/export" + (f"?{urlencode(given)}" if given else ""),
        link=lambda to: "/audit?" + urlencode({**given, "page": to}),
        unreadable=audit_reading.UNREADABLE,
        problem_text=problem,
    )


@router.get("/export")
def export(
    request: Request, search: str = "", action: str = "", first: First = "", last: Last = ""
) -> Response:
    """Export all entries that match as a CSV file, oldest entries first."""
    wanted = _wanted(_asked(search, action, first, last))
    center = center_of(request)
    today = center.clock().astimezone(exchange_zone())
    return StreamingResponse(
        audit_reading.as_csv(center, actor_of(request), wanted),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="audit-{today:%Y-%m-%d}.csv"'},
    )


def _asked(search: str, action: str, first: str, last: str) -> dict[str, str]:
    given = {"search": search, "action": action, "from": first, "to": last}
    return {name: _clean(text) for name, text in given.items()}


def _wanted(asked: dict[str, str]) -> Wanted:
    first, last = _day(asked["from"]), _day(asked["to"])
    if first is not None and last is not None and first > last:
        raise CenterError("the first day is after the last day: exchange them")
    return Wanted(asked["search"], first, last, asked["action"])


def _day(text: str) -> date | None:
    if not text:
        return None
    if _DAY.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    raise CenterError("write days as YYYY-MM-DD, for example 2026-03-06")


#: Years 1900 to 2999: their days have a midnight in any time zone.
_DAY: Final = re.compile(r"(?:19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}")


def _clean(text: str) -> str:
    return "".join(c for c in text.strip() if c.isprintable())[:MAX_SEARCH]
