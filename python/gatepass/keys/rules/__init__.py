"""The rules of a key pair's life: pure functions of pairs, a time and a market calendar.

In the order of the files: what the rules know of a pair (`terms`), when the market closes
(`market`), how long pairs live (`life`), what generating and deleting change (`generation`,
`deletion`), which warnings are due (`reminders`), and how all this is drawn (`frame`, `timeline`).
Nothing here reads a clock, a file or a database: the caller stores the pairs and carries out the
plans.
"""

from gatepass.keys.rules.deletion import Deletion, plan_deletion
from gatepass.keys.rules.generation import Generation, plan_generation
from gatepass.keys.rules.life import (
    LONGEST_LIFE,
    OVERLAP,
    end_of_life,
    end_of_overlap,
    outlives_rules,
)
from gatepass.keys.rules.market import MarketCalendar
from gatepass.keys.rules.reminders import DueWarning, due_warnings
from gatepass.keys.rules.terms import (
    PairState,
    PairTerms,
    active_pairs,
    effective_state,
    lapsed_pairs,
)
from gatepass.keys.rules.timeline import Life, Part, Stretch, Timeline, lay_out

__all__ = [
    "LONGEST_LIFE",
    "OVERLAP",
    "Deletion",
    "DueWarning",
    "Generation",
    "Life",
    "MarketCalendar",
    "PairState",
    "PairTerms",
    "Part",
    "Stretch",
    "Timeline",
    "active_pairs",
    "due_warnings",
    "effective_state",
    "end_of_life",
    "end_of_overlap",
    "lapsed_pairs",
    "lay_out",
    "outlives_rules",
    "plan_deletion",
    "plan_generation",
]
