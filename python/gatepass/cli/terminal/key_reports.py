"""Messages of key sources: on standard error, or among a gateway's reports while it runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gatepass.cli.terminal.output import say
from gatepass.gateway import Event, Report

#: The loggers of key files and of a Request Center's store.
LOGS = ("gatepass.keys", "gatepass.center")


class _Reporter(logging.Handler):
    """Makes a report from each record."""

    def __init__(self, tell: Callable[[Report], None]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(Report(Event.KEYS, "", record.getMessage()))


class _Messages(logging.Handler):
    """Prints each warning in the form of the command's own warnings."""

    def emit(self, record: logging.LogRecord) -> None:
        say(f"gatepass: warning: {record.getMessage()}")


@contextmanager
def printing_key_warnings() -> Iterator[None]:
    """Print the warnings of key sources during the block."""
    log, messages = logging.getLogger(LOGS[0]), _Messages(logging.WARNING)
    log.addHandler(messages)
    try:
        yield
    finally:
        log.removeHandler(messages)


@contextmanager
def reporting_key_changes(tell: Callable[[Report], None]) -> Iterator[None]:
    """Report changes of the key pairs during the block; may call `tell` from any thread."""
    reporter = _Reporter(tell)
    logs = [logging.getLogger(name) for name in LOGS]
    before = [(log, log.level, log.handlers) for log in logs]
    for log in logs:
        others = [handler for handler in log.handlers if not isinstance(handler, _Messages)]
        log.handlers = [*others, reporter]
        log.setLevel(logging.INFO)
    try:
        yield
    finally:
        for log, level, handlers in before:
            log.handlers = handlers
            log.setLevel(level)
