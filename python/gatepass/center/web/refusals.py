"""Answers to refused requests: a page for people, problem+json (RFC 9457) for programs.

An answer repeats nothing of the request. For an unexpected error it shows only a reference; the log
has the rest.
"""

from __future__ import annotations

import logging
import math
import secrets
from dataclasses import dataclass, replace
from typing import Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from gatepass.center.pairs.pairs import OtherPairsError
from gatepass.center.store.columns import NoTimeError
from gatepass.center.web import security
from gatepass.center.web.metrics import count_refusal
from gatepass.center.web.rendering import page
from gatepass.center.web.visitor import center_of
from gatepass.center.web.words import sentence
from gatepass.errors import (
    AccountError,
    AuditError,
    BusyError,
    CenterError,
    ClosedError,
    CodeError,
    DatabaseError,
    DeliveryError,
    LimitError,
    NotAllowedError,
    NotFoundError,
    ThirdPairError,
    VaultError,
)

log = logging.getLogger("gatepass.center.web")

API = "/api/"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to one kind of error.

    ``name`` is for programs. ``title`` and ``advice`` are for people; between them is the text of
    the error, or ``text`` in its place: only the log says what is wrong with the store.
    """

    status: int
    name: str
    title: str
    advice: str = ""
    text: str = ""


_ASK = "Contact the operator of this Request Center. Nothing was changed."
_LOGGED = "The cause is in the Request Center's log."
_SOON = "Try again soon. The cause is in the Request Center's log."


class FormExpiredError(NotAllowedError):
    """A form has no valid token for this browser and this login."""


#: The answers by kind of error. The most specific kind applies.
REFUSALS: Final[dict[type[CenterError], Refusal]] = {
    FormExpiredError: Refusal(403, "form", "This form has expired"),
    NotAllowedError: Refusal(403, "not-allowed", "Your role does not allow this"),
    NotFoundError: Refusal(404, "not-found", "Not found"),
    OtherPairsError: Refusal(409, "other-pairs", "The key pairs have changed"),
    ThirdPairError: Refusal(409, "third-pair", "Two key pairs are active"),
    ClosedError: Refusal(503, "closed", "The Request Center is closed"),
    CodeError: Refusal(422, "code", "The verification code was not accepted"),
    BusyError: Refusal(503, "busy", "Too many logins at the moment"),
    LimitError: Refusal(429, "limit", "Too many requests"),
    AccountError: Refusal(422, "account", "The account does not allow this"),
    DeliveryError: Refusal(503, "delivery", "The verification code could not be sent", "", _SOON),
    VaultError: Refusal(500, "vault", "A secret cannot be decrypted", _ASK, _LOGGED),
    AuditError: Refusal(500, "audit", "The audit log is broken", _ASK, _LOGGED),
    NoTimeError: Refusal(500, "altered", "The database was altered", _ASK, _LOGGED),
    DatabaseError: Refusal(
        503, "database", "The database does not answer", "Nothing was changed.", _SOON
    ),
    CenterError: Refusal(409, "refused", "The request was refused"),
}

#: Titles, by rule, for a `CodeError` that is raised before a code was entered.
_CODE_TITLES: Final = {
    "budget": "No verification code is left today",
    "unsent": "The verification code could not be sent",
}

#: What HTTP itself refuses, by status: title and text.
_HTTP: Final = {
    404: ("Page not found", "This site has no such address. Start at the list of sessions."),
    405: ("This page cannot be opened this way", "Open it from a page of this site."),
    413: ("The request is too large", f"The limit is {security.MAX_BODY // 1024} KiB."),
    415: ("The form has an unknown format", "Send it from a page of this site."),
}


class LoginNeededError(Exception):
    """No user is logged in; the browser is sent to ``path``."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class TokenNeededError(Exception):
    """The API was called without a valid token."""


def refusal_of(error: CenterError) -> Refusal:
    """Return the answer to an error."""
    refusal = next(REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS)
    if isinstance(error, CodeError):
        return replace(refusal, title=_CODE_TITLES.get(error.rule, refusal.title))
    return refusal


def on_center_error(request: Request, error: Exception) -> Response:
    """Answer what the Request Center refused."""
    if not isinstance(error, CenterError):
        raise error
    refusal = refusal_of(error)
    count_refusal(request.app, refusal.name)
    if refusal.status >= 500 and not isinstance(error, ClosedError):
        log.error("%s: %s", type(error).__name__, error)
    response = _center_answer(request, error, refusal)
    if isinstance(error, ClosedError):
        wait = (error.opens - center_of(request).clock()).total_seconds()
        response.headers["retry-after"] = str(max(1, math.ceil(wait)))
    if isinstance(error, LimitError):
        response.headers["retry-after"] = str(max(1, math.ceil(error.retry_after.total_seconds())))
    return response


async def on_busy(request: Request, error: Exception) -> Response:
    """Answer a request that is one too many, without a thread and without any look-up."""
    if not isinstance(error, BusyError):
        raise error
    refusal = refusal_of(error)
    count_refusal(request.app, refusal.name)
    response = _answer(request, refusal, sentence(str(error)))
    response.headers["retry-after"] = str(math.ceil(error.retry_after.total_seconds()))
    return response


def on_http_error(request: Request, error: Exception) -> Response:
    """Answer what HTTP itself refuses: page not found, request too large ..."""
    if not isinstance(error, HTTPException):
        raise error
    title, text = _HTTP.get(error.status_code, ("The request failed", str(error.detail)))
    response = _answer(request, Refusal(error.status_code, "http", title), text)
    response.headers.update(error.headers or {})
    return response


def on_invalid(request: Request, error: Exception) -> Response:
    """Answer a parameter that breaks the OpenAPI document, without repeating its value."""
    if not isinstance(error, RequestValidationError):
        raise error
    names = sorted({str(detail["loc"][-1]) for detail in error.errors()})
    text = f"These parameters are invalid: {', '.join(names)}."
    return _answer(request, Refusal(422, "invalid", "The request is invalid"), text)


def on_login_needed(_request: Request, error: Exception) -> Response:
    """Send the browser to the login page."""
    if not isinstance(error, LoginNeededError):
        raise error
    return RedirectResponse(error.path, 303)


def on_token_needed(request: Request, _error: Exception) -> Response:
    """Ask for an API token."""
    text = "Send an API token as a bearer token. Users create tokens on their account page."
    response = _answer(request, Refusal(401, "token", "An API token is required"), text)
    response.headers["www-authenticate"] = "Bearer"
    return response


def on_bug(request: Request, error: Exception) -> Response:
    """Answer an unexpected error with a reference to its line in the log."""
    reference = secrets.token_hex(4)
    log.error("reference %s: %s", reference, type(error).__name__)
    refusal = Refusal(500, "bug", "Something went wrong", _ASK)
    response = _answer(request, refusal, f"The log has the details: reference {reference}.")
    # This answer does not pass the middleware that adds them.
    security.add_headers(response.headers, request.url.scheme)
    return response


def _center_answer(request: Request, error: CenterError, refusal: Refusal) -> Response:
    if isinstance(error, ClosedError) and not request.url.path.startswith(API):
        return page(request, "closed.html", refusal.status, opens=error.opens)
    return _answer(request, refusal, refusal.text or sentence(str(error)))


def _answer(request: Request, refusal: Refusal, text: str) -> Response:
    if request.url.path.startswith(API):
        body = {
            "type": f"urn:gatepass:problem:{refusal.name}",
            "title": refusal.title,
            "status": refusal.status,
            "detail": text,
        }
        return JSONResponse(body, refusal.status, media_type="application/problem+json")
    return page(
        request,
        "refusal.html",
        refusal.status,
        plain=refusal.status >= 500,
        title=refusal.title,
        text=text,
        advice=refusal.advice,
    )
