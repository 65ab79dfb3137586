"""How fast gatepass is on this machine, against pure Python."""

from gatepass.bench.measure import Row, machine, measure

__all__ = ["Row", "machine", "measure"]
