"""Sign the Logon of a QuickFIX session (PyPI ``quickfix``) in ``Application.toAdmin``.

::

    sign = LogonHook(LogonSigner(open_keys("keys.txt")))

    class Application(quickfix.Application):
        def toAdmin(self, message, session_id):
            ...                        # set your 50, 57, 142, 1603, 1604 and 1605
            mark_processed(message, session_id)
            sign(message, session_id)

Set ``UseDataDictionary=N``, or add 1400 to 1402 and 1603 to 1605 to the dictionary: the one for
FIX 4.2 has none of them.

The signed values are those on the wire: QuickFIX sets 34 and 52 before it calls ``toAdmin``, and
changes only one thing afterwards: with 141=Y it restarts at 34=1. The hook does that first.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from gatepass._native import scan
from gatepass.errors import GatepassError
from gatepass.fix import LogonSigner

_LOGON = "A"
#: CME's certification refuses a Logon with 98; 95 and 96 were the old password.
_REMOVED = (98, 95, 96)
_CREDENTIALS = (354, 355, 1400, 1401, 1402)

_log = logging.getLogger(__name__)


class FieldMap(Protocol):
    """The used part of a ``quickfix.Message`` and of its header."""

    def isSetField(self, tag: int) -> bool: ...  # noqa: N802, D102
    def getField(self, tag: int) -> str: ...  # noqa: N802, D102
    def setField(self, tag: int, value: str) -> None: ...  # noqa: N802, D102
    def removeField(self, tag: int) -> None: ...  # noqa: N802, D102


class Message(FieldMap, Protocol):
    """The used part of a ``quickfix.Message``."""

    def getHeader(self) -> FieldMap: ...  # noqa: N802, D102
    def toString(self) -> str: ...  # noqa: N802, D102


def sign_logon(message: Message, signer: LogonSigner, *, at: datetime | None = None) -> None:
    """Sign a Logon in place: remove 98, 95 and 96, add 354, 355, 1400, 1401 and 1402.

    Other messages are not changed. `at` (default: now) decides which pair is valid. Raises what
    `LogonSigner.sign` raises; the message then has no credentials. Do not let that exception leave
    ``toAdmin``: QuickFIX would end the process. `LogonHook` handles it.
    """
    header = message.getHeader()
    if header.getField(35) != _LOGON:
        return
    for tag in (*_REMOVED, *_CREDENTIALS):
        message.removeField(tag)
    if message.isSetField(141) and message.getField(141) == "Y":
        # QuickFIX resets its sequence numbers after toAdmin; the signature needs them now.
        header.setField(34, "1")
        header.setField(369, "0")
    unsigned = message.toString().encode("utf-8", "surrogateescape")
    signed = dict(scan(signer.sign(unsigned, at=at)))
    for tag in _CREDENTIALS:
        message.setField(tag, signed[tag].decode("ascii"))


def mark_processed(message: Message, session_id: Any) -> None:
    """Set LastMsgSeqNumProcessed (369), a signed tag that CME requires in every message.

    QuickFIX does not know the tag. Call this in ``toAdmin``, before signing, and in ``toApp``.
    """
    session = _session(session_id)
    message.getHeader().setField(369, str(session.getExpectedTargetNum() - 1))


class LogonHook:
    """Signs a session's Logons; call it last in ``toAdmin`` with the same two arguments.

    A Logon that cannot be signed is never sent: the connection is dropped before QuickFIX writes,
    so it does not count as an invalid logon, and QuickFIX tries again after
    ``ReconnectInterval``. `on_error` gets the error; by default it is logged.
    """

    def __init__(
        self, signer: LogonSigner, *, on_error: Callable[[GatepassError], None] | None = None
    ) -> None:
        self._signer = signer
        self._on_error = on_error or _to_log

    def __call__(self, message: Message, session_id: Any) -> None:
        """Sign the message if it is a Logon. Raises only what `on_error` raises."""
        try:
            sign_logon(message, self._signer)
        except GatepassError as error:
            _session(session_id).disconnect()
            self._on_error(error)


def _session(session_id: Any) -> Any:
    # Imported here, because only a caller that runs QuickFIX needs it.
    return importlib.import_module("quickfix").Session.lookupSession(session_id)


def _to_log(error: GatepassError) -> None:
    _log.error("the Logon was not sent: %s", error)
