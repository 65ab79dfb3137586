"""axe-core checks every page in every look."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.center.browser.tour import tour
from tests.center.browser.user import User
from tests.center.browser.ways import LOOKS, NARROWEST, Way, require_fits
from tests.center.world import Clock

#: In addition to axe's defaults: WCAG 2.2's size of targets.
_EVERYTHING = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
#: The only rule that depends on colours.
_COLOURS = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}


def violations(page: Page, look: Way) -> list[str]:
    options = _COLOURS if look.colours == "dark" else _EVERYTHING
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [f"{each['id']} ({each['impact']}): {_elements(each)}" for each in found]


def _elements(violation: dict[str, Any]) -> str:
    return ", ".join(node["html"] for node in violation["nodes"])


@pytest.mark.slow
def test_no_page_violates_an_accessibility_rule(showcase: User, clock: Clock) -> None:
    found = []
    seen = set()
    for name in tour(showcase, clock):
        seen.add(name)
        showcase.page.evaluate(AXE_SCRIPT)
        for look in LOOKS:
            look.put_on(showcase.page)
            found += [f"{name}, {look.name}: {each}" for each in violations(showcase.page, look)]
        NARROWEST.put_on(showcase.page)
        require_fits(showcase.page)
        LOOKS[0].put_on(showcase.page)
    assert found == []
    assert len(seen) == 31
