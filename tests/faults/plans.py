"""Random fault plans, the same for the same seed."""

from __future__ import annotations

import random

#: The possible faults and their settings. A receiver cannot distinguish a wrong number from a right
#: one if it is too high, or exactly the missing one: so only much lower numbers are tried.
_KINDS = {
    "drop": {},
    "delay": {"seconds": lambda r: round(r.uniform(0.1, 3.0), 2)},
    "duplicate": {},
    "reorder": {},
    "corrupt": {"byte": lambda r: r.randint(-8, 120)},
    "wrong-number": {"by": lambda r: r.randint(-90, -60)},
    "fill-beyond": {"by": lambda r: r.randint(1, 200)},
    "disconnect": {},
    "clock-skew": {"seconds": lambda r: r.choice([-20.0, -2.0, 2.0, 20.0])},
    "expire-pair": {},
    "fail-over": {},
}
_WEIGHTS = [5, 4, 4, 4, 5, 3, 3, 3, 1, 1, 1]
_TYPES = [None, None, "A", "0", "1", "2", "4", "5", "D", "n"]


def random_plan(chance: random.Random) -> str:
    """Up to eight faults, as a TOML file."""
    tables = []
    for kind in chance.choices(list(_KINDS), _WEIGHTS, k=chance.randint(0, 8)):
        settings = {"do": kind, "on": chance.choice(["send", "receive"])}
        settings |= {"nth": chance.randint(1, 40), "times": chance.randint(1, 3)}
        msg_type = chance.choice(_TYPES)
        if msg_type is not None:
            settings["type"] = msg_type
        settings |= {key: give(chance) for key, give in _KINDS[kind].items()}
        entries = (f"{key} = {value!r}".replace("'", '"') for key, value in settings.items())
        tables.append("[[fault]]\n" + "\n".join(entries) + "\n")
    return "\n".join(tables)
