# ruff: noqa: S608 - statements from the texts of these tests
"""Rows that another program altered: the other rows are shown, and the bad ones are named."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from gatepass.center.pairs.overview import sessions
from gatepass.center.people import tokens
from tests.center.web.site import Browser, Site, words

#: Values that a pair's columns cannot have.
PAIR = [
    ("created_at", "'garbage'"),
    ("created_at", "5"),
    ("expires_at", "'0001-01-01 00:00:00.000000'"),
    ("ended_at", "'2026-03-04 15:00:00.000000'"),
    ("environment", "X'6161'"),
    ("environment", "CAST(X'eda080' AS TEXT)"),
    ("access_key_id", "X'35'"),
    ("access_key_id", "'not a key id!'"),
    ("state", "'weird'"),
]
#: Values that a session's columns cannot have.
SESSION = [("name", "X'00ff'"), ("name", "'A!'"), ("description", "X'00'"), ("kind", "X'00'")]


def change(site: Site, table: str, column: str, value: str, row: int) -> None:
    def work(connection: object) -> None:
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))  # type: ignore[attr-defined]
        connection.execute(  # type: ignore[attr-defined]
            text(f"UPDATE {table} SET {column} = {value} WHERE id = {row}")
        )

    site.center.database.write(work)


def program(site: Site) -> Browser:
    browser = site.browser()
    token = tokens.issue(site.center, site.actors["maria"], "test")
    browser.headers["authorization"] = f"Bearer {token.reveal()}"
    return browser


@pytest.mark.parametrize(("column", "value"), PAIR)
def test_one_bad_pair_hides_no_other(site: Site, column: str, value: str) -> None:
    other = site.generate("DEF")
    change(site, "pair", column, value, 1)
    page = site.user("maria").get("/sessions")
    assert page.status_code == 200
    assert other in page.text
    assert "key pair with the id 1 cannot be shown" in words(page)
    assert "No active key pair" not in words(page).split("ABC123")[0]

    found = program(site).get("/api/v1/sessions").json()["items"]
    problems = {one["name"]: one["problem"] for one in found}
    assert "id 1 cannot be shown" in problems["ABC"]
    assert problems["DEF"] is None
    assert "id 1 cannot be shown" in program(site).get("/api/v1/sessions/ABC").json()["problem"]

    own = site.user("maria").get("/sessions/ABC")
    assert own.status_code == 200
    assert "key pair with the id 1 cannot be shown" in words(own)
    assert [one.session.problem != "" for one in sessions(site.center, "Alpha")].count(True) == 1


@pytest.mark.parametrize(("column", "value"), SESSION)
def test_one_bad_session_hides_no_other(site: Site, column: str, value: str) -> None:
    other = site.generate("DEF")
    change(site, "session", column, value, 1)
    page = site.user("maria").get("/sessions")
    assert page.status_code == 200
    assert other in page.text
    assert "session with the id 1 cannot be shown" in words(page)
    found = program(site).get("/api/v1/sessions").json()["items"]
    assert ["id 1 cannot" in (one["problem"] or "") for one in found].count(True) == 1


def test_a_request_for_a_bad_pair_is_answered_with_an_error(site: Site) -> None:
    change(site, "pair", "expires_at", "'garbage'", 1)
    answer = program(site).get(f"/api/v1/pairs/{site.key}")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:gatepass:problem:vault"
    refused = site.user("maria").submit("/sessions/ABC/generate")
    assert refused.status_code == 500
    assert "A secret cannot be decrypted" in words(refused)


def test_a_bad_row_on_a_later_page_is_found_too(site: Site) -> None:
    other = site.generate("DEF")
    change(site, "session", "description", "CAST(X'eda080' AS TEXT)", 1)
    found = program(site).get("/api/v1/sessions?size=1&page=1").json()["items"]
    assert "id 1 cannot" in found[0]["problem"]
    second = program(site).get("/api/v1/sessions?size=2&page=2").json()["items"]
    assert [pair["access_key_id"] for pair in second[0]["pairs"]] == [other]
