"""The language of the scripted conversations, one step per line: see README.md in this folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from gatepass.fix.kind import Kind
from tests.scenarios.cast import PAIRS

#: Names for tags.
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
#: Names of message types; any other word is used as MsgType (35).
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
_WAIT = re.compile(r"\d+s")


@dataclass(frozen=True)
class Step:
    """One line: the connection, what to do, and with what."""

    line: int
    who: str
    verb: str
    word: str
    fields: tuple[tuple[int, str | None], ...]

    @property
    def span(self) -> timedelta:
        """How long a ``wait`` lasts."""
        return timedelta(seconds=int(self.word.removesuffix("s")))

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
    """Read a file. Raises `ValueError` with the line number for an invalid step."""
    steps = list(_steps(path.read_text(encoding="utf-8")))
    kind = steps.pop(0).word if steps and steps[0].verb == "gateway" else "cgw"
    return Script(path.stem, kind, tuple(steps))


def _steps(text: str) -> Iterator[Step]:
    before: list[Step] = []
    for line, raw in enumerate(text.splitlines(), 1):
        stripped = raw.strip()
        if not stripped or stripped.startswith("#"):
            continue
        try:
            step = _step(stripped, line)
            _check_place(step, before)
        except ValueError as error:
            raise ValueError(f"line {line}: {error}") from None
        before.append(step)
        yield step


def _check_place(step: Step, before: list[Step]) -> None:
    """Refuse a step that cannot come after those before it."""
    if step.verb == "gateway" and before:
        raise ValueError("a conversation has one gateway: name it in the first line")
    if step.verb in ("disconnect", "send", "garble", "expect"):
        connected = {earlier.who for earlier in before if earlier.verb == "connect"}
        if step.who not in connected:
            raise ValueError(f"{step.who} has no connection")


def _step(text: str, line: int) -> Step:
    label = re.match(r"(\w+): ", text)
    words = text[label.end() if label else 0 :].split(maxsplit=1)
    verb, rest = (*words, "")[:2]
    grammar = VERBS.get(verb)
    if grammar is None:
        raise ValueError(f"{verb} is not a verb; the verbs are {', '.join(VERBS)}")
    if label and not grammar.by_client:
        raise ValueError(f"{verb} is not a client's step: write no name before it")
    word, fields = (rest, ()) if verb == "reason" else _message(rest)
    if not grammar.word(word):
        raise ValueError(f"{verb} what? {word!r} is not {grammar.wanted}")
    if fields and (not grammar.fields or word in SILENCES):
        raise ValueError(f"{verb} {word} takes no fields")
    for _, value in fields:
        _check_value(verb, value)
    return Step(line, label[1] if label else "client", verb, word, fields)


def _check_value(verb: str, value: str | None) -> None:
    """Refuse a value that would not be filled in, or would be left out silently."""
    if value is None and verb == "emit":
        raise ValueError("an emitted message has only the named fields")
    for name in _PLACEHOLDER.findall(value or ""):
        if verb not in ("send", "garble"):
            raise ValueError(f"${{{name} is not filled in here")
        if not _FILLED.fullmatch(name):
            raise ValueError(f"there is no ${{{name}")


@dataclass(frozen=True)
class Grammar:
    """What may follow a verb, and whether a client's name may precede it."""

    word: Callable[[str], object]
    wanted: str
    fields: bool = False
    by_client: bool = False


#: What `expect` accepts instead of a message.
SILENCES = ("nothing", "disconnect")
_PLACEHOLDER = re.compile(r"\$\{([^}]*\}?)")
_FILLED = re.compile(rf"(now(?:[+-]\d+s)?|last\.\d+|key\.({'|'.join(PAIRS)}))\}}")


def _is_type(word: str) -> bool:
    return word in TYPES or re.fullmatch(r"[A-Za-z0-9]{1,2}", word) is not None


def _is_kind(word: str) -> bool:
    try:
        Kind.parse(word)
    except ValueError:
        return False
    return True


_NONE = Grammar(lambda word: not word, "empty")
_PAIR = Grammar(lambda word: word in PAIRS, f"one of {', '.join(PAIRS)}")
_TYPE = Grammar(_is_type, "a type of message", fields=True)

VERBS = {
    "gateway": Grammar(_is_kind, "a kind of gateway"),
    "key": replace(_PAIR, by_client=True),
    "connect": Grammar(lambda word: word in ("", "backup"), "empty or backup", by_client=True),
    "disconnect": replace(_NONE, by_client=True),
    "send": replace(_TYPE, by_client=True),
    "garble": replace(_TYPE, by_client=True),
    "expect": Grammar(
        lambda word: _is_type(word) or word in SILENCES,
        f"a type of message, {' or '.join(SILENCES)}",
        fields=True,
        by_client=True,
    ),
    "reason": Grammar(bool, "a text"),
    "wait": Grammar(_WAIT.fullmatch, "written as 61s"),
    "emit": _TYPE,
    "fail-over": _NONE,
    "reopen": _NONE,
    "withdraw": _PAIR,
    "issue": _PAIR,
}


def _message(rest: str) -> tuple[str, tuple[tuple[int, str | None], ...]]:
    word = rest.split(maxsplit=1)[0] if rest else ""
    fields: dict[int, str | None] = {}
    at = len(word)
    while rest[at:].strip():
        match = _FIELD.match(rest, at)
        if match is None:
            raise ValueError(f"cannot read {rest[at:].strip()!r}")
        tag = _tag(match["tag"] or match["absent"])
        if tag in fields:
            raise ValueError(f"tag {tag} is named twice")
        value = match["value"]
        fields[tag] = value if value is None else value.strip('"')
        at = match.end()
    return word, tuple(fields.items())


def _tag(name: str) -> int:
    if name.isdigit():
        return int(name)
    if name not in TAGS:
        raise ValueError(f"{name} is neither a tag nor the name of a tag")
    return TAGS[name]
