"""The application: its routes, their guard and the handlers of their errors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fastapi import Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from gatepass._native import VERSION
from gatepass.center.context import Center
from gatepass.center.web import (
    api,
    health,
    pages_account,
    pages_audit,
    pages_delete,
    pages_download,
    pages_generate,
    pages_login,
    pages_sessions,
    refusals,
)
from gatepass.center.web.body_limit import BodyLimit
from gatepass.center.web.concurrency import ConcurrencyLimit
from gatepass.center.web.guard import guard
from gatepass.center.web.head_limit import HeadLimit
from gatepass.center.web.host_names import KnownNames
from gatepass.center.web.metrics import Meters
from gatepass.center.web.pace import Pace
from gatepass.center.web.readiness import Readiness
from gatepass.center.web.security import MAX_BODY, SecurityHeaders
from gatepass.errors import BusyError, CenterError

_PAGES: Final = (
    pages_login,
    pages_sessions,
    pages_generate,
    pages_download,
    pages_delete,
    pages_audit,
    pages_account,
    health,
)

_ANSWERS: Final = (
    (BusyError, refusals.on_busy),
    (CenterError, refusals.on_center_error),
    (HTTPException, refusals.on_http_error),
    (RequestValidationError, refusals.on_invalid),
    (refusals.LoginNeededError, refusals.on_login_needed),
    (refusals.TokenNeededError, refusals.on_token_needed),
    (Exception, refusals.on_bug),
)


def make_app(center: Center, names: Iterable[str] = ()) -> FastAPI:
    """Return the application of a Request Center, for uvicorn or another ASGI server.

    It answers requests for the host names ``names`` and for this machine's own names. ``0.0.0.0``
    or ``::`` among ``names`` allows every IP address, but no further name. It reads nothing before
    its first request. Without TLS it works only on this machine: browsers keep its cookies only for
    https addresses and for localhost.
    """
    app = FastAPI(
        title="gatepass Request Center",
        version=VERSION,
        # The OpenAPI document has its own route; the viewers load scripts from other sites.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(guard)],
        redirect_slashes=False,
    )
    app.state.center = center
    app.state.meters = Meters(center)
    app.state.password_limit = ConcurrencyLimit()
    app.state.readiness = Readiness(center.database)
    for kind, handler in _ANSWERS:
        app.add_exception_handler(kind, handler)
    app.add_middleware(BodyLimit, most=MAX_BODY)
    app.add_middleware(HeadLimit, api=refusals.API)
    app.add_middleware(KnownNames, names=names, api=refusals.API)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Pace)
    for pages in _PAGES:
        app.include_router(pages.router, include_in_schema=False)
    app.include_router(api.router)
    return app
