"""Nothing shows the canonical string unless it is asked for it."""

from __future__ import annotations

import asyncio
import base64
import copy
import logging
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatepass import LogonSigner, explain
from gatepass._native import Logon
from gatepass.client import connect
from gatepass.errors import GatepassError, SignerError
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import Scenario
from gatepass.gateway import Gateway, Kind, Report
from gatepass.keys import KeyRing, generate_pair
from gatepass.session import effects as fx
from gatepass.session.store import MemoryStore
from tests.fix.samples import AT, RAW
from tests.leaks import everything_shown
from tests.test_secrecy import FAILURES, HOLDERS, RING, SIGNED, WAYS, WRONG, raised, shown_by

CANONICAL = Logon(RAW).canonical
WANTED = fx.SignatureWanted("B08004N", CANONICAL, Scenario.MID_WEEK)


def shown_of(text: str | bytes, canonical: bytes = CANONICAL) -> list[str]:
    """Return the pieces of a canonical string in a text: three values in a row, or encoded."""
    shown = text.decode("latin-1") if isinstance(text, bytes) else text
    values = canonical.decode("ascii").split("\n")
    rows = [values[at : at + 3] for at in range(len(values) - 2)]
    pieces = [end.join(row) for row in rows for end in ("\n", "\\n", "\\\\n")]
    pieces += [canonical.hex(), base64.b64encode(canonical).decode()[:40]]
    return [piece for piece in pieces if piece in shown]


def test_a_shown_canonical_string_would_be_noticed() -> None:
    assert len(shown_of(CANONICAL)) == 9
    assert shown_of(repr(CANONICAL))
    assert shown_of(repr([repr(CANONICAL)]))
    assert shown_of(CANONICAL.hex())
    assert shown_of(pickle.dumps(CANONICAL))
    assert shown_of(base64.b64encode(CANONICAL))
    assert not shown_of(RAW + SIGNED)


#: The purpose of these is to return it as plain data.
ASKED_FOR = {"dataclasses.asdict", "dataclasses.astuple"}


@pytest.mark.parametrize("name", [*HOLDERS, "SignatureWanted"])
def test_no_object_shows_a_canonical_string(name: str, tmp_path: Path) -> None:
    holder = WANTED if name == "SignatureWanted" else HOLDERS[name](tmp_path)
    ways = WAYS.keys() - ASKED_FOR
    assert [way for way in ways if shown_of(shown_by(way, holder))] == []


@pytest.mark.parametrize(
    "holder",
    [explain(SIGNED, RING, at=AT), explain(WRONG, RING, at=AT), WANTED],
    ids=["explanation", "explanation of a refusal", "signature wanted"],
)
def test_objects_with_a_canonical_string_cannot_be_pickled_or_copied(holder: object) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            pickle.dumps([holder], protocol)
    for make in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled or copied"):
            make(holder)


def test_an_explanation_says_how_to_store_it() -> None:
    explanation = explain(SIGNED, RING, at=AT)
    with pytest.raises(TypeError, match=r"as_dict\(\)"):
        pickle.dumps(explanation)
    assert pickle.loads(pickle.dumps(explanation.as_dict())) == explanation.as_dict()  # noqa: S301


class Failing:
    """A remote signer that fails, because of a service or of the system."""

    access_key_id = RING.choose("B08004N", AT).access_key_id

    def __init__(self, error: Exception) -> None:
        self._error = error

    def sign(self, canonical: bytes, /) -> bytes:
        del canonical
        raise self._error


VALUES = {
    int(tag): value.decode()
    for tag, value in (part.split(b"=", 1) for part in RAW.rstrip(b"\x01").split(b"\x01"))
}
MORE: dict[str, Callable[[Path], object]] = {
    f"{call}, {type(error).__name__}": lambda _, call=call, error=error: (  # type: ignore[misc]
        LogonSigner.using(Failing(error)).sign(RAW)
        if call == "sign"
        else LogonSigner.using(Failing(error)).sign_fields(VALUES)
    )
    for call in ("sign", "sign_fields")
    for error in (SignerError("no"), ValueError("no"))
}
ALL = FAILURES | MORE


@pytest.mark.parametrize("name", ALL)
def test_no_error_shows_a_canonical_string(name: str, tmp_path: Path) -> None:
    error = raised(lambda: ALL[name](tmp_path))
    assert shown_of(everything_shown(error)) == []
    assert shown_of(pickle.dumps(str(error))) == []


def clock() -> datetime:
    return datetime(2026, 3, 4, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize("fault", ["none", "wrong key", "expired", "no gateway"])
def test_no_session_shows_a_canonical_string(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    today, day = clock().date(), clock().date().replace
    pair = generate_pair("ABC", day(year=2025), day(year=2027)).key_pair()
    keys = {
        "wrong key": generate_pair("ABC", day(year=2025), day(year=2027)).key_pair(),
        "expired": generate_pair("ABC", day(year=2024), today.replace(year=2025)).key_pair(),
    }.get(fault, pair)
    settings = ClientSettings("ABC123N", "OP1", "G", "US", "SYS", "1.0", "VENDOR")
    signed: list[bytes] = []
    reports: list[Report] = []
    effects: list[fx.Effect] = []

    def trace(sent: bool, wire: bytes) -> None:
        if sent and b"\x0135=A\x01" in wire:
            signed.append(Logon(wire).canonical)

    async def story() -> BaseException | None:
        gateway = Gateway(KeyRing([pair]), Kind.parse("cgw"), report=reports.append, clock=clock)
        port = await gateway.listen("127.0.0.1", 0)
        if fault == "no gateway":
            await gateway.close()
        try:
            async with connect(
                "127.0.0.1",
                port,
                settings,
                KeyRing([keys]),
                MemoryStore(),
                clock=clock,
                trace=trace,
                observe=effects.append,
            ):
                return None
        except GatepassError as error:
            return error
        finally:
            await gateway.close()

    error = asyncio.run(story(), debug=True)
    wanted = [each.canonical for each in effects if isinstance(each, fx.SignatureWanted)]
    assert len(wanted) == (fault != "no gateway")
    # The time is set last: the signed string may differ from the wanted one by it.
    assert len(signed) == (fault in ("none", "wrong key"))
    shown = [caplog.text, repr([vars(record) for record in caplog.records]), repr(reports)]
    shown += [repr(effects), "" if error is None else everything_shown(error)]
    assert (error is None) == (fault == "none")
    for canonical in wanted + signed:
        assert [shown_of(text, canonical) for text in shown] == [[]] * len(shown)
