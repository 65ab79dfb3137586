"""Explain a Logon: what was signed, what was expected, what was received, what check failed."""

from __future__ import annotations

from collections.abc import Sequence
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
from gatepass.fix.arguments import whole
from gatepass.fix.mistakes import SignedLogon, find_mistake, read_foreign_signature
from gatepass.fix.notation import visible
from gatepass.fix.sent_secret import KEY_SENT, is_sent_secret, shown_signature
from gatepass.fix.verifier import LogonVerifier
from gatepass.keys import KeyPair, KeyRing, Keys, as_source
from gatepass.keys.likely_secret import starred
from gatepass.signing.verdict import Verdict

_FIELDS = PROFILES["fix-logon"]
_SENDER_COMP_ID = [tag for tag, _ in _FIELDS].index(49)
#: The problem of a value that CME's tables do not allow; the check "field values" has the reason.
NOT_ALLOWED = "not allowed"
#: The problem of a value that is not shown, because it looks like a secret key.
NOT_SHOWN = "a Secret Key?"
#: Said where no cause was found with pairs that have no diagnosis key.
UNTRIED = (
    "not tried: the Secret Key used as text, because the keys were read without diagnosis=True"
)


@dataclass(frozen=True, slots=True)
class ExplainedField:
    """One signed field in signed order; ``value`` is ``None`` if it is missing.

    ``problem`` is what is wrong with it, if anything.
    """

    tag: int
    name: str
    value: str | None = field(repr=False)
    problem: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    r"""All that is known about one Logon. Contains no secret. True if and only if it is valid.

    ``canonical`` is the signed string with each line feed shown as ``\n``; ``expected`` and
    ``received`` are EncryptedPassword (1402) as it should be and as it came; ``cause`` is what the
    client did wrong, if that is known; ``untried`` is the mistake that could not be looked for.
    """

    verdict: Verdict
    fields: tuple[ExplainedField, ...] = ()
    canonical: str | None = field(default=None, repr=False)
    expected: str | None = field(default=None, repr=False)
    received: str | None = field(default=None, repr=False)
    cause: str | None = None
    untried: str | None = None

    def __bool__(self) -> bool:
        return self.verdict.valid

    def __repr__(self) -> str:
        cause = "" if self.cause is None else f"; cause: {self.cause}"
        untried = "" if self.untried is None else f"; {self.untried}"
        return f"<Explanation: {self.verdict!r}{cause}{untried}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "an Explanation cannot be pickled or copied, because it contains the canonical string:"
            " use as_dict() if you want to store it"
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
            "untried": self.untried,
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

    A secret key used as text is recognised only with pairs that were read with ``diagnosis=True``;
    a path given here is read so. Never raises for a bad Logon: the explanation says what is wrong
    with it.
    """
    logon, ring = whole(logon), as_source(keys, diagnosis=True).ring
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
        _field(index, value, NOT_ALLOWED if tag in wrong else None)
        for index, ((tag, _), value) in enumerate(zip(_FIELDS, values, strict=True))
    )
    received = dict(scan(logon.message)).get(1402)
    pair = None if verdict.access_key_id is None else ring.find(verdict.access_key_id)
    pairs = _candidates(pair, ring, values[_SENDER_COMP_ID])
    known = [*pairs, *_named(logon, ring)]
    came = None if received is None else visible(shown_signature(received, known))
    try:
        canonical = logon.canonical
    except LogonError:
        return Explanation(verdict, fields, received=came)
    expected = None if pair is None else encode_signature(pair.signing_key.sign(canonical))
    if received and expected and received.decode("latin-1") in expected:
        came = received.decode("latin-1")  # a part of the right signature is no secret
    signed = SignedLogon(logon.message, [value for value in values if value is not None])
    cause = _cause(signed, canonical, received, pair, pairs, verdict)
    return Explanation(
        verdict,
        fields,
        # Every value is present and legal.
        "\\n".join(field.value or "" for field in fields),
        expected,
        came,
        cause,
        _untried(cause, pairs, verdict),
    )


def _candidates(pair: KeyPair | None, ring: KeyRing, sender_comp_id: bytes | None) -> list[KeyPair]:
    """Return the pairs whose secret the client probably has, the one that it names first."""
    serving = ring.serving((sender_comp_id or b"").decode("latin-1"))
    return ([] if pair is None else [pair]) + [other for other in serving if other is not pair]


def _named(logon: Logon, ring: KeyRing) -> list[KeyPair]:
    """Return the pair that a Logon names, even if it belongs to another session."""
    try:
        pair = ring.find(logon.access_key_id.decode("ascii"))
    except LogonError:
        return []
    return [] if pair is None else [pair]


def _cause(
    logon: SignedLogon,
    canonical: bytes,
    received: bytes | None,
    pair: KeyPair | None,
    candidates: Sequence[KeyPair],
    verdict: Verdict,
) -> str | None:
    """Find what the client did wrong, if the signature failed."""
    failed = {check.name for check in verdict.failed}
    if received is None or not failed & {"credentials", "access key", "signature"}:
        return None
    if is_sent_secret(received, candidates):
        return KEY_SENT
    try:
        signature = Logon(logon.message).signature
        written = ""
    except LogonError:
        foreign = read_foreign_signature(received)
        if foreign is None:
            return None
        written = f"the signature is written as {foreign[0]}, not as base64url without padding"
        signature = foreign[1]
    made = _made_with(logon, canonical, signature, pair, candidates)
    return "; ".join(part for part in (written, made) if part) or None


def _untried(cause: str | None, candidates: Sequence[KeyPair], verdict: Verdict) -> str | None:
    """Say which mistake was not looked for, where a signature is wrong for no known cause."""
    if cause is not None or all(check.name != "signature" for check in verdict.failed):
        return None
    return UNTRIED if any(pair.diagnosis_key is None for pair in candidates) else None


def _made_with(
    logon: SignedLogon,
    canonical: bytes,
    signature: bytes,
    pair: KeyPair | None,
    candidates: Sequence[KeyPair],
) -> str | None:
    """Return which key signed and what it signed, if one of them is wrong."""
    for used in candidates:
        if used.signing_key.verify(canonical, signature):
            return None if used is pair else _wrong_key(used, pair)
    for used in candidates:
        mistake = find_mistake(logon, signature, used)
        if mistake is not None:
            return mistake if used is pair else f"{mistake}; and {_wrong_key(used, pair)}"
    return None


def _wrong_key(used: KeyPair, named: KeyPair | None) -> str:
    names = "another Access Key ID" if named is None else named.access_key_id
    return f"it was signed with the secret key of {used.access_key_id}, but names {names}"


def _fields_as_they_came(logon: bytes) -> tuple[ExplainedField, ...]:
    """The signed fields of a message that is not a readable Logon, as far as it can be scanned."""
    scanned = scan_unchecked(logon)
    if not scanned:
        return ()
    rows = []
    for index, (tag, _) in enumerate(_FIELDS):
        values = [value for t, value in scanned if t == tag]
        problem = "repeated" if len(values) > 1 else None
        rows.append(_field(index, values[0] if values else None, problem))
    return tuple(rows)


def _field(index: int, value: bytes | None, problem: str | None) -> ExplainedField:
    """Return one signed field; a value that may be a secret key is not shown."""
    tag, name = _FIELDS[index]
    safe = None if value is None else starred(value, tag)
    if problem != "repeated":
        problem = _problem(index, value) or (NOT_SHOWN if safe != value else problem)
    return ExplainedField(tag, name, None if safe is None else visible(safe), problem)


def _problem(index: int, value: bytes | None) -> str | None:
    """Have the canonicaliser check one value alone, among legal values."""
    values: list[bytes | None] = [b"-"] * len(_FIELDS)
    values[index] = value
    try:
        canonical_string("fix-logon", values)
    except FieldError as error:
        return error.rule
    return None
