"""A QuickFIX acceptor that checks a Logon as CME documents it, without any gatepass code.

Arguments: PORT CLIENT_COMP_ID ACCESS_KEY_ID STATE; the secret key is in the environment. Its output
is that of the initiators. Lines of its input: ``send TEXT`` (35=n), ``skip N`` (leave out N of its
own numbers), ``expect N`` (the number it wants next); ``* obeyed LINE`` says that it is done. The
end of the input logs out.
"""

# ruff: noqa: N802 - the engine calls these names

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import quickfix

from tests import oracle

SETTINGS = """\
[DEFAULT]
ConnectionType=acceptor
BeginString=FIX.4.2
SenderCompID=CME
UseDataDictionary=N
StartTime=00:00:00
EndTime=00:00:00
StartDay=sunday
EndDay=sunday
FileStorePath={state}
[SESSION]
TargetCompID={client}
SocketAcceptPort={port}
"""
#: QuickFIX's prefix of a refusal's text; CME has none.
PREFIX = "Rejected Logon Attempt: "
INVALID = "Invalid Logon. Logout Forced"
IN_HEADER = ("34", "49", "50", "52", "56", "57", "142", "369")
IN_BODY = ("108", "354", "355", "1400", "1401", "1402", "1603", "1604", "1605")


def say(direction, message):
    print(direction, message.toString().replace("\x01", "|"), flush=True)


def fault_of(logon, key_id, secret):
    """Return what CME would not accept, in CME's words."""
    header = logon.getHeader()
    for tag in IN_HEADER:
        if not header.isSetField(int(tag)):
            return f"tag {tag} is not present"
    if any(not logon.isSetField(int(tag)) for tag in IN_BODY):
        return INVALID
    if any(logon.isSetField(tag) for tag in (95, 96, 98)) or header.isSetField(122):
        return "Invalid logon. Logout forced."
    values = {tag: header.getField(int(tag)) for tag in IN_HEADER}
    values |= {tag: logon.getField(int(tag)) for tag in IN_BODY}
    if values["56"] != "CME" or values["57"] != "G" or not 5 <= int(values["108"]) <= 60:
        return "Error during logon."
    sent = datetime.strptime(values["52"] + "000+0000", "%Y%m%d-%H:%M:%S.%f%z")
    if abs(datetime.now(UTC) - sent) > timedelta(seconds=5):
        return INVALID
    credentials = [values[tag] for tag in ("354", "355", "1400", "1401", "1402")]
    signature = oracle.signature(secret, values)
    if credentials != [str(len(key_id)), key_id, "CME-1-SHA-256", "43", signature]:
        return INVALID
    return None


class Acceptor(quickfix.Application):
    def __init__(self, key_id, secret):
        super().__init__()
        self.credentials = key_id, secret

    def onCreate(self, session_id): ...

    def onLogon(self, session_id):
        print("* logged on", flush=True)
        test = quickfix.Message()
        test.getHeader().setField(35, "1")
        test.setField(112, "CME-HANDSHAKE")
        quickfix.Session.sendToTarget(test, session_id)

    def onLogout(self, session_id):
        print("* logged out", flush=True)

    def toAdmin(self, message, session_id):
        self.complete(message)
        msg_type = message.getHeader().getField(35)
        message.removeField(98)
        if msg_type == "5":
            expected = quickfix.Session.lookupSession(session_id).getExpectedTargetNum()
            message.setField(789, str(expected))
            if message.isSetField(58):
                message.setField(58, message.getField(58).removeprefix(PREFIX))
        say(">", message)

    def toApp(self, message, session_id):
        self.complete(message)
        say(">", message)

    def fromAdmin(self, message, session_id):
        say("<", message)
        if message.getHeader().getField(35) == "A":
            fault = fault_of(message, *self.credentials)
            if fault is not None:
                raise quickfix.RejectLogon(fault)

    def fromApp(self, message, session_id):
        say("<", message)

    @staticmethod
    def complete(message):
        message.getHeader().setField(50, "G")
        message.getHeader().setField(57, "OPERATOR1")


def obey(line, session_id):
    session = quickfix.Session.lookupSession(session_id)
    order, _, rest = line.strip().partition(" ")
    if order == "send":
        message = quickfix.Message()
        message.getHeader().setField(35, "n")
        message.setField(58, rest)
        quickfix.Session.sendToTarget(message, session_id)
    elif order == "skip":
        session.setNextSenderMsgSeqNum(session.getExpectedSenderNum() + int(rest))
    elif order == "expect":
        session.setNextTargetMsgSeqNum(int(rest))


def main():
    port, client, key_id, state = sys.argv[1:]
    path = Path(state) / "acceptor.cfg"
    path.write_text(SETTINGS.format(port=port, client=client, state=state))
    settings = quickfix.SessionSettings(str(path))
    application = Acceptor(key_id, os.environ["GATEPASS_TEST_SECRET"])
    store = quickfix.FileStoreFactory(settings)
    acceptor = quickfix.SocketAcceptor(application, store, settings)
    acceptor.start()
    print("* listening", flush=True)
    session_id = quickfix.SessionID("FIX.4.2", "CME", client)
    for line in sys.stdin:
        obey(line, session_id)
        print(f"* obeyed {line.strip()}", flush=True)
    acceptor.stop()


if __name__ == "__main__":
    main()
