"""Health checks, metrics and static files."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from gatepass.center.web.metrics import CONTENT_TYPE, exposition
from gatepass.center.web.readiness import Readiness
from gatepass.center.web.rendering import STATIC
from gatepass.errors import NotFoundError

router = APIRouter(include_in_schema=False)


# Neither needs a thread that pages use: a supervisor that has to wait restarts a working server.
@router.get("/healthz")
async def alive() -> Response:
    """Report that the process is alive, without any check."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """Report whether the database has this version and can be written: 200 or 503."""
    readiness: Readiness = request.app.state.readiness
    if await readiness.problem():
        # Anyone may ask, so only the log says what is wrong with the store.
        return PlainTextResponse("not ready: the log says why\n", 503)
    return PlainTextResponse("ready\n")


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Return the metrics for Prometheus."""
    return Response(exposition(request.app), media_type=CONTENT_TYPE)


@router.get("/static/{name}")
def static(name: str) -> Response:
    """Return the style sheet, the script or the icon; a versioned address never changes."""
    file = STATIC.get(name)
    if file is None:
        raise NotFoundError("there is no such file")
    return Response(
        file.content,
        media_type=file.media_type,
        headers={"cache-control": "public, max-age=31536000, immutable"},
    )
