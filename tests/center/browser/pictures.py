"""Take the pictures of ``docs/pictures``: ``python -m tests.center.browser.pictures [FOLDER]``."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Page

from gatepass.center.store.database import Database
from tests.center.browser import chromium
from tests.center.browser.showcase import MOBILES, furnish_showcase
from tests.center.browser.tour import tour
from tests.center.browser.user import User
from tests.center.browser.ways import NARROW, Way
from tests.center.service import served
from tests.center.world import Clock, Outbox, make_center

FOLDER = Path(__file__).parents[3] / "docs" / "pictures"

#: The width and the minimum height.
_WIDE = (1080, 400)
_HIGHEST = 900
_LIGHT = Way("light", size=_WIDE)
_DARK = Way("dark", size=_WIDE, colours="dark")
_PHONE = Way("phone", size=(NARROW[0], 600), colours="dark")

#: The pictures at each stop of the tour.
PICTURES = {
    "list": {"list": _LIGHT, "list-dark": _DARK, "list-phone": _PHONE},
    "generate": {"generate": _LIGHT},
    "verification": {"verification": _LIGHT},
    "third pair": {"third-pair": _LIGHT},
    "timeline": {"timeline": _DARK},
    "audit": {"audit": _LIGHT},
    "authenticator": {"authenticator": _LIGHT},
    "closed": {"closed": _LIGHT},
}


def take(folder: Path) -> None:
    """Write all pictures into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    clock, outbox = Clock(), Outbox()
    with tempfile.TemporaryDirectory() as state:
        database = Database(f"sqlite:///{state}/center.sqlite")
        database.upgrade()
        center = make_center(database, clock, outbox)
        furnish_showcase(center, clock, outbox)
        with (
            served(center) as service,
            chromium.running() as browser,
            _LIGHT.open(browser) as context,
        ):
            maria = User("maria", MOBILES["maria"], context.new_page(), _LIGHT, service)
            for stop in tour(maria, clock):
                for name, look in PICTURES.get(stop, {}).items():
                    _shoot(maria.page, look, folder / f"{name}.png")
                _LIGHT.put_on(maria.page)
        database.close()


def _shoot(page: Page, look: Way, path: Path) -> None:
    """Take a picture of a page from its top to its end, but not of too much."""
    look.put_on(page)
    height = min(page.evaluate("document.documentElement.scrollHeight"), _HIGHEST)
    # The last rows of the window are not always painted, so they are cut off.
    width = look.size[0]
    replace(look, size=(width, height + 20)).put_on(page)
    # Wait until the new layout is painted.
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=path, clip={"x": 0, "y": 0, "width": width, "height": height})


if __name__ == "__main__":
    take(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
