"""Read a log of ``gatepass simulate``: the Logons that the gateway refused, when, and why."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gatepass.keys.likely_secret import hidden
from gatepass.signing import Check, Outcome, Verdict

_BEGIN = "8=FIX"
#: A signed value that the gateway hid in its log, because it may have been a secret key.
_HIDDEN = re.compile(rb"\x01(?:34|49|50|52|57|108|142|369|160[345])=[^\x01]*\*{22}")
_NOT_SHOWN = "the log hides a signed value, because it looked like a Secret Key"


@dataclass(frozen=True, slots=True)
class Refusal:
    """When the gateway refused a Logon, by its own clock, and why; empty if the log lacks it."""

    at: datetime | None
    reason: str

    def put_into(self, verdict: Verdict, message: bytes) -> Verdict:
        """Return the Logon's verdict with one more check, which has failed.

        A signature over a value that the log hides with asterisks cannot be checked.
        """
        words = "the gateway refused it"
        detail = f"{words}: {hidden(self.reason)}" if self.reason else words
        checks = verdict.checks
        if _HIDDEN.search(message):
            unknown = Check("signature", Outcome.NOT_CHECKED, _NOT_SHOWN)
            checks = tuple(unknown if check.name == "signature" else check for check in checks)
        checks = (*checks, Check("gateway", Outcome.FAILED, detail))
        return Verdict(checks, verdict.sender_comp_id, verdict.access_key_id)


class LogReader:
    """Extracts the Logons from the lines of a log, and remembers the gateway's refusals.

    Lines that are not JSON are returned unchanged. If the input `is_log` for sure, lines without a
    message are skipped: they are the gateway's own.
    """

    def __init__(self, *, is_log: bool) -> None:
        self._is_log = is_log
        self._number = 0
        self._before: dict[str, Any] = {}
        self._refusals: dict[int, Refusal] = {}
        #: How many lines had no message.
        self.passed_over = 0

    def take(self, line: bytes) -> bytes:
        """Return the message in the next line, or a blank line if there is none."""
        self._number += 1
        data = _object(line)
        if data is None:
            return self._pass_over() if self._is_words(line) else line
        before, self._before = self._before, data
        # The keys of sign --json, and of simulate --json and --log.
        for key in ("logon", "detail"):
            text = data.get(key)
            if isinstance(text, str) and text.startswith(_BEGIN):
                if key == "detail" and data.get("what") == "logon":
                    self._refusals[self._number] = _refusal(data, before)
                return text.encode("latin-1", "replace") + b"\n"
        return self._pass_over()

    def refusal(self, number: int) -> Refusal | None:
        """Return the refusal of the Logon in a line, once."""
        return self._refusals.pop(number, None)

    def _is_words(self, line: bytes) -> bool:
        return self._is_log and bool(line.strip()) and _BEGIN.encode() not in line

    def _pass_over(self) -> bytes:
        self.passed_over += 1
        return b"\n"


def _object(line: bytes) -> dict[str, Any] | None:
    if not line.startswith(b"{"):
        return None
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _refusal(logon: dict[str, Any], before: dict[str, Any]) -> Refusal:
    """Read a Logon's line, and the line before it, which contains the reason."""
    is_its = before.get("what") == "refused" and before.get("session") == logon.get("session")
    reason = before.get("detail") if is_its else ""
    return Refusal(_moment(logon.get("time")), reason if isinstance(reason, str) else "")


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return None if moment is None or moment.utcoffset() is None else moment
