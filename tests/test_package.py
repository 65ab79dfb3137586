"""What ``import gatepass`` gives, and what it does not load."""

import subprocess
import sys
from pathlib import Path

import pytest

import gatepass


def test_every_public_name_is_there() -> None:
    assert [name for name in gatepass.__all__ if not hasattr(gatepass, name)] == []


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'disconnect'"):
        gatepass.disconnect  # noqa: B018


def test_what_can_be_asked_for_is_listed() -> None:
    folder = Path(gatepass.__file__).parent
    packages = {path.parent.name for path in folder.glob("[a-z]*/__init__.py")}
    assert packages | set(gatepass.__all__) <= set(dir(gatepass))


@pytest.mark.parametrize("name", [name for name in dir(gatepass) if not name.startswith("_")])
def test_whatever_is_listed_is_there_without_another_import(name: str) -> None:
    check = f"import gatepass; assert gatepass.{name} is not None"
    subprocess.run([sys.executable, "-c", check], check=True)


@pytest.mark.parametrize("heavy", ["asyncio", "sqlite3", "typer", "sqlalchemy", "fastapi"])
def test_signing_does_not_load(heavy: str) -> None:
    check = f"import gatepass, sys; sys.exit({heavy!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
