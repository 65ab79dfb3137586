"""Only requests for the site's own names are answered, and no answer contains the name."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.center.web.app import make_app
from gatepass.center.web.host_names import host_of, is_this_machine
from gatepass.center.web.rules import RULES
from tests.center.web.site import Site

#: Names that a page of another site could make a browser ask for, and malformed ones.
FOREIGN = [
    "evil.example",
    "center.example.evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "192.0.2.7",
    "[2001:db8::1]",
    "",
    "localhost:80/../x",
    "localhost/x",
    "localhost@evil.example",
    "center.example:80:80",
]
OWN = [
    "center.example",
    "CENTER.example.",
    "center.example:8400",
    "localhost",
    "localhost:8400",
    "127.0.0.1:8400",
    "127.0.0.2",
    "[::1]",
    "[::1]:8400",
]


@pytest.mark.parametrize("path", sorted({rule.path for rule in RULES} | {"/nowhere"}))
def test_every_route_refuses_a_foreign_name(site: Site, path: str) -> None:
    for browser in (site.browser("127.0.0.1"), site.user("maria")):
        for send in (browser.get, browser.post):
            response = send(path, headers={"host": "evil.example"})
            assert response.status_code == 421
            assert "evil.example" not in response.text
            assert "content-security-policy" in response.headers


@pytest.mark.parametrize("host", FOREIGN)
def test_foreign_and_malformed_names_are_refused(site: Site, host: str) -> None:
    assert site.browser().get("/login", headers={"host": host}).status_code == 421
    answer = site.browser().get("/api/v1/openapi.json", headers={"host": host})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 421


@pytest.mark.parametrize("host", OWN)
def test_own_names_are_answered(site: Site, host: str) -> None:
    assert site.browser().get("/login", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"), [("/healthz", 200), ("/readyz", 200), ("/login", 421), ("/metrics", 421)]
)
def test_only_health_checks_need_no_host_header(site: Site, path: str, status: int) -> None:
    """A load balancer that speaks HTTP/1.0 sends none."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "http_version": "1.0", "method": "GET", "path": path, "headers": []}
    more = {"scheme": "http", "query_string": b"", "client": ("127.0.0.1", 5), "server": None}
    asyncio.run(site.app({**scope, **more}, receive, send))
    assert sent[0]["status"] == status


def test_two_host_headers_are_refused(site: Site) -> None:
    headers = [("host", "center.example"), ("host", "center.example")]
    assert site.browser().get("/login", headers=headers).status_code == 421


@pytest.mark.parametrize("every", ["0.0.0.0", "::"])  # noqa: S104
def test_a_site_on_all_addresses_answers_to_each_address_and_to_no_name(
    site: Site, every: str
) -> None:
    app = make_app(site.center, [every])
    browser = Site(site.center, site.clock, site.outbox, app, site.actors, site.key).browser()
    for host, status in (("192.0.2.7:8400", 200), ("[2001:db8::1]", 200), ("evil.example", 421)):
        assert browser.get("/login", headers={"host": host}).status_code == status


def test_no_answer_contains_the_name_it_was_asked_for(site: Site) -> None:
    """Links and redirects are relative: none leads to a name that the sender chose."""
    browser = site.user("maria")
    for rule in RULES:
        path = rule.path.replace("{name}", "ABC").replace("{access_key_id}", site.key)
        for response in (browser.get(path), browser.submit(path)):
            assert "center.example" not in response.text
            assert "center.example" not in str(response.headers)


@given(st.text())
def test_a_host_header_is_parsed_or_rejected(header: str) -> None:
    host = host_of(header)
    assert host == host_of(host) or ":" in host
    assert not set(host) & set("/?#@ \\")
    assert not is_this_machine("")
    assert not is_this_machine(host + "x")
