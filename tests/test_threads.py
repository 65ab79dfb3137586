"""Many threads share a signer, a key, a framer or a key file, and every answer is right."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from gatepass import AccessKeyId, KeyFile, KeyRing, LogonSigner, LogonVerifier, SigningKey, explain
from gatepass._native import Framer, Logon, canonical_string, verify_batch
from gatepass.keys import IssuedPair, SecretKey, SessionId, write_key_file
from tests import oracle
from tests.fix.samples import (
    AT,
    FIELDS,
    KEY_ID,
    KEYS,
    RAW,
    SECRET,
    SIBLING_ID,
    SIBLING_SECRET,
    SIGNED,
    changed,
    message,
)

THREADS = 8
ROUNDS = 150
KEY = SigningKey(SECRET)
RAWS = [changed(RAW, t34=str(number)) for number in range(1, THREADS + 1)]
EXPECTED = [oracle.sign(SECRET, KEY_ID, raw) for raw in RAWS]


@pytest.fixture(autouse=True)
def busy_switching() -> object:
    """Make the interpreter switch threads as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(work: Callable[[int], None]) -> None:
    """Run `work` on all threads at once, and raise what any of them raised."""
    barrier = threading.Barrier(THREADS)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        barrier.wait()
        try:
            for _ in range(ROUNDS):
                work(number)
        except BaseException as error:  # noqa: BLE001 - it is raised below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_threads_share_a_signer() -> None:
    signer = LogonSigner(KEYS)

    def work(number: int) -> None:
        assert signer.sign(RAWS[number], at=AT) == EXPECTED[number]
        values = {int(tag): value for tag, value in FIELDS.items()} | {34: str(number + 1)}
        signature = signer.sign_fields(values, at=AT).signature
        assert EXPECTED[number][-51:-8] == signature.encode()

    in_threads(work)


def test_threads_share_a_key() -> None:
    def work(number: int) -> None:
        signed = KEY.sign_logon(KEY_ID, RAWS[number])
        assert signed == EXPECTED[number]
        assert KEY.verify_logon(signed)
        assert not KEY.verify_logon(changed(signed, t34="99"))
        values = {**FIELDS, "34": str(number + 1)}
        text = canonical_string("fix-logon", list(values.values()))
        assert KEY.verify(text, KEY.sign(text))

    in_threads(work)


def test_threads_share_a_verifier() -> None:
    verifier = LogonVerifier(KEYS)

    def work(number: int) -> None:
        assert verifier.verify(EXPECTED[number], at=AT).valid
        assert not verifier.verify(RAWS[number], at=AT).valid
        assert explain(EXPECTED[number], KEYS, at=AT, verifier=verifier).cause is None

    in_threads(work)


def test_threads_share_a_logon() -> None:
    logon = Logon(SIGNED)

    def work(_: int) -> None:
        assert KEY.verify(logon.canonical, logon.signature)
        assert logon.with_credentials(KEY_ID, logon.signature) == SIGNED

    in_threads(work)


def test_batches_run_at_the_same_time() -> None:
    batch, codes = [*EXPECTED, RAW, SIGNED[:-1]] * 5, b"\0" * THREADS + b"\1\1"

    def work(number: int) -> None:
        assert verify_batch({KEY_ID: KEY}, batch, 1 + number % 3) == codes * 5

    in_threads(work)


def test_a_key_file_is_reloaded_while_threads_sign(tmp_path: Path) -> None:
    def issued(key_id: str, secret: str, created: date) -> IssuedPair:
        names = (SessionId("B08"), AccessKeyId(key_id), SecretKey(secret))
        return IssuedPair(*names, created, date(2018, 6, 23))

    old = issued(SIBLING_ID, SIBLING_SECRET, date(2017, 1, 1))
    new = issued(KEY_ID, SECRET, date(2017, 6, 23))
    states = [[old], [old, new], [new]]
    path = tmp_path / "keys.txt"
    write_key_file(path, [old])
    keys = KeyFile(path)
    signer, verifier = LogonSigner(keys), LogonVerifier(KEYS)
    done = threading.Event()
    used: set[bytes] = set()

    def reload() -> None:
        turn = 0
        while not done.is_set():
            turn += 1
            write_key_file(path, states[turn % 3])
            keys.reload()

    def work(number: int) -> None:
        signed = signer.sign(RAWS[number], at=AT)
        # Always one complete pair: never the name of one with the secret of the other.
        assert verifier.verify(signed, at=AT).valid
        used.add(Logon(signed).access_key_id)
        ring = keys.ring
        assert [pair.access_key_id for pair in ring] in [
            [p.access_key_id for p in s] for s in states
        ]

    reloader = threading.Thread(target=reload)
    reloader.start()
    try:
        in_threads(work)
    finally:
        done.set()
        reloader.join()
    assert used == {SIBLING_ID.encode(), KEY_ID.encode()}


def test_a_ring_may_be_swapped_while_a_signer_uses_it(tmp_path: Path) -> None:
    class Swapping:
        """A source with another ring each time."""

        turn = 0

        @property
        def ring(self) -> KeyRing:
            self.turn += 1
            return KeyRing(list(KEYS)[:: 1 if self.turn % 2 else -1])

    signer = LogonSigner(Swapping())

    def work(number: int) -> None:
        assert signer.sign(RAWS[number], at=AT) == EXPECTED[number]

    in_threads(work)


SHARED_FRAMER = """
import gc, sys, threading
from gatepass._native import Framer

class Loop:
    "Garbage whose finalizer lets other threads run."
    def __init__(self):
        self.me = self
    def __del__(self):
        for _ in range(30):
            pass

def feed():
    for _ in range(400):
        Loop()
        for event in framer.feed(MESSAGE + b"rubbish" + MESSAGE):
            counts.append(event == MESSAGE)
        framer.pending

MESSAGE = b"8=FIX.4.2\\x019=5\\x0135=0\\x0110=161\\x01"
counts = []
framer = Framer()
sys.setswitchinterval(1e-6)
gc.set_threshold(3)
threads = [threading.Thread(target=feed) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(counts), sum(counts), framer.pending)
"""


def test_threads_share_a_framer() -> None:
    # In a separate process: a deadlock of its lock and Python's would hang the whole suite.
    done = subprocess.run(
        [sys.executable, "-c", SHARED_FRAMER],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.split() == [str(8 * 400 * 3), str(8 * 400 * 2), "0"]


def test_each_thread_gets_the_events_of_its_own_bytes() -> None:
    framer = Framer()
    messages = [message([("35", "0"), ("34", str(number))]) for number in range(THREADS)]

    def work(number: int) -> None:
        assert framer.feed(messages[number] * 3) == [messages[number]] * 3

    in_threads(work)
    assert framer.pending == 0
