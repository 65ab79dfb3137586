"""The table: the measurements and the bars."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benches.center.processes import Shares


@dataclass(frozen=True)
class Figure:
    """Requests per second of one measurement, the milliseconds of each, and the use of cores."""

    name: str
    rate: float
    times: list[float]
    shares: Shares

    def quantile(self, part: float) -> float:
        """Return the milliseconds that this part of the requests stayed below, 0 without times."""
        return sorted(self.times)[int(part * (len(self.times) - 1))] if self.times else 0.0

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {value:.2f}" for name, value in vars(self.shares).items())
        return (
            f"{self.name}: {self.rate:.0f}/s, p50 {self.quantile(0.5):.1f} ms,"
            f" p99 {self.quantile(0.99):.1f} ms; {parts}"
        )


@dataclass(frozen=True)
class Bar:
    """What a measurement must reach: requests per second, or milliseconds in 99 of 100."""

    rate: float | None = None
    p99: float | None = None

    def met(self, figures: Sequence[Figure]) -> bool:
        return (self.rate is None or _median(figures, lambda f: f.rate) >= self.rate) and (
            self.p99 is None or _median(figures, lambda f: f.quantile(0.99)) < self.p99
        )

    def __str__(self) -> str:
        return f"≥ {self.rate:,g} per second" if self.rate else f"p99 < {self.p99:g} ms"


BARS = {
    "generate over HTTP": Bar(rate=200),
    "generate, the function": Bar(rate=200),
    "status of a key pair": Bar(rate=1000),
    "status of a session": Bar(rate=1000),
    "list of sessions, all pages": Bar(p99=150),
    "list of sessions, a search": Bar(p99=150),
}

_COLUMNS: dict[str, Callable[[Figure], float]] = {
    "p50, ms": lambda f: f.quantile(0.5),
    "p99, ms": lambda f: f.quantile(0.99),
    "cores: Python": lambda f: f.shares.python,
    "PostgreSQL": lambda f: f.shares.database,
    "clients": lambda f: f.shares.load,
    "others": lambda f: f.shares.others,
    "load average": lambda f: f.shares.load_average,
}


def table(results: Mapping[str, Sequence[Figure]]) -> str:
    """The table in Markdown."""
    head = f"| | bar | per second | {' | '.join(_COLUMNS)} | |"
    lines = [head, "|---" * (4 + len(_COLUMNS)) + "|"]
    for name, figures in results.items():
        bar = BARS[name]
        rates = [figure.rate for figure in figures]
        rate = f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"
        cells = [_cell(figures, read) for read in _COLUMNS.values()]
        outcome = "met" if bar.met(figures) else "**not met**"
        lines.append(f"| {name} | {bar} | {rate} | {' | '.join(cells)} | {outcome} |")
    return "\n".join(lines)


def all_met(results: Mapping[str, Sequence[Figure]]) -> bool:
    """Whether every bar is met."""
    return all(BARS[name].met(figures) for name, figures in results.items())


def _cell(figures: Sequence[Figure], read: Callable[[Figure], float]) -> str:
    value = _median(figures, read)
    return f"{value:,.2f}" if value else ""


def _median(figures: Sequence[Figure], read: Callable[[Figure], float]) -> float:
    return statistics.median(map(read, figures))
