"""The client's values for its Logon, checked before anything is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gatepass._native import PROFILES, TAG_NAMES, canonical_string, logon_faults
from gatepass.errors import FieldError
from gatepass.fix.message import LOGON, encode
from gatepass.fix.names import role_in
from gatepass.fix.sending_time import format_sending_time
from gatepass.session.role import Role

#: Any valid SendingTime (52): its value does not matter yet.
_ANY_TIME = format_sending_time(datetime(2026, 1, 5, tzinfo=UTC))
#: A valid name of an exchange.
_NAME = re.compile(r"[!-~]+")
#: Characters of SenderCompID (49) that identify the port. Drop Copy has six, but three are used
#: there too: it is safer to count too many Logons together than too few.
SESSION_ID_LENGTH = 3


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """The client's values for its Logon. Units: ``heart_bt_int`` is in seconds, from 5 to 60.

    ``sender_comp_id`` is Session ID, firm and Fault Tolerance Indicator: ``N`` without fault
    tolerance, ``U`` (undefined) with. ``target_comp_id`` is the exchange.

    Raises `FieldError`, which names the tag, for a value that would make CME refuse the Logon: five
    such Logons close the port. The rules are CME's Session Layer Validation Conditions and the
    lengths in its tables; they are in `gatepass._native.logon_faults`.
    """

    sender_comp_id: str
    sender_sub_id: str
    target_sub_id: str
    sender_location_id: str
    application_system_name: str
    trading_system_version: str
    application_system_vendor: str
    heart_bt_int: int = 30
    target_comp_id: str = "CME"

    def __post_init__(self) -> None:
        own = self._fields()
        for tag, value in own.items():
            _refuse_other_type(tag, value, int if tag == 108 else str)
        fields = {34: "1", 52: _ANY_TIME, 369: "0", **own, 108: str(self.heart_bt_int)}
        # A value that is empty, or not printable ASCII, has no canonical string.
        canonical_string("fix-logon", [fields[tag] for tag, _ in PROFILES["fix-logon"]])
        exchange = self.target_comp_id
        if exchange and not _NAME.fullmatch(exchange):
            words = "TargetCompID (56) has an illegal character: use printable ASCII, no blanks"
            raise FieldError(words, 56, "TargetCompID", "illegal")
        for tag, _, _, reason in logon_faults(
            encode([(35, LOGON), *fields.items()]), logged_on=False
        ):
            # The exchange's name is a setting: a rehearsal may use another exchange's gateway.
            if tag != 56 or not exchange:
                raise FieldError(f"{reason}; nothing was sent", tag, TAG_NAMES[tag], "unexpected")

    @property
    def session_id(self) -> str:
        """The Session ID, which has one port for all its firms and Fault Tolerance Indicators."""
        return self.sender_comp_id[:SESSION_ID_LENGTH]

    def require_fault_tolerance(self) -> None:
        """Raise `FieldError` unless the session may log on to a backup gateway as well."""
        if role_in(self.sender_comp_id) is not Role.UNDESIGNATED:
            message = "SenderCompID (49) of a session with a backup must end in U; nothing was sent"
            raise FieldError(message, 49, "SenderCompID", "illegal")

    def _fields(self) -> dict[int, Any]:
        return {
            49: self.sender_comp_id,
            50: self.sender_sub_id,
            56: self.target_comp_id,
            57: self.target_sub_id,
            142: self.sender_location_id,
            108: self.heart_bt_int,
            1603: self.application_system_name,
            1604: self.trading_system_version,
            1605: self.application_system_vendor,
        }


def _refuse_other_type(tag: int, value: object, wanted: type) -> None:
    if type(value) is not wanted:
        article = "a whole number" if wanted is int else "text"
        words = f"{TAG_NAMES[tag]} ({tag}) is of type {type(value).__name__}: give {article}"
        raise FieldError(f"{words}; nothing was sent", tag, TAG_NAMES[tag], "illegal")
