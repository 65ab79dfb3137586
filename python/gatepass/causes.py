"""Why a session ended, and whose fault it was, as data: no code depends on a sentence."""

from __future__ import annotations

import enum


class Fault(enum.Enum):
    """Whose fault it was that a session ended."""

    OURS = "this side's"
    THEIRS = "the other side's"
    NEITHER = "neither side's"


class Cause(enum.Enum):
    """Why a session ended, whatever protocol it speaks."""

    NOT_REACHED = "the connection could not be made"
    LOST = "the connection was lost"
    CLOSED = "the other side closed the connection without a message"
    CLOSED_BEFORE_TLS = "... to a client that spoke without TLS"
    SILENCE = "the other side did not answer a test of the connection"
    LOGON_UNANSWERED = "the Logon was not answered"
    LOGOUT_UNCONFIRMED = "the Logout was not confirmed"
    LOGGED_OUT = "a Logout was sent, and answered"
    REFUSED = "the Logon was refused"
    REJECTED = "the Logon was rejected"
    NO_LOGON = "the client sent no Logon in time"
    FORCED_OUT = "the gateway logged the client out"
    NOT_SIGNED = "the Logon was not signed"
    NUMBERS_USED_UP = "the numbers of the epoch are used up"
    TOO_MUCH = "too much data came while an answer was awaited"
    BACKUP_WITHOUT_PRIMARY = "the primary connection ended before the backup was logged on"
    NOT_PRIMARY = "this is a backup gateway: log on to the primary first, or to both"
    NOT_BACKUP = "this is not a backup gateway: its address is given as the backup's"
    NUMBERS_FORGOTTEN = "the Logon's answer has a lower number than expected"
    NUMBER_USED_TWICE = "a new message has a number that was used before"
    NUMBER_JUMP = "a number is too far ahead to be right"
    GAP_NOT_FILLED = "a missing message did not come, although it was requested several times"
    RULE_BROKEN = "a message broke a rule of the protocol"
    STRANGER = "a message is not from the other side, or not for this session"
    WRONG_TIME = "a message's time is far from this machine's clock"
    EARLY_MESSAGE = "a message came before the Logon's answer"

    @property
    def fault(self) -> Fault:
        """Whose fault it was."""
        if self in _OURS:
            return Fault.OURS
        return Fault.THEIRS if self in _THEIRS else Fault.NEITHER


_OURS = frozenset({Cause.NOT_SIGNED, Cause.NUMBERS_USED_UP})
_THEIRS = frozenset(
    {
        Cause.TOO_MUCH,
        Cause.NOT_PRIMARY,
        Cause.NOT_BACKUP,
        Cause.NUMBERS_FORGOTTEN,
        Cause.NUMBER_USED_TWICE,
        Cause.NUMBER_JUMP,
        Cause.GAP_NOT_FILLED,
        Cause.RULE_BROKEN,
        Cause.STRANGER,
        Cause.WRONG_TIME,
        Cause.EARLY_MESSAGE,
    }
)
