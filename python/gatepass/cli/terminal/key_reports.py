"""What key sources say: as talk, and while a gateway runs among what the gateway decides."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gatepass.cli.terminal.output import say
from gatepass.gateway import Event, Report

#: The logs of key files, and of a Request Center's store.
LOGS = ("gatepass.keys", "gatepass.center")


class _Reporter(logging.Handler):
    """Makes a report of each record."""

    def __init__(self, tell: Callable[[Report], None]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(Report(Event.KEYS, "", record.getMessage()))


class _Talk(logging.Handler):
    """Says each warning as the command says its own."""

    def emit(self, record: logging.LogRecord) -> None:
        say(f"gatepass: warning: {record.getMessage()}")


@contextmanager
def talking_of_keys() -> Iterator[None]:
    """Say the warnings of key sources, until the end of the block."""
    log, talk = logging.getLogger(LOGS[0]), _Talk(logging.WARNING)
    log.addHandler(talk)
    try:
        yield
    finally:
        log.removeHandler(talk)


@contextmanager
def telling_of_keys(tell: Callable[[Report], None]) -> Iterator[None]:
    """Tell of what becomes of the key pairs, until the end of the block; from any thread."""
    reporter = _Reporter(tell)
    logs = [logging.getLogger(name) for name in LOGS]
    before = [(log, log.level, log.handlers) for log in logs]
    for log in logs:
        others = [handler for handler in log.handlers if not isinstance(handler, _Talk)]
        log.handlers = [*others, reporter]
        log.setLevel(logging.INFO)
    try:
        yield
    finally:
        for log, level, handlers in before:
            log.handlers = handlers
            log.setLevel(level)
