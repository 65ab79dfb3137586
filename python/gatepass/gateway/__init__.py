"""The exchange's side of a session: a Globex gateway simulator."""

from gatepass.fix.kind import Kind
from gatepass.gateway.config import GatewayConfig, read_config
from gatepass.gateway.faults import FaultPlan, load_fault_plan
from gatepass.gateway.ports import ClosedPorts, SqliteClosedPorts
from gatepass.gateway.report import Event, Report
from gatepass.gateway.server import Gateway

__all__ = [
    "ClosedPorts",
    "Event",
    "FaultPlan",
    "Gateway",
    "GatewayConfig",
    "Kind",
    "Report",
    "SqliteClosedPorts",
    "load_fault_plan",
    "read_config",
]
