"""Log in and log out, with cookies and forms."""

from __future__ import annotations

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.center.people import logins
from gatepass.center.people import users as people
from gatepass.center.web.pages_login import HOME, own_page
from gatepass.center.web.security import FORM_COOKIE, KNOWN_COOKIE, LOGIN_COOKIE
from tests.center.web.site import PASSWORD, Browser, Site, words


def log_in(site: Site, browser: Browser, name: str = "maria", password: str = PASSWORD) -> None:
    response = browser.submit("/login", name=name, password=password)
    assert response.headers["location"] == "/login/code"
    response = browser.submit("/login/code", code=site.outbox.last_code)
    assert response.status_code == 303


def test_a_login_takes_password_then_code_and_leads_to_the_sessions(site: Site) -> None:
    browser = site.browser()
    assert browser.get("/sessions").headers["location"] == "/login"
    log_in(site, browser)
    page = browser.get("/sessions")
    assert "Futures & Options Order Entry / iLink Sessions" in words(page)
    assert "maria" in words(page)
    assert site.outbox.sent[-1][0] == "+13125550101"


def test_each_step_sets_a_new_cookie_and_the_old_one_is_no_longer_valid(site: Site) -> None:
    browser = site.browser()
    browser.cookies.set(LOGIN_COOKIE, "planted", domain="center.example")
    seen = ["planted"]
    browser.submit("/login", name="maria", password=PASSWORD)
    seen.append(browser.cookies[LOGIN_COOKIE])
    browser.submit("/login/code", code=site.outbox.last_code)
    assert browser.get("/sessions").status_code == 200
    assert browser.cookies[LOGIN_COOKIE] not in seen
    for old in seen:
        thief = site.browser()
        thief.cookies.set(LOGIN_COOKIE, old, domain="center.example")
        assert thief.get("/sessions").status_code == 303


def test_cookies_are_for_this_site_only(site: Site) -> None:
    browser = site.browser()
    set_cookies = browser.get("/login").headers.get_list("set-cookie")
    response = browser.submit("/login", name="maria", password=PASSWORD)
    set_cookies += response.headers.get_list("set-cookie")
    assert {cookie.partition("=")[0] for cookie in set_cookies} == {FORM_COOKIE, LOGIN_COOKIE}
    for cookie in set_cookies:
        assert cookie.startswith("__Host-")
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert attributes == {"httponly", "path=/", "samesite=strict", "secure"}


def test_a_known_browser_can_log_in_although_the_name_is_locked(site: Site) -> None:
    """Another browser at the same address has locked the name."""
    known, other = site.browser(), site.browser()
    log_in(site, known)
    (cookie,) = (c for c in known.cookies.jar if c.name == KNOWN_COOKIE)
    assert (cookie.secure, cookie.path, cookie.domain) == (True, "/", "center.example")
    assert cookie.has_nonstandard_attr("HttpOnly")
    known.submit("/logout")
    for _ in range(logins.BY_NAME.count):
        assert other.submit("/login", name="maria", password="wrong password").status_code == 422
    assert other.submit("/login", name="maria", password=PASSWORD).status_code == 422
    log_in(site, known)


def test_a_browser_is_not_known_before_the_second_factor(site: Site) -> None:
    browser = site.browser()
    browser.submit("/login", name="maria", password=PASSWORD)
    assert KNOWN_COOKIE not in browser.cookies
    browser.submit("/login/code", code=site.outbox.last_code)
    assert KNOWN_COOKIE in browser.cookies


def test_a_browser_is_known_once_the_one_time_password_is_replaced(site: Site) -> None:
    given = people.reset_password(site.center, "kim").reveal()
    browser = site.browser()
    log_in(site, browser, "kim", given)
    assert KNOWN_COOKIE not in browser.cookies
    browser.submit("/login/password", new="another good one", again="another good one")
    before = browser.cookies[KNOWN_COOKIE]
    browser.submit(
        "/account/password",
        old="another good one",
        new="a third good one",
        again="a third good one",
    )
    assert browser.cookies[KNOWN_COOKIE] != before


def test_logging_out_ends_the_login_in_the_store(site: Site) -> None:
    browser = site.user("maria")
    token = browser.cookies[LOGIN_COOKIE]
    response = browser.submit("/logout")
    assert response.headers["location"] == "/login"
    assert LOGIN_COOKIE not in browser.cookies
    thief = site.browser()
    thief.cookies.set(LOGIN_COOKIE, token, domain="center.example")
    assert thief.get("/sessions").status_code == 303


def test_refusals_of_unknown_and_known_names_are_the_same(site: Site) -> None:
    pages = []
    for name in ("maria", "nobody-of-that-name"):
        response = site.browser().submit("/login", name=name, password="wrong password")
        assert response.status_code == 422
        pages.append(words(response))
    assert pages[0] == pages[1]
    assert "Wrong user name or password" in pages[0]


def test_a_password_is_not_in_the_answer(site: Site) -> None:
    response = site.browser().submit("/login", name="maria", password="a secret typed wrong")
    assert 'value="maria"' in response.text
    assert "a secret typed wrong" not in response.text


def test_a_wrong_code_is_refused_and_another_one_can_be_sent(site: Site) -> None:
    browser = site.browser()
    browser.submit("/login", name="maria", password=PASSWORD)
    wrong = f"{(int(site.outbox.last_code) + 1) % 10**6:06}"
    response = browser.submit("/login/code", code=wrong)
    assert response.status_code == 422
    assert "4 tries left" in words(response)
    assert 'aria-invalid="true"' in response.text
    assert wrong not in response.text
    assert browser.submit("/login/code/send").headers["location"] == "/login/code"
    assert browser.submit("/login/code", code=site.outbox.last_code).status_code == 303
    assert browser.get("/sessions").status_code == 200


def test_a_one_time_password_is_replaced_before_anything_else(site: Site) -> None:
    first = people.reset_password(site.center, "kim").reveal()
    browser = site.browser()
    browser.submit("/login", name="kim", password=first)
    response = browser.submit("/login/code", code=site.outbox.last_code)
    assert response.headers["location"] == "/login/password"
    assert browser.get("/sessions").headers["location"] == "/login"
    page = browser.get("/login/password")
    token = page.text.split('name="form_token" value="')[1].split('"')[0]
    new = "a password of my own"
    fields = {"form_token": token, "new": new, "again": new}
    assert browser.post("/login/password", data={**fields, "again": "x"}).status_code == 422
    assert browser.post("/login/password", data=fields).headers["location"] == "/sessions"
    assert browser.get("/sessions").status_code == 200


def test_a_login_leads_to_the_page_that_was_asked_for(site: Site) -> None:
    browser = site.browser()
    asked = f"/download/code?key={site.key}"
    assert browser.get(asked).headers["location"].startswith("/login?next=")
    browser.submit("/login", name="maria", password=PASSWORD, next=asked)
    response = browser.submit("/login/code", code=site.outbox.last_code, next=asked)
    assert response.headers["location"] == asked


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/",
        "",
        "/%09/x\n",
        "javascript:x",
    ],
)
def test_a_login_leads_to_no_other_site(path: str) -> None:
    assert own_page(path) == HOME


@given(st.text())
def test_a_login_always_leads_to_a_page_of_this_site(path: str) -> None:
    kept = own_page(path)
    assert kept == HOME or (kept == path and kept[0] == "/" and kept[1] not in "/\\")
    assert kept.isascii()
    assert kept.isprintable()


def test_an_authenticator_is_set_up_used_and_removed(site: Site) -> None:
    browser = site.user("maria")
    asked = browser.submit("/account/authenticator")
    assert asked.headers["location"] == "/account/authenticator"
    assert "A code was sent to your mobile …0101" in words(browser.get("/account/authenticator"))
    refused = browser.submit("/account/authenticator/begin", code="")
    assert refused.status_code == 422
    assert 'class="secret"' not in refused.text
    page = browser.submit("/account/authenticator/begin", code=site.outbox.last_code)
    site.outbox.sent.clear()
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "<svg" in page.text
    secret = page.text.split('<code class="secret">')[1].split("<")[0]
    app = pyotp.TOTP(secret)
    assert browser.submit("/account/authenticator/confirm", code="000000").status_code == 422
    browser.submit("/account/authenticator/confirm", code=app.at(site.clock.now))
    assert secret not in browser.get("/account").text

    site.clock.go(minutes=5)
    other = site.browser()
    other.submit("/login", name="maria", password=PASSWORD)
    assert "authenticator app" in words(other.get("/login/code"))
    assert site.outbox.sent == []
    other.submit("/login/code", code=app.at(site.clock.now))
    site.clock.go(minutes=5)
    other.submit("/download", key=site.key)
    assert site.outbox.sent == []
    other.submit("/download", key=site.key, send="yes")
    assert len(site.outbox.sent) == 1
    response = other.submit("/account/authenticator/remove", code=app.at(site.clock.now))
    assert response.headers["location"] == "/account"
    assert not people.account(site.center, site.actors["maria"]).authenticator


def test_a_changed_password_ends_other_logins(site: Site) -> None:
    here, there = site.user("maria"), site.user("maria")
    new = "another good password"
    response = here.submit("/account/password", old=PASSWORD, new=new, again=new)
    assert response.headers["location"] == "/account?password=changed"
    assert "API tokens have ended" in here.get(response.headers["location"]).text
    assert "tokens have ended" not in here.get("/account").text
    assert here.get("/account").status_code == 200
    assert there.get("/account").status_code == 303
    wrong = here.submit(
        "/account/password", old=PASSWORD, new="third password", again="third password"
    )
    assert wrong.status_code == 422
    assert "password is wrong" in words(wrong)
