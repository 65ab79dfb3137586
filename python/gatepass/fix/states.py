"""The states of a session and their transitions: one table per role.

The diagram in ``docs/session.md`` is drawn from them.
"""

from __future__ import annotations

import enum

from gatepass.session.table import Table


class State(enum.Enum):
    """The state of one connection of a session."""

    DISCONNECTED = "disconnected"
    CONNECTED = "connected"
    SIGNING = "signing"
    LOGON_SENT = "logon sent"
    VERIFYING = "verifying"
    LOGGED_ON = "logged on"
    RESETTING = "resetting"
    PROMOTING = "promoting"
    LOGOUT_SENT = "logout sent"
    CLOSED = "closed"

    # Hashed for each message: an enum's default hash is computed from its name, in Python.
    __hash__ = object.__hash__


class Trigger(enum.Enum):
    """What changes the state of a session."""

    CONNECT = "TCP connection"
    ASK_LOGON = "logon requested"
    SIGNED = "Logon signed"
    NOT_SIGNED = "Logon not signed"
    LOGON_REPLY = "Logon received"
    LOGON_RECEIVED = "Logon to verify"
    ACCEPTED = "logon accepted"
    REJECTED = "logon rejected"
    ASK_RESET = "in-session logon"
    RESET_REJECTED = "in-session logon rejected"
    PROMOTED = "backup becomes primary"
    NUMBERS_GIVEN = "numbers loaded"
    ASK_LOGOUT = "Logout sent"
    END = "Logout received, refusal, silence or disconnect"

    __hash__ = object.__hash__


_S, _T = State, Trigger
_Moves = dict[tuple[State, Trigger], State]

#: The moves of both roles.
_EITHER: _Moves = {
    (_S.DISCONNECTED, _T.CONNECT): _S.CONNECTED,
    (_S.LOGGED_ON, _T.ASK_LOGOUT): _S.LOGOUT_SENT,
    (_S.RESETTING, _T.ASK_LOGOUT): _S.LOGOUT_SENT,
    **{(state, _T.END): _S.CLOSED for state in _S if state is not _S.CLOSED},
}
#: (state, trigger) -> state. What is not here cannot happen.
CLIENT_MOVES: _Moves = {
    **_EITHER,
    (_S.CONNECTED, _T.ASK_LOGON): _S.SIGNING,
    (_S.SIGNING, _T.SIGNED): _S.LOGON_SENT,
    (_S.LOGON_SENT, _T.LOGON_REPLY): _S.LOGGED_ON,
    (_S.LOGGED_ON, _T.ASK_RESET): _S.RESETTING,
    (_S.RESETTING, _T.ASK_LOGON): _S.SIGNING,
    (_S.SIGNING, _T.NOT_SIGNED): _S.LOGGED_ON,
    (_S.LOGON_SENT, _T.RESET_REJECTED): _S.LOGGED_ON,
    (_S.LOGGED_ON, _T.PROMOTED): _S.PROMOTING,
    (_S.LOGOUT_SENT, _T.PROMOTED): _S.PROMOTING,
    (_S.PROMOTING, _T.NUMBERS_GIVEN): _S.LOGGED_ON,
}
EXCHANGE_MOVES: _Moves = {
    **_EITHER,
    (_S.CONNECTED, _T.LOGON_RECEIVED): _S.VERIFYING,
    (_S.LOGGED_ON, _T.LOGON_RECEIVED): _S.VERIFYING,
    (_S.VERIFYING, _T.ACCEPTED): _S.LOGGED_ON,
    (_S.VERIFYING, _T.REJECTED): _S.CONNECTED,
    (_S.VERIFYING, _T.RESET_REJECTED): _S.LOGGED_ON,
}


def _table(moves: _Moves) -> Table[State, Trigger]:
    awaiting = frozenset({_S.SIGNING, _S.VERIFYING, _S.PROMOTING, _S.CLOSED})
    return Table(moves, _S.DISCONNECTED, _T.CONNECT, _T.END, _S.CLOSED, awaiting)


CLIENT = _table(CLIENT_MOVES)
EXCHANGE = _table(EXCHANGE_MOVES)
