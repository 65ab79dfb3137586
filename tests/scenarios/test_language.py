"""The conversations' language: what is read, and that a conversation that goes otherwise fails."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.scenarios.cast import Keys
from tests.scenarios.in_memory import InMemory
from tests.scenarios.language import read_script
from tests.scenarios.runner import hold


def _script(folder: Path, text: str) -> Path:
    path = folder / "conversation.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_fields(tmp_path: Path) -> None:
    text = '# why\n\nb: expect Logout 58=a text. Of two  34=5 Text="with 34=1." -141 56=x -142\n'
    (step,) = read_script(_script(tmp_path, text)).steps
    assert (step.line, step.who, step.verb, step.msg_type) == (3, "b", "expect", "5")
    assert step.fields == (
        (58, "a text. Of two"),
        (34, "5"),
        (58, "with 34=1."),
        (141, None),
        (56, "x"),
        (142, None),
    )


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("hello", "line 1: hello is no verb"),
        ("\nsend Logon Sender=x", "line 2: Sender is neither"),
        ("send Logon x y", "line 1: cannot read"),
    ],
)
def test_what_is_no_step(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        read_script(_script(tmp_path, text))


@pytest.mark.parametrize(
    ("last", "wrong"),
    [
        ("expect Logon 34=2", "line 3: tag 34 of .* should be 2"),
        ("expect Logon -108", "line 3: tag 108 of .* should not be there"),
        ("expect Logon 141=*", "line 3: tag 141 of .* is missing"),
        ("expect Logon 1603=AB...", "line 3: tag 1603 of .* should begin with AB"),
        ("expect Logout", "line 3: this came instead"),
        ("expect nothing", "line 3: something came"),
        ("expect disconnect", "line 3: this came instead"),
        ("reason anything", "line 3: "),
        ("expect Logon\nexpect TestRequest\nexpect Heartbeat", "line 5: nothing came"),
        (
            "expect Logon\nexpect TestRequest\nwait 60s\nexpect Logout",
            "line 6: the connection was closed",
        ),
    ],
)
def test_a_conversation_that_goes_otherwise_fails(tmp_path: Path, last: str, wrong: str) -> None:
    keys = Keys()
    script = read_script(_script(tmp_path, f"connect\nsend Logon\n{last}"))
    with pytest.raises(AssertionError, match=wrong):
        asyncio.run(hold(script, InMemory(script.kind, keys), keys))
