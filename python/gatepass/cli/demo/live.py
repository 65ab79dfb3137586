"""The second part of `gatepass demo`: a gateway on this machine, and a client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from gatepass.cli.demo.step import Step, print_all, text
from gatepass.cli.views.conversation import Said, print_brief
from gatepass.client import ClockPolicy, MemoryAttempts, connect
from gatepass.errors import LogonFailedError, LogonRefusedError
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import Scenario
from gatepass.gateway import Event, Gateway, Kind, Report
from gatepass.keys import (
    IssuedPair,
    KeyFile,
    KeyRing,
    KeySource,
    SecretKey,
    generate_pair,
    write_key_file,
)
from gatepass.storage import SqliteStore
from gatepass.transport import Clock, utc_now

if TYPE_CHECKING:
    from rich.console import Console

HOST = "127.0.0.1"
FIRM = "004"
#: Seconds in which the Test Request after the Logon comes and is answered.
SETTLE = 0.05
#: The tags that are shown of a message.
SHOWN = frozenset({34, 58, 112, 141, 355, 789})


@dataclass(slots=True)
class Talk:
    """One connection: its messages, the gateway's reasons, and the text that the client got."""

    said: list[Said] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    told: str | None = None

    @property
    def signed_with(self) -> str | None:
        """The Access Key ID of the last Logon sent."""
        keys = [
            value for said in self.said if said.sent for tag, value in said.fields if tag == 355
        ]
        return keys[-1] if keys else None

    @property
    def kinds(self) -> str:
        """The message types, in order."""
        return "".join(said.msg_type for said in self.said)

    def has(self, tag: int, value: str, *, sent: bool) -> bool:
        """Tell whether a message in this direction has a field."""
        return any(said.sent is sent and (tag, value) in said.fields for said in self.said)

    @property
    def is_clean(self) -> bool:
        """Whether Logon, Test Request and Logout were all sent and answered."""
        return self.told is None and self.kinds.startswith("AA") and self.kinds.endswith("55")


class Rehearsal:
    """A gateway with its key source, and one client session with its sequence numbers."""

    def __init__(
        self, keys: KeySource, session: str, store: SqliteStore, clock: Clock = utc_now
    ) -> None:
        self.settings = ClientSettings(
            f"{session}{FIRM}N", "OP1", "G", "US,NY", "gatepass", "demo", "ACME"
        )
        self.store = store
        self.clock = clock
        self.attempts = MemoryAttempts()
        self.port = 0
        self._reports: list[Report] = []
        self.gateway = Gateway(keys, Kind.parse("cgw"), report=self._reports.append, clock=clock)

    async def open(self) -> None:
        """Listen on a free port."""
        self.port = await self.gateway.listen(HOST, 0)

    async def log_on(self, keys: KeySource | KeyRing, *, in_session: bool = False) -> Talk:
        """Log on and out with the stored sequence numbers, and record the conversation."""
        talk = Talk()
        self._reports.clear()
        try:
            async with connect(
                HOST,
                self.port,
                self.settings,
                keys,
                self.store,
                trace=lambda sent, wire: talk.said.append(Said.of(self.clock(), sent, wire)),
                clock=self.clock,
                clock_policy=ClockPolicy.IGNORE,
                # Refusals of the demo must not count against the user's real logons.
                attempts=self.attempts,
            ) as link:
                await asyncio.sleep(SETTLE)
                if in_session:
                    await link.log_on(Scenario.IN_SESSION)
                    await asyncio.sleep(SETTLE)
        except LogonFailedError as error:
            talk.told = error.text if isinstance(error, LogonRefusedError) else str(error)
        talk.reasons = [report.detail for report in self._reports if report.what == Event.REFUSED]
        return talk


def tell_live(path: Path, pair: IssuedPair) -> Iterator[Step]:
    """Log on in every way with the key file at `path`, which contains only `pair` so far."""
    state, own = path.with_name("state.sqlite"), KeyFile(path)
    theirs = KeyFile(path, diagnosis=True)
    with (
        closing(SqliteStore(state, f"{pair.session}{FIRM}")) as store,
        gateway_up(Rehearsal(theirs, pair.session, store)) as (rehearsal, log_on),
    ):
        yield Step(
            name="gateway",
            title="Start a gateway on this machine; it checks Logons as CME Globex does",
            ok=rehearsal.port > 0,
            show=lambda console: print_all(
                console, text(f"listening on {HOST}:{rehearsal.port}, with the key file of step 1")
            ),
            data={"host": HOST, "port": rehearsal.port},
        )
        yield from _tell_a_week(log_on, own, pair)
        write_key_file(path, [pair, second := _second(pair)])
        talk = log_on(own)
        yield talk_step(
            "key rotation",
            "Add a second pair to the key file: both sides use it without a restart",
            talk,
            talk.is_clean and talk.signed_with == second.access_key_id,
        )
        talk = log_on(own, in_session=True)
        yield talk_step(
            "in-session reset",
            "Log on, then log on again in session: the sequence numbers restart at 1",
            talk,
            talk.is_clean and talk.has(141, "Y", sent=True) and talk.has(141, "Y", sent=False),
        )


def _tell_a_week(log_on: Callable[..., Talk], own: KeySource, pair: IssuedPair) -> Iterator[Step]:
    # The right Access Key ID with another secret key: only the signature is wrong.
    wrong = KeyRing([replace(pair, secret=SecretKey.generate()).key_pair()])
    talk = log_on(own)
    yield talk_step("beginning of week", "Log on for the first time this week", talk, talk.is_clean)
    talk = log_on(wrong)
    yield talk_step(
        "wrong key",
        "Log on with a wrong secret key: it is refused, and only the gateway knows why",
        talk,
        talk.told is not None and len(talk.reasons) == 1 and "signature" in talk.reasons[0],
    )
    talk = log_on(own)
    yield talk_step(
        "mid-week", "Log on in mid-week: the sequence numbers continue", talk, talk.is_clean
    )


def _second(pair: IssuedPair) -> IssuedPair:
    """Make the pair that replaces the first one."""
    expires = pair.expires + timedelta(days=1)
    return generate_pair(pair.session, pair.created, expires, pair.environment)


@contextmanager
def gateway_up(
    rehearsal: Rehearsal,
) -> Iterator[tuple[Rehearsal, Callable[..., Talk]]]:
    """Open the gateway, give a function that logs on and waits, and close the gateway.

    The event loop runs only during a logon, so pauses between two steps cause no timeouts.
    """
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(rehearsal.open())
        yield (
            rehearsal,
            lambda keys, **how: loop.run_until_complete(rehearsal.log_on(keys, **how)),
        )
    finally:
        loop.run_until_complete(rehearsal.gateway.close())
        loop.close()


def talk_step(name: str, title: str, talk: Talk, ok: bool) -> Step:
    """Return a step that shows the messages of a connection."""
    data: dict[str, object] = {
        "messages": [said.as_dict() for said in talk.said],
        "access_key_id": talk.signed_with,
        "told": talk.told,
        "reasons": talk.reasons,
    }
    return Step(name, title, ok, lambda console: _print(console, talk), data)


def _print(console: Console, talk: Talk) -> None:
    for said in talk.said:
        print_brief(console, said, SHOWN)
    if talk.told is not None:
        print_all(
            console,
            text(f"The client receives:  {talk.told}"),
            *(text(f"The gateway reports:  {reason}") for reason in talk.reasons),
        )
