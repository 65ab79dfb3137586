"""Whether the process lives, whether it can serve, and what is measured."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from gatepass.center.web.metrics import CONTENT_TYPE, exposition
from gatepass.center.web.rendering import STATIC
from gatepass.center.web.visitor import center_of
from gatepass.errors import DatabaseError, NotFoundError

log = logging.getLogger("gatepass.center.web")

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
def alive() -> Response:
    """Say that the process lives; nothing is looked at."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def ready(request: Request) -> Response:
    """Say whether the database answers and is of this version: 200 or 503."""
    try:
        center_of(request).database.check_version()
    except DatabaseError as error:
        # Anybody may ask.
        log.error("not ready: %s", error)  # noqa: TRY400 - its text says it all
        return PlainTextResponse("not ready: the log says why\n", 503)
    return PlainTextResponse("ready\n")


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Give Prometheus what it scrapes."""
    return Response(exposition(request.app), media_type=CONTENT_TYPE)


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Give the style sheet, the script or the icon; an address with its version never changes."""
    file = STATIC.get(name)
    if file is None:
        raise NotFoundError("there is no such file")
    return Response(
        file.content,
        media_type=file.media_type,
        headers={"cache-control": "public, max-age=31536000, immutable"},
    )
