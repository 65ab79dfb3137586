"""Runs a conversation with an exchange, step by step."""

from __future__ import annotations

from gatepass.fix.kind import Kind
from gatepass.fix.message import Message
from tests.scenarios.cast import Keys
from tests.scenarios.exchange import Exchange
from tests.scenarios.language import Script, Step
from tests.scenarios.peer import Peer


async def hold(script: Script, exchange: Exchange, keys: Keys) -> None:
    """Run every step. Raises `AssertionError` with the line number of a step that fails."""
    stage = _Stage(script, exchange, keys)
    try:
        for step in script.steps:
            try:
                await stage.play(step)
            except AssertionError as error:
                raise AssertionError(f"{script.name}, line {step.line}: {error}") from None
        for who, wires in (await exchange.unread()).items():
            shown = ", ".join(map(_show, wires))
            assert not wires, f"{script.name}, at its end: {who} has not read {shown}"
    finally:
        await exchange.close()


class _Stage:
    def __init__(self, script: Script, exchange: Exchange, keys: Keys) -> None:
        self._exchange = exchange
        self._keys = keys
        self._target = Kind.parse(script.kind).sub_id
        self._peers: dict[str, Peer] = {}

    async def play(self, step: Step) -> None:
        """Do one step."""
        peer = self._peers.setdefault(step.who, Peer(target=self._target))
        exchange = self._exchange
        if step.verb in ("send", "garble"):
            garbled = step.verb == "garble"
            wire = peer.write(step.msg_type, step.fields, exchange.now, garbled=garbled)
            await exchange.write(step.who, wire)
        elif step.verb == "expect":
            await self._expect(step, peer)
        elif step.verb == "connect":
            await exchange.connect(step.who, backup=step.word == "backup")
        elif step.verb == "disconnect":
            await exchange.drop(step.who)
        elif step.verb == "wait":
            await exchange.wait(step.span)
        elif step.verb == "key":
            peer.key = step.word
        elif step.verb == "reason":
            assert any(step.word in reason for reason in exchange.reasons), exchange.reasons
        elif step.verb == "emit":
            fields = [(tag, value) for tag, value in step.fields if value is not None]
            await exchange.emit(step.msg_type, fields)
        elif step.verb == "fail-over":
            await exchange.fail_over()
        elif step.verb == "reopen":
            await exchange.reopen()
        else:
            getattr(self._keys, step.verb)(step.word)

    async def _expect(self, step: Step, peer: Peer) -> None:
        if step.word == "nothing":
            assert await self._exchange.is_quiet(step.who), "something came"
            return
        wire = await self._exchange.read(step.who)
        if step.word == "disconnect":
            assert wire is None, f"this came instead: {_show(wire)}"
            return
        assert wire is not None, "the connection was closed"
        message = peer.read(wire)
        assert message.msg_type == step.msg_type, f"this came instead: {_show(wire)}"
        for tag, wanted in step.fields:
            _compare(message, tag, wanted, peer)


def _compare(message: Message, tag: int, wanted: str | None, peer: Peer) -> None:
    found = message.get(tag)
    where = f"tag {tag} of {_show(message.wire)}"
    if wanted is None:
        assert found is None, f"{where} should not be there"
    elif wanted.endswith("..."):
        assert found is not None, f"{where} is missing"
        assert found.startswith(wanted[:-3]), f"{where} should begin with {wanted[:-3]}"
    elif wanted == "*":
        assert found is not None, f"{where} is missing"
    else:
        assert found == wanted, f"{where} should be {wanted}"


def _show(wire: bytes | None) -> str:
    return (wire or b"").replace(b"\x01", b"|").decode("latin-1")
