"""Refusals that are made before the application is reached: no page, nothing is looked up."""

from __future__ import annotations

from starlette.responses import JSONResponse, PlainTextResponse, Response


def bare_refusal(status: int, name: str, title: str, text: str, *, api: bool) -> Response:
    """Return a line of text to people, or to programs what RFC 9457 calls problem details."""
    if not api:
        return PlainTextResponse(f"{text}\n", status)
    body = {
        "type": f"urn:gatepass:problem:{name}",
        "title": title,
        "status": status,
        "detail": text,
    }
    return JSONResponse(body, status, media_type="application/problem+json")
