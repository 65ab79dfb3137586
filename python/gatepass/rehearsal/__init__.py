"""What only a rehearsal does: Logons that are wrong on purpose."""

from gatepass.rehearsal.alterations import Alterations

__all__ = ["Alterations"]
