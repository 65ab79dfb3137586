"""A plan of faults, as data: which message meets which misfortune. `file`, beside it, reads it.

::

    [[fault]]
    do = "drop"              # what happens; see `actions.ACTIONS`
    on = "send"              # to what the gateway sends (default), or "receive"
    type = "n"               # only to messages of this MsgType (35)
    session = "ABC123"       # only to this session, with its last character or without
    nth = 3                  # to the third that fits (default: the first)
    times = 2                # and the one after it (default: one message)

    [[fault]]
    do = "delay"
    seconds = 2.5

Faults count and act independently of each other, for as long as the gateway runs.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gatepass.gateway.faults.actions import Action


class Direction(enum.Enum):
    """Which way a message goes, as the gateway sees it."""

    SEND = "send"
    RECEIVE = "receive"


@dataclass(frozen=True, slots=True)
class Fault:
    """One misfortune, and the messages it befalls: ``times`` of them from the ``nth`` on.

    ``session`` is a SenderCompID (49), with its last character or without: that one changes.
    """

    action: Action
    direction: Direction = Direction.SEND
    msg_type: str | None = None
    session: str | None = None
    nth: int = 1
    times: int = 1


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """All that is to go wrong."""

    faults: tuple[Fault, ...] = ()
