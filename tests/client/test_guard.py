"""The guard against port closure."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.client import Attempts, LogonGuard, MemoryAttempts, SqliteAttempts
from gatepass.client.guard import guard_of
from gatepass.client.uptime import Uptime, read_uptime
from gatepass.errors import ArgumentError, LogonFailedError, LogonGuardError
from gatepass.session.port import Port
from gatepass.session.store import MemoryStore
from gatepass.storage import SqliteStore

NOON = datetime(2026, 3, 2, 18, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def refused(guard: LogonGuard, now: datetime) -> None:
    """Have a Logon refused at once."""
    guard.begin(now)
    guard.answered(now)


@pytest.fixture(params=["memory", "sqlite"])
def attempts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Attempts]:
    if request.param == "memory":
        yield MemoryAttempts()
    else:
        with closing(SqliteAttempts(tmp_path / "state.sqlite", "ABC123")) as kept:
            yield kept


def test_four_logons_are_allowed_and_the_fifth_is_refused(attempts: Attempts) -> None:
    guard = LogonGuard("ABC123", attempts)
    for second in range(4):
        refused(guard, at(second))
    with pytest.raises(LogonGuardError) as caught:
        guard.begin(at(59))
    error = caught.value
    assert isinstance(error, LogonFailedError)
    assert (error.session, error.invalid, error.retry_at) == ("ABC123", 4, at(65))
    assert "18:01:05 UTC" in str(error)
    assert "nothing was sent" in str(error)


def test_one_more_logon_is_allowed_after_the_time_that_the_error_names(attempts: Attempts) -> None:
    guard = LogonGuard("ABC123", attempts)
    for second in range(4):
        refused(guard, at(second))
    refused(guard, at(65))
    with pytest.raises(LogonGuardError):
        guard.begin(at(65.5))
    guard.begin(at(66))


def test_an_unanswered_logon_may_be_read_late(attempts: Attempts) -> None:
    guard = LogonGuard("ABC123", attempts)
    for second in range(4):
        guard.begin(at(second))
    with pytest.raises(LogonGuardError) as caught:
        guard.begin(at(304))
    assert caught.value.retry_at == at(305)
    guard.begin(at(305))


def test_a_refused_logon_counts_from_its_answer(attempts: Attempts) -> None:
    guard = LogonGuard("ABC123", attempts)
    guard.begin(at(0))
    guard.answered(at(20))
    guard.answered(at(40))
    for _ in range(3):
        refused(guard, at(21))
    with pytest.raises(LogonGuardError) as caught:
        guard.begin(at(84))
    assert caught.value.retry_at == at(85)


@given(
    st.lists(st.tuples(st.floats(0, 40), st.booleans(), st.floats(0, 240)), min_size=5, max_size=40)
)
def test_no_port_closes_however_late_logons_are_read(
    tries: list[tuple[float, bool, float]],
) -> None:
    guard, now, read = LogonGuard("ABC123", MemoryAttempts()), 0.0, []
    for pause, answered, late in tries:
        now += pause
        try:
            guard.begin(at(now))
        except LogonGuardError as error:
            now = (error.retry_at - NOON).total_seconds()
            guard.begin(at(now))
        read.append(now + late)
        if answered:
            now += late
            guard.answered(at(now))
    port = Port()
    for second in sorted(read):
        assert not port.count_invalid(at(second))


def test_a_logon_that_was_not_sent_does_not_count(attempts: Attempts) -> None:
    guard = LogonGuard("ABC123", attempts)
    for _ in range(4):
        refused(guard, at(0))
    for second in range(1, 60):
        with pytest.raises(LogonGuardError):
            refused(guard, at(second))
    guard.begin(at(65))


def test_valid_logons_do_not_count(attempts: Attempts) -> None:
    guard = LogonGuard("ABC123", attempts)
    for second in range(50):
        guard.begin(at(second))
        guard.succeeded()
    for second in range(50, 54):
        guard.begin(at(second))
    with pytest.raises(LogonGuardError):
        guard.begin(at(54))


def test_success_reported_twice_removes_one_logon(attempts: Attempts) -> None:
    guard = LogonGuard("ABC123", attempts)
    for _ in range(4):
        guard.begin(at(0))
    guard.succeeded()
    guard.succeeded()
    guard.begin(at(1))
    with pytest.raises(LogonGuardError):
        guard.begin(at(2))


def test_a_clock_that_was_set_back_forgets_nothing(attempts: Attempts) -> None:
    guard = LogonGuard("ABC123", attempts)
    for _ in range(4):
        guard.begin(at(3600))
    with pytest.raises(LogonGuardError):
        guard.begin(at(0))


class Machine:
    """A machine whose wall clock may be set, and which may be restarted."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.boot = "first"
        self.error = 0.0

    def uptime(self) -> Uptime:
        return Uptime(self.boot, self.seconds)

    @property
    def now(self) -> datetime:
        return at(self.seconds + self.error)


@given(
    tries=st.lists(
        st.tuples(st.floats(0, 30), st.sampled_from([0.0, -86400.0, -61.0, 61.0, 120.0, 86400.0])),
        min_size=1,
        max_size=40,
    )
)
def test_setting_the_clock_allows_no_logon(tries: list[tuple[float, float]]) -> None:
    machine, port = Machine(), Port()
    guard = LogonGuard("ABC", MemoryAttempts(), machine.uptime)
    waits: list[timedelta] = []
    for pause, step in tries:
        machine.seconds += pause
        machine.error += step
        try:
            refused(guard, machine.now)
        except LogonGuardError as error:
            waits.append(error.retry_at - machine.now)
            continue
        assert not port.count_invalid(at(machine.seconds))
    # However the clock was set: no longer than the window.
    assert all(timedelta() < wait <= timedelta(seconds=65) for wait in waits)


def test_the_wall_clock_counts_after_a_restart_of_the_machine(attempts: Attempts) -> None:
    machine = Machine()
    guard = LogonGuard("ABC", attempts, machine.uptime)
    for _ in range(4):
        refused(guard, machine.now)
    machine.boot, machine.seconds, machine.error = "second", 5.0, 1000.0
    with pytest.raises(LogonGuardError):
        guard.begin(machine.now)
    machine.seconds = 66.0
    guard.begin(machine.now)


@given(years=st.integers(1, 50), since=st.integers(0, 310))
def test_a_clock_that_was_years_ahead_delays_logons_by_at_most_five_minutes(
    years: int, since: int
) -> None:
    attempts, ahead, machine = MemoryAttempts(), at(years * 365 * 86400), Machine()
    for _ in range(4):
        refused(LogonGuard("ABC", attempts, machine.uptime), ahead)
    machine.boot = "second"
    guard = LogonGuard("ABC", attempts, machine.uptime)
    with pytest.raises(LogonGuardError) as caught:
        guard.begin(NOON)
    assert caught.value.retry_at == at(305)
    machine.seconds += since
    if since < 305:
        with pytest.raises(LogonGuardError):
            guard.begin(at(since))
    else:
        guard.begin(at(since))


def test_a_clock_that_was_years_ahead_is_removed_from_the_disk(tmp_path: Path) -> None:
    with closing(SqliteAttempts(tmp_path / "state.sqlite", "ABC123")) as attempts:
        for _ in range(4):
            refused(LogonGuard("ABC", attempts), at(10 * 365 * 86400))
        guard = LogonGuard("ABC", attempts)
        with pytest.raises(LogonGuardError):
            guard.begin(NOON)
        guard.begin(at(305))


def test_the_uptime_increases_and_is_the_same_for_all() -> None:
    first, second = read_uptime(), read_uptime()
    assert first.boot == second.boot != ""
    assert first.seconds <= second.seconds


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    for second in range(4):
        with closing(SqliteAttempts(tmp_path / "s", "ABC123")) as kept:
            LogonGuard("ABC123", kept).begin(at(second))
    with (
        closing(SqliteAttempts(tmp_path / "s", "ABC123")) as kept,
        pytest.raises(LogonGuardError),
    ):
        LogonGuard("ABC123", kept).begin(at(30))


def test_sessions_in_one_file_are_counted_separately(tmp_path: Path) -> None:
    with (
        closing(SqliteAttempts(tmp_path / "s", "ABC123")) as one,
        closing(SqliteAttempts(tmp_path / "s", "XYZ123")) as other,
    ):
        for _ in range(4):
            LogonGuard("ABC123", one).begin(at(0))
        LogonGuard("XYZ123", other).begin(at(0))


def test_of_many_logons_at_once_only_four_are_allowed(tmp_path: Path) -> None:
    path = tmp_path / "s"
    SqliteAttempts(path, "ABC123").close()
    start = threading.Barrier(8)
    through: list[int] = []

    def attempt(number: int) -> None:
        with closing(SqliteAttempts(path, "ABC123")) as kept:
            start.wait()
            try:
                LogonGuard("ABC123", kept).begin(at(number / 1000))
            except LogonGuardError:
                return
            through.append(number)

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(through) == 4


@dataclass
class Unhashable(MemoryStore):
    """A user's own store; a dataclass that compares has no hash."""

    def __post_init__(self) -> None:
        super().__init__()


class Slotted:
    """A store that takes no attributes; the guard calls none of its methods."""

    __slots__ = ()


@pytest.mark.parametrize(
    "make",
    [MemoryStore, lambda: SqliteStore(":memory:", "ABC123"), Unhashable],
    ids=["memory", "sqlite in memory", "unhashable"],
)
def test_logons_of_a_store_in_memory_count_as_long_as_it_exists(make: Callable[[], Any]) -> None:
    store = make()
    for _ in range(4):
        with guard_of(store, "ABC123") as guard:
            guard.begin(at(0))
    with guard_of(store, "ABC123") as guard, pytest.raises(LogonGuardError):
        guard.begin(at(1))
    other = make()
    with guard_of(other, "ABC123") as guard:
        guard.begin(at(1))
    for one in (store, other):
        if isinstance(one, SqliteStore):
            one.close()


def test_a_count_in_memory_ends_with_its_store() -> None:
    store = Unhashable()
    with guard_of(store, "ABC") as guard:
        guard.begin(at(0))
    left = weakref.ref(store)
    del store, guard
    assert left() is None


def test_a_store_without_attributes_needs_separate_attempts() -> None:
    store: Any = Slotted()
    with pytest.raises(ArgumentError, match="or give attempts too"), guard_of(store, "ABC"):
        pass
    with guard_of(store, "ABC", attempts=MemoryAttempts()) as guard:
        guard.begin(at(0))


def test_explicit_attempts_are_shared_by_their_sessions() -> None:
    shared = MemoryAttempts()
    for _ in range(4):
        with guard_of(MemoryStore(), "ABC", attempts=shared) as guard:
            guard.begin(at(0))
    with (
        guard_of(MemoryStore(), "ABC", attempts=shared) as guard,
        pytest.raises(LogonGuardError),
    ):
        guard.begin(at(1))


def test_logons_of_a_store_on_disk_are_counted_in_its_file(tmp_path: Path) -> None:
    for _ in range(4):
        with (
            closing(SqliteStore(tmp_path / "s", "ABC123")) as store,
            guard_of(store, "ABC123") as guard,
        ):
            guard.begin(at(0))
    with (
        closing(SqliteStore(tmp_path / "s", "ABC123")) as store,
        guard_of(store, "ABC123") as guard,
        pytest.raises(LogonGuardError),
    ):
        guard.begin(at(1))


@pytest.mark.parametrize("kind", ["memory", "disk", "user"])
def test_refusals_by_a_gateway_on_this_machine_count_separately(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    store = MemoryStore() if kind == "memory" else SqliteStore(tmp_path / "s", "ABC123")

    def guarded() -> AbstractContextManager[LogonGuard]:
        return guard_of(store, "ABC", shared=kind == "user")

    with guarded() as exchange:
        for _ in range(4):
            exchange.on_loopback().begin(at(0))
            exchange.twin().begin(at(0))
    # Also after a restart, and for a backup's guard.
    with guarded() as exchange:
        for guard in (exchange, exchange.twin(), exchange.on_loopback()):
            with pytest.raises(LogonGuardError):
                guard.begin(at(1))
            with pytest.raises(LogonGuardError):
                guard.on_loopback().begin(at(1))
    if isinstance(store, SqliteStore):
        store.close()


@given(
    st.lists(st.tuples(st.floats(0, 30), st.booleans(), st.floats(0, 2.5)), min_size=1, max_size=60)
)
def test_no_sequence_of_logons_closes_the_port(
    tries: list[tuple[float, bool, float]],
) -> None:
    # Pauses, whether the Logon is valid, and how long it takes to reach the exchange.
    guard, port, now, arrivals = LogonGuard("ABC123", MemoryAttempts()), Port(), NOON, []
    for pause, good, delay in tries:
        now += timedelta(seconds=pause)
        try:
            guard.begin(now)
        except LogonGuardError:
            continue
        if good:
            guard.succeeded()
        else:
            arrivals.append(now + timedelta(seconds=delay))
    for arrival in sorted(arrivals):
        assert not port.count_invalid(arrival)
