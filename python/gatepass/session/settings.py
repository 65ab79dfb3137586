"""What a Logon says of the client, on every connection."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What a Logon says of the client. Units: ``heart_bt_int`` is in seconds.

    ``sender_comp_id`` is Session ID, firm and Fault Tolerance Indicator: ``N`` without fault
    tolerance, ``U`` (undefined) with.
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
