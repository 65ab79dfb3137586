"""What every answer contains, and what no answer contains."""

from __future__ import annotations

import logging
import re

import pytest
import starlette.requests
from starlette.requests import cookie_parser

from gatepass.center.mail import queue as mails
from gatepass.center.pairs import firms
from gatepass.center.web import refusals
from gatepass.center.web.head_limit import LONGEST_QUERY
from gatepass.center.web.rendering import STATIC
from gatepass.center.web.rules import RULES
from gatepass.center.web.security import LOGIN_COOKIE, MAX_BODY
from gatepass.errors import CenterError, DatabaseError, VaultError
from tests.center.web.site import Browser, Site, words

_PATHS = ("/login", "/sessions", "/nowhere", "/api/v1/sessions", "/healthz", "/account")


@pytest.mark.parametrize("path", _PATHS)
def test_every_answer_has_the_security_headers(site: Site, path: str) -> None:
    headers = site.user("maria").get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["strict-transport-security"].startswith("max-age=")


def test_only_files_with_a_version_in_their_address_are_cached(site: Site) -> None:
    page = site.browser().get("/login").text
    for name, file in STATIC.items():
        assert f"/static/{name}?v={file.version}" in page
        response = site.browser().get(f"/static/{name}")
        assert response.content == file.content
        assert "immutable" in response.headers["cache-control"]
    assert site.browser().get("/static/nothing.css").status_code == 404
    assert site.browser().get("/static/..%2fapp.py").status_code == 404


def test_pages_contain_no_inline_script_or_style(site: Site) -> None:
    """Nothing is in them that the Content-Security-Policy would refuse."""
    browser = site.user("maria")
    site.generate("ABC")
    paths = ["/sessions/ABC", "/sessions/ABC/generate", "/download?session=ABC", "/audit"]
    pages = [browser.get(path).text for path in [*paths, *_PATHS]]
    browser.submit("/account/authenticator")
    pages.append(browser.get("/account/authenticator").text)
    code = site.outbox.last_code
    pages.append(browser.submit("/account/authenticator/begin", code=code).text)
    assert 'class="secret"' in pages[-1]
    for page in pages:
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page, re.IGNORECASE)
        assert not re.search(r"<script(?![^>]*\ssrc=)", page)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)


def test_what_users_type_is_escaped(site: Site) -> None:
    attack = '"><script>alert(1)</script>'
    browser = site.user("maria")
    browser.submit("/account/tokens", name=attack)
    pages = [
        browser.get("/sessions", params={"search": attack}),
        browser.get("/account"),
        browser.get("/audit"),
        site.browser().submit("/login", name=attack, password="x", next=attack),
    ]
    for page in pages:
        assert "<script>alert" not in page.text
    assert attack in words(pages[1])


@pytest.mark.parametrize("path", ["/login", "/sessions", "/api/v1/sessions", "/healthz", "/no"])
def test_a_query_that_is_too_long_is_refused_before_it_is_parsed(site: Site, path: str) -> None:
    browser = site.user("maria")
    assert browser.get(f"{path}?q={'a' * (LONGEST_QUERY - 2)}").status_code != 414
    response = browser.get(f"{path}?q={'a' * (LONGEST_QUERY - 1)}")
    assert response.status_code == 414
    assert "too long" in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    if path.startswith("/api/"):
        assert response.json()["status"] == 414


@pytest.mark.parametrize(
    "others",
    [
        'a="' + '\\"' * 7000 + '"',
        "theirs=1; " * 800 + "last=2",
        "__Host-gatepass-more=" + "x" * 600,
        '__Host-gatepass-form="quoted"',
    ],
)
def test_cookies_of_other_sites_are_not_parsed(
    site: Site, monkeypatch: pytest.MonkeyPatch, others: str
) -> None:
    parsed: list[str] = []
    monkeypatch.setattr(
        starlette.requests, "cookie_parser", lambda text: parsed.append(text) or cookie_parser(text)
    )
    browser = site.user("kim")
    own = f"{LOGIN_COOKIE}={browser.cookies[LOGIN_COOKIE]}"
    browser.cookies.clear()
    for cookies in (f"{own}; {others}", f"{others};{own}"):
        assert browser.get("/sessions", headers={"cookie": cookies}).status_code == 200
    assert set(parsed) == {own}


@pytest.mark.parametrize("size", [MAX_BODY + 1, 10 * MAX_BODY])
def test_large_requests_are_refused(site: Site, size: int) -> None:
    browser = site.user("maria")
    for path in ("/login", "/sessions", "/nowhere"):
        response = browser.post(path, data={"x": "y" * size})
        assert response.status_code in (404, 413)
    assert browser.post("/sessions", data={"x": "y" * size}).status_code == 413


def test_forms_are_accepted_only_with_the_media_type_of_forms(site: Site) -> None:
    browser = site.user("maria")
    token = browser.token()
    for response in (
        browser.post("/sessions", json={"form_token": token}),
        browser.post("/sessions", data={"form_token": token}, files={"f": b"x"}),
        browser.post("/sessions", content=b"form_token=" + token.encode()),
    ):
        assert response.status_code == 415
    many = {"form_token": token, "session": [str(number) for number in range(1000)]}
    assert browser.post("/sessions", data=many).status_code == 400


def test_a_form_of_another_site_is_refused(site: Site) -> None:
    browser = site.user("maria")
    token = browser.token()
    for site_of_origin in ("cross-site", "same-site", "none"):
        response = browser.post(
            "/logout", data={"form_token": token}, headers={"sec-fetch-site": site_of_origin}
        )
        assert response.status_code == 403
    own = browser.post(
        "/logout", data={"form_token": token}, headers={"sec-fetch-site": "same-origin"}
    )
    assert own.status_code == 303


def test_a_form_of_another_browser_or_login_is_refused(site: Site) -> None:
    mine, theirs = site.user("maria"), site.user("maria")
    assert mine.post("/logout", data={"form_token": theirs.token()}).status_code == 403
    before = site.browser().token()
    assert mine.post("/logout", data={"form_token": before}).status_code == 403


def test_the_secret_is_in_the_file_and_nowhere_else(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    browser = site.user("maria")
    browser.submit("/download", key=site.key)
    code = site.outbox.last_code
    file = browser.submit("/download/code", key=site.key, code=code)
    secret = next(word for word in file.text.split() if len(word) == 43)
    again = browser.submit("/download/code", key=site.key, code=code)
    assert again.status_code == 422
    pages = [again, *(browser.get(path) for path in ("/sessions", "/sessions/ABC", "/audit"))]
    pages.append(site.browser("127.0.0.1").get("https://localhost/metrics"))
    for page in pages:
        assert secret not in page.text
        assert code not in page.text
        assert code not in str(page.headers)
        assert code not in str(page.url)
    assert secret not in caplog.text
    assert code not in caplog.text


def test_each_refusal_of_the_center_has_an_answer() -> None:
    def kinds(kind: type[CenterError]) -> set[type[CenterError]]:
        return {kind}.union(*(kinds(below) for below in kind.__subclasses__()))

    assert kinds(CenterError) - refusals.REFUSALS.keys() == set()
    assert all(400 <= refusal.status < 600 for refusal in refusals.REFUSALS.values())
    names = [refusal.name for refusal in refusals.REFUSALS.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("path", ["/sessions", "/api/v1/sessions"])
@pytest.mark.parametrize("error", [DatabaseError("it is locked: wait"), VaultError("sealed")])
def test_the_answer_for_a_broken_store_reads_nothing_from_it(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    path: str,
    error: CenterError,
) -> None:
    """Visitors see no text of the driver or the vault; the log has all of it."""
    browser = _with_token(site)

    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(firms, "list_sessions", refuse)
    monkeypatch.setattr("gatepass.center.mail.notices.unseen", refuse)
    response = browser.get(path)
    assert response.status_code == refusals.refusal_of(error).status
    assert str(error) not in response.text.lower()
    assert "The cause is in the Request Center's log" in words(response)
    assert str(error) in caplog.text
    assert "nothing was changed" in words(response).lower() or path.startswith("/api")


@pytest.mark.parametrize("path", ["/sessions", "/api/v1/sessions"])
def test_a_bug_shows_only_a_reference(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    browser = _with_token(site)

    def fail(*_: object) -> None:
        raise RuntimeError("the secret is hunter2")

    monkeypatch.setattr(firms, "list_sessions", fail)
    response = browser.get(path)
    assert response.status_code == 500
    assert "hunter2" not in response.text
    assert "RuntimeError" not in response.text
    reference = re.search(r"reference ([0-9a-f]{8})", response.text)
    assert reference is not None
    assert reference[1] in caplog.text
    assert "hunter2" not in caplog.text
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["cache-control"] == "no-store"


def test_unknown_pages_and_methods_are_refused(site: Site) -> None:
    browser = site.user("maria")
    for path in ("/docs", "/redoc", "/openapi.json", "/sessions/", "/static/", "/.git/config"):
        response = browser.get(path)
        assert response.status_code == 404
        assert "Page not found" in words(response)
    assert browser.delete("/sessions").status_code == 405
    assert {rule.method for rule in RULES} == {"GET", "POST"}


def test_health_checks_and_metrics_report_the_present_state(site: Site) -> None:
    site.user("maria").get("/sessions/QQQ")
    program = site.browser("127.0.0.1")
    assert program.get("/healthz").text == "ok\n"
    assert program.get("/readyz").text == "ready\n"
    text = program.get("https://localhost/metrics").text
    assert 'gatepass_center_pairs{status="active"} 1.0' in text
    assert "gatepass_center_sessions 4.0" in text
    assert "gatepass_center_oldest_mail_seconds 0.0" in text
    assert 'gatepass_center_pairs_expiring{within_days="28"} 0.0' in text
    assert 'gatepass_center_actions_total{action="generate"} 1.0' in text
    assert re.search(
        r'gatepass_center_refusals_total\{process="\d+",reason="not-found"\} 1.0', text
    )
    waiting = re.search(r"gatepass_center_mails_waiting (\d+)", text)
    assert waiting is not None
    assert int(waiting[1]) == mails.waiting(site.center) > 0
    site.clock.go(days=340)
    text = program.get("https://localhost/metrics").text
    assert 'gatepass_center_pairs_expiring{within_days="28"} 1.0' in text
    age = re.search(r"gatepass_center_oldest_mail_seconds (\d\S*)", text)
    assert age is not None
    assert float(age[1]) == 340 * 86400
    site.clock.go(days=60)
    text = program.get("https://localhost/metrics").text
    assert 'gatepass_center_pairs{status="active"} 0.0' in text
    assert 'gatepass_center_pairs{status="expired"} 1.0' in text
    assert "gatepass_center_next_expiry_days" not in text


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("localhost:8400", 200),
        ("127.0.0.1:8400", 200),
        ("[::1]:8400", 200),
        # A name of the site, but not of this machine.
        ("center.example", 404),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("192.0.2.1", 421),
        ("", 421),
    ],
)
def test_metrics_are_answered_only_for_names_of_this_machine(
    site: Site, host: str, status: int
) -> None:
    """A page of another site can make a browser here ask, by a name that resolves to here."""
    program = site.browser("127.0.0.1")
    assert program.get("/metrics", headers={"host": host}).status_code == status
    assert site.browser().get("/metrics", headers={"host": "localhost"}).status_code == 404


def test_wrong_codes_are_counted_in_the_metrics(site: Site) -> None:
    browser = site.user("maria")
    browser.submit("/download", key=site.key)
    right = site.outbox.last_code
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(2):
        browser.submit("/download/code", key=site.key, code=wrong)
    text = site.browser("127.0.0.1").get("https://localhost/metrics").text
    assert 'gatepass_center_actions_total{action="code refused"} 2.0' in text


def test_the_site_is_not_ready_while_the_database_is_not(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: object) -> None:
        raise DatabaseError("it is of another version: upgrade")

    monkeypatch.setattr(type(site.center.database), "check_version", refuse)
    response = site.browser().get("/readyz")
    assert response.status_code == 503
    assert "another version" not in response.text
    assert "another version" in caplog.text
    assert site.browser().get("/healthz").status_code == 200


def _with_token(site: Site) -> Browser:
    browser = site.user("maria")
    made = browser.submit("/account/tokens", name="test")
    text = made.text.split('<code class="secret">')[1].split("<")[0]
    browser.headers["authorization"] = f"Bearer {text}"
    return browser
