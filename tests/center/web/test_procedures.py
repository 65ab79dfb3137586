"""The procedures of the Request Center, step by step as CME's help describes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from gatepass.center.context import Center
from gatepass.center.pairs import firms, handover
from gatepass.center.people import users as people
from gatepass.center.store.database import Database
from gatepass.center.web import make_app
from gatepass.center.web.rules import RULES, Rule, Who
from gatepass.center.web.security import SENT_COOKIE
from gatepass.errors import DatabaseError
from gatepass.keys.keyfile import parse_key_file
from tests.center.web.site import NAMES, PASSWORD, Browser, Site, fields, furnish, words
from tests.center.world import Clock, Outbox


def test_a_pair_is_generated_then_downloaded(site: Site) -> None:
    browser = site.user("kim")
    # Select the check box of the session, then Actions > Generate.
    response = browser.submit("/sessions", session="DEF", do="generate")
    assert response.headers["location"] == "/sessions/DEF/generate"
    assert "no active key pair" in words(browser.get("/sessions/DEF/generate"))
    # Submit: the dialog has the key details.
    response = browser.submit("/sessions/DEF/generate")
    details = browser.get(response.headers["location"])
    key = response.headers["location"].rpartition("/")[2]
    assert f"Access Key ID {key}" in words(details)
    assert "kim generated key pair" in words(details)
    # Download: the code goes to the user who created the session.
    response = browser.submit("/download", key=key)
    page = browser.get(response.headers["location"])
    assert "sent to the mobile of maria" in words(page)
    assert site.outbox.sent[-1][0] == "+13125550101"
    # Verify the code: the file is downloaded.
    file = browser.submit("/download/code", key=key, code=site.outbox.last_code)
    assert file.headers["content-disposition"] == 'attachment; filename="CMEKeys.txt"'
    assert file.headers["cache-control"] == "no-store"
    assert file.headers["content-type"] == "text/plain; charset=us-ascii"
    (pair,) = parse_key_file(file.content)
    assert (pair.session, pair.access_key_id) == ("DEF", key)
    assert f"kim downloaded key pair {key}" in words(browser.get("/sessions"))


def test_several_pairs_are_downloaded_in_one_file(site: Site) -> None:
    other = site.generate("DEF")
    browser = site.user("maria")
    response = browser.submit("/sessions", session=["ABC", "DEF"], do="download")
    assert response.headers["location"] == "/download?session=ABC&session=DEF"
    page = words(browser.get(response.headers["location"]))
    assert site.key in page
    assert other in page
    response = browser.submit("/download", key=[site.key, other])
    file = browser.submit("/download/code", key=[site.key, other], code=site.outbox.last_code)
    assert site.key in file.text
    assert other in file.text


def test_the_dialog_for_a_second_pair_shows_when_the_first_one_expires(site: Site) -> None:
    browser = site.user("maria")
    page = words(browser.get("/sessions/ABC/generate"))
    assert f"Existing key details Access Key ID {site.key}" in page
    # Before Submit: the last day of each, at market close.
    assert "existing one stays valid and expires on Wednesday, 2026-04-01 at 16:00" in page
    assert "New key pair Expires Thursday, 2027-03-04 at 16:00 CT" in page
    assert browser.submit("/sessions/ABC/generate").status_code == 303
    assert len(firms.find_session(site.center, site.actors["maria"], "ABC").active) == 2


def test_the_dialog_for_a_first_pair_shows_its_last_day(site: Site) -> None:
    browser = site.user("maria")
    page = words(browser.get("/sessions/DEF/generate"))
    made = browser.submit("/sessions/DEF/generate").headers["location"]
    assert "Expires Thursday, 2027-03-04 at 16:00 CT" in page
    assert "Expires 2027-03-04 16:00 CT" in words(browser.get(made))


def test_a_pair_that_expires_within_four_weeks_keeps_its_last_day(site: Site) -> None:
    site.clock.go(days=350)
    page = words(site.user("maria").get("/sessions/ABC/generate"))
    assert "stays valid and expires on Thursday, 2027-03-04 at 16:00 CT" in page
    assert "in four weeks" not in page


def test_a_third_pair_asks_which_to_delete_and_preselects_the_oldest(site: Site) -> None:
    site.clock.go(days=1)
    second = site.generate("ABC")
    browser = site.user("maria")
    page = browser.get("/sessions/ABC/generate")
    assert f'value="{site.key}" checked' in page.text
    assert f'value="{second}" checked' not in page.text
    # Without a choice nothing is done.
    response = browser.submit("/sessions/ABC/generate")
    assert response.status_code == 409
    assert "select the one to delete" in words(response)
    response = browser.submit("/sessions/ABC/generate", delete=second)
    third = response.headers["location"].rpartition("/")[2]
    active = firms.find_session(site.center, site.actors["maria"], "ABC").active
    assert {pair.access_key_id for pair in active} == {site.key, third}


@pytest.mark.parametrize("pairs_before", [0, 1, 2])
def test_a_form_to_generate_that_is_sent_twice_makes_one_pair(
    site: Site, pairs_before: int
) -> None:
    """By a double click without scripts, or when its page is reloaded."""
    for _ in range(pairs_before):
        site.generate("DEF")
    browser, path = site.user("maria"), "/sessions/DEF/generate"
    form = fields(browser.get(path))
    first, second = browser.post(path, data=form), browser.post(path, data=form)
    assert first.status_code == 303
    assert second.headers["location"] == first.headers["location"]
    made = first.headers["location"].rpartition("/")[2]
    session = firms.find_session(site.center, site.actors["maria"], "DEF")
    assert session.pairs[0].access_key_id == made
    assert len(session.pairs) == pairs_before + 1


@pytest.mark.parametrize("who", ["maria", "kim"])
def test_a_dialog_that_shows_outdated_pairs_generates_none(site: Site, who: str) -> None:
    browser, path = site.user("maria"), "/sessions/ABC/generate"
    form = fields(browser.get(path))
    made = site.generate("ABC", by=who)
    site.clock.go(minutes=2 if who == "maria" else 0)
    response = browser.post(path, data=form)
    assert response.status_code == 409
    assert "have changed since this page was shown" in words(response)
    assert made in words(response)
    assert browser.post(path, data=fields(response)).status_code == 303


def test_a_pair_is_deleted_once(site: Site) -> None:
    browser = site.user("maria")
    response = browser.submit("/sessions", session="ABC", do="delete")
    dialog = browser.get(response.headers["location"])
    assert "Delete Key" in words(dialog)
    assert "the only key pair of this session" in words(dialog)
    response = browser.submit("/sessions/ABC/delete", key=site.key)
    assert "Verify, then delete" in words(browser.get(response.headers["location"]))
    page, code = response.headers["location"], site.outbox.last_code
    assert browser.submit(page, code=code).headers["location"] == "/sessions"
    assert f"maria deleted key pair {site.key}" in words(browser.get("/sessions"))
    assert firms.find_session(site.center, site.actors["maria"], "ABC").active == ()
    # The same form again, by a double click: it is done already.
    assert browser.submit(page, code=code).headers["location"] == "/sessions"
    log = words(browser.get("/audit"))
    assert "code refused" not in log
    assert log.count(f"delete ABC {site.key}") == 1
    # Another user did not do it.
    answer = site.user("kim").submit(page, code=code)
    assert answer.status_code == 409
    assert "is deleted" in words(answer)


def test_a_double_click_on_a_code_is_not_a_wrong_code(site: Site) -> None:
    browser = site.user("maria")
    browser.submit("/download", key=site.key)
    form = {"key": site.key, "code": site.outbox.last_code}
    assert "attachment" in browser.submit("/download/code", **form).headers["content-disposition"]
    again = browser.submit("/download/code", **form)
    assert again.status_code == 422
    assert "the action is done" in words(again)
    assert "code refused" not in words(browser.get("/audit"))


def test_a_double_click_sets_up_an_authenticator(site: Site) -> None:
    browser = site.user("maria")
    browser.submit("/account/authenticator")
    begun = browser.submit("/account/authenticator/begin", code=site.outbox.last_code)
    secret = begun.text.partition('class="secret">')[2].partition("<")[0].replace(" ", "")
    form = {**fields(begun), "code": pyotp.TOTP(secret).at(site.clock())}
    for _ in range(2):
        answer = browser.post("/account/authenticator/confirm", data=form)
        assert answer.headers["location"] == "/account"
    assert people.account(site.center, site.actors["maria"]).authenticator


@pytest.mark.parametrize("path", ["/download/code", "/sessions/ABC/delete/{key}"])
def test_a_wrong_code_reveals_and_changes_nothing(site: Site, path: str) -> None:
    browser = site.user("maria")
    browser.submit("/download", key=site.key)
    browser.submit("/sessions/ABC/delete", key=site.key)
    response = browser.submit(path.format(key=site.key), key=site.key, code="abcdef")
    assert response.status_code == 422
    assert "Wrong code" in words(response)
    assert "content-disposition" not in response.headers
    assert len(firms.find_session(site.center, site.actors["maria"], "ABC").active) == 1


def test_the_eleventh_code_of_the_day_is_refused(site: Site) -> None:
    browser = site.user("maria")
    for _ in range(10):
        assert browser.submit("/download", key=site.key).status_code == 303
    response = browser.submit("/download", key=site.key)
    assert response.status_code == 422
    assert "No verification code is left today" in words(response)
    assert "wait until midnight in Chicago" in words(response)
    assert "was not accepted" not in words(response)
    people.reset_codes(site.center, "maria")
    assert browser.submit("/download", key=site.key).status_code == 303
    assert browser.submit("/download/code", key=site.key, code=site.outbox.last_code).headers[
        "content-disposition"
    ]


def test_a_code_that_could_not_be_sent_is_not_reported_as_wrong(site: Site) -> None:
    people.set_disabled(site.center, "maria", disabled=True, last_manager=True)
    response = site.user("kim").submit("/download", key=site.key)
    assert response.status_code == 422
    assert "The verification code could not be sent" in words(response)


def test_the_page_learns_that_its_file_was_sent(site: Site) -> None:
    browser = site.user("maria")
    browser.submit("/download", key=site.key)
    sign = "0123456789abcdef"
    wrong = browser.submit("/download/code", key=site.key, code="abcdef", sign=sign)
    assert SENT_COOKIE not in wrong.headers.get("set-cookie", "")
    code = site.outbox.last_code
    file = browser.submit("/download/code", key=site.key, code=code, sign=sign)
    assert file.headers["set-cookie"].startswith(f"{SENT_COOKIE}={sign}; Max-Age=60;")
    assert code not in file.headers["set-cookie"]
    assert file.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("sign", ["", "x" * 16, "0123456789abcdef0", "a; Domain=b"])
def test_a_malformed_sign_sets_no_cookie(site: Site, sign: str) -> None:
    browser = site.user("maria")
    browser.submit("/download", key=site.key)
    code = site.outbox.last_code
    file = browser.submit("/download/code", key=site.key, code=code, sign=sign)
    assert "content-disposition" in file.headers
    assert "set-cookie" not in file.headers


def test_the_page_of_a_session_shows_whose_mobile_gets_the_codes(site: Site) -> None:
    browser = site.user("kim")
    assert "go to the mobile of maria" in words(browser.get("/sessions/ABC"))
    handover.hand_over(site.center, "ABC", "kim")
    assert "go to the mobile of kim" in words(browser.get("/sessions/ABC"))
    response = browser.submit("/download", key=site.key)
    page = browser.get(response.headers["location"])
    assert "sent to the mobile of kim" in words(page)
    assert site.outbox.sent[-1][0] == "+13125550102"


def test_a_center_that_is_always_open_says_so(site: Site) -> None:
    site.clock.now += timedelta(days=3)
    path = "/sessions/DEF/generate"
    closed = site.user("maria").get(path)
    assert closed.status_code == 503
    assert "gatepass center serve --open-always" in words(closed)
    always = replace(site.center, open_always=True)
    browser = replace(site, center=always, app=make_app(always, NAMES)).user("maria")
    page = words(browser.get("/sessions"))
    assert "is closed" not in page
    assert "Always open, for rehearsal" in page
    assert browser.submit(path).status_code == 303


@pytest.mark.parametrize("do", ["generate", "delete"])
def test_actions_say_what_to_select(site: Site, do: str) -> None:
    browser = site.user("maria")
    response = browser.submit("/sessions", session=["ABC", "DEF"], do=do)
    assert response.status_code == 422
    assert "Select only one session" in words(response)
    assert 'value="ABC" aria-label="Select session ABC" checked' in response.text
    assert "Select a session first" in words(browser.submit("/sessions", do=do))


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(rule, id=f"{rule.method} {rule.path}")
        for rule in RULES
        if rule.who is Who.USER and "{" in rule.path
    ],
)
def test_what_another_firm_has_is_answered_like_what_does_not_exist(site: Site, rule: Rule) -> None:
    """Bob, of the other firm, gets the same answer for both."""
    tokens = site.user("maria")
    tokens.submit("/account/tokens", name="alpha's own")
    bob = site.user("bob")
    answers = []
    for name, key, token in (("ABC", site.key, "1"), ("QQQ", "nobodysKey", "99")):
        path = rule.path.format(name=name, access_key_id=key, token_id=token)
        response = bob.get(path) if rule.method == "GET" else bob.submit(path, key=key)
        assert response.status_code == 404
        answers.append(words(response))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("path", ["/download", "/download/code"])
def test_another_firms_pairs_cannot_be_downloaded(site: Site, path: str) -> None:
    bob = site.user("bob")
    for key in (site.key, "nobodysKey", "not an id at all", "x" * 500):
        assert bob.submit(path, key=key, code="123456").status_code == 404
    assert bob.get("/download", params={"session": "ABC"}).status_code == 404
    assert bob.get("/download/code", params={"key": site.key}).status_code == 404
    assert site.outbox.sent == []


def test_the_page_of_a_session_shows_all_its_pairs(site: Site) -> None:
    site.clock.go(days=1)
    second = site.generate("ABC")
    site.clock.go(days=1)
    third = site.generate("ABC", delete=site.key)
    page = words(site.user("rae").get("/sessions/ABC"))
    for key, state in ((site.key, "Deleted"), (second, "Active"), (third, "Active")):
        assert f"{key} {state}" in page
    assert "Validity of its key pairs" in page


def test_the_list_can_be_searched_and_paged(site: Site) -> None:
    browser = site.user("rae")
    assert "3 sessions" in words(browser.get("/sessions"))
    found = words(browser.get("/sessions", params={"search": "50%"}))
    assert "1 session that matches “50%”" in found
    assert "DEF" in found
    nothing = browser.get("/sessions", params={"search": "<b>&\0\n"})
    assert nothing.status_code == 200
    assert "No session matches “<b>&”" in words(nothing)
    for page in ("2", "-1", "x", "9" * 40, "٣"):
        assert "1 to 3 of 3" in words(browser.get("/sessions", params={"page": page}))


def test_a_read_only_user_is_offered_no_action(site: Site) -> None:
    browser = site.user("rae")
    for path in ("/sessions", "/sessions/ABC"):
        page = browser.get(path)
        assert "Generate" not in words(page)
        assert "Delete" not in words(page)
        assert "checkbox" not in page.text
    assert "Audit log" not in words(browser.get("/sessions"))


def test_a_notice_disappears_once_it_was_read(site: Site) -> None:
    browser = site.user("kim")
    line = f"kim generated key pair {site.key} for ABC, valid until 2027-03-04"
    for _ in range(2):
        # Less than five seconds are too short to read it.
        assert line in words(browser.get("/sessions"))
    site.clock.go(seconds=4)
    assert line in words(browser.get("/account"))
    site.clock.go(seconds=1)
    assert line not in words(browser.get("/sessions"))


def test_a_notice_disappears_when_it_is_dismissed(site: Site) -> None:
    browser = site.user("kim")
    page = browser.get("/sessions")
    number = page.text.split('name="notice" value="')[1].split('"')[0]
    other = site.user("maria")
    other.submit("/notices/seen", notice=number)
    assert f"kim generated key pair {site.key}" in words(browser.get("/sessions"))
    assert browser.submit("/notices/seen", notice=[number, "x", "9" * 30]).status_code == 303
    assert f"kim generated key pair {site.key}" not in words(browser.get("/sessions"))


def test_a_notice_that_was_not_visible_does_not_count_as_read(site: Site) -> None:
    for _ in range(4):
        site.generate("DEF", by="kim", delete=_oldest(site, "DEF"))
        site.clock.go(seconds=1)
    browser = site.user("kim")
    first = browser.get("/sessions").text
    assert "2 more" in first
    site.clock.go(seconds=5)
    assert words(browser.get("/sessions")).count("kim generated key pair") == 2


def _oldest(site: Site, name: str) -> str | None:
    active = firms.find_session(site.center, site.actors["kim"], name).active
    return active[-1].access_key_id if len(active) == 2 else None


def test_a_page_is_shown_although_nothing_can_be_written(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object, **_more: object) -> None:
        raise DatabaseError("the disk is full")

    browser = site.user("kim")
    monkeypatch.setattr(Database, "write", refuse)
    assert f"kim generated key pair {site.key}" in words(browser.get("/sessions"))


@pytest.mark.parametrize("authenticator", [False, True])
def test_a_rehearsal_says_where_the_code_is(
    center: Center, clock: Clock, outbox: Outbox, tmp_path: Path, *, authenticator: bool
) -> None:
    folder = tmp_path / "the outbox"
    at_home = replace(center, courier=outbox, outbox=folder)
    actors, key = furnish(at_home)
    site = Site(at_home, clock, outbox, make_app(at_home, NAMES), actors, key)
    browser = site.browser()
    browser.submit("/login", name="maria", password=PASSWORD)
    pages = [browser.get("/login/code")]
    browser = site.user("maria")
    browser.submit("/account/authenticator")
    pages.append(browser.get("/account/authenticator"))
    if authenticator:
        set_up(site, browser)
        pages.clear()
    browser.submit("/download", key=key)
    pages.append(browser.get("/download/code", params={"key": key}))
    browser.submit("/sessions/ABC/delete", key=key)
    pages.append(browser.get(f"/sessions/ABC/delete/{key}"))
    for page in pages:
        assert (f"newest file code-*.txt in {folder}" in words(page)) is not authenticator


def set_up(site: Site, browser: Browser) -> None:
    code = site.outbox.last_code
    page = browser.submit("/account/authenticator/begin", code=code).text
    secret = page.split('class="secret">')[1].split("<")[0].strip()
    browser.submit("/account/authenticator/confirm", code=pyotp.TOTP(secret).at(site.clock()))


def test_no_page_names_a_folder_if_codes_are_sent_to_people(site: Site) -> None:
    browser = site.browser()
    browser.submit("/login", name="maria", password=PASSWORD)
    assert "rehearsal" not in words(browser.get("/login/code"))


def test_the_audit_log_shows_only_the_users_own_firm(site: Site) -> None:
    page = words(site.user("maria").get("/audit"))
    assert f"kim generate ABC {site.key}" in page
    assert "XYZ" not in page
    assert site.key not in words(site.user("bob").get("/audit"))


def test_the_list_says_that_the_center_is_closed(site: Site) -> None:
    site.clock.now += timedelta(days=3)
    page = site.user("maria").get("/sessions")
    assert page.status_code == 200
    assert "The Request Center is closed." in words(page)


def test_an_api_token_is_shown_once_and_can_be_revoked(site: Site) -> None:
    browser = site.user("rae")
    made = browser.submit("/account/tokens", name="grafana")
    text = made.text.split('<code class="secret">')[1].split("<")[0]
    program = site.browser()
    program.headers["authorization"] = f"Bearer {text}"
    assert program.get("/api/v1/sessions").status_code == 200
    page = browser.get("/account")
    assert "grafana" in words(page)
    assert text not in page.text
    number = page.text.split('action="/account/tokens/')[1].split("/")[0]
    assert browser.submit(f"/account/tokens/{number}/end").status_code == 303
    assert program.get("/api/v1/sessions").status_code == 401
    assert browser.submit("/account/tokens", name=" ").status_code == 422
