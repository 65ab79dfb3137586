"""Measure ratios in one run: both sides in turn, after a warm-up, as the median of many rounds.

Absolute times vary from run to run; the ratio of two neighbouring measurements does not. A side
that gives a wrong result is never timed.
"""

from __future__ import annotations

import os
import platform
import ssl
import statistics
import timeit
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gatepass._native import BUILD_PROFILE, VERSION, SigningKey, measure_core, verify_batch
from gatepass.bench.paths import Path, paths
from gatepass.bench.samples import ACCESS_KEY_ID, SECRET, VALUES, make_batch, make_samples
from gatepass.errors import GatepassError

ROUNDS = 31
LOOPS = 2000
BATCH = 100_000
BATCH_ROUNDS = 9


@dataclass(frozen=True, slots=True)
class Row:
    """One measured ratio and its target, `bar`.

    Times are medians in nanoseconds per logon. `bar` is ``None`` for a row that is only shown.
    """

    path: str
    against: str
    ours_ns: float
    theirs_ns: float
    ratio: float
    bar: float | None
    higher_is_better: bool = True

    @property
    def met(self) -> bool:
        """Whether the ratio reaches its target."""
        if self.bar is None:
            return True
        return self.ratio >= self.bar if self.higher_is_better else self.ratio <= self.bar


def machine() -> dict[str, str]:
    """Describe the machine and the software that are measured."""
    return {
        "gatepass": f"{VERSION} ({BUILD_PROFILE})",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "openssl": ssl.OPENSSL_VERSION,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(os.cpu_count()),
    }


def measure(progress: Callable[[str], None] = lambda _text: None) -> list[Row]:
    """Measure every path; takes about ten seconds. `progress` gets each path's name first.

    Raises `GatepassError` for a debug build, which is about thirty times slower.
    """
    if BUILD_PROFILE != "release":
        raise GatepassError("this is a debug build: install with `pip install .`, then measure")
    samples = make_samples()
    rows = []
    for path in paths(samples):
        progress(path.name)
        rows.append(_measure_path(path))
    progress("Rust core")
    rows.append(_measure_core())
    progress(f"batch of {BATCH:,}")
    rows.append(_measure_batch(make_batch(samples.key, BATCH), {ACCESS_KEY_ID: samples.key}))
    return rows


def _measure_path(path: Path) -> Row:
    expected = path.expected
    ours = timeit.Timer(path.ours, path.setup, globals=path.names)
    theirs = timeit.Timer(path.theirs, path.setup, globals=path.names)
    for side in (path.ours, path.theirs):
        scope = dict(path.names)
        exec(path.setup, scope)  # noqa: S102 - the statements are this package's own
        if eval(side, scope) != expected:  # noqa: S307
            raise GatepassError(f"{path.name}: {side} gives a wrong result, so it is not timed")
    ours.timeit(LOOPS)
    theirs.timeit(LOOPS)
    rounds = [(ours.timeit(LOOPS), theirs.timeit(LOOPS)) for _ in range(ROUNDS)]
    scale = 1e9 / LOOPS
    ratio = statistics.median(t / o for o, t in rounds)
    return Row(
        path.name,
        path.against,
        statistics.median(o for o, _ in rounds) * scale,
        statistics.median(t for _, t in rounds) * scale,
        ratio,
        path.bar,
    )


def _measure_core() -> Row:
    rounds = measure_core(SECRET, VALUES, ROUNDS, 20 * LOOPS)[1:]
    return Row(
        "Rust core: canonicalise + sign + encode",
        "the bare MAC over ready bytes",
        statistics.median(whole for _, whole in rounds),
        statistics.median(bare for bare, _ in rounds),
        statistics.median(whole / bare for bare, whole in rounds),
        1.25,
        higher_is_better=False,
    )


def _measure_batch(logons: Sequence[bytes], keys: dict[str, SigningKey]) -> Row:
    def run(threads: int) -> float:
        started = timeit.default_timer()
        codes = verify_batch(keys, logons, threads)
        elapsed = timeit.default_timer() - started
        if any(codes):
            raise GatepassError("batch: a valid Logon was refused, so it is not timed")
        return elapsed

    run(2)
    run(1)
    rounds = [(run(2), run(1)) for _ in range(BATCH_ROUNDS)]
    scale = 1e9 / len(logons)
    return Row(
        f"verify a batch of {len(logons):,}, 2 threads",
        "one thread",
        statistics.median(two for two, _ in rounds) * scale,
        statistics.median(one for _, one in rounds) * scale,
        statistics.median(one / two for two, one in rounds),
        1.8,
    )


def _processor() -> str:
    """The processor's name, if the system provides it."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as info:  # noqa: PTH123
            names = [line.partition(":")[2].strip() for line in info if line.startswith("model n")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or "unknown"
