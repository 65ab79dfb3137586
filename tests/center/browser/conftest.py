"""A browser and its users; without Chromium these tests are skipped, and a line says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from gatepass.center.context import Center
from gatepass.center.web import make_app
from tests.center.browser import chromium
from tests.center.browser.showcase import MOBILES, furnish_showcase
from tests.center.browser.user import User
from tests.center.browser.ways import LOOKS, WAYS, Way
from tests.center.service import Service, served
from tests.center.web.site import NAMES, Site, furnish
from tests.center.world import Clock, Outbox

_HAS_CHROMIUM = chromium.program() is not None
collect_ignore_glob = [] if _HAS_CHROMIUM else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _HAS_CHROMIUM:
        terminalreporter.write_line(
            "skipped: the tests of the Request Center in a browser: Chromium is not installed"
            f" ({chromium.HOW_TO_GET}).",
            yellow=True,
        )


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium.running() as running:
        yield running


@pytest.fixture
def url(blank_sqlite: Path, tmp_path: Path) -> str:
    """A new SQLite database: the code below the pages is tested on PostgreSQL elsewhere."""
    path = tmp_path / "center.sqlite"
    path.write_bytes(blank_sqlite.read_bytes())
    path.chmod(0o600)
    return f"sqlite:///{path}"


@pytest.fixture
def site(center: Center, clock: Clock, outbox: Outbox) -> Site:
    """Two firms, their users with their own passwords, sessions, and a key pair of ABC."""
    actors, key = furnish(center)
    return Site(center, clock, outbox, make_app(center, NAMES), actors, key)


@pytest.fixture
def service(site: Site) -> Iterator[Service]:
    """The firms and users of `site`, served."""
    with served(site.center) as running:
        yield running


@pytest.fixture(
    params=[
        pytest.param(way, id=way.name, marks=pytest.mark.slow if way is not WAYS[0] else ())
        for way in WAYS
    ]
)
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


@pytest.fixture
def seat(browser: Browser, service: Service, site: Site) -> Iterator[Callable[[str, Way], User]]:
    """Gives a user a new browser."""
    with ExitStack() as stack:
        made: list[User] = []

        def sit_down(name: str, way: Way) -> User:
            context = way.open(browser)
            stack.callback(context.close)
            number = 101 + list(site.actors).index(name)
            here = User(name, f"+13125550{number}", context.new_page(), way, service)
            made.append(here)
            return here

        yield sit_down
        for one in made:
            assert one.complaints == []


@pytest.fixture
def showcase(browser: Browser, center: Center, clock: Clock, outbox: Outbox) -> Iterator[User]:
    """The manager of a firm with a year of history, at a browser."""
    furnish_showcase(center, clock, outbox)
    way = LOOKS[0]
    with served(center) as running, way.open(browser) as context:
        maria = User("maria", MOBILES["maria"], context.new_page(), way, running)
        yield maria
        assert maria.complaints == []
