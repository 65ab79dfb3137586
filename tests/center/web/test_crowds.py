"""Many requests at once: which are refused, which wait, and which do not."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from starlette.types import Message, Receive, Scope, Send

from gatepass.center.people import logins, passwords
from gatepass.center.store.database import Database
from gatepass.center.store.schema import attempt
from gatepass.center.web import readiness
from gatepass.center.web.concurrency import MOST, PER_ORIGIN, ConcurrencyLimit
from gatepass.center.web.pace import Pace
from gatepass.center.web.readiness import Readiness
from gatepass.errors import BusyError, DatabaseError
from tests.center.users import rows
from tests.center.web.site import Site, words


@given(st.lists(st.sampled_from("abcdef"), max_size=40), st.integers(1, 20), st.integers(1, 20))
def test_neither_one_origin_nor_all_together_exceed_their_places(
    origins: list[str], most: int, each: int
) -> None:
    limit = ConcurrencyLimit(most, each)
    taken: Counter[str] = Counter()
    held = []
    for origin in origins:
        place = limit.place(origin)
        if taken.total() < most and taken[origin] < each:
            place.__enter__()
            taken[origin] += 1
            held.append(place)
        else:
            with pytest.raises(BusyError):
                place.__enter__()
    for place in held:
        place.__exit__(None, None, None)
    with limit.place("a"):
        pass


def test_logins_that_wait_do_not_delay_pages_or_health_checks(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are more logins at once than threads; those that are refused cost nothing."""
    go, waiting = threading.Event(), threading.Semaphore(0)

    def slow(stored: str, given: str) -> bool:
        waiting.release()
        assert go.wait(60)
        return False

    monkeypatch.setattr(passwords, "verify", slow)
    # One event loop for all, as in a server.
    with site.browser() as browser, ThreadPoolExecutor(MOST) as pool:
        token = browser.token()
        form = {"form_token": token, "name": "kim", "password": "wrong horse battery"}
        held = [pool.submit(browser.post, "/login", data=form) for _ in range(PER_ORIGIN)]
        for _ in range(PER_ORIGIN):
            assert waiting.acquire(timeout=60)
        counted = rows(site.center, attempt)
        for _ in range(20):
            refused = browser.post("/login", data=form)
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "5"
            assert "try again in a few seconds" in words(refused)
        assert rows(site.center, attempt) == counted
        assert browser.get("/login").status_code == 200
        assert browser.get("/healthz").text == "ok\n"
        assert browser.get("/readyz").text == "ready\n"
        go.set()
        assert {future.result().status_code for future in held} == {422}


def test_a_login_and_a_change_of_password_each_need_a_place(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.app.state.password_limit = ConcurrencyLimit(0, 0)
    browser = site.user("kim")
    answer = browser.submit("/account/password", old="a", new="b", again="b")
    assert answer.status_code == 503
    assert browser.submit("/login", name="kim", password="x").status_code == 503


def test_a_health_check_does_not_wait_for_many_requests() -> None:
    begun: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append(scope["path"])

    async def nothing() -> Message:
        raise AssertionError

    async def send(_: Message) -> None:
        raise AssertionError

    async def crowd() -> None:
        pace = Pace(app)
        pages = [
            asyncio.create_task(pace({"type": "http", "path": f"/{n}"}, nothing, send))
            for n in range(100)
        ]
        await asyncio.sleep(0)
        await asyncio.create_task(pace({"type": "http", "path": "/healthz"}, nothing, send))
        await asyncio.gather(*pages)

    asyncio.run(crowd())
    assert begun.index("/healthz") < 5
    # All others start, in their order.
    assert [path for path in begun if path != "/healthz"] == [f"/{n}" for n in range(100)]


def test_a_request_that_is_cancelled_while_it_waits_blocks_no_other() -> None:
    begun: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append(scope["path"])

    async def crowd() -> None:
        pace = Pace(app)
        tasks = [
            asyncio.create_task(pace({"type": "http", "path": path}, None, None))  # type: ignore[arg-type]
            for path in ("/a", "/b", "/c")
        ]
        await asyncio.sleep(0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(crowd())
    assert begun == ["/a", "/c"]


def test_a_request_of_an_earlier_event_loop_blocks_no_request_in_the_next() -> None:
    begun: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.append(scope["path"])

    pace = Pace(app)
    for path in ("/a", "/b", "/c"):
        asyncio.run(pace({"type": "http", "path": path}, None, None))  # type: ignore[arg-type]
    assert begun == ["/a", "/b", "/c"]


def test_the_site_is_not_ready_when_nothing_can_be_written(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert site.browser().get("/readyz").status_code == 200

    def full(self: Database, work: object, *, again: bool = False) -> None:
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Database, "write", full)
        for _ in range(3):
            assert site.browser().get("/readyz").status_code == 503
    # Anyone may ask, so the log has it once.
    assert caplog.text.count("the disk is full") == 1
    assert site.browser().get("/readyz").status_code == 200


def test_the_check_finds_a_database_that_refuses_writes(site: Site) -> None:
    before = rows(site.center, attempt)
    site.center.database.check_writing()
    assert rows(site.center, attempt) == before
    _forbid_writing(site.center.database)
    with pytest.raises(DatabaseError):
        site.center.database.check_writing()
    assert site.browser().get("/readyz").status_code == 503
    assert site.browser().get("/healthz").status_code == 200


def _forbid_writing(database: Database) -> None:
    """As with a full disk or a standby server: reading still works."""
    engine = database.engine
    if database.is_sqlite:
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA query_only=ON").close())
    else:
        with engine.begin() as connection:
            name = engine.url.database
            connection.exec_driver_sql(
                f"ALTER DATABASE {name} SET default_transaction_read_only=on"
            )
    engine.dispose()


def test_a_database_that_does_not_answer_is_checked_only_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness, "PATIENCE", 0.01)
    monkeypatch.setattr(readiness, "AT_ONCE", 0)
    go, looks = threading.Event(), Counter[str]()

    class Stuck:
        def check_version(self) -> None:
            looks["at it"] += 1
            assert go.wait(60)

        def check_writing(self) -> None: ...

    async def ask() -> None:
        ready = Readiness(Stuck())  # type: ignore[arg-type]
        found = [await ready.problem() for _ in range(5)]
        assert all("did not answer" in problem for problem in found)
        go.set()
        monkeypatch.setattr(readiness, "PATIENCE", 60)
        assert await ready.problem() == ""

    anyio.run(ask)
    assert looks["at it"] == 1


@pytest.mark.parametrize("well", [True, False])
def test_while_a_check_runs_a_recent_good_result_is_the_answer(
    monkeypatch: pytest.MonkeyPatch, *, well: bool
) -> None:
    monkeypatch.setattr(readiness, "PATIENCE", 0.01)
    go, looks = threading.Event(), Counter[str]()

    class Slower:
        """Answers at once, then according to ``well``, then not at all."""

        def check_version(self) -> None:
            looks["at it"] += 1
            if looks["at it"] == 2 and not well:
                raise DatabaseError("the disk is full")
            assert looks["at it"] < 3 or go.wait(60)

        def check_writing(self) -> None: ...

    async def ask() -> list[str]:
        ready = Readiness(Slower())  # type: ignore[arg-type]
        monkeypatch.setattr(readiness, "AT_ONCE", 60)
        found = [await ready.problem() for _ in range(2)]
        monkeypatch.setattr(readiness, "AT_ONCE", 0.01)
        monkeypatch.setattr(readiness, "FRESH", 600)
        found.append(await ready.problem())
        monkeypatch.setattr(readiness, "FRESH", 0)
        found.append(await ready.problem())
        go.set()
        return found

    first, second, lasting, later = anyio.run(ask)
    assert first == ""
    assert second == ("" if well else "the disk is full")
    assert "did not answer" in later
    assert lasting == ("" if well else later)


def test_while_others_write_a_recent_write_is_proof_enough(site: Site) -> None:
    database = site.center.database
    entered, go = threading.Event(), threading.Event()
    database.write(lambda _: None)

    def hold(_connection: object) -> None:
        entered.set()
        assert go.wait(60)

    thread = threading.Thread(target=lambda: database.write(hold))
    thread.start()
    assert entered.wait(60)
    database._written_at = float("inf")
    try:
        database.check_writing()
    finally:
        go.set()
        thread.join()


def test_a_finished_login_needs_no_place(site: Site) -> None:
    site.app.state.password_limit = ConcurrencyLimit(0, 0)
    browser = site.user("kim")
    assert browser.get("/sessions").status_code == 200
    assert logins.find(site.center, browser.cookies["__Host-gatepass"]) is not None
