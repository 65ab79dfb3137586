"""Logons, keys and strategies for the signing tests; expected values come from the oracle."""

from __future__ import annotations

import base64
import json
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from gatepass import AccessKeyId, KeyPair, KeyRing, SessionId, SigningKey
from gatepass._native import DiagnosisKey
from gatepass.errors import LogonError
from tests import oracle

VECTORS = Path(__file__).parent.parent / "vectors"


def load(name: str) -> dict[str, Any]:
    loaded = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def wire(text: str) -> bytes:
    return text.replace("|", "\x01").encode("ascii")


LOGON_VECTORS: dict[str, dict[str, Any]] = {
    vector["id"]: vector for vector in load("logon_vectors.json")["vectors"]
}
E1 = LOGON_VECTORS["E1"]
SECRET: str = E1["secret_key"]
KEY_ID: str = E1["access_key_id"]
FIELDS: dict[str, str] = E1["fields"]
CANONICAL: bytes = E1["canonical"].encode("ascii")
SIGNATURE: bytes = bytes.fromhex(E1["signature_hex"])
SIGNATURE_TEXT: str = E1["signature_base64url"]
RAW, SIGNED = wire(E1["raw"]), wire(E1["signed"])

#: E1's SendingTime.
AT = datetime(2017, 6, 23, 14, 48, 42, 855_000, tzinfo=UTC)

NAMES = {
    "34": "MsgSeqNum",
    "49": "SenderCompID",
    "50": "SenderSubID",
    "52": "SendingTime",
    "57": "TargetSubID",
    "108": "HeartBtInt",
    "142": "SenderLocationID",
    "369": "LastMsgSeqNumProcessed",
    "1603": "ApplicationSystemName",
    "1604": "TradingSystemVersion",
    "1605": "ApplicationSystemVendor",
}
CREDENTIALS = ("354", "355", "1400", "1401", "1402")

KEY = SigningKey(SECRET)
#: The session's other pair, with the same expiry, created earlier.
SIBLING_SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
SIBLING_ID = "siblingsiblingsiblin"
#: A pair of another session.
STRANGER_SECRET = "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"
STRANGER_ID = "strangerstrangerstra"


def pair(
    session: str = "B08",
    key_id: str = KEY_ID,
    secret: str = SECRET,
    created: date | None = date(2017, 6, 23),
    expires: date | None = date(2018, 6, 23),
) -> KeyPair:
    return KeyPair(SessionId(session), AccessKeyId(key_id), SigningKey(secret), created, expires)


PAIR = pair()
SIBLING = pair("B08", SIBLING_ID, SIBLING_SECRET, created=date(2017, 1, 1))
STRANGER = pair("XYZ", STRANGER_ID, STRANGER_SECRET)
KEYS = KeyRing([SIBLING, PAIR, STRANGER])
_SECRETS = {SIBLING_ID: SIBLING_SECRET, KEY_ID: SECRET, STRANGER_ID: STRANGER_SECRET}
#: The same pairs, read to name the mistakes of clients.
DIAGNOSIS_KEYS = KeyRing(
    replace(pair, diagnosis_key=DiagnosisKey(_SECRETS[pair.access_key_id])) for pair in KEYS
)

Body = list[tuple[str, str]]


def body_of(message: bytes) -> Body:
    """The fields between BodyLength and CheckSum, as the oracle reads them."""
    return oracle.fields(message)[2:-1]


def message(body: Body) -> bytes:
    """A whole message with right BodyLength and CheckSum. One character is one byte."""
    return oracle.framed("FIX.4.2", body)


def changed(whole: bytes, **values: str) -> bytes:
    """A message with other values, given as ``t49="X"``, framed again."""
    new = {name.removeprefix("t"): value for name, value in values.items()}
    return message([(tag, new.get(tag, value)) for tag, value in body_of(whole)])


def having(whole: bytes, *fields: tuple[int, str]) -> bytes:
    """A message with these fields after MsgType, instead of its own fields of the same tags."""
    new = [(str(tag), value) for tag, value in fields]
    tags = {tag for tag, _ in new}
    kept = [(tag, value) for tag, value in body_of(whole) if tag not in tags]
    return message([kept[0], *new, *kept[1:]] if kept[0][0] == "35" else [*new, *kept])


def without(whole: bytes, *tags: str) -> bytes:
    """A message without some of its fields, framed again."""
    return message([(tag, value) for tag, value in body_of(whole) if tag not in tags])


def with_check_sum(whole: bytes) -> bytes:
    """A message with its CheckSum corrected, even if something else is wrong."""
    return whole[:-7] + b"10=%03d\x01" % (sum(whole[:-7]) % 256)


def signed_with(text: str, whole: bytes = SIGNED) -> bytes:
    """A signed message with another text as its signature."""
    return changed(whole, t1401=str(len(text)), t1402=text)


def as_text(signature: bytes) -> str:
    return base64.urlsafe_b64encode(signature).decode("ascii").rstrip("=")


def outcome(call: Callable[..., Any], *arguments: Any) -> Any:
    """What a call returns, or the documented error that it raises."""
    try:
        return call(*arguments)
    except LogonError as error:
        return error


def shown(error: BaseException) -> str:
    """What is printed for an uncaught error."""
    return "".join(traceback.format_exception(error))


# --- strategies -------------------------------------------------------------------------------

#: Most bytes of the eleven values together: ten delimiters fill the rest of 256.
ROOM = 256 - 10

printable = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
values = st.text(printable, min_size=1, max_size=24)
eleven = st.tuples(*[values] * 11).filter(lambda drawn: sum(map(len, drawn)) <= ROOM)
named_values = eleven.map(lambda drawn: dict(zip(oracle.ORDER, drawn, strict=True)))
secrets = st.binary(min_size=16, max_size=128).map(as_text)
key_ids = st.from_regex(r"[A-Za-z0-9_-]{1,32}", fullmatch=True)
#: Data of a length-prefixed field: any bytes, often some that look like fields.
data = st.one_of(
    st.binary(max_size=30),
    st.lists(st.sampled_from([b"\x01", b"=", b"34", b"98=0", b"\x0110=000\x01", b"\n", b"x"])).map(
        b"".join
    ),
).map(lambda drawn: drawn.decode("latin-1"))


@st.composite
def groups(draw: st.DrawFn) -> list[Body]:
    """Fields of a Logon in any order, with some that a signer must leave out or replace.

    Fields of one group must stay together.
    """
    drawn = [[pair] for pair in draw(named_values).items()]
    drawn.append([("56", "CME")])
    if draw(st.booleans()):
        drawn.append([("98", draw(values))])
    if draw(st.booleans()):
        password = draw(data)
        drawn.append([("95", str(len(password))), ("96", password)])
    if draw(st.booleans()):
        old = draw(data)
        drawn.append([("354", str(len(old))), ("355", old)])
    if draw(st.booleans()):
        drawn.append([("1400", draw(values))])
    if draw(st.booleans()):
        old = draw(data)
        drawn.append([("1401", str(len(old))), ("1402", old)])
    for _ in range(draw(st.integers(0, 2))):
        drawn.append([("58", draw(values))])
    return list(draw(st.permutations(drawn)))


def joined(drawn: list[Body]) -> bytes:
    return message([("35", "A"), *[field for group in drawn for field in group]])


raw_logons = groups().map(joined)
