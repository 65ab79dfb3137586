"""The two processes that are killed: a client and a gateway, each sending numbered texts."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from gatepass.client import BackOff, Link, connect
from gatepass.errors import BacklogError, GatepassError, NotLoggedOnError
from gatepass.fix import effects as fx
from gatepass.fix.message import Message
from gatepass.fix.settings import ClientSettings
from gatepass.fix.states import State
from gatepass.gateway import Gateway, Kind, Report, load_fault_plan
from gatepass.keys import KeyRing
from tests.faults.fast import FastClock
from tests.faults.records import Record, RecordingStore, next_payload

NAME = "ABC123"
SETTINGS = ClientSettings(f"{NAME}N", "OP1", "G", "US", "SYS", "1.0", "VENDOR", heart_bt_int=5)
#: Seconds of the session's time between two messages.
PACE = 0.3
#: Seconds that the client's application works on a message.
WORK = 0.1
#: Messages that each process sends at least, even if it must stop soon.
LEAST = 3


@dataclass(frozen=True)
class Stage:
    """All that the processes of a run share."""

    folder: Path
    port: int
    ring: KeyRing
    clock: FastClock

    @property
    def winding_up(self) -> bool:
        return (self.folder / "wind-up").exists()

    def record(self, name: str) -> Path:
        return self.folder / f"{name}.txt"


async def gateway(stage: Stage, plan: Path | None) -> None:
    record = Record(stage.record("gateway"))

    def report(said: Report) -> None:
        record.line("said", said.what, said.sender_comp_id, said.detail)

    def take(_name: str, message: Message) -> None:
        record.line("got", message.get(58), message.msg_seq_num, message.possibly_delivered)

    server = Gateway(
        stage.ring,
        Kind.parse("cgw"),
        report=report,
        store=lambda name: RecordingStore(stage.folder / "gateway.db", name, record),
        clock=stage.clock,
        application=take,
        faults=None if plan is None else load_fault_plan(plan),
    )
    await server.listen("127.0.0.1", stage.port)
    number = first = next_payload(stage.record("gateway"), "g")
    while True:
        await asyncio.sleep(PACE)
        if number < first + LEAST or not stage.winding_up:
            number = _emit(server, record, number)


def _emit(server: Gateway, record: Record, number: int) -> int:
    text = f"g{number}"
    record.line("meant", text)
    try:
        used = server.send(NAME, "n", [(58, text)])
    except (NotLoggedOnError, BacklogError):
        return number  # nothing was saved
    record.line("sent", text, used)
    return number + 1


async def client(stage: Stage) -> None:
    record = Record(stage.record("client"))

    def observe(effect: fx.Effect) -> None:
        if isinstance(effect, fx.NotResent):
            record.line("told", effect.number)

    store = RecordingStore(stage.folder / "client.db", NAME, record)
    while True:
        try:
            async for link in connect(
                "127.0.0.1",
                stage.port,
                SETTINGS,
                stage.ring,
                store,
                observe=observe,
                clock=stage.clock,
                back_off=BackOff(first=0.5, most=2.0),
            ):
                sending = asyncio.create_task(_send(stage, link, record))
                async for message in link.messages():
                    doubtful = message.possibly_delivered
                    record.line("got", message.get(58), message.msg_seq_num, doubtful)
                    await asyncio.sleep(WORK)
                sending.cancel()
        except GatepassError as error:
            record.line("said", type(error).__name__, error)
            await asyncio.sleep(1.0)


async def _send(stage: Stage, link: Link, record: Record) -> None:
    number = first = next_payload(stage.record("client"), "c")
    while True:
        await asyncio.sleep(PACE)
        if number >= first + LEAST and stage.winding_up:
            continue
        if link.session.state is not State.LOGGED_ON:
            return
        text = f"c{number}"
        record.line("meant", text)
        record.line("sent", text, link.send("D", [(58, text)]))
        number += 1
