"""Who may do what: the table of roles and actions."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gatepass.errors import NotAllowedError


class Role(enum.Enum):
    """The role of a user, in CME's words; the read-only role is this project's addition."""

    MANAGER = "Administrative Manager"
    KEYS = "Key Management User"
    READER = "Read Only"


class Action(enum.Enum):
    """What can be done in the Request Center."""

    SEE_SESSIONS = "see sessions and the state of their key pairs"
    SEE_AUDIT = "see the audit log"
    GENERATE = "generate a key pair"
    DOWNLOAD = "download a key pair"
    DELETE = "delete a key pair"


_SEES = frozenset({Action.SEE_SESSIONS})

#: CME: Key Management Users create and manage pairs; Administrative Managers have that by default.
MAY: dict[Role, frozenset[Action]] = {
    Role.MANAGER: frozenset(Action),
    Role.KEYS: _SEES | {Action.GENERATE, Action.DOWNLOAD, Action.DELETE},
    Role.READER: _SEES,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user who has proved both factors, or an API token's user.

    ``origin`` is where the request came from, for the audit log.
    """

    user_id: int
    firm_id: int
    name: str
    role: Role
    origin: str = ""

    def require(self, action: Action) -> None:
        """Raise `NotAllowedError` unless the role may do this."""
        if action not in MAY[self.role]:
            raise NotAllowedError(
                f"your role {self.role.value} does not allow you to {action.value}: ask a manager"
            )
