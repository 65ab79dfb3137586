"""Memory does not grow with a million signatures, or with thousands of errors."""

from __future__ import annotations

import gc
import subprocess
import sys
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: How much a process may grow after warming up. If each signature leaked, it would be 80 MB.
MAX_GROWTH = 2 * 1024 * 1024

#: Signs, verifies and fails in all ways; ``signatures`` is how many signatures one turn makes.
WORK = """
from gatepass import KeyRing, LogonSigner, LogonVerifier, SigningKey, explain
from gatepass._native import Framer, Logon, canonical_string, scan, verify_batch
from gatepass.errors import GatepassError
from gatepass.fix.notation import read_lines
from tests.fix.samples import AT, FIELDS, KEY, KEYS, KEY_ID, RAW, SECRET, SIGNED, changed

BROKEN = [b"", RAW[:-1], RAW + RAW, changed(RAW, t50=""), changed(SIGNED, t1402="x" * 43)]
VALUES = tuple(FIELDS.values())
BY_TAG = {int(tag): value for tag, value in FIELDS.items()}
signer, verifier, framer = LogonSigner(KEYS), LogonVerifier(KEYS), Framer()

def refused(call, *arguments):
    try:
        call(*arguments)
    except GatepassError as error:
        str(error)

def sign(turns):
    for _ in range(turns):
        KEY.sign_fields(*VALUES)

def sign_messages(turns):
    for _ in range(turns):
        KEY.sign_logon(KEY_ID, RAW)

def sign_through_the_ring(turns):
    for _ in range(turns):
        signer.sign(RAW, at=AT)

def everything_else(turns):
    for _ in range(turns):
        signer.sign_fields(BY_TAG, at=AT)
        verifier.verify(SIGNED, at=AT)
        explain(changed(SIGNED, t34="2"), KEYS, at=AT)
        verify_batch({KEY_ID: KEY}, [SIGNED, *BROKEN], 2)
        SigningKey(SECRET).verify_logon(SIGNED)
        framer.feed(SIGNED + b"rubbish" + SIGNED[:50])
        framer.feed(SIGNED[50:])
        list(read_lines(RAW))
        scan(SIGNED)
        for broken in BROKEN:
            for call in (Logon, KEY.verify_logon, signer.sign, scan):
                refused(call, broken)
            verifier.verify(broken, at=AT)
            explain(broken, KEYS, at=AT)
            refused(KEY.sign_logon, KEY_ID, broken)
        refused(SigningKey, SECRET[:-1])
        refused(KEY.sign_fields, *VALUES[:-1], "")
        refused(canonical_string, "fix-logon", [None] * 11)
"""

RESIDENT = (
    WORK
    + """
import gc, sys, tracemalloc

def resident():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line[:6] == "VmRSS:") * 1024
    except FileNotFoundError:
        return tracemalloc.get_traced_memory()[0]

if sys.platform != "linux":
    tracemalloc.start()
name, turns = sys.argv[1], int(sys.argv[2])
work = globals()[name]
work(turns // 10)
gc.collect()
before = resident()
work(turns)
gc.collect()
print(resident() - before)
"""
)


@pytest.mark.parametrize(
    ("work", "turns"),
    [
        ("sign", 1_000_000),
        ("sign_messages", 1_000_000),
        ("sign_through_the_ring", 100_000),
        ("everything_else", 800),
    ],
)
def test_a_million_signatures_do_not_grow_memory(work: str, turns: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RESIDENT, work, str(turns)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        cwd=ROOT,
    )
    assert int(done.stdout) < MAX_GROWTH


@pytest.mark.parametrize(
    "work", ["sign", "sign_messages", "sign_through_the_ring", "everything_else"]
)
def test_no_python_object_is_kept(work: str) -> None:
    names: dict[str, object] = {}
    exec(WORK, names)  # noqa: S102
    run = names[work]
    assert callable(run)
    run(1)
    tracemalloc.start()
    try:
        sizes = [traced() for _ in range(5) if run(100) is None]
    finally:
        tracemalloc.stop()
    # What the interpreter keeps for its own reuse stops growing; a leak grows every time. The 32
    # bytes of a signature are an object of 65.
    assert min(after - before for before, after in pairwise(sizes)) < 100 * 65


def traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
