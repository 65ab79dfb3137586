"""A fault plan is read completely or refused, with the line and the key of the mistake."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.errors import ConfigError
from gatepass.gateway import faults as ft
from gatepass.gateway import load_fault_plan
from gatepass.keys import AccessKeyId
from tests.faults.plans import random_plan

EVERY_KIND = """\
[[fault]]
do = "drop"
on = "receive"
type = "D"
session = "ABC123"
nth = 3
times = 2

[[fault]]
do = "delay"
seconds = 2

[[fault]]
do = "duplicate"

[[fault]]
do = "reorder"

[[fault]]
do = "corrupt"
byte = -7

[[fault]]
do = "wrong-number"
by = 5

[[fault]]
do = "fill-beyond"
by = 1500

[[fault]]
do = "disconnect"
nth = 20

[[fault]]
do = "clock-skew"
seconds = -6.5

[[fault]]
do = "expire-pair"
access-key-id = "oNDxM33uE81ohWuVRtWT"

[[fault]]
do = "expire-pair"

[[fault]]
do = "fail-over"

[[fault]]
do = "log-out"
text = "MSGW safeguard exceeded: no. of messages"
"""


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "plan.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_every_kind_of_fault_is_read(tmp_path: Path) -> None:
    plan = load_fault_plan(write(tmp_path, EVERY_KIND))
    assert plan.faults[0] == ft.Fault(ft.Drop(), ft.Direction.RECEIVE, "D", "ABC123", 3, 2)
    assert [fault.action for fault in plan.faults[1:]] == [
        ft.Delay(2.0),
        ft.Duplicate(),
        ft.Reorder(),
        ft.Corrupt(-7),
        ft.WrongNumber(5),
        ft.FillBeyond(1500),
        ft.Disconnect(),
        ft.ClockSkew(-6.5),
        ft.ExpirePair(AccessKeyId("oNDxM33uE81ohWuVRtWT")),
        ft.ExpirePair(),
        ft.FailOver(),
        ft.LogOut("MSGW safeguard exceeded: no. of messages"),
    ]
    assert plan.faults[7].nth == 20
    assert {type(fault.action) for fault in plan.faults} == set(ft.ACTIONS.values())


def test_an_empty_plan_is_read(tmp_path: Path) -> None:
    assert load_fault_plan(str(write(tmp_path, ""))) == ft.FaultPlan()


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        ('[[fault]]\ndo = "explode"\n', 2, "do", "'explode'; there are drop, delay"),
        ('[[fault]]\ndo = "disconect"\n', 2, "do", "'disconect'; did you mean disconnect"),
        ("[[fault]]\nnth = 3\n", 1, "do", "say which fault"),
        ("[[fault]]\ndo = 3\n", 2, "do", "there is no fault 3"),
        ('[[fault]]\ndo = "drop"\n\n[[fault]]\ndo = "delay"\n', 4, "seconds", "needs"),
        ('[[fault]]\ndo = "delay"\nseconds = 0\n', 3, "seconds", "more than 0"),
        ('[[fault]]\ndo = "delay"\nseconds = nan\n', 3, "seconds", "at most"),
        ('[[fault]]\ndo = "delay"\nseconds = "2"\n', 3, "seconds", "number of seconds"),
        ('[[fault]]\ndo = "drop"\nseconds = 2\n', 3, "seconds", "no such setting"),
        ('[[fault]]\ndo = "corrupt"\nbyte = 1.5\n', 3, "byte", "whole number"),
        ('[[fault]]\ndo = "corrupt"\nbyte = true\n', 3, "byte", "whole number"),
        ('[[fault]]\ndo = "wrong-number"\nby = 0\n', 3, "by", "other than 0"),
        ('[[fault]]\ndo = "fill-beyond"\nby = -1\n', 3, "by", "1 or more"),
        ('[[fault]]\ndo = "fill-beyond"\n', 1, "by", "needs"),
        ('[[fault]]\ndo = "drop"\nsesion = "ABC123"\n', 3, "sesion", "did you mean session"),
        ('[[fault]]\ndo = "drop"\nsession = "ABC"\n', 3, "session", "ABC123N, not 'ABC'"),
        ('[[fault]]\ndo = "drop"\nsession = ""\n', 3, "session", "is empty"),
        ('[[fault]]\ndo = "drop"\ndo = "delay"\n', 3, "do", "remove one of the two"),
        ("[[fault]]\ndo =\n", 2, "do", "put a text in quotes"),
        ("[[fault]]\ndo =", 2, "do", "put a text in quotes"),
        ('[[fault]]\ndo = "drop"\nnth = 0\n', 3, "nth", "count from 1"),
        ('[[fault]]\ndo = "drop"\non = "both"\n', 3, "on", "send or receive"),
        ('[[fault]]\ndo = "drop"\non = ["send"]\n', 3, "on", "send or receive"),
        ('[[fault]]\ndo = "drop"\ntype = 8\n', 3, "type", "text in quotes"),
        ('[[fault]]\ndo = "log-out"\n', 1, "text", "needs"),
        ('[[fault]]\ndo = "log-out"\ntext = ""\n', 3, "text", "is empty"),
        ('[[fault]]\ndo = "log-out"\ntext = "a\\u0001b"\n', 3, "text", "printable"),
        ('[[fault]]\ndo = "log-out"\ntext = "' + "x" * 201 + '"\n', 3, "text", "at most 200"),
        (
            '[[fault]]\ndo = "expire-pair"\naccess-key-id = "a b"\n',
            3,
            "access-key-id",
            "illegal character",
        ),
        ('speed = 3\n[[fault]]\ndo = "drop"\n', 1, "speed", r"\[\[fault\]\] tables only"),
        ('[fault]\ndo = "drop"\n', 1, "fault", "two pairs of brackets"),
        ('[[fault]]\ndo = "drop\n', 2, "do", "closing quote"),
        (b"# ok\n# \xff\n", 2, None, "UTF-8"),
    ],
)
def test_a_mistake_is_refused_with_its_line_and_key(
    tmp_path: Path, text: str | bytes, line: int, key: str | None, says: str
) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError, match=says) as caught:
        load_fault_plan(path)
    assert (caught.value.path, caught.value.line, caught.value.key) == (path, line, key)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_fault_plan(tmp_path / "none.toml")


@pytest.mark.parametrize("seed", range(50))
def test_random_plans_are_valid(tmp_path: Path, seed: int) -> None:
    text = random_plan(random.Random(seed))  # noqa: S311 - no secret
    assert len(load_fault_plan(write(tmp_path, text)).faults) == text.count("[[fault]]")


@given(data=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_file_gives_only_documented_errors(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("plan") / "plan.toml"
    path.write_bytes(b"[[fault]]\n" + data)
    with contextlib.suppress(ConfigError):
        load_fault_plan(path)
