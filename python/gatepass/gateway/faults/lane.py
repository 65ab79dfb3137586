"""Applies faults to the messages that one connection sends and receives."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gatepass._native import Framer
from gatepass.errors import FramingError
from gatepass.fix.message import RESEND_REQUEST, Message
from gatepass.gateway.faults import plan as ft
from gatepass.gateway.faults.injection import Injection
from gatepass.keys import AccessKeyId
from gatepass.keys.likely_secret import hidden
from gatepass.session.machine import unfinished


class Victim(Protocol):
    """What faults can do to a connection, apart from changing its messages."""

    def hang_up(self) -> None:
        """End the connection; what was sent so far still goes out."""

    def fail_over(self, session: str) -> None:
        """Fail the primary gateway of a session."""

    def log_out(self, text: str) -> None:
        """Log the client out with this text."""

    def tell(self, session: str, detail: str) -> None:
        """Report a fault."""


class Lane:
    """One direction of a connection: passes on what faults leave of each message."""

    def __init__(
        self,
        direction: ft.Direction,
        injection: Injection,
        victim: Victim,
        pass_on: Callable[[bytes], None],
    ) -> None:
        self._direction = direction
        self.injection = injection
        self.victim = victim
        self._pass_on = pass_on
        #: The lane that carries the answers to this one's Resend Requests.
        self.answers: Lane | None = None
        #: EndSeqNo (16) of the last Resend Request that this lane answers.
        self.asked_to = 0
        self._overtaken: list[bytes] = []
        self._late: deque[bytes] = deque()
        self._due = 0.0

    def put(self, wire: bytes) -> None:
        """Take a message; bytes that are not a message pass unchanged."""
        try:
            message = Message.parse(wire)
        except FramingError:
            self._release([wire])
            return
        sender = message.get(49 if self._direction is ft.Direction.RECEIVE else 56) or ""
        ends_answer = message.is_gap_fill and message.number(36) == self.asked_to + 1
        if message.msg_type == RESEND_REQUEST and self.answers is not None:
            self.answers.asked_to = message.number(16) or 0
        actions = self.injection.strike(
            self._direction, message, sender[:-1], ends_answer=ends_answer
        )
        way = "from" if self._direction is ft.Direction.RECEIVE else "to"
        for action in actions:
            which = f"35={hidden(message.msg_type, 35)} 34={message.get(34)} {way} the client"
            self.victim.tell(sender, f"{which}: {action}")
        scene = _Scene(self, sender)
        wires = [wire]
        for action in actions:
            wires = [spoilt for each in wires for spoilt in action.spoil(each)]
            action.before(scene)
        if any(action.is_overtaken for action in actions):
            self._overtaken += wires
            return
        self._release(wires)
        for action in actions:
            action.after(scene)

    def delay(self, seconds: float) -> None:
        """Delay all messages from now on; none overtakes one that waits longer."""
        self._due = max(self._due, asyncio.get_running_loop().time() + seconds)

    def _release(self, wires: list[bytes]) -> None:
        """Pass messages on, then those that they have overtaken."""
        overtaken, self._overtaken = self._overtaken, []
        loop = asyncio.get_running_loop()
        for wire in (*wires, *overtaken):
            if self._late or self._due > loop.time():
                self._late.append(wire)
                loop.call_at(self._due, self._pass_late)
            else:
                self._pass_on(wire)

    def _pass_late(self) -> None:
        self._pass_on(self._late.popleft())


@dataclass(frozen=True, slots=True)
class _Scene:
    """Where a fault strikes: a lane, and the SenderCompID of the message's session."""

    lane: Lane
    sender: str

    def delay(self, seconds: float) -> None:
        self.lane.delay(seconds)

    def skew(self, seconds: float) -> None:
        self.lane.injection.skew(seconds)

    def expire(self, access_key_id: AccessKeyId | None) -> None:
        self.lane.injection.expire(access_key_id, self.sender)

    def hang_up(self) -> None:
        self.lane.victim.hang_up()

    def fail_over(self) -> None:
        self.lane.victim.fail_over(self.sender[:-1])

    def log_out(self, text: str) -> None:
        self.lane.victim.log_out(text)


class FaultyWire:
    """Both directions of one connection, between its session and its socket."""

    def __init__(
        self,
        injection: Injection,
        victim: Victim,
        write: Callable[[bytes], None],
        receive: Callable[[bytes], None],
    ) -> None:
        self._out = Lane(ft.Direction.SEND, injection, victim, write)
        self._in = Lane(ft.Direction.RECEIVE, injection, victim, receive)
        self._out.answers, self._in.answers = self._in, self._out
        self._framer = Framer()
        self._victim = victim

    @property
    def unfinished(self) -> str:
        """Describe the last bytes if they are not a whole message; no fault has struck them."""
        return unfinished(self._framer)

    def send(self, wire: bytes) -> None:
        """Take a message that the session sends."""
        self._out.put(wire)

    def receive(self, data: bytes) -> None:
        """Take bytes as they arrive. Garbled ones are dropped: faults strike messages only."""
        for event in self._framer.feed(data):
            if isinstance(event, bytes):
                self._in.put(event)
            else:
                self._victim.tell("", f"garbled before any fault: {event}")
