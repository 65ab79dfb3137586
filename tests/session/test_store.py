"""Claims, and saves in one step. What stores contain is tested in tests/storage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gatepass.errors import StoreError
from gatepass.session.numbers import Numbers, ReceivedMessage
from gatepass.session.store import MemoryStore, claim, in_use, together


class Joining(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[str] = []

    @contextmanager
    def together(self) -> Iterator[None]:
        self.blocks.append("begin")
        yield
        self.blocks.append("end")


class Unclaimable:
    """A third-party store that cannot be claimed."""


def test_a_store_is_claimed_once_and_again_after_the_first_claim_ends() -> None:
    store = MemoryStore()
    for _ in range(2):
        with claim(store):
            second = claim(store)
            with pytest.raises(StoreError, match="this process is logged on"):
                second.__enter__()


def test_a_claim_ends_when_its_block_raises() -> None:
    store = MemoryStore()
    with pytest.raises(ZeroDivisionError), claim(store):
        raise ZeroDivisionError
    with claim(store):
        pass


def test_a_store_that_cannot_be_claimed_is_used_without_a_claim() -> None:
    with claim(Unclaimable()):  # type: ignore[arg-type]
        pass


@pytest.mark.parametrize(
    ("owner", "who"),
    [(str(os.getpid()), "this process"), ("1", "process 1"), ("", "process unknown")],
    ids=["this process", "another", "unknown"],
)
@pytest.mark.parametrize(("session", "of"), [("", ""), ("ABC123", " with session ABC123")])
def test_a_refused_claim_names_the_process_that_has_it(
    owner: str, who: str, session: str, of: str
) -> None:
    error = in_use(session, "s.db", owner)
    assert f"is in use: {who} is logged on{of}; end that first" in str(error)
    assert error.path == "s.db"


def test_saves_are_stored_in_one_step_if_the_store_can_do_that() -> None:
    store = Joining()
    with together(store):
        assert store.blocks == ["begin"]
    assert store.blocks == ["begin", "end"]
    with together(MemoryStore()):
        pass


def test_a_message_is_acknowledged_by_its_number_and_its_epoch() -> None:
    store = MemoryStore()
    for number, epoch in ((1, "one"), (2, "one"), (1, "two")):
        store.save(Numbers(), received=ReceivedMessage(number, b"", epoch))
    store.delivered(1, "two")
    store.delivered(3, "two")
    assert [(kept.number, kept.epoch) for kept in store.undelivered()] == [(1, "one"), (2, "one")]
    store.close()
