"""A session's name: SenderCompID (49) without its last character, the Fault Tolerance Indicator."""

from __future__ import annotations

from collections.abc import Mapping

from gatepass.session.role import Role

#: The Fault Tolerance Indicators (documented by CME).
INDICATORS: Mapping[Role, str] = {
    Role.UNDESIGNATED: "U",
    Role.PRIMARY: "P",
    Role.BACKUP: "B",
    Role.NONE: "N",
}
_ROLES = {indicator: role for role, indicator in INDICATORS.items()}


def role_in(comp_id: str | None) -> Role | None:
    """Return the role that a SenderCompID (49) or TargetCompID (56) ends in, if there is one."""
    return _ROLES.get((comp_id or "")[-1:])


def name_in(comp_id: str) -> str:
    """Return the session's name in a SenderCompID (49) or TargetCompID (56)."""
    return comp_id[:-1]


def comp_id(name: str, role: Role) -> str:
    """Write a session's name with a role's indicator."""
    return f"{name}{INDICATORS[role]}"


def is_named(written: str, name: str) -> bool:
    """Return whether `written` names a session, with an indicator (as in logs) or without."""
    return written == name or (written[:-1] == name and role_in(written) is not None)
