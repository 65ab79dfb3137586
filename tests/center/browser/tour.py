"""A tour of every page of the Request Center, in each of its states."""

from __future__ import annotations

from collections.abc import Iterator

from playwright.sync_api import expect

from tests.center.browser.showcase import add_newcomer
from tests.center.browser.user import LIST, User
from tests.center.web.site import PASSWORD
from tests.center.world import Clock


def tour(user: User, clock: Clock) -> Iterator[str]:
    """Stop at each page and yield its name; the user is a manager of the showcase's firm."""
    yield from _newcomer(user)
    yield from _log_in(user)
    yield from _list(user)
    yield from _generate(user)
    yield from _third_pair(user)
    yield from _delete(user)
    yield from _read(user)
    yield from _account(user)
    clock.go(minutes=10)
    yield from _closed(user)


def _newcomer(user: User) -> Iterator[str]:
    name, mobile, password = add_newcomer(user.service.center)
    user.open("/login")
    user.fill({"User name": name, "Password": password})
    user.press("Continue")
    user.verify(mobile)
    user.sees("Choose a password")
    yield "choose a password"
    user.page.context.clear_cookies()


def _log_in(user: User) -> Iterator[str]:
    user.open("/login")
    user.sees("Log in")
    yield "log in"
    user.fill({"User name": user.name, "Password": "not this one"})
    user.press("Continue")
    expect(user.page.get_by_role("alert")).to_be_visible()
    yield "log in, refused"
    user.fill({"Password": PASSWORD})
    user.press("Continue")
    user.sees("Verification code")
    yield "log in, code"
    user.fill({"Verification code": "000000"})
    user.press("Submit")
    expect(user.page.get_by_role("alert")).to_be_visible()
    yield "log in, wrong code"
    user.verify(user.mobile)
    user.sees(LIST)


def _list(user: User) -> Iterator[str]:
    yield "list"
    user.page.get_by_role("checkbox", name="Select session DEF", exact=True).check()
    user.page.locator("summary", has_text="Actions").click()
    yield "list, actions"
    user.open("/sessions?search=nothing+like+it")
    yield "list, nothing found"
    user.page.locator("summary", has_text="Actions").click()
    user.open("/sessions")
    user.page.locator("summary", has_text="Actions").click()
    user.press("Generate", exact=False)
    expect(user.page.get_by_role("alert")).to_be_visible()
    yield "list, nothing selected"


def _generate(user: User) -> Iterator[str]:
    user.open("/sessions/RST/generate")
    yield "generate, first pair"
    user.open("/sessions/DEF/generate")
    yield "generate"
    user.press("Submit")
    user.sees("Key details")
    yield "generated"
    user.press("Download")
    user.sees("Verify, then download")
    yield "verification"
    user.fill({"Verification code": "000000"})
    user.press("Submit")
    expect(user.page.get_by_role("alert")).to_be_visible()
    yield "verification, wrong code"
    user.open("/download?session=ABC&session=DEF&session=ABC123")
    yield "download"
    user.open("/download?session=RST")
    yield "download, nothing there"


def _third_pair(user: User) -> Iterator[str]:
    user.open("/sessions/ABC/generate")
    yield "third pair"


def _delete(user: User) -> Iterator[str]:
    user.open("/sessions/RST/delete")
    yield "delete, nothing there"
    user.open("/sessions/KLM/delete")
    yield "delete"
    user.press("Submit")
    user.sees("Verify, then delete")
    yield "delete, code"
    user.verify(user.mobile)
    user.sees(LIST)
    yield "list, notices"


def _read(user: User) -> Iterator[str]:
    user.open("/sessions/ABC")
    yield "timeline"
    user.open("/sessions/RST")
    yield "timeline, empty"
    user.open("/audit")
    yield "audit"
    user.open("/no/such/page")
    yield "refused"


def _account(user: User) -> Iterator[str]:
    user.open("/account")
    user.fill({"Name of a new token": "dashboard"})
    user.press("Create token")
    yield "token"
    user.open("/account")
    yield "account"
    user.press("Set up an authenticator app")
    user.sees("Verify, then set up an authenticator app")
    yield "authenticator, code"
    user.verify(user.mobile)
    user.page.get_by_text("Cannot scan the QR code?").click()
    yield "authenticator"


def _closed(user: User) -> Iterator[str]:
    user.open("/sessions")
    yield "closed, list"
    user.open("/sessions/RST/generate")
    user.sees("The Request Center is closed")
    yield "closed"
