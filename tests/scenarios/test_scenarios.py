"""Every conversation of this folder, in memory and over TCP."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.scenarios.cast import Keys
from tests.scenarios.in_memory import InMemory
from tests.scenarios.language import read_script
from tests.scenarios.over_tcp import OverTcp, PushedLoop, run
from tests.scenarios.runner import hold

FILES = sorted((Path(__file__).parent / "conversations").glob("*.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_in_memory(path: Path) -> None:
    keys = Keys()
    script = read_script(path)
    asyncio.run(hold(script, InMemory(script.kind, keys), keys))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_over_tcp(path: Path) -> None:
    keys = Keys()
    script = read_script(path)
    loop = PushedLoop()
    run(hold(script, OverTcp(script.kind, keys, loop), keys), loop)
