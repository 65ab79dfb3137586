"""Refusals before a request reaches the application: without a page and without any look-up."""

from __future__ import annotations

from starlette.responses import JSONResponse, PlainTextResponse, Response


def bare_refusal(status: int, name: str, title: str, text: str, *, api: bool) -> Response:
    """Return a line of text for people, or problem details (RFC 9457) for programs."""
    if not api:
        return PlainTextResponse(f"{text}\n", status)
    body = {
        "type": f"urn:gatepass:problem:{name}",
        "title": title,
        "status": status,
        "detail": text,
    }
    return JSONResponse(body, status, media_type="application/problem+json")
