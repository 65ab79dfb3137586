"""What verification found, check by check."""

from __future__ import annotations

import enum

from gatepass.keys import AccessKeyId
from gatepass.values import value


class Outcome(enum.Enum):
    """How one check ended. True if it passed."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"

    def __bool__(self) -> bool:
        return self is Outcome.PASSED


@value
class Check:
    """One check: its name, its outcome, and a sentence for people. True if it passed."""

    name: str
    outcome: Outcome
    detail: str

    def __bool__(self) -> bool:
        return self.outcome is Outcome.PASSED


@value
class Verdict:
    """Every check of one Logon, in order. True exactly when the Logon is `valid`.

    It is for the verifying side only: a client gets the same answer to every bad Logon.
    """

    checks: tuple[Check, ...]
    sender_comp_id: str | None = None
    access_key_id: AccessKeyId | None = None

    def __bool__(self) -> bool:
        # People write `if verifier.verify(logon): accept()`: that must not accept a bad Logon.
        return self.valid

    def __repr__(self) -> str:
        """Say the most important first: whether it is valid, whose it is, and what failed."""
        whose = "" if self.sender_comp_id is None else f" {self.sender_comp_id}"
        if self.valid:
            return f"<Verdict: valid{whose}, signed with {self.access_key_id}>"
        why = "; ".join(f"{check.name}: {check.detail}" for check in self.failed)
        return f"<Verdict: not valid{whose}: {why or 'the signature was not checked'}>"

    @property
    def valid(self) -> bool:
        """Whether the Logon may be accepted: nothing failed and the signature was checked."""
        was_checked = False
        for check in self.checks:
            if check.outcome is Outcome.FAILED:
                return False
            if check.name == "signature":
                was_checked = check.outcome is Outcome.PASSED
        return was_checked

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.outcome is Outcome.FAILED)

    def as_dict(self) -> dict[str, object]:
        """The verdict as plain data, for JSON."""
        return {
            "valid": self.valid,
            "sender_comp_id": self.sender_comp_id,
            "access_key_id": self.access_key_id,
            "checks": [
                {"name": check.name, "outcome": check.outcome.value, "detail": check.detail}
                for check in self.checks
            ],
        }
