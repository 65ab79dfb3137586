"""A session's name: SenderCompID (49) without its last character, which is a role."""

from __future__ import annotations

#: The Fault Tolerance Indicators: undesignated, primary, backup, none.
INDICATORS = frozenset("UPBN")


def is_named(written: str, name: str) -> bool:
    """Tell whether what somebody wrote means a session: with an indicator, as logs do, or not."""
    return written == name or (written[:-1] == name and written[-1:] in INDICATORS)
