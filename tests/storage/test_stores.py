"""Both stores behave alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.errors import StoreError
from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage
from gatepass.session.store import MemoryStore, Store
from gatepass.storage import SqliteStore


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    opened = SqliteStore(tmp_path / "s.sqlite", "ABC123")
    yield opened
    opened.close()


def send(store: Store, number: int, *, keep: bool = True) -> None:
    sent = SentMessage(number, b"m%d" % number, keep)
    store.save(replace(store.load(), next_out=number + 1), sent)


def receive(store: Store, number: int, epoch: str = "") -> None:
    received = ReceivedMessage(number, b"r%d" % number, epoch)
    store.save(replace(store.load(), next_in=number + 1, epoch=epoch), received=received)


def test_a_new_store_is_empty(store: Store) -> None:
    assert store.load() == Numbers()
    assert list(store.sent(1, 99)) == []
    assert list(store.undelivered()) == []


def test_numbers_are_loaded_as_they_were_saved(store: Store) -> None:
    for epoch in ("one", "another", ""):
        numbers = Numbers(7, 9, epoch)
        store.save(numbers)
        assert store.load() == numbers


def test_sent_messages_are_found_by_number(store: Store) -> None:
    for number in range(1, 6):
        send(store, number, keep=number != 3)
    assert [kept.number for kept in store.sent(2, 4)] == [2, 4]
    assert [kept.wire for kept in store.sent(5, 5)] == [b"m5"]


def test_sent_messages_are_dropped_when_numbers_go_back(store: Store) -> None:
    for number in range(1, 6):
        send(store, number)
    send(store, 1, keep=False)  # a Logon of a new week
    assert list(store.sent(1, 99)) == []
    send(store, 2)
    assert [kept.number for kept in store.sent(1, 99)] == [2]


def test_when_a_number_goes_back_the_messages_before_it_stay(store: Store) -> None:
    send(store, 1)
    send(store, 2, keep=False)
    store.save(replace(store.load(), next_out=2))
    assert [kept.number for kept in store.sent(1, 99)] == [1]


def test_undelivered_messages_come_in_order(store: Store) -> None:
    for number in (4, 5, 6):
        receive(store, number)
    assert [kept.number for kept in store.undelivered()] == [4, 5, 6]
    assert [kept.number for kept in store.undelivered(2)] == [4, 5]
    store.delivered(4, "")
    assert [(kept.number, kept.wire) for kept in store.undelivered()] == [(5, b"r5"), (6, b"r6")]


def test_undelivered_messages_outlive_their_epoch(store: Store) -> None:
    receive(store, 2, "old")
    receive(store, 3, "old")
    send(store, 1, keep=False)
    receive(store, 2, "new")
    waiting = [(2, "old"), (3, "old"), (2, "new")]
    assert [(kept.number, kept.epoch) for kept in store.undelivered()] == waiting
    store.delivered(2, "new")
    assert [(kept.number, kept.epoch) for kept in store.undelivered()] == waiting[:2]


def test_a_second_delivered_does_nothing(store: Store) -> None:
    receive(store, 2)
    store.delivered(2, "")
    store.delivered(2, "")
    assert list(store.undelivered()) == []


def test_a_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    first = SqliteStore(path, "ABC123")
    send(first, 1)
    receive(first, 1)
    first.close()
    again = SqliteStore(path, "ABC123")
    assert again.load() == Numbers(2, 2)
    assert len(again.sent(1, 1)) == len(again.undelivered()) == 1
    again.close()


@pytest.mark.parametrize("version", [0, 2])
def test_a_file_of_another_format_is_refused_and_not_changed(tmp_path: Path, version: int) -> None:
    path = tmp_path / "s.sqlite"
    with closing(SqliteStore(path, "ABC123")) as store:
        store.save(Numbers(7, 9))
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(f"PRAGMA user_version={version}")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=f"another version of gatepass .format {version}"):
        SqliteStore(path, "ABC123")
    assert path.read_bytes() == before


def test_sessions_in_one_file_are_independent(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    one, other = SqliteStore(path, "ABC123"), SqliteStore(path, "XYZ789")
    send(one, 1)
    receive(one, 1)
    assert other.load() == Numbers()
    assert list(other.sent(1, 9)) == list(other.undelivered()) == []
    other.delivered(1, "")
    send(other, 1, keep=False)
    assert len(one.undelivered()) == len(one.sent(1, 1)) == 1
    one.close()
    other.close()


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(1, 8), st.booleans()),
        st.tuples(st.just("receive"), st.integers(1, 8), st.just(True)),
        st.tuples(st.just("delivered"), st.integers(1, 8), st.just(True)),
        st.tuples(st.just("numbers"), st.integers(1, 9), st.just(True)),
    )
)


@given(ACTIONS)
def test_a_memory_store_and_a_file_store_agree(actions: list[tuple[str, int, bool]]) -> None:
    memory, file = MemoryStore(), SqliteStore(":memory:", "ABC123")
    for action, number, keep in actions:
        for each in (memory, file):
            if action == "send":
                send(each, number, keep=keep)
            elif action == "receive":
                receive(each, number)
            elif action == "delivered":
                each.delivered(number, "")
            else:
                each.save(replace(each.load(), next_out=number))
    assert memory.load() == file.load()
    assert list(memory.sent(1, 99)) == list(file.sent(1, 99))
    assert list(memory.undelivered()) == list(file.undelivered())
    file.close()
