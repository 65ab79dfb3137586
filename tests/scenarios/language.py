"""The language of the scripted conversations: a line is a step. README.md beside this file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

#: Names that may stand for tags.
TAGS = {
    "BeginString": 8,
    "BeginSeqNo": 7,
    "EndSeqNo": 16,
    "MsgSeqNum": 34,
    "NewSeqNo": 36,
    "PossDupFlag": 43,
    "RefSeqNum": 45,
    "SenderCompID": 49,
    "SenderSubID": 50,
    "SendingTime": 52,
    "TargetCompID": 56,
    "TargetSubID": 57,
    "Text": 58,
    "HeartBtInt": 108,
    "TestReqID": 112,
    "OrigSendingTime": 122,
    "GapFillFlag": 123,
    "ResetSeqNumFlag": 141,
    "SenderLocationID": 142,
    "LastMsgSeqNumProcessed": 369,
    "RefTagID": 371,
    "NextExpectedMsgSeqNum": 789,
}
#: Names of message types; any other word is a MsgType (35) as it stands.
TYPES = {
    "Heartbeat": "0",
    "TestRequest": "1",
    "ResendRequest": "2",
    "Reject": "3",
    "SequenceReset": "4",
    "Logout": "5",
    "Logon": "A",
    "Order": "D",
    "XMLnonFIX": "n",
}

#: ``tag=value`` or ``-tag``. A value ends where the next of these begins, or is quoted.
_FIELD = re.compile(
    r'\s+(?:-(?P<absent>\w+)|(?P<tag>\w+)=(?P<value>"[^"]*"|.*?))(?=\s+(?:\w+=|-\w)|\s*$)'
)
_WAIT = re.compile(r"(\d+)s")


@dataclass(frozen=True)
class Step:
    """One line: whose connection, what to do, with what."""

    line: int
    who: str
    verb: str
    word: str
    fields: tuple[tuple[int, str | None], ...]

    @property
    def span(self) -> timedelta:
        """How long a ``wait`` lasts."""
        match = _WAIT.fullmatch(self.word)
        if match is None:
            raise ValueError(f"line {self.line}: wait what? Write it as 61s")
        return timedelta(seconds=int(match[1]))

    @property
    def msg_type(self) -> str:
        """MsgType (35) of a message."""
        return TYPES.get(self.word, self.word)


@dataclass(frozen=True)
class Script:
    """One conversation."""

    name: str
    kind: str
    steps: tuple[Step, ...]


def read_script(path: Path) -> Script:
    """Read a file. Raises `ValueError` with the line for what is no step."""
    steps = list(_steps(path.read_text(encoding="utf-8")))
    kind = "cgw"
    if steps and steps[0].verb == "gateway":
        kind = steps.pop(0).word
    return Script(path.stem, kind, tuple(steps))


def _steps(text: str) -> Iterator[Step]:
    for line, raw in enumerate(text.splitlines(), 1):
        stripped = raw.strip()
        if not stripped or stripped.startswith("#"):
            continue
        label = re.match(r"(\w+): ", stripped)
        who = label[1] if label else "client"
        words = stripped[label.end() if label else 0 :].split(maxsplit=1)
        verb, rest = words[0], words[1] if len(words) > 1 else ""
        if verb not in VERBS:
            raise ValueError(f"line {line}: {verb} is no verb; there are {', '.join(VERBS)}")
        if verb == "reason":
            yield Step(line, who, verb, rest, ())
            continue
        word, fields = _message(rest, line)
        yield Step(line, who, verb, word, fields)


VERBS = (
    "gateway",
    "key",
    "connect",
    "disconnect",
    "send",
    "garble",
    "expect",
    "reason",
    "wait",
    "emit",
    "fail-over",
    "reopen",
    "withdraw",
    "issue",
)


def _message(rest: str, line: int) -> tuple[str, tuple[tuple[int, str | None], ...]]:
    word = rest.split(maxsplit=1)[0] if rest else ""
    fields: list[tuple[int, str | None]] = []
    at = len(word)
    while rest[at:].strip():
        match = _FIELD.match(rest, at)
        if match is None:
            raise ValueError(f"line {line}: cannot read {rest[at:].strip()!r}")
        value = match["value"]
        if value is not None:
            value = value.strip('"')
        fields.append((_tag(match["tag"] or match["absent"], line), value))
        at = match.end()
    return word, tuple(fields)


def _tag(name: str, line: int) -> int:
    if name.isdigit():
        return int(name)
    if name not in TAGS:
        raise ValueError(f"line {line}: {name} is neither a tag nor a name of one")
    return TAGS[name]
