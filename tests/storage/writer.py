"""A process that does nothing but save and send, until it is killed.

``python writer.py FILE``: each number goes to standard output once it is saved, as a message would
go to the wire; so does each received message that is delivered.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from gatepass.session.numbers import ReceivedMessage, SentMessage
from gatepass.storage import SqliteStore


def tell(word: str, number: int) -> None:
    # One write of a few bytes into a pipe is there as a whole or not at all.
    os.write(1, f"{word} {number}\n".encode())


def main() -> None:
    store = SqliteStore(sys.argv[1], "ABC123")
    numbers = store.load()
    tell("begin", 0)
    while True:
        for kept in store.undelivered():
            tell("delivered", kept.number)
            store.delivered(kept.number)
        sent = SentMessage(numbers.next_out, b"message %d" % numbers.next_out, True)
        numbers = replace(numbers, next_out=sent.number + 1)
        store.save(numbers, sent)
        tell("sent", sent.number)
        received = ReceivedMessage(numbers.next_in, b"message %d" % numbers.next_in)
        numbers = replace(numbers, next_in=received.number + 1)
        store.save(numbers, received=received)


if __name__ == "__main__":
    main()
