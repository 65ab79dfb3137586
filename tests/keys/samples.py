"""Key pairs and key files for the tests of this folder, and the strategies that make more."""

from __future__ import annotations

import base64
import traceback
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

from hypothesis import strategies as st

from gatepass.keys import AccessKeyId, IssuedPair, KeyPair, SecretKey, SessionId

SAMPLE_FILE = Path(__file__).parent.parent / "vectors" / "sample-keys.txt"
SAMPLE_SECRET = "2HlZ7exg8jTKltXnURjKvm3GS5iF5n4ClzHiEm_ocv4"

OLD = IssuedPair(
    session=SessionId("B08"),
    access_key_id=AccessKeyId("oldoldoldoldoldoldol"),
    secret=SecretKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"),
    created=date(2025, 2, 3),
    expires=date(2026, 2, 3),
    environment="PRODUCTION",
)
NEW = IssuedPair(
    session=SessionId("B08"),
    access_key_id=AccessKeyId("newnewnewnewnewnewne"),
    secret=SecretKey("gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8"),
    created=date(2026, 1, 20),
    expires=date(2027, 1, 20),
    environment="PRODUCTION",
)
OTHER = IssuedPair(
    session=SessionId("XYZ"),
    access_key_id=AccessKeyId("otherotherotherother"),
    secret=SecretKey("oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr8"),
    created=date(2025, 6, 1),
    expires=date(2026, 6, 1),
)

#: Both of session B08 are active at this time.
BOTH_ACTIVE = datetime(2026, 1, 25, 12, 0, tzinfo=UTC)

PROBE = b"what is signed does not matter here"

Facts = tuple[str, str, bytes, date | None, date | None, str | None]


def facts(pair: KeyPair | IssuedPair) -> Facts:
    """Everything known about a pair; its key is compared by a signature."""
    key = pair.signing_key if isinstance(pair, KeyPair) else pair.secret.signing_key()
    return (
        pair.session,
        pair.access_key_id,
        key.sign(PROBE),
        pair.created,
        pair.expires,
        pair.environment,
    )


def private_file(path: Path, content: str | bytes) -> Path:
    """Write a file in place, with the mode of a key file."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode("ascii"))
    path.chmod(0o600)
    return path


def everything_shown(error: BaseException) -> str:
    """Everything that a careless program may print of an error, including local variables.

    The frame of the test itself is left out: it contains the input.
    """
    assert error.__traceback__ is not None
    shown = traceback.TracebackException(
        type(error), error, error.__traceback__.tb_next, capture_locals=True
    )
    return "\n".join([*shown.format(), str(error), repr(error), repr(error.args)])


def shares_run(text: str, data: str, length: int = 20) -> bool:
    """Whether any ``length`` consecutive characters of ``data`` occur in ``text``."""
    return any(data[i : i + length] in text for i in range(len(data) - length + 1))


_LETTERS = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


def _words(smallest: int, largest: int, extra: str = "") -> st.SearchStrategy[str]:
    characters = st.one_of(_LETTERS, st.sampled_from(extra)) if extra else _LETTERS
    return st.text(characters, min_size=smallest, max_size=largest)


session_ids = st.one_of(_words(3, 3), _words(6, 6)).map(SessionId)
access_key_ids = _words(1, 32, "-_").map(AccessKeyId)
secret_texts = st.binary(min_size=16, max_size=128).map(
    lambda key: base64.urlsafe_b64encode(key).rstrip(b"=").decode("ascii")
)
dates = st.dates(date(2000, 1, 1), date(2100, 12, 31))
environments = st.none() | st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=30
)


@st.composite
def issued_pairs(draw: st.DrawFn) -> IssuedPair:
    created, expires = sorted((draw(dates), draw(dates)))
    return IssuedPair(
        session=draw(session_ids),
        access_key_id=draw(access_key_ids),
        secret=SecretKey(draw(secret_texts)),
        created=created,
        expires=expires,
        environment=draw(environments),
    )


def _at_most_two_per_session(pairs: list[IssuedPair]) -> bool:
    return max(Counter(pair.session for pair in pairs).values()) <= 2


key_files = st.lists(
    issued_pairs(), min_size=1, max_size=6, unique_by=lambda pair: pair.access_key_id
).filter(_at_most_two_per_session)
