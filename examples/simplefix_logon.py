"""Log on to CME Globex with simplefix and a socket (``pip install 'gatepass[simplefix]'``).

Start ``gatepass simulate --keys keys.txt --port 9000``, then::

    python -m examples.simplefix_logon 127.0.0.1:9000 --keys keys.txt --sender-comp-id ABC123N

simplefix builds and reads messages but has no sessions. So this program sends a Beginning of Week
Logon (both sequence numbers are 1), answers CME's Test Request, and logs out. The exit status is 1
if the Logon was refused.
"""

from __future__ import annotations

import argparse
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import simplefix

from gatepass import LogonSigner, open_keys
from gatepass.fix import format_sending_time
from gatepass.integrations.simplefix import sign_logon


class Conversation:
    """One connection: counts the messages in both directions."""

    def __init__(self, connection: socket.socket, sender_comp_id: str) -> None:
        self._connection = connection
        self._sender_comp_id = sender_comp_id
        self._parser = simplefix.FixParser()
        self._sent = self._received = 0

    def message(self, msg_type: str) -> simplefix.FixMessage:
        """Begin a message with its header."""
        self._sent += 1
        message = simplefix.FixMessage()
        for tag, value in (
            (8, "FIX.4.2"),
            (35, msg_type),
            (34, self._sent),
            (49, self._sender_comp_id),
            (50, "OPERATOR1"),
            (52, format_sending_time(datetime.now(UTC))),
            (56, "CME"),
            (57, "G"),
            (142, "US,NY"),
            (369, self._received),
        ):
            message.append_pair(tag, value)
        return message

    def send(self, message: simplefix.FixMessage) -> None:
        """Send a message."""
        self._connection.sendall(message.encode())

    def receive(self) -> Iterator[simplefix.FixMessage]:
        """Give each received message, until the other side closes."""
        while data := self._connection.recv(4096):
            self._parser.append_buffer(data)
            while (message := self._parser.get_message()) is not None:
                self._received += 1
                yield message


def converse(conversation: Conversation, signer: LogonSigner) -> int:
    """Log on, answer the Test Request, log out; return the exit status."""
    logon = conversation.message("A")
    for tag, value in ((108, 30), (1603, "GATEPASS"), (1604, "1.0"), (1605, "EXAMPLE")):
        logon.append_pair(tag, value)
    sign_logon(logon, signer)
    conversation.send(logon)
    logged_on = False
    for message in conversation.receive():
        print("<", message, flush=True)  # noqa: T201
        if message.message_type == b"A":
            logged_on = True
        elif message.message_type == b"1":
            heartbeat = conversation.message("0")
            heartbeat.append_pair(112, message.get(112))
            conversation.send(heartbeat)
            conversation.send(conversation.message("5"))
        elif message.message_type == b"5":
            break
    return 0 if logged_on else 1


def main() -> int:
    """Connect and converse."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("address", metavar="HOST:PORT")
    parser.add_argument("--keys", required=True)
    parser.add_argument("--sender-comp-id", required=True)
    options = parser.parse_args()
    host, _, port = options.address.rpartition(":")
    signer = LogonSigner(open_keys(options.keys))
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        return converse(Conversation(connection, options.sender_comp_id), signer)


if __name__ == "__main__":
    sys.exit(main())
