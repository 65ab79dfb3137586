"""Log secret keys of a length that CME's keys do not have, when they are read."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from gatepass.keys.pair import KeyPair

#: How many pairs are named; the others are counted.
MOST_NAMED = 10

logger = logging.getLogger("gatepass.keys")


def warn_of_lengths(source: str, unusual: Sequence[KeyPair]) -> None:
    """Log a warning for each pair whose key may have lost characters when it was copied."""
    for pair in unusual[:MOST_NAMED]:
        logger.warning("%s: session %s: %s", source, pair.session, pair.length_warning)
    if len(unusual) > MOST_NAMED:
        logger.warning("%s: %d more keys like these", source, len(unusual) - MOST_NAMED)
