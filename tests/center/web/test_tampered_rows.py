# ruff: noqa: S608 - statements from the texts of these tests
"""Rows that another program altered: the other rows are shown, and the bad ones are named."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from gatepass.center.pairs.overview import sessions
from gatepass.center.people import tokens
from tests.center.web.site import Browser, Site, words

#: Times that no pair has: it would live longer than the rules allow.
PAIR = [
    ("created_at", "'2020-03-04 15:00:00.000000'"),
    ("expires_at", "'2036-03-04 15:00:00.000000'"),
]


def change(site: Site, table: str, column: str, value: str, row: int) -> None:
    statement = text(f"UPDATE {table} SET {column} = {value} WHERE id = {row}")
    site.center.database.write(lambda connection: connection.execute(statement))


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
    assert f"{site.key} cannot be shown" in words(page)
    assert "No active key pair" not in words(page).split("ABC123")[0]

    found = program(site).get("/api/v1/sessions").json()["items"]
    problems = {one["name"]: one["problem"] for one in found}
    assert f"{site.key} cannot be shown" in problems["ABC"]
    assert problems["DEF"] is None
    assert (
        f"{site.key} cannot be shown" in program(site).get("/api/v1/sessions/ABC").json()["problem"]
    )

    own = site.user("maria").get("/sessions/ABC")
    assert own.status_code == 200
    assert f"{site.key} cannot be shown" in words(own)
    assert [one.session.problem != "" for one in sessions(site.center, "Alpha")].count(True) == 1


def test_a_request_for_a_bad_pair_is_answered_with_an_error(site: Site) -> None:
    change(site, "pair", *PAIR[1], 1)
    answer = program(site).get(f"/api/v1/pairs/{site.key}")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:gatepass:problem:vault"
    refused = site.user("maria").submit("/sessions/ABC/generate")
    assert refused.status_code == 500
    assert "A secret cannot be decrypted" in words(refused)


def test_a_bad_pair_on_a_later_page_is_found_too(site: Site) -> None:
    other = site.generate("DEF")
    change(site, "pair", *PAIR[0], 1)
    found = program(site).get("/api/v1/sessions?size=1&page=1").json()["items"]
    assert site.key in found[0]["problem"]
    second = program(site).get("/api/v1/sessions?size=2&page=2").json()["items"]
    assert [pair["access_key_id"] for pair in second[0]["pairs"]] == [other]
