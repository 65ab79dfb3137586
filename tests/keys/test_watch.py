"""A ring that follows its file without a restart, and never loads a partial file."""

from __future__ import annotations

import errno
import gc
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from gatepass.errors import KeyFileError, KeyFilePermissionError, KeySourceError
from gatepass.keys import (
    AccessKeyId,
    IssuedPair,
    KeyFile,
    KeyRing,
    SecretKey,
    format_key_file,
    reading,
    watch,
    write_key_file,
)
from tests.keys.samples import NEW, OLD, OTHER, Facts, facts, private_file, shares_run

LONG_AGO = 1_700_000_000
THIRD = replace(NEW, access_key_id=AccessKeyId("thirdthirdthirdthird"))


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stop the clocks, at a time before every file that is written now."""
    stopped = SimpleNamespace(time=lambda: LONG_AGO + 1000.0, monotonic=lambda: 50.0)
    monkeypatch.setattr(watch, "time", stopped)
    return stopped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return private_file(tmp_path / "keys.txt", format_key_file([OLD, NEW]))


def pairs_of(ring: KeyRing) -> set[Facts]:
    return {facts(pair) for pair in ring}


def expected(*pairs: IssuedPair) -> set[Facts]:
    return {facts(pair) for pair in pairs}


def rewrite(path: Path, content: str | bytes, *, still: bool) -> None:
    """Write a file in place; ``still`` gives it an old time."""
    private_file(path, content)
    if still:
        os.utime(path, (LONG_AGO, LONG_AGO))


def test_the_ring_contains_the_pairs_of_the_file(path: Path) -> None:
    keys = KeyFile(path)
    assert pairs_of(keys.ring) == expected(OLD, NEW)
    assert keys.path == path
    assert pairs_of(KeyFile(str(path)).ring) == expected(OLD, NEW)


def test_a_file_that_does_not_change_is_read_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(path, path.read_bytes(), still=True)
    keys = KeyFile(path)
    first = keys.ring

    def fail(*args: object, **kwargs: object) -> None:
        raise AssertionError("the file was read again")

    monkeypatch.setattr(watch, "read_snapshot", fail)
    assert keys.ring is first


@pytest.mark.parametrize("at", ["open", "dup"])
def test_a_file_that_could_not_be_opened_without_free_descriptors_is_read_later(
    path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    keys = KeyFile(path)
    rewrite(path, format_key_file([NEW]), still=True)

    def none_left(*_: object, **__: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    problems: list[KeySourceError] = []
    keys._on_problem = problems.append
    with monkeypatch.context() as short:
        short.setattr(os, at, none_left)
        for _ in range(3):
            assert pairs_of(keys.ring) == expected(OLD, NEW)
            gc.collect()  # a half-made object is freed without an error
    assert len(problems) == 1
    assert pairs_of(keys.ring) == expected(NEW)


def test_an_added_pair_is_loaded_at_once(path: Path) -> None:
    keys = KeyFile(path)
    rewrite(path, format_key_file([OLD, NEW, OTHER]), still=False)
    assert pairs_of(keys.ring) == expected(OLD, NEW, OTHER)


def test_a_rotation_is_loaded_when_the_file_has_not_changed_for_a_while(path: Path) -> None:
    keys = KeyFile(path)
    rewrite(path, format_key_file([NEW, THIRD]), still=False)
    assert pairs_of(keys.ring) == expected(OLD, NEW)
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert pairs_of(keys.ring) == expected(NEW, THIRD)


def test_a_replacement_by_renaming_is_loaded_at_once(path: Path) -> None:
    keys = KeyFile(path)
    for pairs in ([NEW, THIRD], [THIRD], [OTHER], [OLD, OTHER]):
        write_key_file(path, pairs)
        assert pairs_of(keys.ring) == expected(*pairs)


def test_a_file_that_is_written_in_place_of_another_is_not_loaded_at_once(path: Path) -> None:
    keys = KeyFile(path)
    path.rename(path.with_suffix(".old"))  # the new file gets another inode
    private_file(path, "")
    rewrite(path, format_key_file([NEW]), still=False)
    assert pairs_of(keys.ring) == expected(OLD, NEW)


def test_a_file_whose_last_line_was_deleted_has_no_pairs(path: Path) -> None:
    keys = KeyFile(path)
    header = format_key_file([OLD]).split("\n")[0] + "\n"
    rewrite(path, header, still=False)
    assert pairs_of(keys.ring) == expected(OLD, NEW)
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert pairs_of(keys.ring) == set()
    with pytest.raises(KeyFileError, match="no key pair"):
        KeyFile(path)


@pytest.mark.parametrize(
    ("age", "taken"), [(0.0, False), (watch.SETTLE_SECONDS - 0.25, False), (1.0, True)]
)
def test_a_file_is_complete_when_it_was_not_written_to_for_a_second(
    path: Path, age: float, taken: bool
) -> None:
    keys = KeyFile(path)
    private_file(path, format_key_file([NEW, THIRD]))
    os.utime(path, (LONG_AGO, LONG_AGO + 1000 - age))
    assert pairs_of(keys.ring) == (expected(NEW, THIRD) if taken else expected(OLD, NEW))


def test_reload_loads_a_rotation_at_once(path: Path) -> None:
    keys = KeyFile(path)
    rewrite(path, format_key_file([THIRD]), still=False)
    assert pairs_of(keys.reload()) == pairs_of(keys.ring) == expected(THIRD)


def test_a_replaced_file_is_noticed_even_with_the_same_size_and_time(path: Path) -> None:
    rewrite(path, format_key_file([OLD]), still=True)
    keys = KeyFile(path)
    assert pairs_of(keys.ring) == expected(OLD)
    other = path.with_name("other.txt")
    rewrite(other, format_key_file([NEW]), still=True)
    assert path.stat().st_size == other.stat().st_size
    other.replace(path)
    assert pairs_of(keys.ring) == expected(NEW)


def test_two_writes_within_one_tick_of_the_clock_are_both_noticed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a file system with coarse times: the file's state does not change.
    monkeypatch.setattr(reading, "identity_of", lambda status: (1, 1, status.st_size, 1))
    monkeypatch.setattr(watch, "identity_of", lambda status: (1, 1, status.st_size, 1))
    rewrite(path, format_key_file([OTHER]) + " " * 167, still=False)
    keys = KeyFile(path)
    assert pairs_of(keys.ring) == expected(OTHER)
    more = format_key_file([OTHER, replace(OTHER, access_key_id=THIRD.access_key_id)])
    rewrite(path, more.ljust(path.stat().st_size - 1) + "\n", still=False)
    assert len(keys.ring) == 2


def test_a_pair_with_a_new_secret_counts_as_altered(path: Path) -> None:
    keys = KeyFile(path)
    changed = replace(NEW, secret=SecretKey.generate())
    rewrite(path, format_key_file([OLD, changed]), still=False)
    assert pairs_of(keys.ring) == expected(OLD, NEW)
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert pairs_of(keys.ring) == expected(OLD, changed)


def test_a_file_cut_at_any_byte_never_gives_a_wrong_ring(path: Path) -> None:
    before = format_key_file([OLD, NEW])
    keys = KeyFile(path)
    for cut in range(len(before)):
        rewrite(path, before[:cut], still=False)
        assert pairs_of(keys.ring) == expected(OLD, NEW), cut
    rewrite(path, before, still=False)
    assert pairs_of(keys.ring) == expected(OLD, NEW)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_rewritten_byte_by_byte_never_gives_a_wrong_ring(path: Path, end: str) -> None:
    keys = KeyFile(path)
    after = format_key_file([NEW, THIRD]).replace("\n", end)
    for cut in range(len(after) + 1):
        rewrite(path, after[:cut], still=False)
        assert pairs_of(keys.ring) == expected(OLD, NEW), cut
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert pairs_of(keys.ring) == expected(NEW, THIRD)


def test_a_file_overwritten_byte_by_byte_never_gives_a_wrong_ring(path: Path) -> None:
    before = format_key_file([OLD, NEW])
    after = format_key_file([NEW, THIRD])
    keys = KeyFile(path)
    for cut in range(len(after) + 1):
        rewrite(path, after[:cut] + before[cut:], still=False)
        assert pairs_of(keys.ring) == expected(OLD, NEW), cut


def test_a_file_that_grows_byte_by_byte_never_gives_a_partial_pair(path: Path) -> None:
    whole = format_key_file([OLD, OTHER, NEW])
    start = len(format_key_file([OLD]))
    rewrite(path, whole[:start], still=False)
    keys = KeyFile(path)
    states = []
    for cut in range(start, len(whole) + 1):
        rewrite(path, whole[:cut], still=False)
        states.append(pairs_of(keys.ring))
    seen = [state for n, state in enumerate(states) if n == 0 or state != states[n - 1]]
    assert seen == [expected(OLD), expected(OLD, OTHER), expected(OLD, OTHER, NEW)]


def test_a_last_line_without_a_newline_is_loaded_after_a_while(path: Path) -> None:
    keys = KeyFile(path)
    rewrite(path, format_key_file([OLD, NEW, OTHER]).rstrip(), still=False)
    assert pairs_of(keys.ring) == expected(OLD, NEW)
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert pairs_of(keys.ring) == expected(OLD, NEW, OTHER)


def test_a_file_with_a_future_time_is_loaded_when_it_was_watched_long_enough(
    path: Path, clock: SimpleNamespace
) -> None:
    keys = KeyFile(path)
    rewrite(path, format_key_file([THIRD]), still=False)
    assert pairs_of(keys.ring) == expected(OLD, NEW)
    clock.monotonic = lambda: 50.0 + watch.SETTLE_SECONDS / 2
    assert pairs_of(keys.ring) == expected(OLD, NEW)
    clock.monotonic = lambda: 50.0 + watch.SETTLE_SECONDS
    assert pairs_of(keys.ring) == expected(THIRD)


def _make_missing(path: Path) -> None:
    path.unlink()


def _make_exposed(path: Path) -> None:
    path.chmod(0o644)


def _make_garbled(path: Path) -> None:
    rewrite(path, b"\x00" * 200, still=True)


def _make_empty(path: Path) -> None:
    rewrite(path, b"", still=True)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (_make_missing, "there is no such file"),
        pytest.param(
            _make_exposed,
            "chmod 600",
            marks=pytest.mark.skipif(os.name != "posix", reason="no permission bits on Windows"),
        ),
        (_make_garbled, "is a tab, NUL or not ASCII"),
        (_make_empty, "it is empty"),
    ],
)
def test_a_spoilt_file_keeps_the_ring_and_reports_once(
    path: Path,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[Path], None],
    complaint: str,
) -> None:
    problems: list[KeySourceError] = []
    keys = KeyFile(path, on_problem=problems.append)
    spoil(path)
    with caplog.at_level(logging.DEBUG, "gatepass.keys"):
        for _ in range(3):
            assert pairs_of(keys.ring) == expected(OLD, NEW)
    (problem,) = problems
    assert isinstance(problem, KeyFileError)
    assert complaint in str(problem)
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("gatepass.keys", "ERROR")
    assert (
        record.getMessage() == f"{problem}: the last good key pairs stay in use, deleted ones too"
    )
    assert not any(shares_run(caplog.text, pair.secret.reveal(), 8) for pair in (OLD, NEW))

    rewrite(path, format_key_file([OLD, NEW, OTHER]), still=True)
    assert pairs_of(keys.ring) == expected(OLD, NEW, OTHER)
    spoil(path)
    assert pairs_of(keys.ring) == expected(OLD, NEW, OTHER)
    assert len(problems) == 2


def test_each_change_to_a_bad_file_is_reported(path: Path) -> None:
    problems: list[KeySourceError] = []
    keys = KeyFile(path, on_problem=problems.append)
    for size in (10, 20, 30):
        rewrite(path, b"\x00" * size, still=True)
        assert pairs_of(keys.ring) == pairs_of(keys.ring) == expected(OLD, NEW)
    assert len(problems) == 3


@pytest.mark.skipif(os.name != "posix", reason="Windows has no permission bits")
def test_the_chmod_that_fixes_a_file_is_noticed(path: Path) -> None:
    keys = KeyFile(path)
    rewrite(path, format_key_file([OLD, NEW, OTHER]), still=True)
    path.chmod(0o644)
    assert pairs_of(keys.ring) == expected(OLD, NEW)
    path.chmod(0o600)
    assert pairs_of(keys.ring) == expected(OLD, NEW, OTHER)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no permission bits")
def test_an_exposed_file_is_followed_only_if_allowed(path: Path) -> None:
    path.chmod(0o644)
    with pytest.raises(KeyFilePermissionError, match="chmod 600"):
        KeyFile(path)
    keys = KeyFile(path, allow_insecure=True)
    rewrite(path, format_key_file([OLD, NEW, OTHER]), still=False)
    path.chmod(0o644)
    assert pairs_of(keys.ring) == expected(OLD, NEW, OTHER)


def test_without_a_first_ring_there_is_no_key_file(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="there is no such file"):
        KeyFile(tmp_path / "keys.txt")


def test_a_reload_that_fails_raises_and_keeps_the_ring(path: Path) -> None:
    keys = KeyFile(path)
    path.unlink()
    with pytest.raises(KeyFileError, match="there is no such file"):
        keys.reload()
    assert pairs_of(keys.ring) == expected(OLD, NEW)


def test_a_file_that_changes_while_it_is_read_is_read_again_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems: list[KeySourceError] = []
    keys = KeyFile(path, on_problem=problems.append)
    write_key_file(path, [OLD, NEW, OTHER])
    real = reading._content
    busy = True

    def write_behind(file: object, where: Path) -> object:
        if busy:
            with where.open("ab") as other:
                other.write(b"\n")
        return real(file, where)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "_content", write_behind)
    assert pairs_of(keys.ring) == expected(OLD, NEW)
    busy = False
    assert pairs_of(keys.ring) == expected(OLD, NEW, OTHER)
    assert problems == []


def test_a_callback_may_ask_for_the_ring(path: Path) -> None:
    rings: list[KeyRing] = []
    keys = KeyFile(path, on_problem=lambda _: rings.append(keys.ring))
    path.unlink()
    assert keys.ring is rings[0]


def test_threads_see_one_state_or_the_other(path: Path) -> None:
    states = [[OLD, NEW], [NEW, THIRD], [OLD, NEW, OTHER]]
    allowed = [expected(*pairs) for pairs in states]
    keys = KeyFile(path)
    done = threading.Event()
    wrong: list[object] = []

    def watch_the_ring() -> None:
        while not done.is_set():
            try:
                seen = pairs_of(keys.ring)
            except Exception as error:  # noqa: BLE001 - a thread's error must reach the test
                wrong.append(error)
                return
            if seen not in allowed:
                wrong.append(seen)

    threads = [threading.Thread(target=watch_the_ring) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(60):
        write_key_file(path, states[turn % len(states)])
        os.utime(path, (LONG_AGO + turn, LONG_AGO + turn))
        keys.reload()
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert pairs_of(keys.ring) == allowed[59 % len(states)]


def test_each_expiry_warning_is_logged_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    keys = KeyFile(path)
    noon = datetime(2026, 2, 3, 18, 0, tzinfo=UTC)
    with caplog.at_level(logging.WARNING, "gatepass.keys"):
        given = [
            (day, warning.threshold)
            for day in range(30, -2, -1)
            for warning in (*keys.warn(noon - timedelta(day)), *keys.warn(noon - timedelta(day)))
        ]
    assert given == [(day, day) for day in (28, 14, 7, 3, 1)]
    assert len(caplog.records) == 5
    assert caplog.records[0].getMessage() == (
        "session B08: key pair oldoldoldoldoldoldol expires in 28 days,"
        " at market close of 2026-02-03: generate a new pair at the Request Center"
    )


def test_a_warning_needs_a_time_zone(path: Path) -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        KeyFile(path).warn(datetime(2026, 2, 3))


def test_a_removed_pair_is_noticed_even_if_the_file_was_replaced_twice(path: Path) -> None:
    """The second file may get the inode of the first one."""
    keys = KeyFile(path)
    for _ in range(5):
        write_key_file(path, [OLD])
        write_key_file(path, [OLD])
        assert pairs_of(keys.ring) == expected(OLD)
        write_key_file(path, [OLD, NEW])
        write_key_file(path, [OLD, NEW])
        assert pairs_of(keys.ring) == expected(OLD, NEW)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes that have names")
def test_a_pipe_in_place_of_the_file_does_not_block(path: Path) -> None:
    problems: list[KeySourceError] = []
    keys = KeyFile(path, on_problem=problems.append)
    path.unlink()
    os.mkfifo(path)
    assert pairs_of(keys.ring) == expected(OLD, NEW)
    assert "pipe" in str(problems[0])
    path.unlink()
    write_key_file(path, [OLD])
    assert pairs_of(keys.ring) == expected(OLD)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without pipes that have names")
def test_a_pipe_that_was_given_is_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = threading.Thread(target=pipe.write_text, args=(format_key_file([OLD, NEW]),))
    writing.start()
    keys = KeyFile(pipe, allow_insecure=True)
    writing.join()
    assert keys.is_current()
    assert pairs_of(keys.ring) == expected(OLD, NEW)
