"""Which session a name means: with its role, as logs show it, or without."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.fix.names import comp_id, is_named
from gatepass.session.role import Role


@given(st.from_regex(r"[A-Za-z0-9]{6,9}", fullmatch=True), st.sampled_from(Role))
def test_a_session_is_named_with_any_role_or_without(name: str, role: Role) -> None:
    assert is_named(name, name)
    assert is_named(comp_id(name, role), name)


@pytest.mark.parametrize("written", ["", "ABC", "ABC12", "ABC123X", "ABC123NN", "ABC124N", "N"])
def test_another_session_is_not_named(written: str) -> None:
    assert not is_named(written, "ABC123")
