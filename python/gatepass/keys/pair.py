"""A key pair: to use (`KeyPair`, signs, cannot be read back) and to hand out (`IssuedPair`)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime

from gatepass._native import DiagnosisKey, SigningKey
from gatepass.errors import KeySourceError
from gatepass.keys import validity
from gatepass.keys.identifiers import AccessKeyId, SessionId
from gatepass.keys.secret import SecretKey
from gatepass.keys.validity import Status

_ENVIRONMENT = re.compile(r"[!-~](?:[ -~]*[!-~])?")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A pair to sign with. An unknown date (``None``) is no limit.

    ``diagnosis_key`` is only there if the pair was read with ``diagnosis=True``: by it
    `gatepass.explain` recognises a signature made with the secret key used as text.

    Two pairs are equal when all but their keys are: a key cannot be compared. Raises
    `KeySourceError` when the dates are the wrong way round or the environment is not plain text.
    """

    session: SessionId
    access_key_id: AccessKeyId
    signing_key: SigningKey = field(repr=False, compare=False)
    created: date | None = None
    expires: date | None = None
    environment: str | None = None
    diagnosis_key: DiagnosisKey | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check(self.created, self.expires, self.environment)

    @property
    def valid_from(self) -> datetime | None:
        """The first instant of the pair's life: midnight in Chicago of the Creation Date."""
        return validity.valid_from(self.created)

    @property
    def valid_until(self) -> datetime | None:
        """The first instant after it: the market close of the Expiration Date."""
        return validity.valid_until(self.expires)

    def status(self, at: datetime) -> Status:
        """Tell whether the pair may be used at ``at`` (a time with a time zone)."""
        return validity.status_at(self.created, self.expires, at)

    @property
    def length_warning(self) -> str | None:
        """Say that the secret key has a length that CME's keys do not have; ``None`` if it has.

        Such a pair works if both sides have the same key. The rule is not public: CME's keys have
        32 bytes, a public vector has 48.
        """
        key = self.signing_key
        if key.has_usual_length:
            return None
        return (
            f"the secret key of {self.access_key_id} has {key.length} bytes, and CME's have 32:"
            " it may have lost characters; download the key file again"
        )

    def days_left(self, at: datetime) -> int | None:
        """Count the calendar days in Chicago from ``at`` to the Expiration Date."""
        return validity.days_left(self.expires, at)


@dataclass(frozen=True, slots=True)
class IssuedPair:
    """A pair with its secret, to be written to a key file. Raises as `KeyPair` does."""

    session: SessionId
    access_key_id: AccessKeyId
    secret: SecretKey
    created: date
    expires: date
    environment: str | None = None

    def __post_init__(self) -> None:
        _check(self.created, self.expires, self.environment)

    def key_pair(self, *, diagnosis: bool = False) -> KeyPair:
        """Return the pair to sign with, without the secret's text."""
        return KeyPair(
            session=self.session,
            access_key_id=self.access_key_id,
            signing_key=self.secret.signing_key(),
            created=self.created,
            expires=self.expires,
            environment=self.environment,
            diagnosis_key=self.secret.diagnosis_key() if diagnosis else None,
        )


def _check(created: date | None, expires: date | None, environment: str | None) -> None:
    if created is not None and expires is not None and created > expires:
        raise KeySourceError(f"Creation Date {created} is after Expiration Date {expires}")
    if environment is not None and not _ENVIRONMENT.fullmatch(environment):
        raise KeySourceError("Environment must be printable ASCII, without blanks around it")
