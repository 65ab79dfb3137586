"""The HTTP API: the status of sessions and key pairs for programs, but never a secret."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from pydantic import BaseModel, Field

from gatepass._native import VERSION
from gatepass.center.pairs import firms
from gatepass.center.pairs.views import PairView, SessionView
from gatepass.center.store.page import PAGE_SIZE
from gatepass.center.web.pages_sessions import MAX_PAGE, MAX_SEARCH
from gatepass.center.web.visitor import actor_of, center_of
from gatepass.keys.identifiers import MAX_ACCESS_KEY_ID_LENGTH
from gatepass.keys.rules import PairState

ROOT: Final = "/api/v1"
MAX_SIZE: Final = 200


class Problem(BaseModel):
    """Why a request was refused, as problem details of RFC 9457."""

    type: str = Field(examples=["urn:gatepass:problem:not-found"])
    title: str
    status: int
    detail: str


class Pair(BaseModel):
    """The status of a key pair."""

    session: str
    access_key_id: str
    state: str = Field(description="active, expired or deleted")
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    days_left: int | None = Field(
        description="calendar days in Chicago until it expires; null once it has ended"
    )
    environment: str | None


class Session(BaseModel):
    """A session with its key pairs, the newest first."""

    name: str
    kind: str = Field(description="ilink or dropcopy")
    description: str
    pairs: list[Pair]
    problem: str | None = Field(
        description="what cannot be shown, because its rows in the database were altered"
    )


class Sessions(BaseModel):
    """A page of sessions by name, with their active key pairs."""

    items: list[Session]
    page: int
    size: int
    total: int


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _WHY[status], "content": content} for status in statuses}


_WHY: Final = {
    401: "the API token is missing or not valid",
    404: "not found in the user's firm",
    422: "a parameter is invalid",
    503: "the database does not answer",
}

router = APIRouter(prefix=ROOT, tags=["status"], responses=_problems(401, 422, 503))

Text = Annotated[str, Query(max_length=MAX_SEARCH, pattern=r"^[^\x00-\x1f\x7f]*$")]
Name = Annotated[str, Path(min_length=1, max_length=6, examples=["ABC"])]
Id = Annotated[str, Path(min_length=1, max_length=MAX_ACCESS_KEY_ID_LENGTH)]


@router.get("/sessions", response_model=Sessions)
def list_sessions(
    request: Request,
    search: Text = "",
    page: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 1,
    size: Annotated[int, Query(ge=1, le=MAX_SIZE)] = PAGE_SIZE,
) -> Response:
    """List the firm's sessions whose Session ID or description contains the search text."""
    found = firms.list_sessions(center_of(request), actor_of(request), search, page, size)
    items = [_session(view) for view in found.items]
    return _json(Sessions(items=items, page=found.number, size=found.size, total=found.total))


@router.get("/sessions/{name}", response_model=Session, responses=_problems(404))
def find_session(request: Request, name: Name) -> Response:
    """Return one session with all its key pairs, including those that have ended."""
    return _json(_session(firms.find_session(center_of(request), actor_of(request), name)))


@router.get("/pairs/{access_key_id}", response_model=Pair, responses=_problems(404))
def find_pair(request: Request, access_key_id: Id) -> Response:
    """Return the status of one key pair."""
    (view,) = firms.find_pairs(center_of(request), actor_of(request), [access_key_id])
    return _json(_pair(view))


@router.get("/openapi.json", include_in_schema=False)
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    return openapi()


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document of the API."""
    described = get_openapi(
        title="gatepass Request Center",
        version=VERSION,
        description="Status of sessions and secure key pairs. It never gives out a Secret Key.",
        routes=router.routes,
    )
    parts = described.setdefault("components", {})
    parts["schemas"]["Problem"] = Problem.model_json_schema()
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
    parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    described["security"] = [{"token": []}]
    return described


def _json(model: BaseModel) -> Response:
    """Serialize the answer in this thread: FastAPI would use another one."""
    return Response(model.model_dump_json(), media_type="application/json")


def _session(view: SessionView) -> Session:
    return Session(
        name=view.name,
        kind=view.kind,
        description=view.description,
        pairs=[_pair(pair) for pair in view.pairs],
        problem=view.problem or None,
    )


def _pair(view: PairView) -> Pair:
    return Pair(
        session=view.session,
        access_key_id=view.access_key_id,
        state=view.state.value,
        created_at=view.created_at,
        expires_at=view.expires_at,
        ended_at=view.ended_at,
        days_left=view.days_left if view.state is PairState.ACTIVE else None,
        environment=view.environment,
    )
