"""The exchange's side of a session: a Globex gateway simulator."""

from gatepass.gateway.config import GatewayConfig, read_config
from gatepass.gateway.faults import FaultPlan, load_fault_plan
from gatepass.gateway.kind import Kind
from gatepass.gateway.report import Report
from gatepass.gateway.server import Gateway

__all__ = [
    "FaultPlan",
    "Gateway",
    "GatewayConfig",
    "Kind",
    "Report",
    "load_fault_plan",
    "read_config",
]
