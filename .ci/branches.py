"""Fail where the tests reach fewer than 98 % of a folder's branches; reads coverage's JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

FOLDERS = ("keys", "signing", "session", "fix")
LEAST = 98.0


def reached(files: dict[str, dict[str, dict[str, int]]], folder: str) -> float:
    """Give how many branches of a folder's files are reached, in percent."""
    found = [file["summary"] for path, file in files.items() if f"gatepass/{folder}/" in path]
    branches = sum(summary["num_branches"] for summary in found)
    return 100 * sum(summary["covered_branches"] for summary in found) / branches


def main(path: str) -> int:
    """Print each folder's share; give 1 if one is below `LEAST`."""
    files = json.loads(Path(path).read_text(encoding="utf-8"))["files"]
    shares = {folder: reached(files, folder) for folder in FOLDERS}
    for folder, share in shares.items():
        sys.stdout.write(f"gatepass/{folder}: {share:.1f} % of branches, at least {LEAST:g} %\n")
    return int(min(shares.values()) < LEAST)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
