"""Values: small dataclasses that are cheap to make."""

from __future__ import annotations

import pytest

from gatepass.session.numbers import Numbers


def test_values_with_equal_fields_are_equal_and_have_one_hash() -> None:
    assert Numbers(2, 3) == Numbers(2, 3) != Numbers(2, 4)
    assert len({Numbers(2, 3), Numbers(2, 3)}) == 1


def test_a_value_takes_no_field_that_its_class_does_not_name() -> None:
    with pytest.raises(AttributeError):
        Numbers().last_out = 1  # type: ignore[attr-defined]


def test_the_type_checker_refuses_to_change_a_value() -> None:
    # The comment is an error of mypy's own where the line would be allowed.
    Numbers().next_out = 2  # type: ignore[misc]
