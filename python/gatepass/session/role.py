"""What a connection is in fault tolerance, whatever letter or number a protocol writes for it."""

from __future__ import annotations

import enum


class Role(enum.Enum):
    """The part of one connection in its session."""

    UNDESIGNATED = "undesignated"
    PRIMARY = "primary"
    BACKUP = "backup"
    NONE = "no fault tolerance"
