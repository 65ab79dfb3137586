"""The page of the audit log: search, days and the file."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import Connection, text

from gatepass.center.audit.facts import Action
from gatepass.center.audit.reading import ACTIONS
from tests.center.web.site import Site, words


def test_search_narrows_the_page_its_paging_and_the_file(site: Site) -> None:
    maria = site.user("maria")
    site.generate("DEF")
    page = maria.get("/audit", params={"search": "def", "from": "2026-03-04", "to": "2026-03-04"})
    assert page.status_code == 200
    assert "add user" not in words(page)
    assert 'href="/audit/export?search=def&amp;from=2026-03-04&amp;to=2026-03-04"' in page.text
    file = maria.get("/audit/export", params={"search": "def"})
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["content-disposition"] == 'attachment; filename="audit-2026-03-04.csv"'
    assert file.headers["cache-control"] == "no-store"
    rows = list(csv.reader(io.StringIO(file.text)))
    assert [row[4] for row in rows[1:]] == ["DEF", "DEF"]
    nothing = maria.get("/audit", params={"from": "2026-03-05"})
    assert "No entry matches" in words(nothing)
    assert "Export" not in words(nothing)


def test_an_action_can_be_chosen(site: Site) -> None:
    maria = site.user("maria")
    page = maria.get("/audit", params={"action": "generate", "search": "abc"})
    assert "<option selected>generate</option>" in page.text
    assert "kim generate ABC" in words(page)
    assert "add session" not in words(page)
    assert 'href="/audit/export?search=abc&amp;action=generate"' in page.text
    file = maria.get("/audit/export", params={"action": "generate"})
    assert {row[3] for row in list(csv.reader(io.StringIO(file.text)))[1:]} == {"generate"}
    # Exactly that action, and no entry for an unknown one.
    assert "code refused" not in words(maria.get("/audit", params={"action": "code"}))
    assert "No entry matches" in words(maria.get("/audit", params={"action": "gen%"}))


def test_each_action_of_a_firm_can_be_chosen() -> None:
    """The others are done to the store, and no firm's entry tells of them."""
    assert set(Action) - set(ACTIONS) == {Action.REWRAP, Action.RESTORE}


@pytest.mark.parametrize(
    "days", [{"from": "tomorrow"}, {"to": "2026-13-01"}, {"from": "2026-03-05", "to": "2026-03-04"}]
)
def test_malformed_days_are_refused(site: Site, days: dict[str, str]) -> None:
    maria = site.user("maria")
    page = maria.get("/audit", params=days)
    assert page.status_code == 422
    assert 'role="alert"' in page.text
    assert maria.get("/audit/export", params=days).status_code == 409


def test_an_entry_with_a_malformed_time_hides_no_other(site: Site) -> None:
    change = text("UPDATE audit SET at = 'garbage' WHERE subject = 'rae' RETURNING id")

    def work(connection: Connection) -> int:
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        return int(connection.execute(change).scalar_one())

    bad = site.center.database.write(work)
    page = site.user("maria").get("/audit")
    assert f"Entry {bad} cannot be shown: its row in the database was changed." in words(page)
    assert "generate" in words(page)


def test_a_pair_that_a_newer_one_replaces_looks_different_from_one_that_needs_a_newer_one(
    site: Site,
) -> None:
    site.clock.go(hours=8)  # after market close: four weeks from the next one are 29 days
    newer = site.generate("ABC")
    rae = site.user("rae")
    listed = rae.get("/sessions").text.split(newer)
    assert 'pill active">Active' in listed[1].split(site.key)[0]
    assert 'pill ending">Active' in listed[1].split(site.key)[1]
    assert "ends 2026-04-02 · 29 days" in words(rae.get("/sessions"))
    assert "Active, ends 2026-04-02" in words(rae.get("/sessions/ABC"))
