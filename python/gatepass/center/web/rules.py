"""The route table: who may use each route. A route without a row is refused to everyone."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gatepass.center.roles import Action


class Who(enum.Enum):
    """How a request proves who sends it."""

    ANYONE = "anyone"
    LOCAL = "a program on this machine"
    HALFWAY = "a user whose password was right and who has not finished the other steps"
    USER = "a user who has proved both factors"
    TOKEN = "a program with a user's API token"  # noqa: S105 - a description, not a token


@dataclass(frozen=True, slots=True)
class Rule:
    """What one route requires.

    The user's role must allow ``action``. ``always_open`` is false for a route that is refused
    outside the opening hours.
    """

    method: str
    path: str
    who: Who
    action: Action | None = None
    always_open: bool = True


def _user(method: str, path: str, action: Action | None = None) -> Rule:
    return Rule(method, path, Who.USER, action)


def _keys(method: str, path: str, action: Action) -> Rule:
    return Rule(method, path, Who.USER, action, always_open=False)


def _open(method: str, path: str) -> Rule:
    return Rule(method, path, Who.ANYONE)


def _token(path: str) -> Rule:
    return Rule("GET", path, Who.TOKEN, Action.SEE_SESSIONS)


RULES: tuple[Rule, ...] = (
    _open("GET", "/"),
    _open("GET", "/static/{name}"),
    _open("GET", "/healthz"),
    _open("GET", "/readyz"),
    Rule("GET", "/metrics", Who.LOCAL),
    _open("GET", "/login"),
    _open("POST", "/login"),
    Rule("GET", "/login/code", Who.HALFWAY),
    Rule("POST", "/login/code", Who.HALFWAY),
    Rule("POST", "/login/code/send", Who.HALFWAY),
    Rule("GET", "/login/password", Who.HALFWAY),
    Rule("POST", "/login/password", Who.HALFWAY),
    _user("POST", "/logout"),
    _user("GET", "/sessions", Action.SEE_SESSIONS),
    _user("POST", "/sessions", Action.SEE_SESSIONS),
    _user("GET", "/sessions/{name}", Action.SEE_SESSIONS),
    _keys("GET", "/sessions/{name}/generate", Action.GENERATE),
    _keys("POST", "/sessions/{name}/generate", Action.GENERATE),
    _user("GET", "/sessions/{name}/generated/{access_key_id}", Action.GENERATE),
    _keys("GET", "/download", Action.DOWNLOAD),
    _keys("POST", "/download", Action.DOWNLOAD),
    _keys("GET", "/download/code", Action.DOWNLOAD),
    _keys("POST", "/download/code", Action.DOWNLOAD),
    _keys("GET", "/sessions/{name}/delete", Action.DELETE),
    _keys("POST", "/sessions/{name}/delete", Action.DELETE),
    _keys("GET", "/sessions/{name}/delete/{access_key_id}", Action.DELETE),
    _keys("POST", "/sessions/{name}/delete/{access_key_id}", Action.DELETE),
    _user("POST", "/notices/seen"),
    _user("GET", "/audit", Action.SEE_AUDIT),
    _user("GET", "/audit/export", Action.SEE_AUDIT),
    _user("GET", "/account"),
    _user("POST", "/account/password"),
    _user("GET", "/account/authenticator"),
    _user("POST", "/account/authenticator"),
    _user("POST", "/account/authenticator/begin"),
    _user("POST", "/account/authenticator/confirm"),
    _user("POST", "/account/authenticator/remove"),
    _user("POST", "/account/tokens"),
    _user("POST", "/account/tokens/{token_id}/end"),
    _open("GET", "/api/v1/openapi.json"),
    _token("/api/v1/sessions"),
    _token("/api/v1/sessions/{name}"),
    _token("/api/v1/pairs/{access_key_id}"),
)

_BY_ROUTE = {(rule.method, rule.path): rule for rule in RULES}


def rule_for(method: str, path: str) -> Rule | None:
    """Return the rule of a route or ``None``; ``path`` has its parameters in braces."""
    return _BY_ROUTE.get((method, path))
