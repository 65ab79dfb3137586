"""What key sources say while a gateway runs, among what the gateway decides."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gatepass.gateway import Report

#: The logs of key files, and of a Request Center's store.
LOGS = ("gatepass.keys", "gatepass.center")


class _Reporter(logging.Handler):
    """Makes a report of each record."""

    def __init__(self, tell: Callable[[Report], None]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(Report("keys", "", record.getMessage()))


@contextmanager
def telling_of_keys(tell: Callable[[Report], None]) -> Iterator[None]:
    """Tell of what becomes of the key pairs, until the end of the block; from any thread."""
    reporter = _Reporter(tell)
    logs = [logging.getLogger(name) for name in LOGS]
    levels = [log.level for log in logs]
    for log in logs:
        log.addHandler(reporter)
        log.setLevel(logging.INFO)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.removeHandler(reporter)
            log.setLevel(level)
