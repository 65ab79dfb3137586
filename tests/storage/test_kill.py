"""A writer that is killed at random instants never reuses, skips or loses a number."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from gatepass.storage import SqliteStore

WRITER = Path(__file__).with_name("writer.py")
KILLS = 25


def lines_until_killed(path: Path, count: int, size: int) -> list[tuple[str, int]]:
    """Run the writer, kill it after ``count`` of its lines, and return everything it wrote."""
    words = [sys.executable, str(WRITER), str(path), str(size)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as it:
        assert it.stdout is not None
        lines = [it.stdout.readline() for _ in range(count)]
        it.kill()  # at any point: it has not waited for the reader
        lines += it.stdout.readlines()
    return [(line.split()[0].decode(), int(line.split()[1])) for line in lines if line]


@pytest.mark.parametrize("size", [1, 20])
def test_a_kill_at_any_instant_loses_no_number(tmp_path: Path, size: int) -> None:
    chance = random.Random(20260304)  # noqa: S311 - no secret
    path = tmp_path / "session.sqlite"
    lives = [lines_until_killed(path, chance.randint(1, 200), size) for _ in range(KILLS)]
    lines = [line for life in lives for line in life]
    store = SqliteStore(path, "ABC123")
    numbers = store.load()

    sent = [number for word, number in lines if word == "sent"]
    assert len(sent) > KILLS
    assert sent == sorted(set(sent)), "a number was used twice"
    # Messages that were saved but not sent can be resent: no number is missing.
    kept = store.sent(1, numbers.next_out)
    assert [message.number for message in kept] == list(range(1, numbers.next_out))
    assert all(message.wire == b"message %d" % message.number for message in kept)
    unsent = set(range(1, numbers.next_out)) - set(sent)
    assert len(unsent) <= KILLS * size, "a kill may cost only what was saved together"

    waiting = [message.number for message in store.undelivered()]
    delivered = [number for word, number in lines if word == "delivered"]
    assert sorted({*delivered, *waiting}) == list(range(1, numbers.next_in)), "one was lost"
    # At most twice if a process ended in between: it is the first one of the next process.
    firsts = [next((n for word, n in life if word == "delivered"), None) for life in lives[1:]]
    twice = {number for number in delivered if delivered.count(number) > 1}
    assert twice <= set(firsts)
    store.close()
