"""The README's first commands, word for word, in the order of the README."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.cli.processes import ENVIRONMENT, SCRIPT

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCK = re.search(r"## Sign, verify, explain\n\n```sh\n(.*?)```", README, re.DOTALL)


@pytest.mark.skipif(os.name != "posix", reason="a POSIX shell")
def test_each_command_does_what_the_readme_says(tmp_path: Path) -> None:
    assert BLOCK is not None
    env = {**ENVIRONMENT, "PATH": f"{Path(SCRIPT).parent}{os.pathsep}{os.environ['PATH']}"}
    said = {}
    for line in BLOCK[1].splitlines():
        answer = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        said[line.partition("#")[0].strip()] = answer
        assert "Traceback" not in answer.stderr
    samples, sign, verify, explain, check = said.values()
    assert (samples.returncode, len(samples.stderr.splitlines())) == (0, 3)
    assert (sign.returncode, sign.stdout[:13]) == (0, "8=FIX.4.2|9=2")
    assert (verify.returncode, verify.stderr) == (0, "")
    assert re.match(r"✓ valid +ABC123N ", verify.stdout)
    assert explain.returncode == 1
    assert "a line feed after the last value" in explain.stdout
    assert check.returncode == 0
