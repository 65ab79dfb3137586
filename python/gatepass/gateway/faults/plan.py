"""A plan of faults, as data: which fault strikes which message. The module `file` reads it.

::

    [[fault]]
    do = "drop"              # the fault; see `actions.ACTIONS`
    on = "send"              # strike what the gateway sends (default), or "receive"
    type = "n"               # only messages of this MsgType (35)
    session = "ABC123"       # only this session, with its last character or without
    nth = 3                  # the third that matches (default: the first)
    times = 2                # and the next match (default: one message)

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
    """One fault, and the messages it strikes: ``times`` of them from the ``nth`` match on.

    ``session`` is a SenderCompID (49), with or without its last character, which may change.
    """

    action: Action
    direction: Direction = Direction.SEND
    msg_type: str | None = None
    session: str | None = None
    nth: int = 1
    times: int = 1


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """All faults of one gateway."""

    faults: tuple[Fault, ...] = ()
