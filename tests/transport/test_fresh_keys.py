"""Key pairs on an event loop: read in a thread, as rarely as possible, and never too early."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from gatepass.errors import KeySourceError
from gatepass.keys import FixedKeys, KeyFile, KeyRing, as_source, write_key_file
from gatepass.transport.fresh_keys import FreshKeys
from tests.keys.samples import NEW, OLD, OTHER
from tests.slow_keys import SlowKeys

ONE = KeyRing([OLD.key_pair()])
TWO = KeyRing([OLD.key_pair(), NEW.key_pair()])


def play(story: Callable[[SlowKeys, FreshKeys], Coroutine[Any, Any, None]]) -> SlowKeys:
    source = SlowKeys(ONE)

    async def main() -> None:
        keys = FreshKeys(source)
        try:
            await asyncio.wait_for(story(source, keys), 30)
        finally:
            source.release()
            await keys.close()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())
    return source


@pytest.mark.parametrize("source", [ONE, FixedKeys(ONE)])
def test_pairs_that_do_not_change_are_current(source: KeyRing | FixedKeys) -> None:
    keys = FreshKeys(as_source(source))
    assert keys.is_current()
    assert keys.ring is ONE


def test_a_source_that_cannot_tell_is_never_current_and_is_read_in_a_thread() -> None:
    async def story(source: SlowKeys, keys: FreshKeys) -> None:
        assert len(keys.ring) == 0
        for turn in (1, 2):
            assert not keys.is_current()
            await keys.refresh()
            assert keys.ring is ONE
            assert source.readings == turn

    source = play(story)
    assert threading.get_ident() not in source.threads


def test_a_file_is_read_only_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    write_key_file(path, [OLD])

    async def story() -> None:
        file = KeyFile(path)
        keys = FreshKeys(file)
        assert keys.ring is file.ring_at_hand
        write_key_file(path, [OLD, OTHER])
        assert not keys.is_current()
        assert len(keys.ring) == 1
        await keys.refresh()
        assert keys.ring is file.ring_at_hand
        assert len(keys.ring) == 2

    asyncio.run(story())


def test_a_thousand_callers_at_once_cost_one_reading_and_later_ones_one_more() -> None:
    async def story(source: SlowKeys, keys: FreshKeys) -> None:
        source.hold()
        early = [asyncio.ensure_future(keys.refresh()) for _ in range(1000)]
        await source.begun()
        late = [asyncio.ensure_future(keys.refresh()) for _ in range(1000)]
        await asyncio.sleep(0)
        source.release()
        await asyncio.gather(*early, *late)
        assert source.readings == 2

    play(story)


def test_a_caller_gets_a_reading_that_begins_after_its_call() -> None:
    async def story(source: SlowKeys, keys: FreshKeys) -> None:
        source.hold()
        early = asyncio.ensure_future(keys.refresh())
        await source.begun()
        source.kept = TWO  # too late for the reading under way
        late = asyncio.ensure_future(keys.refresh())
        source.release()
        await early
        assert not late.done()
        await late
        assert keys.ring is TWO

    play(story)


def test_a_source_that_fails_raises_for_every_caller_and_keeps_the_ring() -> None:
    async def story(source: SlowKeys, keys: FreshKeys) -> None:
        await keys.refresh()
        source.problem = KeySourceError("gone")
        found = await asyncio.gather(*(keys.refresh() for _ in range(3)), return_exceptions=True)
        assert found == [source.problem] * 3
        assert keys.ring is ONE
        source.problem, source.kept = None, TWO
        await keys.refresh()
        assert keys.ring is TWO

    play(story)


def test_a_failure_after_the_caller_has_gone_logs_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(source: SlowKeys, keys: FreshKeys) -> None:
        source.hold()
        source.problem = KeySourceError("gone")
        waiting = asyncio.ensure_future(keys.refresh())
        await source.begun()
        waiting.cancel()
        await asyncio.wait([waiting])
        source.release()
        source.problem = None
        await keys.refresh()

    play(story)
    gc.collect()
    assert caplog.records == []


def test_closing_does_not_wait_for_a_reading() -> None:
    async def story(source: SlowKeys, keys: FreshKeys) -> None:
        source.hold()
        waiting = [asyncio.ensure_future(keys.refresh())]
        await source.begun()
        waiting.append(asyncio.ensure_future(keys.refresh()))
        await asyncio.sleep(0)
        await keys.close()
        await asyncio.wait(waiting)
        assert all(task.cancelled() for task in waiting)
        source.release()
        await keys.refresh()
        assert keys.ring is ONE

    play(story)
