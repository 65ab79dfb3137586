"""The ways in which people use a page: pointer, finger or keyboard, with and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from playwright.sync_api import Browser, BrowserContext, Locator, Page

#: CSS pixels: a desk, and a common telephone.
WIDE = (1280, 860)
NARROW = (390, 844)

Press = Callable[[Locator], None]


def click(target: Locator) -> None:
    """With a mouse."""
    target.click()


def tap(target: Locator) -> None:
    """With a finger."""
    target.tap()


def by_keyboard(target: Locator) -> None:
    """With Tab to the target, then the usual key for it."""
    reach(target)
    is_link = target.evaluate("e => e.tagName === 'A'")
    target.page.keyboard.press("Enter" if is_link else "Space")


def reach(target: Locator) -> None:
    """Press Tab until the target has the focus, and check that the focus is visible."""
    for _ in range(80):
        if target.evaluate("e => e === document.activeElement"):
            break
        target.page.keyboard.press("Tab")
    else:
        raise AssertionError(f"Tab does not lead to {target}")
    outline = target.evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline != "none", f"the focus does not show on {target}"


@dataclass(frozen=True)
class Way:
    """How a page is shown, and the user's input method."""

    name: str
    press: Press = click
    scripts: bool = True
    size: tuple[int, int] = WIDE
    colours: Literal["light", "dark"] = "light"

    def open(self, browser: Browser, **more: Any) -> BrowserContext:
        """A new browser for a user, as if just installed."""
        width, height = self.size
        context = browser.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=self.scripts,
            color_scheme=self.colours,
            has_touch=self.press is tap,
            reduced_motion="reduce",
            **more,
        )
        context.set_default_timeout(10_000)
        return context

    def put_on(self, page: Page) -> None:
        """Show a page in this size and these colours."""
        page.set_viewport_size({"width": self.size[0], "height": self.size[1]})
        page.emulate_media(color_scheme=self.colours)

    def fill(self, target: Locator, text: str) -> None:
        """Type into a field."""
        if self.press is by_keyboard:
            reach(target)
            target.page.keyboard.type(text)
        else:
            target.fill(text)


WAYS = (
    Way("pointer"),
    Way("no scripts, dark", scripts=False, colours="dark"),
    Way("keyboard", press=by_keyboard),
    Way(
        "keyboard, no scripts, narrow, dark",
        press=by_keyboard,
        scripts=False,
        size=NARROW,
        colours="dark",
    ),
    Way("finger, narrow", press=tap, size=NARROW),
)

#: The looks of a page.
LOOKS = tuple(
    Way(f"{name}, {colours}", size=size, colours=colours)
    for name, size in (("wide", WIDE), ("narrow", NARROW))
    for colours in ("light", "dark")
)
#: The narrowest width that WCAG's Reflow (1.4.10) requires.
NARROWEST = Way("narrowest", size=(320, 640))


def require_fits(page: Page) -> None:
    """Raise if the page is wider than its window, so that users would scroll sideways."""
    size = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    needed, there = page.evaluate(size)
    assert needed <= there, f"{page.url} is {needed} pixels wide, its window {there}"
