"""Whether the process lives, whether it can serve, and what is measured."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from gatepass.center.web.metrics import CONTENT_TYPE, exposition
from gatepass.center.web.readiness import Readiness
from gatepass.center.web.rendering import STATIC
from gatepass.errors import NotFoundError

router = APIRouter(include_in_schema=False)


# Neither waits for a thread that a page could have: a watchman who waits restarts what works.
@router.get("/healthz")
async def alive() -> Response:
    """Say that the process lives; nothing is looked at."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """Say whether the database is of this version and takes what is written: 200 or 503."""
    readiness: Readiness = request.app.state.readiness
    if await readiness.problem():
        # What is wrong with the store is not for anybody who may ask.
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
