"""What only a rehearsal does: Logons that are made wrong on purpose."""

from gatepass.rehearsal.alterations import Alterations

__all__ = ["Alterations"]
