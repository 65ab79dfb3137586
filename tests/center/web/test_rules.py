"""The route table: each route has a rule, and each rule is enforced for each kind of visitor.

The cases come from the table and from the application's own routes: a new route without a rule
fails here, and so does a rule that lets another visitor in.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from gatepass.center.people import logins, tokens
from gatepass.center.roles import MAY, Role
from gatepass.center.web.rules import RULES, Rule, Who, rule_for
from gatepass.center.web.security import FORM_FIELD, LOGIN_COOKIE
from tests.center.web.site import USERS, Browser, Site, words

#: Visitors: not logged in, users by role, a user before the code, programs with a token.
VISITORS = ("nobody", "maria", "kim", "rae", "halfway", "token", "bad token")

_TABLE = [pytest.param(rule, id=f"{rule.method} {rule.path}") for rule in RULES]


def test_each_route_has_a_rule_and_each_rule_a_route(site: Site) -> None:
    served = sorted(_served(site.app))
    assert served == sorted((rule.method, rule.path) for rule in RULES)


def test_a_route_without_a_rule_is_refused(site: Site) -> None:
    @site.app.get("/forgotten")
    def forgotten() -> str:
        return "should not be seen"

    for browser in (site.browser(), site.user("maria")):
        response = browser.get("/forgotten")
        assert response.status_code == 404
        assert "should not be seen" not in response.text


@pytest.mark.parametrize("visitor", VISITORS)
@pytest.mark.parametrize("rule", _TABLE)
def test_each_rule_is_enforced(site: Site, rule: Rule, visitor: str) -> None:
    browser = _visitor(site, visitor)
    response = _request(site, browser, rule)
    assert _verdict(rule, response) == _expected(rule, visitor), response.text[:400]


@pytest.mark.parametrize("rule", [param for param in _TABLE if param.values[0].method == "POST"])
def test_a_form_without_its_token_is_refused(site: Site, rule: Rule) -> None:
    browser = _visitor(site, "halfway" if rule.who is Who.HALFWAY else "maria")
    browser.token()
    for data in ({"key": "x"}, {FORM_FIELD: ""}, {FORM_FIELD: "0" * 64}, {FORM_FIELD: "ä"}):
        response = browser.post(_path(site, rule), data=data)
        assert response.status_code == 403
        assert "not sent from a page of this site" in response.text


@pytest.mark.parametrize("rule", [param for param in _TABLE if not param.values[0].always_open])
def test_closed_routes_say_when_they_open(site: Site, rule: Rule) -> None:
    site.clock.go(days=3)  # a Saturday, 09:00 in Chicago
    browser = site.user("maria")
    response = _request(site, browser, rule)
    assert response.status_code == 503
    # Daylight saving time starts in the night before the opening: 25 hours of the clock are 24.
    assert response.headers["retry-after"] == str(24 * 3600)
    assert "Sunday, 2026-03-08 at 10:00 CT" in words(response)
    assert site.outbox.sent == []


def _served(app: FastAPI) -> Iterator[tuple[str, str]]:
    for context in iter_route_contexts(app.routes):
        # Only FastAPI's own routes pass the guard.
        assert isinstance(context.original_route, APIRoute), context
        assert context.path is not None
        for method in context.methods or ():
            yield method, context.path


def _visitor(site: Site, visitor: str) -> Browser:
    if visitor in USERS:
        return site.user(visitor)
    browser = site.browser()
    if visitor == "halfway":
        add = site.center.database.write
        token = add(
            lambda connection: logins.add_login(
                connection, site.center, site.actors["maria"].user_id, "", verified=False
            )
        )
        browser.cookies.set(LOGIN_COOKIE, token.reveal(), domain="center.example")
    if visitor == "token":
        text = tokens.issue(site.center, site.actors["maria"], "test")
        browser.headers["authorization"] = f"Bearer {text.reveal()}"
    if visitor == "bad token":
        browser.headers["authorization"] = "Bearer gatepass_nobody"
    return browser


def _path(site: Site, rule: Rule) -> str:
    return (
        rule.path.replace("/static/{name}", "/static/style.css")
        .replace("{name}", "ABC")
        .replace("{access_key_id}", site.key)
        .replace("{token_id}", "1")
    )


def _request(site: Site, browser: Browser, rule: Rule) -> httpx2.Response:
    if rule.method == "GET":
        return browser.get(_path(site, rule))
    return browser.submit(_path(site, rule))


def _expected(rule: Rule, visitor: str) -> str:
    """What the table says, in other words."""
    if rule.who is Who.ANYONE:
        return "let in"
    if rule.who is Who.LOCAL:
        return "not there"
    if rule.who is Who.TOKEN:
        return "let in" if visitor == "token" else "token wanted"
    if rule.who is Who.HALFWAY:
        return "let in" if visitor == "halfway" else "login wanted"
    if visitor not in USERS:
        return "login wanted"
    role: Role = USERS[visitor][1]
    allowed = rule.action is None or rule.action in MAY[role]
    return "let in" if allowed else "forbidden"


def _verdict(rule: Rule, response: httpx2.Response) -> str:
    location = response.headers.get("location", "")
    if response.status_code == 401:
        return "token wanted"
    if response.status_code == 403:
        return "forbidden"
    if response.status_code == 303 and (location == "/login" or location.startswith("/login?")):
        return "let in" if "clear-site-data" in response.headers else "login wanted"
    if response.status_code == 404 and rule.who is Who.LOCAL:
        return "not there"
    # An empty form may be refused, but by the page itself; and there is no token 1.
    refused = {404} if "{token_id}" in rule.path else {409, 422}
    return "let in" if response.status_code in {200, 303} | refused else "broken"


def test_metrics_are_only_for_this_machine(site: Site) -> None:
    for host in ("127.0.0.1", "::1"):
        assert site.browser(host).get("https://localhost/metrics").status_code == 200
    for host in ("192.0.2.1", "testclient", "10.0.0.1"):
        assert site.browser(host).get("https://localhost/metrics").status_code == 404


def test_rule_for_looks_up_the_table() -> None:
    assert all(rule_for(rule.method, rule.path) is rule for rule in RULES)
    assert len({(rule.method, rule.path) for rule in RULES}) == len(RULES)
    assert rule_for("DELETE", "/sessions") is None


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via"],
)
def test_metrics_are_not_answered_through_a_proxy(site: Site, header: str) -> None:
    """Not even if the header claims that the request is from this machine."""
    program = site.browser("127.0.0.1")
    answer = program.get("https://localhost/metrics", headers={header: "127.0.0.1"})
    assert answer.status_code == 404


@pytest.mark.parametrize(("version", "status"), [("1.0", 404), ("1.1", 200)])
def test_metrics_are_not_answered_through_a_proxy_that_adds_no_header(
    site: Site, version: str, status: int
) -> None:
    """nginx does so by default: it sends HTTP/1.0 and the Host of the server behind it."""

    async def as_proxy(scope: Scope, receive: Receive, send: Send) -> None:
        await site.app({**scope, "http_version": version}, receive, send)

    program = TestClient(as_proxy, "http://127.0.0.1:8400", client=("127.0.0.1", 5))
    assert program.get("/metrics").status_code == status


def test_the_answer_to_a_form_of_another_site_says_nothing_about_roles(site: Site) -> None:
    answer = site.user("maria").post("/sessions/ABC/generate", data={"form_token": "0"})
    assert answer.status_code == 403
    assert "This form has expired" in answer.text
    assert "Your role" not in answer.text
