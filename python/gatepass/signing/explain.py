"""Explain a Logon: what was signed, what was expected, what came, and which check failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from gatepass._native import (
    PROFILES,
    Logon,
    canonical_string,
    encode_signature,
    logon_faults,
    scan,
    scan_unchecked,
)
from gatepass.arguments import refuse
from gatepass.errors import FieldError, LogonError
from gatepass.keys import KeyPair, KeyRing, Keys, as_source
from gatepass.signing import sent_secret
from gatepass.signing.arguments import whole
from gatepass.signing.mistakes import SignedLogon, find_mistake, read_foreign_signature
from gatepass.signing.notation import visible
from gatepass.signing.verdict import Verdict
from gatepass.signing.verifier import LogonVerifier

_FIELDS = PROFILES["fix-logon"]
#: The problem of a value that CME's tables do not allow; the check "field values" says why.
NOT_ALLOWED = "not allowed"
#: So many keys are tried on a Logon, whosever they are.
FEW = 100


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """One signed field in signed order; ``value`` is ``None`` where it is missing.

    ``problem`` says what is wrong with it, if anything.
    """

    tag: int
    name: str
    value: str | None = field(repr=False)
    problem: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    r"""Everything that is known of one Logon. Holds no secret. True exactly when it is valid.

    ``canonical`` is the signed string with each line feed shown as ``\n``; ``expected`` and
    ``received`` are EncryptedPassword (1402) as it should be and as it came; ``cause`` says what
    the client did, where that could be found out.
    """

    verdict: Verdict
    fields: tuple[ExplainedField, ...] = ()
    canonical: str | None = field(default=None, repr=False)
    expected: str | None = field(default=None, repr=False)
    received: str | None = field(default=None, repr=False)
    cause: str | None = None

    def __bool__(self) -> bool:
        return self.verdict.valid

    def __repr__(self) -> str:
        cause = "" if self.cause is None else f"; cause: {self.cause}"
        return f"<Explanation: {self.verdict!r}{cause}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "an Explanation cannot be pickled or copied, for it holds the canonical string: keep"
            " as_dict() where that is meant to be kept"
        )

    def as_dict(self) -> dict[str, object]:
        """The explanation as plain data, for JSON."""
        return {
            **self.verdict.as_dict(),
            "signed_fields": [
                {"tag": f.tag, "name": f.name, "value": f.value, "problem": f.problem}
                for f in self.fields
            ],
            "canonical": self.canonical,
            "expected_signature": self.expected,
            "received_signature": self.received,
            "cause": self.cause,
        }


def explain(
    logon: bytes,
    keys: Keys,
    *,
    at: datetime | None = None,
    any_time: bool = False,
    verifier: LogonVerifier | None = None,
) -> Explanation:
    """Explain one Logon with the pairs of `keys`; arguments as in `LogonVerifier.verify`.

    Never raises for a bad Logon: the explanation says what is bad about it.
    """
    logon, ring = whole(logon), as_source(keys).ring
    if not (verifier is None or isinstance(verifier, LogonVerifier)):
        raise refuse("verifier", verifier, "a LogonVerifier or None")
    verdict = (verifier or LogonVerifier(ring)).verify(logon, at=at, any_time=any_time)
    try:
        parsed = Logon(logon)
    except LogonError:
        return Explanation(verdict, _fields_as_they_came(logon))
    return _explain(parsed, ring, verdict)


def _explain(logon: Logon, ring: KeyRing, verdict: Verdict) -> Explanation:
    values = logon.values
    wrong = {tag for tag, *_ in logon_faults(logon.message)}
    fields = tuple(
        ExplainedField(
            tag,
            name,
            _visible(value),
            _problem(index, value) or (NOT_ALLOWED if tag in wrong else None),
        )
        for index, ((tag, name), value) in enumerate(zip(_FIELDS, values, strict=True))
    )
    received = dict(scan(logon.message)).get(1402)
    known = _suspects(ring, verdict)
    try:
        canonical = logon.canonical
    except LogonError:
        return Explanation(verdict, fields, received=_received(received, None, known))
    pair = None if verdict.access_key_id is None else ring.find(verdict.access_key_id)
    expected = None if pair is None else encode_signature(pair.signing_key.sign(canonical))
    signed = SignedLogon(logon.message, [value for value in values if value is not None])
    return Explanation(
        verdict,
        fields,
        canonical.decode("ascii").replace("\n", "\\n"),
        expected,
        _received(received, expected, known),
        _cause(signed, canonical, received, pair, ring, verdict),
    )


def _suspects(ring: KeyRing, verdict: Verdict) -> list[KeyPair]:
    """The pairs whose secret key may be in the Logon: all, where there are few."""
    if len(ring) <= FEW:
        return list(ring)
    named = None if verdict.access_key_id is None else ring.find(verdict.access_key_id)
    return [*ring.serving(verdict.sender_comp_id or ""), *([named] if named else [])]


def _received(received: bytes | None, expected: str | None, pairs: list[KeyPair]) -> str | None:
    return None if received is None else sent_secret.shown(received, expected, pairs)


def _cause(
    logon: SignedLogon,
    canonical: bytes,
    received: bytes | None,
    pair: KeyPair | None,
    ring: KeyRing,
    verdict: Verdict,
) -> str | None:
    """Find out what the client did, if the signature is what failed."""
    failed = {check.name for check in verdict.failed}
    if received is None or not failed & {"credentials", "access key", "signature"}:
        return None
    decoded = sent_secret.bytes_of(received)
    if decoded is not None and sent_secret.is_secret(decoded, _suspects(ring, verdict)):
        return sent_secret.WORDS
    try:
        signature = Logon(logon.message).signature
        written = ""
    except LogonError:
        foreign = read_foreign_signature(received)
        if foreign is None:
            return None
        written = f"the signature is written as {foreign[0]}, not as base64url without padding"
        signature = foreign[1]
    made = _made_with(logon, canonical, signature, pair, ring)
    return "; ".join(part for part in (written, made) if part) or None


def _made_with(
    logon: SignedLogon, canonical: bytes, signature: bytes, pair: KeyPair | None, ring: KeyRing
) -> str | None:
    """Say whose key made the signature and over what, if it is not the right one's."""
    serving = ring.serving(logon.value(49).decode("ascii"))
    candidates = ([] if pair is None else [pair]) + [
        other for other in serving if other is not pair
    ]
    for used in candidates:
        if used.signing_key.verify(canonical, signature):
            return None if used is pair else _wrong_key(used, pair)
    for used in candidates:
        mistake = find_mistake(logon, signature, used.signing_key)
        if mistake is not None:
            return mistake if used is pair else f"{mistake}; and {_wrong_key(used, pair)}"
    return None


def _wrong_key(used: KeyPair, named: KeyPair | None) -> str:
    names = "another Access Key ID" if named is None else named.access_key_id
    return f"it was signed with the secret key of {used.access_key_id}, but names {names}"


def _fields_as_they_came(logon: bytes) -> tuple[ExplainedField, ...]:
    """The signed fields of a message that is no readable Logon, as far as it can be scanned."""
    scanned = scan_unchecked(logon)
    if not scanned:
        return ()
    rows = []
    for index, (tag, name) in enumerate(_FIELDS):
        values = [value for t, value in scanned if t == tag]
        value = values[0] if values else None
        problem = "repeated" if len(values) > 1 else _problem(index, value)
        rows.append(ExplainedField(tag, name, _visible(value), problem))
    return tuple(rows)


def _problem(index: int, value: bytes | None) -> str | None:
    """Ask the canonicaliser about one value alone, between values that are legal."""
    values: list[bytes | None] = [b"-"] * len(_FIELDS)
    values[index] = value
    try:
        canonical_string("fix-logon", values)
    except FieldError as error:
        return error.rule
    return None


def _visible(value: bytes | None) -> str | None:
    return None if value is None else visible(value)
