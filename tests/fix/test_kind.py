"""The names of gateways, and their meaning."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gatepass.errors import ArgumentError
from gatepass.fix.kind import Kind


@pytest.mark.parametrize(
    ("text", "sub_id"),
    [
        ("cgw", "G"),
        ("dropcopy", "G"),
        ("dropcopy:64", "64"),
        ("msgw:64", "64"),
        ("msgw:00", "00"),
    ],
)
def test_a_kind_has_its_sub_id(text: str, sub_id: str) -> None:
    assert Kind.parse(text).sub_id == sub_id


def test_only_drop_copy_has_a_window_and_a_jump() -> None:
    for text in ("dropcopy", "dropcopy:64"):
        assert Kind.parse(text).resend_window == timedelta(hours=48)
        assert Kind.parse(text).failover_jump == 4000
        assert not Kind.parse(text).fault_tolerant
    assert Kind.parse("cgw") == Kind("cgw", "G", None, 0)
    assert Kind.parse("msgw:64") == Kind("msgw:64", "64", None, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CGW",
        "msgw",
        "msgw:6",
        "msgw:640",
        "msgw:6x",
        "cgw ",
        "cgw:64",
        "dropcopy:6",
        "dropcopy:",
    ],
)
def test_an_unknown_kind_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a gateway is"):
        Kind.parse(text)


def test_a_kind_of_no_text_is_refused() -> None:
    nothing: Any = None
    with pytest.raises(ArgumentError, match="text is of type NoneType: give cgw, msgw:NN"):
        Kind.parse(nothing)
