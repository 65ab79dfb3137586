"""Values of which many are made with every message."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """Make a dataclass with slots that the type checker alone keeps from being changed.

    To make one of a frozen dataclass takes three times as long.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
