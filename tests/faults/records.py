"""What the two processes of a run record, and what must be true for it."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from gatepass.fix.message import Message
from gatepass.fix.week import week_of
from gatepass.session.numbers import Numbers, ReceivedMessage, SentMessage
from gatepass.storage import SqliteStore


class Record:
    """A file of lines; after ``kill -9`` each line is complete or absent."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def line(self, *words: object) -> None:
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())


class RecordingStore(SqliteStore):
    """Records each number when it is first used."""

    def __init__(self, path: Path, name: str, record: Record) -> None:
        super().__init__(path, name)
        self._record = record

    def save(
        self,
        numbers: Numbers,
        sent: SentMessage | None = None,
        received: ReceivedMessage | None = None,
    ) -> None:
        kind = "" if sent is None else Message.parse(sent.wire).msg_type
        if sent is not None:
            self._record.line("taken", sent.number, kind)
        elif week_of(numbers).proposed:
            # A Logon tries this number, and may use it without an answer.
            self._record.line("taken", week_of(numbers).proposed, "A")
        super().save(numbers, sent, received)
        if sent is not None:
            self._record.line("used", sent.number, kind)


def next_payload(path: Path, prefix: str) -> int:
    """Where a killed process continues: after the last text that it wanted to send."""
    meant = [line.split()[1] for line in lines(path) if line.startswith("meant ")]
    return 1 + max((int(text.removeprefix(prefix)) for text in meant), default=0)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


@dataclass
class Side:
    """The record of one process, read back."""

    #: Numbers about to be saved; those that were, and may have been sent.
    taken: set[int] = field(default_factory=set)
    used: list[tuple[int, str]] = field(default_factory=list)
    meant: set[str] = field(default_factory=set)
    sent: dict[str, int] = field(default_factory=dict)
    got: list[tuple[str, int, bool]] = field(default_factory=list)
    #: Numbers of messages that were reported as unreadable for the other side.
    told: set[int] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path) -> Side:
        side = cls()
        for line in lines(path):
            what, *words = line.split()
            if what == "taken":
                side.taken.add(int(words[0]))
            elif what == "used":
                side.used.append((int(words[0]), words[1]))
            elif what == "meant":
                side.meant.add(words[0])
            elif what == "sent":
                side.sent[words[0]] = int(words[1])
            elif what == "got":
                side.got.append((words[0], int(words[1]), words[2] == "True"))
            elif what == "told":
                side.told.add(int(words[0]))
        return side


def undelivered(sender: Side, receiver: Side) -> set[str]:
    """What `send` accepted and the other side neither received nor reported as lost."""
    told = {text for text, number in sender.sent.items() if number in sender.told}
    return set(sender.sent) - {text for text, _, _ in receiver.got} - told


def faults_of(sender: Side, receiver: Side, way: str) -> list[str]:
    """What is wrong in one direction; empty if nothing is."""
    wrong = [f"{way}: {text} was lost" for text in sorted(undelivered(sender, receiver))]
    plain = Counter(text for text, _, doubtful in receiver.got if not doubtful)
    wrong += [f"{way}: {text} came {n} times unmarked" for text, n in plain.items() if n > 1]
    seen: set[str] = set()
    number_of: dict[str, set[int]] = defaultdict(set)
    text_of: dict[int, set[str]] = defaultdict(set)
    for text, number, doubtful in receiver.got:
        number_of[text].add(number)
        text_of[number].add(text)
        if text not in sender.meant:
            wrong.append(f"{way}: {text} was never sent")
        if text in seen and not doubtful:
            wrong.append(f"{way}: {text} came again without a mark")
        seen.add(text)
    for text, number in sender.sent.items():
        number_of[text].add(number)
        text_of[number].add(text)
    wrong += [f"{way}: {t} has numbers {sorted(n)}" for t, n in number_of.items() if len(n) > 1]
    wrong += [f"{way}: number {n} is {sorted(t)}" for n, t in text_of.items() if len(t) > 1]
    order = [number for _, number, doubtful in receiver.got if not doubtful]
    if order != sorted(order):
        wrong.append(f"{way}: out of order")
    return wrong + [f"{way}: {problem}" for problem in _numbers(sender)]


def _numbers(side: Side) -> list[str]:
    """A number is used once. Only the number of an uncounted Logon is used again, for a Logon."""
    wrong = []
    kinds: dict[int, set[str]] = defaultdict(set)
    for number, kind in side.used:
        if kinds[number] - {"A"}:
            wrong.append(f"number {number} was used again, for a message of type {kind}")
        kinds[number].add(kind)
    # A process can be killed after it saves a number and before it records that.
    skipped = set(range(1, max(kinds, default=0) + 1)) - side.taken
    return wrong + [f"number {number} was skipped" for number in sorted(skipped)]
