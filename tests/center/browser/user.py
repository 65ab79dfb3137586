"""A user at a browser, who follows CME's help."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Download, Page, expect

from tests.center.browser.ways import Way, require_fits
from tests.center.service import Service
from tests.center.web.site import PASSWORD

LIST = "Futures & Options Order Entry / iLink Sessions"


@dataclass
class User:
    """``mobile`` is the user's own; ``complaints`` are errors that the browser reported."""

    name: str
    mobile: str
    page: Page
    way: Way
    service: Service
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)

    def open(self, path: str) -> None:
        self.page.goto(self.service.address + path)

    def log_in(self) -> None:
        """Enter user name, password, and the code from the user's mobile; then see the list."""
        self.open("/sessions")
        # The first field has the focus already.
        expect(self.page.get_by_label("User name")).to_be_focused()
        self.page.keyboard.type(self.name)
        self.way.fill(self.page.get_by_label("Password"), PASSWORD)
        self.page.keyboard.press("Enter")
        self.sees("Verification code")
        self.verify(self.mobile)
        self.sees(LIST)

    def choose(self, session: str, action: str) -> None:
        """Select the check box of the session, then Actions and one of them."""
        box = self.page.get_by_role("checkbox", name=f"Select session {session}", exact=True)
        self.way.press(box)
        expect(box).to_be_checked()
        self.way.press(self.page.locator("summary", has_text="Actions"))
        self.press(action, exact=False)

    def fill(self, texts: dict[str, str]) -> None:
        """Fill in fields by their labels."""
        for label, text in texts.items():
            self.way.fill(self.page.get_by_label(label, exact=True), text)

    def press(self, words: str, *, exact: bool = True) -> None:
        """Press a button."""
        name = words if exact else re.compile(f"^{words}")
        self.way.press(self.page.locator("main").get_by_role("button", name=name, exact=exact))

    def follow(self, words: str) -> None:
        """Follow a link."""
        self.way.press(self.page.get_by_role("link", name=words, exact=True))

    def verify(self, mobile: str) -> None:
        """Enter the code that was sent to a mobile, and submit it."""
        field = self.page.get_by_label("Verification code")
        expect(field).to_be_focused()
        self.way.fill(field, self.service.code(mobile))
        self.press("Submit")

    def save(self, mobile: str, path: Path) -> Download:
        """Verify, and save the downloaded file."""
        with self.page.expect_download() as coming:
            self.verify(mobile)
        coming.value.save_as(path)
        path.chmod(0o600)
        return coming.value

    def sees(self, words: str) -> None:
        """Wait for the page with this heading."""
        heading = self.page.get_by_role("heading", name=words, level=1, exact=True)
        expect(heading).to_be_visible()
        require_fits(self.page)

    def facts(self) -> dict[str, str]:
        """The names and values of a dialog."""
        names = self.page.locator("main dt").all_inner_texts()
        return dict(zip(names, self.page.locator("main dd").all_inner_texts(), strict=True))

    def notices(self) -> list[str]:
        """The notices at the top of the page, latest first."""
        return self.page.get_by_role("region", name="Notices").locator("p").all_inner_texts()

    def notices_are_on_top(self) -> bool:
        """Whether the notices are above the page's content."""
        notices = self.page.get_by_role("region", name="Notices").bounding_box()
        content = self.page.get_by_role("main").bounding_box()
        assert notices is not None
        assert content is not None
        return notices["y"] + notices["height"] <= content["y"]

    def _note(self, line: ConsoleMessage) -> None:
        # A page that explains a refusal has an error status, which the browser reports. Missing
        # files and violations of the Content-Security-Policy are reported here too.
        if "/static/" in line.location["url"] or "with a status of" not in line.text:
            self.complaints.append(f"{line.type}: {line.text}")
