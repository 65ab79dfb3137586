"""The example that stays logged on sends every order once, however the sessions end."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import stay_on
from gatepass.client import BackOff, connect
from gatepass.gateway import Gateway, Kind, Report
from gatepass.keys import KeyRing, write_key_file
from tests.cli.gateways import fresh_pair
from tests.client.test_fault_tolerance import NAME, RING, Stage, play
from tests.rehearsal.test_alterations import US


@settings(max_examples=60, deadline=None)
@given(
    ends=st.lists(
        st.tuples(st.sampled_from(["logout", "cut", "drop"]), st.floats(0, 3)), max_size=4
    ),
    count=st.integers(0, 12),
    pause=st.sampled_from([0.0, 0.3]),
)
def test_each_order_arrives_once_however_the_sessions_end(
    ends: list[tuple[str, float]], count: int, pause: float
) -> None:
    meant = [str(number) for number in range(count)]

    async def trouble(stage: Stage) -> None:
        for end, after in ends:
            await asyncio.sleep(after)
            for side in list(stage.gateway.connections):
                if end == "logout":
                    side.force_out("for a test")
                elif end == "cut":
                    side.abort()
                else:
                    side.close()

    async def script(stage: Stage) -> None:
        stage.gateway.application = lambda _name, message: stage.arrived.append(
            message.get(11) or ""
        )
        making = asyncio.create_task(trouble(stage))
        links = connect(
            "127.0.0.1",
            stage.ports[0],
            US,
            RING,
            stage.store,
            clock=stage.loop.clock,
            back_off=BackOff(0.1, 1.0),
        )
        orders = deque(meant)
        await stay_on.stay_on(links, orders, pause)
        await making
        assert not orders
        # The last order may have been lost; the next session resends it.
        async for _ in connect(
            "127.0.0.1", stage.ports[0], US, RING, stage.store, clock=stage.loop.clock
        ):
            await asyncio.sleep(60.0)
        here, there = stage.store.load(), stage.gateway.account(NAME).store.load()
        assert (here.next_out, here.next_in) == (there.next_in, there.next_out)

    assert play(script).arrived == meant


@pytest.mark.parametrize("known", [True, False])
def test_the_program_ends_when_all_orders_are_sent_or_the_logon_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    pair = fresh_pair()
    write_key_file(tmp_path / "keys.txt", [pair])
    ring = KeyRing([(pair if known else fresh_pair()).key_pair()])
    arrived: list[str] = []

    async def story() -> int:
        gateway = Gateway(
            ring,
            Kind.parse("cgw"),
            application=lambda _name, message: arrived.append(message.get(11) or ""),
        )
        port = await gateway.listen("127.0.0.1", 0)
        words = ["--keys", str(tmp_path / "keys.txt"), "--sender-comp-id", "ABC123N"]
        words += ["--state", str(tmp_path / "state.sqlite"), "--orders", "1"]
        monkeypatch.setattr(sys, "argv", ["stay_on", f"127.0.0.1:{port}", *words])
        code = await asyncio.to_thread(stay_on.main)
        await gateway.close()
        return code

    assert asyncio.run(story()) == (0 if known else 1)
    assert arrived == (["0"] if known else [])


def test_ctrl_c_logs_the_session_out(tmp_path: Path) -> None:
    pair = fresh_pair()
    write_key_file(tmp_path / "keys.txt", [pair])

    async def story() -> tuple[int | None, str]:
        arrived = asyncio.Event()
        gateway = Gateway(
            KeyRing([pair.key_pair()]),
            Kind.parse("cgw"),
            report=said.append,
            application=lambda _name, _message: arrived.set(),
        )
        port = await gateway.listen("127.0.0.1", 0)
        words = ["--keys", str(tmp_path / "keys.txt"), "--sender-comp-id", "ABC123N"]
        words += ["--state", str(tmp_path / "state.sqlite"), "--orders", "99"]
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "examples.stay_on", f"127.0.0.1:{port}", *words),
            cwd=Path(stay_on.__file__).parents[1],
            # It can be interrupted even if the tests ignore SIGINT, as background jobs do.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            stderr=asyncio.subprocess.PIPE,
        )
        await arrived.wait()
        program.send_signal(signal.SIGINT)
        _, errors = await program.communicate()
        await gateway.close()
        return program.returncode, errors.decode()

    said: list[Report] = []
    code, errors = asyncio.run(story())
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].endswith(" orders were not sent")
    assert code == 1
    assert [report.what for report in said][-2:] == ["logout", "close"]
