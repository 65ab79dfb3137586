"""One run of ``gatepass logon``: log on, stay, log out, and show the conversation."""

from __future__ import annotations

import asyncio
import enum
import ssl
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

from gatepass.causes import Cause
from gatepass.cli.terminal.interrupts import ending_on_signal
from gatepass.cli.views.conversation import Said
from gatepass.cli.views.logon import Ending, Noted, Spoken
from gatepass.client import (
    Attempts,
    ClockPolicy,
    FaultTolerantLink,
    Link,
    connect,
)
from gatepass.client.plan import BACKUP, Address, Options
from gatepass.counting import numbered
from gatepass.errors import FramingError, NumberJumpError, PeerError, SessionEndedError
from gatepass.fix import effects as fx
from gatepass.fix.message import LOGON
from gatepass.fix.remedies import remedy
from gatepass.fix.settings import ClientSettings
from gatepass.fix.texts import meaning_of
from gatepass.fix.week import Scenario
from gatepass.keys import AccessKeyId, KeySource
from gatepass.rehearsal.alterations import Alterations
from gatepass.session.role import Role
from gatepass.session.store import Store
from gatepass.transport import utc_now

Show = Callable[["Spoken | Noted"], None]


class Choice(enum.StrEnum):
    """A scenario, or ``auto``: choose it by the stored numbers and the trading week."""

    AUTO = "auto"
    BEGINNING_OF_WEEK = "beginning-of-week"
    MID_WEEK = "mid-week"
    IN_SESSION = "in-session"

    @property
    def scenario(self) -> Scenario | None:
        """The scenario of the first Logon; the in-session one comes second."""
        return None if self in (Choice.AUTO, Choice.IN_SESSION) else Scenario(self.value)


@dataclass(frozen=True, slots=True)
class Order:
    """What one run is to do."""

    primary: Address
    backup: Address | None
    settings: ClientSettings
    source: KeySource
    access_key_id: AccessKeyId | None
    choice: Choice
    stay: float
    tls: ssl.SSLContext | None
    guarded: bool
    #: They apply to the Logon of the chosen scenario: the first, or the in-session one.
    alterations: Alterations


class _Run:
    """What happens during a run: messages to show, and the user's Ctrl-C."""

    def __init__(self, show: Show) -> None:
        self.over = asyncio.Event()
        #: Why the output could not be written, once that has happened.
        self.unread: OSError | None = None
        self._show = show
        #: Whether the session has been logged on at any time.
        self.was_on = False
        self._scenario = Scenario.BEGINNING_OF_WEEK
        self._task = asyncio.current_task()

    def observe(self, which: str, effect: fx.Effect) -> None:
        """Remember that the session is logged on, and show events other than messages."""
        self.was_on = self.was_on or isinstance(effect, fx.LoggedOn)
        if isinstance(effect, fx.SignatureWanted):
            self._scenario = Scenario(effect.logon)
        elif isinstance(effect, fx.Garbled):
            self.note(which, "garbled", effect.reason)
        elif isinstance(effect, fx.NotResent):
            self.note(which, "not_resent", f"message {effect.number}: {effect.cause.value}")
        elif isinstance(effect, fx.RejectSent):
            what = f"message {effect.message.get(34)} of type {effect.message.msg_type}"
            self.note(which, "refused", f"{what}: {effect.text}")
        elif isinstance(effect, fx.Skipped):
            self.note(which, "skipped", numbered(effect.begin, effect.end, "message"))
        elif which == BACKUP and isinstance(effect, fx.RoleChanged) and effect.role is Role.PRIMARY:
            self.note(which, "promoted", True)

    def note(self, which: str, what: str, value: str | bool) -> None:
        """Show a note."""
        self._tell(Noted(utc_now(), which, what, value))

    def trace(self, which: str, sent: bool, wire: bytes) -> None:
        """Show a message; before a Logon, also its scenario."""
        try:
            said = Said.of(utc_now(), sent, wire)
        except FramingError:
            return  # `observe` shows it as garbled.
        if sent and said.msg_type == LOGON and which != BACKUP:
            self.note(which, "scenario", self._scenario.value)
        self._tell(Spoken(which, said))

    def _tell(self, event: Spoken | Noted) -> None:
        """Show an event. If the output cannot be written, end the session cleanly."""
        if self.unread is not None:
            return
        try:
            self._show(event)
        except OSError as error:
            self.unread = error
            self.over.set()

    def end(self) -> None:
        """End the run: with a Logout once logged on, before that at once."""
        if self.was_on:
            self.over.set()
        else:
            self._cancel()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def converse(order: Order, store: Store, attempts: Attempts | None, show: Show) -> Ending:
    """Log on, stay, log out, and show every message. Raises what `connect` raises."""
    run = _Run(show)
    try:
        with ending_on_signal(run.end):
            async with _connected(order, store, attempts, run) as link:
                if order.choice is Choice.IN_SESSION:
                    trading = link.active if isinstance(link, FaultTolerantLink) else link
                    trading.session.writer = order.alterations
                    await trading.log_on(Scenario.IN_SESSION)
                await _stay(link, run.over, order.stay)
                forced = link.goodbye is not None or link.closed.done()
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    except SessionEndedError as error:
        if not run.was_on or isinstance(error, (NumberJumpError, PeerError)):
            raise
        return _cut_off(error.cause, str(error))
    if run.unread is not None:
        raise run.unread
    return _ending(link, forced=forced)


def _connected(
    order: Order, store: Store, attempts: Attempts | None, run: _Run
) -> AbstractAsyncContextManager[Link | FaultTolerantLink]:
    first = None if order.choice is Choice.IN_SESSION else order.alterations
    where = (*order.primary, order.settings, order.source, store)
    options: Options = {
        "scenario": order.choice.scenario,
        "access_key_id": order.access_key_id,
        "tls": order.tls,
        "clock_policy": ClockPolicy.IGNORE,
        "guarded": order.guarded,
        "attempts": attempts,
    }
    if order.backup is None:
        observe, trace = partial(run.observe, ""), partial(run.trace, "")
        return connect(*where, observe=observe, trace=trace, writer=first, **options)
    return connect(
        *where,
        backup=order.backup,
        observe=run.observe,
        trace=run.trace,
        tell=partial(run.note, BACKUP, "fault_tolerance"),
        **options,
    )


async def _stay(link: Link | FaultTolerantLink, over: asyncio.Event, seconds: float) -> None:
    waiting = asyncio.ensure_future(over.wait())
    await asyncio.wait([link.closed, waiting], timeout=seconds, return_when="FIRST_COMPLETED")
    waiting.cancel()


def _cut_off(cause: Cause, words: str) -> Ending:
    return Ending("no connection", 3, words, what_to_do=remedy(cause, was_on=True))


def _ending(link: Link | FaultTolerantLink, *, forced: bool) -> Ending:
    if link.goodbye is None:
        if link.ending is not None and forced:
            return _cut_off(link.ending.cause, str(link.ending))
        return _cut_off(Cause.LOGOUT_UNCONFIRMED, "the Logout was not confirmed")
    if forced:
        text = link.goodbye.text or "without a text"
        advice = remedy(meaning_of(text)) if link.goodbye.text else ""
        return Ending("logged out by the gateway", 1, text, link.goodbye.next_expected, advice)
    return Ending("logged out", 0, next_expected=link.goodbye.next_expected)
