"""Sign a Logon, with a local key or a remote signer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gatepass._native import (
    ALGORITHM,
    PROFILES,
    canonical_string,
    decode_signature,
    encode_signature,
)
from gatepass.arguments import a_time, refuse
from gatepass.errors import ArgumentError, FieldError, SignerError
from gatepass.fix.arguments import read_logon, whole
from gatepass.keys import AccessKeyId, Keys, as_source
from gatepass.signing.signer import LocalSigner, Signer

_TAGS = tuple(tag for tag, _ in PROFILES["fix-logon"])
_SIGNATURE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Credentials:
    """The fields that signing adds to a Logon: the values of 354, 355, 1400, 1401 and 1402.

    Raises `gatepass.errors.FieldError` for an invalid Access Key ID or signature.
    """

    access_key_id: AccessKeyId
    signature: str = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "access_key_id", AccessKeyId(self.access_key_id))
        if not isinstance(self.signature, str):
            raise _text_error(1402, "EncryptedPassword", self.signature)
        decode_signature(self.signature)

    def fields(self) -> tuple[tuple[int, str], ...]:
        """The (tag, value) pairs in the order that they must have at the end of the body."""
        return (
            (354, str(len(self.access_key_id))),
            (355, self.access_key_id),
            (1400, ALGORITHM),
            (1401, str(len(self.signature))),
            (1402, self.signature),
        )


class LogonSigner:
    """Signs Logons for every session that a key source serves.

    ``keys`` is a key source, a `KeyRing`, or the path of a key file, which is reloaded when it
    changes.

    The pair is chosen for each Logon, so a reloaded key file takes effect at the next one: the
    valid pair created last, or the one named by `access_key_id`.
    """

    def __init__(self, keys: Keys, *, access_key_id: AccessKeyId | None = None) -> None:
        source = as_source(keys)
        if not (access_key_id is None or isinstance(access_key_id, str)):
            raise refuse("access_key_id", access_key_id, "text or None")

        def choose(sender_comp_id: str, at: datetime) -> Signer:
            return LocalSigner(source.ring.choose(sender_comp_id, at, access_key_id))

        self._choose: Callable[[str, datetime], Signer] = choose
        self._named = f"keys from {source!r}"

    @classmethod
    def using(cls, signer: Signer) -> LogonSigner:
        """Sign every Logon with one signer, such as a remote one.

        Raises `gatepass.errors.ArgumentError` for an object that cannot sign, and
        `gatepass.errors.FieldError` for a signer with an invalid Access Key ID.
        """
        if not callable(getattr(signer, "sign", None)) or isinstance(signer, LogonSigner):
            raise refuse("signer", signer, "a Signer, with access_key_id and sign")
        self = cls.__new__(cls)
        self._choose = lambda _sender_comp_id, _at: signer
        self._named = f"the signer of {_named(signer)}"
        return self

    def __repr__(self) -> str:
        return f"<LogonSigner with {self._named}>"

    def sign(self, logon: bytes, *, at: datetime | None = None) -> bytes:
        """Turn a raw Logon into a signed one; `at` (default: now) decides which pairs are valid.

        98, 95, 96 and old credentials are left out; 354, 355, 1400, 1401 and 1402 are added at the
        end of the body; 9 and 10 are rewritten. Raises `gatepass.errors.LogonError`,
        `gatepass.errors.KeyChoiceError` or `gatepass.errors.SignerError`; then nothing is signed.
        """
        parsed = read_logon(whole(logon))
        parsed.canonical  # noqa: B018 - raises first if a signed field is missing or illegal
        signer = self._signer_for(parsed.values[_TAGS.index(49)], at)
        access_key_id = _named(signer)
        signature = _checked(signer.sign(parsed.canonical))
        return parsed.with_credentials(access_key_id, signature)

    def sign_fields(self, values: Mapping[int, str], *, at: datetime | None = None) -> Credentials:
        """Sign the values of a Logon, given by tag; tags that are not signed are ignored.

        Raises as `sign` does, and `gatepass.errors.ArgumentError` if `values` is not a mapping.
        """
        if not isinstance(values, Mapping):
            raise refuse("values", values, "a dict of texts by tag, such as {34: '1', 52: ...}")
        for tag in values:
            if not isinstance(tag, int):
                words = "values has a tag of type {}: give tags as numbers, such as 34"
                raise ArgumentError(words.format(type(tag).__name__), "values")
        signed = [_text(tag, name, values.get(tag)) for tag, name in PROFILES["fix-logon"]]
        canonical_string("fix-logon", signed)  # raises first if a field is missing or illegal
        signer = self._signer_for(values[49].encode("ascii"), at)
        access_key_id = _named(signer)
        signature = _checked(signer.sign(canonical_string("fix-logon", signed)))
        return Credentials(access_key_id, encode_signature(signature))

    def _signer_for(self, sender_comp_id: bytes | None, at: datetime | None) -> Signer:
        # A canonical string exists, so SenderCompID is present and printable ASCII.
        assert sender_comp_id is not None  # noqa: S101
        moment = datetime.now(UTC) if at is None else a_time(at)
        return self._choose(sender_comp_id.decode("ascii"), moment)


# No variable here ever contains the canonical string: a signer may fail, and some tracebacks show
# local variables.


def _text(tag: int, name: str, value: object) -> str | None:
    """Refuse a value that is not text: do not guess how the message would write it."""
    if value is None or isinstance(value, str):
        return value
    raise _text_error(tag, name, value)


def _text_error(tag: int, name: str, value: object) -> FieldError:
    words = f"{name} ({tag}) is of type {type(value).__name__}: give it as text, as on the wire"
    return FieldError(words, tag, name, "illegal")


def _named(signer: Signer) -> AccessKeyId:
    """Return a signer's Access Key ID, which is sent in the Logon."""
    try:
        return AccessKeyId(signer.access_key_id)
    except AttributeError:
        raise refuse("signer", signer, "a Signer, with access_key_id and sign") from None
    except FieldError as error:
        words = f"EncodedText (355), the signer's access_key_id, cannot be sent: {error}"
        raise FieldError(words, 355, "EncodedText", error.rule) from None


def _checked(signature: object) -> bytes:
    """Check the type and length of a signature; only its value is left to the signer."""
    if not isinstance(signature, bytes) or len(signature) != _SIGNATURE_BYTES:
        raise SignerError(
            f"the signer did not return a signature of {_SIGNATURE_BYTES} bytes: it must return the"
            " raw bytes of HMAC-SHA-256, decoded from any text"
        )
    return signature
