"""What a connection is in fault tolerance, for every protocol."""

from __future__ import annotations

import enum


class Role(enum.Enum):
    """The role of one connection in its session."""

    UNDESIGNATED = "undesignated"
    PRIMARY = "primary"
    BACKUP = "backup"
    NONE = "no fault tolerance"

    # Looked up for each Logon: an enum's default hash is computed from its name, in Python.
    __hash__ = object.__hash__
