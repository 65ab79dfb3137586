"""The native core: one scanner, one canonicaliser, one MAC.

Everything here is safe to call from many threads. Only `verify_batch` and `KeyTable` release the
GIL: one signature takes less time than releasing it would.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final, NoReturn, Self, final

from typing_extensions import disjoint_base

from gatepass.errors import FramingError

__all__ = [
    "ALGORITHM",
    "BUILD_PROFILE",
    "KEY_FILE_COLUMNS",
    "MAX_MESSAGE",
    "MAX_PAIRS_PER_SESSION",
    "PROFILES",
    "TAG_NAMES",
    "VERSION",
    "DiagnosisKey",
    "Framer",
    "KeyTable",
    "Logon",
    "Message",
    "SigningKey",
    "canonical_string",
    "complete_draft",
    "decode_signature",
    "encode_signature",
    "header_fault",
    "hide_secrets",
    "logon_faults",
    "measure_core",
    "read_fields",
    "scan",
    "scan_unchecked",
    "verify_batch",
    "write_fields",
]

ALGORITHM: Final[str]
"""EncryptedPasswordMethod (1400): ``CME-1-SHA-256``."""
BUILD_PROFILE: Final[str]
"""``release`` or ``debug``."""
KEY_FILE_COLUMNS: Final[tuple[tuple[str, int, bool], ...]]
"""The columns of a key file in a writer's order: name, width, and whether a file may lack it."""
MAX_MESSAGE: Final[int]
"""The largest message accepted, in bytes."""
MAX_PAIRS_PER_SESSION: Final[int]
"""The Request Center lets a session have two pairs, for up to four weeks."""
PROFILES: Final[Mapping[str, tuple[tuple[int, str], ...]]]
"""``fix-logon``, ``ilink3-negotiate`` and ``ilink3-establish``: (tag, name) in signed order."""
TAG_NAMES: Final[Mapping[int, str]]
"""Tag to name, for the tags of the session layer."""
VERSION: Final[str]
"""Version of the core."""

@final
class SigningKey:
    """A secret key, ready to sign.

    Made from the Secret Key of a pair: strict base64url text of 16 to 128 bytes. It cannot be
    printed, compared, copied, pickled or read back. Raises `gatepass.errors.SecretKeyError`,
    which names the check that failed and never the text. The caller wipes the text.
    Every call raises `gatepass.errors.ArgumentError` for a wrong type, or
    `gatepass.errors.FieldError` if the argument is a field's value.
    """

    def __new__(cls, secret: str | bytes | bytearray, /) -> SigningKey: ...
    def __reduce__(self) -> NoReturn: ...
    @property
    def length(self) -> int:
        """Bytes of the decoded secret key: CME's keys have 32, a public vector's key has 48."""

    @property
    def has_usual_length(self) -> bool:
        """Whether `length` is 32 or 48: a key of another length has most likely lost characters."""

    def sign(self, canonical: bytes, /) -> bytes:
        """Sign a canonical string: 32 bytes, as iLink 3 sends them."""

    def verify(self, canonical: bytes, signature: bytes, /) -> bool:
        """Whether the 32 bytes of `signature` are this key's, compared in constant time.

        A truncated or longer signature is never valid.
        """

    def sign_fields(
        self,
        msg_seq_num: str,
        sender_comp_id: str,
        sender_sub_id: str,
        sending_time: str,
        target_sub_id: str,
        heart_bt_int: str,
        sender_location_id: str,
        last_msg_seq_num_processed: str,
        application_system_name: str,
        trading_system_version: str,
        application_system_vendor: str,
        /,
    ) -> str:
        """Sign the eleven values of a FIX Logon: 43 characters for EncryptedPassword (1402).

        Raises `gatepass.errors.FieldError` naming a value that is empty, illegal or too long.
        """

    def sign_logon(self, access_key_id: str, logon: bytes, /) -> bytes:
        """Turn a raw Logon into a signed one.

        98, 95, 96 and old credentials are left out; 354, 355, 1400, 1401 and 1402 come at the end
        of the body; 9 and 10 are computed again. Raises `gatepass.errors.LogonError`.
        """

    def verify_logon(self, logon: bytes, /) -> bool:
        """Whether a signed Logon carries this key's signature, whatever its Access Key ID.

        Raises `gatepass.errors.LogonError` if it cannot be read.
        """

@final
class DiagnosisKey:
    """The text of a secret key, used as a key without decoding it.

    For diagnosis only: it recognises the commonest mistake of a client, and cannot sign. It cannot
    be printed, compared, copied, pickled or read back. Raises `gatepass.errors.ArgumentError` for
    another type than it takes. The caller wipes the text.
    """

    def __new__(cls, secret: str | bytes | bytearray, /) -> DiagnosisKey: ...
    def __reduce__(self) -> NoReturn: ...
    def made(self, canonical: bytes, signature: bytes, /) -> bool:
        """Whether the 32 bytes of `signature` were made with the text, compared in constant time.

        A truncated or longer signature never was.
        """

@final
class KeyTable:
    """The key pairs of a key file in CME's layout, in its order; immutable.

    `text` is read with the GIL released, and not kept; the only copy of it is wiped. `path` is
    for messages only; with `may_be_empty`, a file may contain a header and no pairs; with
    `diagnosis`, each pair has a `DiagnosisKey`. It cannot be pickled or copied. Raises
    `gatepass.errors.KeyFileError`, which names the line and never quotes it.
    """

    def __new__(
        cls,
        text: bytes | bytearray | memoryview,
        /,
        path: Path | None = None,
        *,
        may_be_empty: bool = False,
        diagnosis: bool = False,
    ) -> KeyTable: ...
    def __len__(self) -> int: ...
    def __reduce__(self) -> NoReturn: ...
    @property
    def sessions(self) -> list[str]:
        """The sessions that have pairs, in the order of their first pair."""

    @property
    def unusual(self) -> list[int]:
        """The pairs whose secret key has a length that CME's keys do not have."""

    def pair(
        self, index: int, /
    ) -> tuple[str, str, SigningKey, date, date, str | None, DiagnosisKey | None]:
        """Session ID, Access Key ID, key, Creation Date, Expiration Date, environment of a pair.

        Last comes its diagnosis key, if the reader asked for it. Pairs are named by their place,
        from 0. Raises `IndexError`.
        """

    def find(self, access_key_id: str, /) -> int | None:
        """The pair with this Access Key ID."""

    def of_session(self, session: str, /) -> tuple[int, ...]:
        """The pairs of a session, in the file's order."""

    def keeps_all_of(self, older: KeyTable, /) -> bool:
        """Whether every pair of an older table is in this one, unaltered, its key included."""

    def gone_since(self, older: KeyTable, /) -> list[str]:
        """The Access Key IDs of an older table that are not in this one."""

@final
class Logon:
    """One Logon (35=A), signed or not, scanned once.

    Raises `gatepass.errors.LogonError` if the bytes are not one intact FIX message, if MsgType is
    not ``A``, or if a signed or credential field occurs twice.
    """

    def __new__(cls, message: bytes, /) -> Logon: ...
    @property
    def message(self) -> bytes:
        """The bytes it was made from."""

    @property
    def values(self) -> list[bytes | None]:
        """The signed values in the order of the ``fix-logon`` profile."""

    @property
    def sender_comp_id(self) -> bytes | None:
        """SenderCompID (49)."""

    @property
    def sending_time(self) -> bytes | None:
        """SendingTime (52)."""

    @property
    def canonical(self) -> bytes:
        """The bytes that are signed.

        Raises `gatepass.errors.FieldError` naming the first signed field that is missing, empty
        or illegal.
        """

    @property
    def access_key_id(self) -> bytes:
        """EncodedText (355). Raises `gatepass.errors.FieldError` if it is missing or empty."""

    @property
    def signature(self) -> bytes:
        """The 32 bytes of EncryptedPassword (1402).

        Raises `gatepass.errors.FieldError` unless 1400 is ``CME-1-SHA-256`` and 1402 is exactly 43
        characters of base64url.
        """

    def with_credentials(self, access_key_id: str, signature: bytes, /) -> bytes:
        """Make the signed message from a signature of 32 bytes that another signer gave.

        Raises `gatepass.errors.FieldError` as `canonical` does.
        """

@final
class Framer:
    """Cuts a byte stream into messages; any split of the stream gives the same events.

    A garbled message is an event, and the search for the next message continues, as FIX requires.
    """

    def __new__(cls, max_message: int = 65536) -> Framer: ...
    def feed(self, data: bytes, /) -> list[bytes | FramingError]:
        """Add received bytes; return the messages and errors that are complete with them."""

    @property
    def pending(self) -> int:
        """How many buffered bytes are not part of an event yet."""

    @property
    def unfinished(self) -> tuple[int, FramingError] | None:
        """How many buffered bytes are an incomplete message if the stream ends now, and why.

        ``None`` if nothing is buffered, or only bytes of an event that was returned.
        """

@disjoint_base
class Message:
    """The fields between BodyLength and CheckSum of one whole message, in order.

    Raises `gatepass.errors.FramingError` as `scan` does.
    """

    def __new__(cls, wire: bytes, /, *, possibly_delivered: bool = False) -> Self: ...
    @property
    def wire(self) -> bytes:
        """The message that it was made from."""

    @property
    def possibly_delivered(self) -> bool:
        """Whether the application may have had it before the process was killed."""

    @property
    def msg_type(self) -> str:
        """MsgType (35)."""

    @property
    def msg_seq_num(self) -> int | None:
        """MsgSeqNum (34), as `number` reads it."""

    @property
    def fields(self) -> tuple[tuple[int, str], ...]:
        """Tags and values, as Latin-1: each byte is one character, so that data fields survive."""

    @property
    def has_repeated_tags(self) -> bool:
        """Whether any tag occurs twice."""

    def get(self, tag: int, /) -> str | None:
        """Return the first value of a tag, ``None`` if it is missing."""

    def number(self, tag: int, /) -> int | None:
        """Return the first value of an integer tag; ``None`` if it is missing or not a number.

        CME's integers have nine digits at the most; a longer one is no number here.
        """

    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def scan(message: bytes, /) -> list[tuple[int, bytes]]:
    """All fields of one whole message, in order.

    Raises `gatepass.errors.FramingError` if the bytes are not exactly one intact FIX message.
    """

def read_fields(message: bytes, /) -> tuple[tuple[int, str], ...]:
    """The fields between BodyLength and CheckSum of one whole message, in order, as Latin-1.

    Raises `gatepass.errors.FramingError` as `scan` does.
    """

def write_fields(fields: Iterable[tuple[int, str]], /) -> bytes:
    """Write a message of these fields, with 8 (``FIX.4.2``) and 9 before them and 10 after them.

    They are not checked: MsgType (35) must be the first, and no value may contain SOH. Raises
    `UnicodeEncodeError` for a character beyond Latin-1.
    """

def scan_unchecked(message: bytes, /) -> list[tuple[int, bytes]]:
    """The fields after BodyLength that can be read, whatever BodyLength and CheckSum say.

    For diagnosis only: signing and verifying never use it.
    """

def complete_draft(draft: bytes, sending_time: str | None = None, /) -> bytes:
    """Return a message with the BodyLength (9) and CheckSum (10) that its bytes need.

    They may be wrong or missing; `sending_time` replaces SendingTime (52). Raises
    `gatepass.errors.FramingError`.
    """

def canonical_string(profile: str, values: Sequence[str | bytes | None], /) -> bytes:
    """Build the bytes to sign from a profile's values, in the profile's order.

    Raises `gatepass.errors.FieldError` naming a value that is missing (`None`), empty, illegal or
    too long, and `ValueError` for an unknown profile or a wrong number of values.
    """

def hide_secrets(value: bytes, tag: int | None = None, /, *, keep_length: bool = False) -> bytes:
    """Return a text with ``***`` for each part of it that may be a secret key.

    `tag` is the field whose value the text is; without it, the text is a sentence. With
    `keep_length`, each character becomes an asterisk.
    """

def header_fault(
    message: bytes, /, target_sub_id: str | None = None
) -> tuple[int, str, bool, str] | None:
    """Find the first fault in the header of a message, by CME's Session Layer Validation.

    Returns the tag, Text (58) of the gateway's answer, whether that answer is a Logout, and what is
    wrong in plain words. `target_sub_id` is what TargetSubID (57) must be; without it, ``G`` and
    two digits are accepted. Raises `gatepass.errors.FramingError` if the bytes are not one whole
    message.
    """

def logon_faults(
    message: bytes,
    /,
    target_sub_id: str | None = None,
    first_indicators: str = "UN",
    logged_on: bool | None = None,
) -> list[tuple[int, str, bool, str]]:
    """Find every fault of a Logon that can be seen without knowing the session.

    As `header_fault`, in the order in which a gateway checks. `first_indicators` are the Fault
    Tolerance Indicators of a first Logon. `logged_on` says whether the session is logged on;
    without it, the Logon's own ResetSeqNumFlag (141) decides.
    """

def encode_signature(signature: bytes, /) -> str:
    """Write the 32 bytes of a signature as 43 characters of base64url without padding."""

def decode_signature(text: str | bytes, /) -> bytes:
    """Read exactly 43 characters of base64url without padding: 32 bytes.

    Raises `gatepass.errors.FieldError` on tag 1402 for anything else.
    """

def verify_batch(keys: dict[str, SigningKey], logons: Sequence[bytes], threads: int, /) -> bytes:
    """Verify many signed Logons on `threads` threads with the GIL released.

    `keys` maps Access Key IDs to keys. The answer has one byte per logon: 0 valid, 1 unreadable,
    2 unknown Access Key ID, 3 wrong signature. Checks the signature only, as
    `SigningKey.verify_logon` does: not the session, the time or the life of the key.
    """

def measure_core(
    secret: str, values: Sequence[str], rounds: int, loops: int, /
) -> list[tuple[float, float]]:
    """Time the core from inside, for `gatepass.bench`.

    Nanoseconds per signature, one pair per round: the MAC alone over prepared bytes, and
    canonicalise + MAC + encode from the eleven values.
    """
