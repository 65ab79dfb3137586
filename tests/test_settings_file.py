"""Reading a TOML file of settings."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from gatepass.errors import ConfigError
from gatepass.settings_file import SettingsFile


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(codecs.BOM_UTF8 + b"port = 1\r\n")
    assert SettingsFile.read(path).table == {"port": 1}
    path.write_bytes(codecs.BOM_UTF8 + b"\n\xff")
    with pytest.raises(ConfigError, match="line 2: this is not UTF-8"):
        SettingsFile.read(path)
