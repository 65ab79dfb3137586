"""What ``import gatepass`` gives, and what it does not load."""

import subprocess
import sys
from pathlib import Path

import pytest

import gatepass


def test_every_public_name_exists() -> None:
    assert [name for name in gatepass.__all__ if not hasattr(gatepass, name)] == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'disconnect'"):
        gatepass.disconnect  # noqa: B018


def test_dir_lists_every_public_name() -> None:
    folder = Path(gatepass.__file__).parent
    packages = {path.parent.name for path in folder.glob("[a-z]*/__init__.py")}
    assert packages | set(gatepass.__all__) <= set(dir(gatepass))


@pytest.mark.parametrize("name", [name for name in dir(gatepass) if not name.startswith("_")])
def test_every_listed_name_works_without_another_import(name: str) -> None:
    check = f"import gatepass; assert gatepass.{name} is not None"
    subprocess.run([sys.executable, "-c", check], check=True)


@pytest.mark.parametrize("heavy", ["asyncio", "sqlite3", "typer", "sqlalchemy", "fastapi"])
def test_importing_gatepass_does_not_load_heavy_packages(heavy: str) -> None:
    check = f"import gatepass, sys; sys.exit({heavy!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
