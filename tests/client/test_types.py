"""What a type checker sees of `connect`: the kind of link, and a wrong argument."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

from gatepass.client.plan import FaultTolerantOptions, LinkOptions, Plan
from tests.client import typed_program


def test_a_type_checker_knows_the_kind_of_link_and_refuses_wrong_arguments() -> None:
    program = str(Path(typed_program.__file__))
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", program], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


def test_a_type_checker_sees_exactly_the_options_that_exist() -> None:
    given = {"host", "port", "settings", "keys", "store", "backup"}
    options = {field.name for field in dataclasses.fields(Plan)} - given
    assert options == {*get_type_hints(LinkOptions), *get_type_hints(FaultTolerantOptions)}
