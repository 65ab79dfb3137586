"""Measure everything and write the table of `benches/README.md`; exit 1 if a bar is not met.

Run ``python -m benches.table`` from the project's root, with gatepass installed and a Rust
toolchain. It takes about a minute. ``--check`` measures and prints, but leaves the file alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from benches.readme import write_part
from gatepass.bench import Row, machine, measure

CRITERION = Path(os.environ.get("CARGO_TARGET_DIR", "target"), "criterion", "signing")


def core_row() -> Row:
    """Compare the core with bare `ring` in one run of criterion, with the ratio it prints."""
    command = ["cargo", "bench", "--quiet", "-p", "gatepass-core"]
    answer = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE)

    def median(name: str) -> float:
        estimates = json.loads((CRITERION / name / "new" / "estimates.json").read_text())
        return float(estimates["median"]["point_estimate"])

    ratio = float(answer.stdout.rpartition("core / ring = ")[2].split()[0])
    name = "Rust core: canonicalise + sign + encode"
    against = "bare `ring::hmac::sign`, prepared key (criterion)"
    ours, bare = median("core_sign"), median("ring_sign")
    return Row(name, against, ours, bare, ratio, 1.25, higher_is_better=False)


def line(row: Row) -> str:
    """Return one row of the table."""
    sign = "≥" if row.higher_is_better else "≤"
    bar = "shown only" if row.bar is None else f"{sign} {row.bar:g}"
    outcome = "" if row.bar is None else "met" if row.met else "**not met**"
    times = f"{row.ours_ns:,.0f} | {row.theirs_ns:,.0f}"
    return f"| {row.path} | {row.against} | {times} | {row.ratio:.2f} | {bar} | {outcome} |"


def table(rows: list[Row]) -> str:
    """Return the table, with the machine."""
    facts = ", ".join(f"{name} {value}" for name, value in machine().items())
    head = "| path | against | ours, ns | theirs, ns | ratio | bar | |"
    return "\n".join([facts + ".", "", head, "|---" * 7 + "|", *map(line, rows)])


def main() -> int:
    """Measure, write, and return the exit code."""
    rows = [*measure(lambda text: print(f"measuring: {text}", file=sys.stderr)), core_row()]
    text = table(rows)
    print(text)
    if "--check" not in sys.argv:
        write_part("table", text)
    return 0 if all(row.met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
