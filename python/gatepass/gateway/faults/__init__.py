"""Planned faults of a gateway: a plan says which fault strikes which message."""

from gatepass.gateway.faults.actions import (
    ACTIONS,
    Action,
    ClockSkew,
    Corrupt,
    Delay,
    Disconnect,
    Drop,
    Duplicate,
    ExpirePair,
    FailOver,
    FillBeyond,
    LogOut,
    Reorder,
    WrongNumber,
)
from gatepass.gateway.faults.file import load_fault_plan
from gatepass.gateway.faults.plan import Direction, Fault, FaultPlan

__all__ = [
    "ACTIONS",
    "Action",
    "ClockSkew",
    "Corrupt",
    "Delay",
    "Direction",
    "Disconnect",
    "Drop",
    "Duplicate",
    "ExpirePair",
    "FailOver",
    "Fault",
    "FaultPlan",
    "FillBeyond",
    "LogOut",
    "Reorder",
    "WrongNumber",
    "load_fault_plan",
]
