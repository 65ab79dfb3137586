"""Messages that come together are stored together, before any of them is sent or delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatepass.errors import StoreError
from gatepass.fix.exchange import GatewaySession
from gatepass.fix.message import Message, encode
from gatepass.session import effects as fx
from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage
from gatepass.session.role import Role
from gatepass.session.store import MemoryStore, together
from gatepass.storage import Database, SqliteDatabase
from gatepass.transport import Connection
from tests.gateway.test_transports import Foreign

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
ROUND = 200


class Diary(MemoryStore):
    """Records the order of the calls."""

    def __init__(self, fails_at: int = 0) -> None:
        super().__init__()
        self.said: list[str] = []
        self._fails_at = fails_at

    def save(
        self,
        numbers: Numbers,
        sent: SentMessage | None = None,
        received: ReceivedMessage | None = None,
    ) -> None:
        if self.said.count("save") + 1 == self._fails_at:
            raise StoreError("cannot be written", "here")
        self.said.append("save")
        super().save(numbers, sent, received)

    @contextmanager
    def together(self) -> Iterator[None]:
        self.said.append("begin")
        yield
        self.said.append("commit")


class Wire(Foreign):
    def __init__(self, diary: Diary) -> None:
        super().__init__()
        self._diary = diary

    def write(self, data: bytes) -> None:
        self._diary.said.append("write")
        super().write(data)


class Gateway(Connection):
    def handle(self, effect: fx.Effect) -> None:
        if isinstance(effect, fx.VerificationWanted):
            assert isinstance(self.session, GatewaySession)
            self.session.accept(effect.logon, Numbers(), Role.NONE, NOW)
        elif isinstance(effect, fx.Received):
            assert isinstance(self.store, Diary)
            self.store.said.append("deliver")


def message(msg_type: str, number: int, *fields: tuple[int, str]) -> bytes:
    return encode([(35, msg_type), (34, str(number)), (49, "ABC123N"), *fields])


def converse(diary: Diary) -> tuple[Gateway, Wire]:
    """Log on, then send `ROUND` Test Requests and orders in one piece."""

    async def main() -> tuple[Gateway, Wire]:
        connection = Gateway(GatewaySession("G", lambda _m: None), diary, lambda: NOW)
        wire = Wire(diary)
        connection.connection_made(wire)  # type: ignore[arg-type]
        connection.data_received(message("A", 1, (108, "30")))
        diary.said.clear()
        tests = [message("1", 2 + n, (112, "x")) for n in range(0, ROUND, 2)]
        orders = [message("D", 3 + n, (11, "x")) for n in range(0, ROUND, 2)]
        each = [one for two in zip(tests, orders, strict=True) for one in two]
        for number, one in enumerate(each):
            each[number] = encode([(t, str(number + 2) if t == 34 else v) for t, v in fields(one)])
        connection.data_received(b"".join(each))
        return connection, wire

    return asyncio.run(main())


def fields(wire: bytes) -> tuple[tuple[int, str], ...]:
    return Message.parse(wire).fields


def test_everything_is_stored_in_one_transaction_before_the_first_byte_is_sent() -> None:
    diary = Diary()
    connection, _ = converse(diary)
    saves = ROUND + ROUND // 2  # each message, and each Heartbeat in answer
    assert diary.said[: saves + 2] == ["begin", *["save"] * saves, "commit"]
    assert sorted(diary.said[saves + 2 :]) == ["deliver"] * (ROUND // 2) + ["write"] * (ROUND // 2)
    assert connection.failure is None


@pytest.mark.parametrize("fails_at", [1, ROUND // 2, ROUND])
def test_if_one_message_cannot_be_stored_nothing_of_its_round_is_sent(fails_at: int) -> None:
    diary = Diary(fails_at)
    # The saves for the Logon's answer are no longer in the diary.
    connection, wire = converse(diary)
    assert connection.failure is not None
    assert "write" not in diary.said
    assert "deliver" not in diary.said
    assert wire.closed


def test_messages_saved_together_are_stored_all_or_nothing(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "week.sqlite")
    one, other = database.store("ABC123"), database.store("XYZ123")
    with together(one):
        for number in range(1, 4):
            one.save(Numbers(next_out=number + 1), SentMessage(number, b"%d" % number, True))
        other.save(Numbers(7, 7))
    assert [kept.number for kept in one.sent(1, 9)] == [1, 2, 3]

    def fail() -> None:
        with together(one):
            one.save(Numbers(next_out=5), SentMessage(4, b"4", True))
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        fail()
    assert one.load().next_out == 4
    assert [kept.number for kept in one.sent(1, 9)] == [1, 2, 3]
    assert other.load() == Numbers(7, 7)
    database.close()


def test_a_transaction_inside_another_commits_with_it(tmp_path: Path) -> None:
    path = tmp_path / "here.sqlite"
    ours = Database(path, "CREATE TABLE IF NOT EXISTS t (n)")
    theirs = Database(path, "")
    with ours.transaction():
        with ours.transaction():
            ours.write("INSERT INTO t VALUES (1)", ())
        assert theirs.read("SELECT * FROM t", ()) == []
    assert theirs.read("SELECT * FROM t", ()) == [(1,)]
    ours.close()
    theirs.close()


def test_a_store_without_together_saves_one_by_one() -> None:
    store = MemoryStore()
    with together(store):
        store.save(Numbers(2, 2))
        assert store.load() == Numbers(2, 2)
