"""How much of this machine's processors other programs used, apart from our processes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

#: In /proc/stat: user, nice, system; in a process' stat: utime, stime.
_ALL, _ONE = slice(1, 4), slice(11, 13)


class Others:
    """Measures from its creation on. Linux only; a process counts until it is waited for."""

    def __init__(self, ours: Sequence[int]) -> None:
        self._ours = (*ours, os.getpid())
        self._before = self._used()
        self._begun = os.times().elapsed

    def share(self) -> float:
        """Return the share of all processors that others used, from 0 to 1."""
        seconds = (self._used() - self._before) / os.sysconf("SC_CLK_TCK")
        return max(0.0, seconds / (os.times().elapsed - self._begun) / (os.cpu_count() or 1))

    def _used(self) -> int:
        fields = Path("/proc/stat").read_text().splitlines()[0].split()
        return sum(map(int, fields[_ALL])) - sum(map(_ticks, self._ours))


def _ticks(pid: int) -> int:
    # The process name may contain blanks and brackets.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[_ONE]))
