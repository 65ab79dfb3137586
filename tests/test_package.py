"""What ``import gatepass`` gives, and what it does not load."""

import subprocess
import sys

import pytest

import gatepass


def test_every_public_name_is_there() -> None:
    assert [name for name in gatepass.__all__ if not hasattr(gatepass, name)] == []


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'disconnect'"):
        gatepass.disconnect  # noqa: B018


@pytest.mark.parametrize("heavy", ["asyncio", "sqlite3", "typer", "sqlalchemy", "fastapi"])
def test_signing_does_not_load(heavy: str) -> None:
    check = f"import gatepass, sys; sys.exit({heavy!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
