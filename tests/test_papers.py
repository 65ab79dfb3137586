"""The README is short, and the links of the papers lead to existing files."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "urls"
]["Repository"]
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benches/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)|^\[[^]]+\]: (\S+)$", re.MULTILINE)


def test_the_readme_can_be_read_in_five_minutes() -> None:
    prose = re.sub(r"^```.*?^```", "", README, flags=re.DOTALL | re.MULTILINE)
    assert len(prose.split()) <= 900
    assert len(README.splitlines()) <= 120


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: str(paper.relative_to(ROOT)))
def test_each_link_leads_to_an_existing_file(paper: Path) -> None:
    for link in (a or b for a, b in LINK.findall(paper.read_text(encoding="utf-8"))):
        here = link.removeprefix(f"{REPOSITORY}/blob/main/")
        place = (ROOT if here != link else paper.parent) / here.partition("#")[0]
        assert here.startswith(("https://", "#")) or place.exists(), link


def test_the_readmes_links_work_on_the_package_index_too() -> None:
    links = [a or b for a, b in LINK.findall(README)]
    assert links
    assert [link for link in links if not link.startswith(f"{REPOSITORY}/blob/main/")] == []
