"""The table: the figures of each engine in one run of the program, and the bars."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benches.load.run import Figures, Plan


@dataclass(frozen=True)
class Row:
    """A figure: how it is read from a run, and its bar."""

    name: str
    read: Callable[[Figures], float]
    places: int = 0
    at_least: float | None = None
    at_most: float | None = None

    @property
    def bar(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:,g}"
        return "" if self.at_most is None else f"≤ {self.at_most:,g}"

    def value(self, runs: Sequence[Figures]) -> float:
        """The median of the runs."""
        return statistics.median(self.read(figures) for figures in runs)

    def met(self, runs: Sequence[Figures]) -> bool:
        value = self.value(runs)
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    def cell(self, runs: Sequence[Figures]) -> str:
        """The median, with the lowest and the highest of several runs."""
        values = [self.read(figures) for figures in runs]
        text = f"{self.value(runs):,.{self.places}f}"
        if len(values) > 1:
            text += f" ({min(values):,.{self.places}f} to {max(values):,.{self.places}f})"
        return text if self.met(runs) else f"{text} **not met**"


#: Rows for every run.
RUN_ROWS = (
    Row("full logons per second", lambda f: f.logons_per_second, at_least=1500),
    Row("… the acceptor's share of its core", lambda f: f.acceptor_share, 2),
    Row("… the generator's share of its core", lambda f: f.generator_share, 2),
    Row("round trip at the rate, p50, ms", lambda f: f.latencies.p50, 2),
    Row("… p99, ms", lambda f: f.latencies.p99, 2, at_most=20),
    Row("… p99 from when the logon was due, ms", lambda f: f.latencies.from_due_p99, 2),
    Row("… the generator's own lateness, p99, ms", lambda f: f.latencies.late_p99, 2),
    Row("control: lateness of an idle loop before, p99, ms", lambda f: f.idle_p99, 2),
    Row("control: cores used by other programs", lambda f: f.others, 2),
    Row("control: load average before", lambda f: f.load_average, 2),
    Row("resident KiB per session, all logged on", lambda f: f.kib_per_session, 1, at_most=25),
)


def hold_rows(plan: Plan) -> tuple[Row, ...]:
    """Return the rows for the last run, which has the hold."""
    every = plan.sessions
    beats = plan.heartbeats
    return (
        Row("sessions held", lambda f: f.held.sessions - f.held.lost, at_least=every),
        Row(
            f"… with {beats} or more heartbeats each way",
            lambda f: f.held.with_heartbeats,
            at_least=every,
        ),
        Row("… that answered a Test Request at the end", lambda f: f.held.answered, at_least=every),
        Row(
            "resident KiB per session, after the hold",
            lambda f: f.kib_per_session_held,
            1,
            None,
            25,
        ),
    )


def table(results: Mapping[str, Sequence[Figures]], plan: Plan) -> str:
    """The table in Markdown."""
    head = f"| | bar | {' | '.join(results)} |"
    lines = [head, "|---" * (2 + len(results)) + "|"]
    for row in RUN_ROWS:
        cells = " | ".join(row.cell(runs) for runs in results.values())
        lines.append(f"| {row.name} | {row.bar} | {cells} |")
    for row in hold_rows(plan):
        cells = " | ".join(row.cell(runs[-1:]) for runs in results.values())
        lines.append(f"| {row.name} | {row.bar} | {cells} |")
    return "\n".join(lines)


def all_met(runs: Sequence[Figures], plan: Plan) -> bool:
    """Whether an engine meets every bar."""
    return all(row.met(runs) for row in RUN_ROWS) and all(
        row.met(runs[-1:]) for row in hold_rows(plan)
    )
