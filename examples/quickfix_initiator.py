"""Log on to CME Globex with QuickFIX (``pip install 'gatepass[quickfix]'``).

Start ``gatepass simulate --keys keys.txt --port 9000``, then::

    python -m examples.quickfix_initiator 127.0.0.1:9000 --keys keys.txt \
        --sender-comp-id ABC123N --state state

It prints every message (``>`` sent, ``<`` received) and ends at a Logout. Each line of its input is
the ClOrdID of a New Order to send, or ``in-session``, which logs on in session: the sequence
numbers of both sides restart at 1. The end of the input logs out. The exit status is 1 if the
Logon was refused: try again at most three times in a minute, because the fifth refusal closes the
port.
"""

from __future__ import annotations

import argparse
import re
import sys
import threading
from pathlib import Path

import quickfix

from gatepass import LogonSigner, open_keys
from gatepass.errors import GatepassError
from gatepass.integrations.quickfix import LogonHook, mark_processed

#: QuickFIX restarts at 1 at the start of its session time: Saturday 02:00 in Chicago, in winter.
SETTINGS = """\
[DEFAULT]
ConnectionType=initiator
BeginString=FIX.4.2
TargetCompID=CME
# The dictionary for FIX 4.2 has no tags of a secure logon.
UseDataDictionary=N
# If the Logon's 49 ends in U, the reply's 56 ends in the assigned role, P or B.
CheckCompID=N
StartDay=saturday
StartTime=08:00:00
EndDay=saturday
EndTime=07:59:59
HeartBtInt=30
ReconnectInterval=15
FileStorePath={state}
[SESSION]
SenderCompID={sender_comp_id}
SocketConnectHost={host}
SocketConnectPort={port}
"""

HEADER = {50: "OPERATOR1", 142: "US,NY"}
LOGON = {1603: "GATEPASS", 1604: "1.0", 1605: "EXAMPLE"}

_SIGNATURE = re.compile(r"(?<=\b1402=)[^|]+")


def show(direction: str, message: quickfix.Message) -> None:
    """Print a message on one line, without its signature."""
    text = message.toString().replace("\x01", "|")
    print(direction, _SIGNATURE.sub("***", text), flush=True)  # noqa: T201


class Initiator(quickfix.Application):  # type: ignore[misc]
    """One session with Globex: completes and signs what QuickFIX sends."""

    def __init__(self, signer: LogonSigner, target_sub_id: str) -> None:
        super().__init__()
        self._header = {**HEADER, 57: target_sub_id}
        self.ended = threading.Event()
        self.refused = False
        self._up = False
        self._number_for_next_logon: int | None = None
        self._expected = 1
        self._sign = LogonHook(signer, on_error=self._not_signed)

    def onCreate(self, session_id):  # noqa: N802
        """Do nothing."""

    def onLogon(self, session_id):  # noqa: N802
        """Print that the session is logged on."""
        self._up = True
        print("* logged on", flush=True)  # noqa: T201

    def toAdmin(self, message, session_id):  # noqa: N802
        """Complete the header, then sign a Logon; signing is last, because it covers the rest."""
        self._complete(message, session_id)
        if message.getHeader().getField(35) == "A":
            for tag, value in LOGON.items():
                message.setField(tag, value)
        self._sign(message, session_id)
        show(">", message)

    def toApp(self, message, session_id):  # noqa: N802
        """Complete the header."""
        self._complete(message, session_id)
        show(">", message)

    def fromAdmin(self, message, session_id):  # noqa: N802
        """Store the role that a Logon assigns, and the sequence numbers in a refusal."""
        show("<", message)
        if message.getHeader().getField(35) == "A":
            # The SenderCompID (49) of all later messages: the reply turns U into P or B.
            self._header[49] = message.getHeader().getField(56)
        if message.getHeader().getField(35) == "5" and not self._up:
            self.refused = True
            expected = quickfix.Session.lookupSession(session_id).getExpectedTargetNum()
            # In mid-week, a refusal has a sequence number like any message. Before the week begins,
            # or while the session is logged on elsewhere, it is 1 and does not count.
            counts = 1 < int(message.getHeader().getField(34)) == expected
            self._expected = expected + counts
            if message.isSetField(789):
                self._number_for_next_logon = int(message.getField(789))

    def fromApp(self, message, session_id):  # noqa: N802
        """Show an application message."""
        show("<", message)

    def onLogout(self, session_id):  # noqa: N802
        """Stop after a refusal, and set the sequence numbers for the next attempt."""
        if self.refused:
            session = quickfix.Session.lookupSession(session_id)
            # Otherwise QuickFIX uses up a number at once, for a Logon that it can no longer send.
            session.logout()
            if self._number_for_next_logon is not None:
                # QuickFIX counts each refusing Logout and its own answer; CME counts neither.
                session.setNextSenderMsgSeqNum(self._number_for_next_logon)
                session.setNextTargetMsgSeqNum(self._expected)
        print("* logged out", flush=True)  # noqa: T201
        self.ended.set()

    def _complete(self, message, session_id):
        for tag, value in self._header.items():
            message.getHeader().setField(tag, value)
        mark_processed(message, session_id)

    def _not_signed(self, error: GatepassError) -> None:
        print(f"* not sent: {error}", flush=True)  # noqa: T201
        self.refused = True
        self.ended.set()


def send_lines(session_id: quickfix.SessionID) -> None:
    """Execute each line of the input; log out at its end."""
    for line in sys.stdin:
        message = quickfix.Message()
        if line.strip() == "in-session":
            message.getHeader().setField(35, "A")
            message.setField(108, "30")
            message.setField(141, "Y")
        else:
            message.getHeader().setField(35, "D")
            message.setField(11, line.strip())
        quickfix.Session.sendToTarget(message, session_id)
    quickfix.Session.lookupSession(session_id).logout()


def main() -> int:
    """Log on, send, log out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", metavar="HOST:PORT")
    parser.add_argument("--keys", required=True)
    parser.add_argument("--sender-comp-id", required=True)
    parser.add_argument("--target-sub-id", default="G", help="57: G, or a market segment's digits")
    parser.add_argument("--state", type=Path, required=True)
    options = parser.parse_args()
    host, _, port = options.address.rpartition(":")
    options.state.mkdir(parents=True, exist_ok=True)
    path = options.state / "quickfix.cfg"
    path.write_text(SETTINGS.format(host=host, port=port, **vars(options)))

    settings = quickfix.SessionSettings(str(path))
    application = Initiator(LogonSigner(open_keys(options.keys)), options.target_sub_id)
    store = quickfix.FileStoreFactory(settings)
    initiator = quickfix.SocketInitiator(application, store, settings)
    initiator.start()
    session_id = quickfix.SessionID("FIX.4.2", options.sender_comp_id, "CME")
    threading.Thread(target=send_lines, args=(session_id,), daemon=True).start()
    application.ended.wait()
    initiator.stop()
    return 1 if application.refused else 0


if __name__ == "__main__":
    sys.exit(main())
