"""The HTTP API, compared with its own OpenAPI document."""

from __future__ import annotations

from typing import Any

import pytest

from gatepass.center.people import tokens
from gatepass.center.web import api
from tests.center.web.site import Browser, Site


@pytest.fixture
def program(site: Site) -> Browser:
    """A program with a token of the manager."""
    made = site.browser()
    text = tokens.issue(site.center, site.actors["maria"], "program").reveal()
    made.headers["authorization"] = f"Bearer {text}"
    return made


def test_sessions_are_listed_with_their_active_pairs(site: Site, program: Browser) -> None:
    answer = program.get("/api/v1/sessions").json()
    assert (answer["page"], answer["size"], answer["total"]) == (1, 50, 3)
    assert [item["name"] for item in answer["items"]] == ["ABC", "ABC123", "DEF"]
    (pair,) = answer["items"][0]["pairs"]
    assert pair == {
        "session": "ABC",
        "access_key_id": site.key,
        "state": "active",
        "created_at": "2026-03-04T15:00:00Z",
        "expires_at": "2027-03-04T22:00:00Z",
        "ended_at": None,
        "days_left": 365,
        "environment": "SIMULATION",
    }
    assert program.get(f"/api/v1/pairs/{site.key}").json() == pair
    one = program.get("/api/v1/sessions/ABC").json()
    assert one == answer["items"][0]


def test_a_pair_that_has_ended_has_no_days_left(site: Site, program: Browser) -> None:
    site.clock.go(days=1)
    site.generate("ABC")
    site.clock.go(days=1)
    site.generate("ABC", delete=site.key)
    pairs = program.get("/api/v1/sessions/ABC").json()["pairs"]
    left = {pair["access_key_id"]: pair["days_left"] for pair in pairs}
    assert left.pop(site.key) is None
    assert all(isinstance(days, int) for days in left.values())
    site.clock.go(days=40)
    # The second one has expired, whether that is recorded or not.
    pairs = program.get("/api/v1/sessions/ABC").json()["pairs"]
    assert [pair["days_left"] is None for pair in pairs] == [False, True, True]


def test_sessions_can_be_searched_and_paged(program: Browser) -> None:
    def names(**params: str | int) -> list[str]:
        answer = program.get("/api/v1/sessions", params=params).json()
        return [item["name"] for item in answer["items"]]

    assert names(search="RISK") == ["ABC123"]
    assert names(size=2, page=2) == ["DEF"]
    assert names(page=9) == []


@pytest.mark.parametrize("path", ["/api/v1/sessions/XYZ", "/api/v1/pairs/nobodysKey"])
def test_what_is_unknown_or_of_another_firm_is_a_problem(program: Browser, path: str) -> None:
    response = program.get(path)
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == "urn:gatepass:problem:not-found"
    assert problem["status"] == 404
    assert set(problem) == {"type", "title", "status", "detail"}


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "size=0", "size=201", f"search={'x' * 51}", "search=%00"]
)
def test_bad_parameters_are_problems(program: Browser, query: str) -> None:
    response = program.get(f"/api/v1/sessions?{query}")
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert query.partition("=")[0] in response.json()["detail"]


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer x", "Basic {}", "bearer  ", "{}"])
def test_without_a_valid_token_nothing_is_answered(
    site: Site, program: Browser, value: str
) -> None:
    text = program.headers.pop("authorization").removeprefix("Bearer ")
    response = program.get("/api/v1/sessions", headers={"authorization": value.format(text)})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["type"] == "urn:gatepass:problem:token"


def test_the_login_of_a_browser_is_not_a_token(site: Site) -> None:
    assert site.user("maria").get("/api/v1/sessions").status_code == 401


def test_a_token_opens_no_page(program: Browser) -> None:
    assert program.get("/sessions").status_code == 303


def test_unknown_addresses_and_methods_are_problems(program: Browser) -> None:
    for response, status in (
        (program.get("/api/v1/nothing"), 404),
        (program.post("/api/v1/sessions"), 405),
        (program.delete("/api/v1/sessions/ABC"), 405),
    ):
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"


def test_answers_match_the_openapi_document(site: Site, program: Browser) -> None:
    document = site.browser().get("/api/v1/openapi.json").json()
    assert document == api.openapi()
    assert set(document["paths"]) == {
        "/api/v1/sessions",
        "/api/v1/sessions/{name}",
        "/api/v1/pairs/{access_key_id}",
    }
    assert document["security"] == [{"token": []}]
    for item in document["paths"].values():
        assert set(item) == {"get"}
        assert set(item["get"]["responses"]) >= {"200", "401", "422", "503"}
    for name, path in (
        ("Sessions", "/api/v1/sessions"),
        ("Session", "/api/v1/sessions/ABC"),
        ("Pair", f"/api/v1/pairs/{site.key}"),
        ("Problem", "/api/v1/pairs/x"),
    ):
        _require_shape(document, document["components"]["schemas"][name], program.get(path).json())


def _require_shape(document: dict[str, Any], schema: dict[str, Any], value: Any) -> None:
    """Each field of the schema is there, and no other."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if schema.get("type") == "array":
        for item in value:
            _require_shape(document, schema["items"], item)
    if schema.get("type") == "object":
        assert set(value) == set(schema["properties"]) == set(schema["required"])
        for name, below in schema["properties"].items():
            _require_shape(document, below, value[name])
