"""Whatever a public call is handed, it gives an answer or one of gatepass's own errors, at once."""

from __future__ import annotations

import asyncio
import math
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from gatepass.errors import ArgumentError, FieldError, GatepassError
from tests.public_calls import Call, calls

#: By a word for each: of every type that is in use, and at the ends of what it can be.
BAD: dict[str, Any] = {
    "None": None,
    "True": True,
    "zero": 0,
    "minus one": -1,
    "five": 5,
    "huge": 10**400,
    "one and a half": 1.5,
    "no number": math.nan,
    "infinite": math.inf,
    "empty text": "",
    "text": "mid-week",
    "half of a character": "\ud800",
    "NUL": "a\0b",
    "long text": "A" * 70_000,
    "bytes": b"CMEKeys.txt",
    "no bytes": b"",
    "empty list": [],
    "texts": ["a", "b"],
    "empty dict": {},
    "dict": {"34": "1"},
    "date": date(2026, 1, 5),
    "naive time": datetime(2026, 1, 5),
    "first time": datetime.min.replace(tzinfo=timezone.utc),
    "last time": datetime.max.replace(tzinfo=timezone.utc),
    "span": timedelta.max,
    "negative span": timedelta(-1),
    "class": object,
    "function": len,
    "object": object(),
}
#: Names of machines are looked up: not outside of this one.
LOCAL = frozenset({"host"})
CALLS = {call.name: call for call in calls()}
PLACES = [(call.name, parameter) for call in CALLS.values() for parameter in call.parameters]


def test_every_call_is_found() -> None:
    for name in ("connect", "LogonSigner", "LogonSigner.sign", "SessionId.of", "generate_pair"):
        assert name in CALLS


@pytest.mark.parametrize("name", CALLS)
def test_a_call_with_right_arguments_is_not_refused_for_one_of_them(
    name: str, tmp_path: Path
) -> None:
    assert not isinstance(outcome(CALLS[name], tmp_path, {}), ArgumentError)


@pytest.mark.parametrize(("name", "parameter"), PLACES)
def test_a_wrong_argument_is_an_error_of_gatepass_that_names_it(
    name: str, parameter: str, tmp_path: Path
) -> None:
    right = CALLS[name].arguments(tmp_path)
    for word, value in BAD.items():
        if parameter in LOCAL and isinstance(value, str):
            continue
        if callable(value) and callable(right.get(parameter)):
            continue  # what it gives shows only when it is called
        error = outcome(CALLS[name], tmp_path, {parameter: value})
        if isinstance(error, ArgumentError):
            assert parameter in (error.argument, *str(error).split()), (word, error)
        if isinstance(error, FieldError):
            assert f"({error.tag})" in str(error) or "Session ID" in str(error), (word, error)
        # Nothing takes just any object.
        assert error is not None or word != "object"


def outcome(call: Call, folder: Path, wrong: dict[str, Any]) -> GatepassError | None:
    """Give gatepass's error, if that is the answer. Any other exception fails the test."""
    try:
        asyncio.run(call.make(folder, wrong))
    except GatepassError as error:
        return error
    except OSError:  # of a file or a port, as each call's words say
        return GatepassError("from the system")
    return None
