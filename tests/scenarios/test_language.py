"""The conversations' language: what is read, and that a conversation that differs fails."""

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


def test_all_fields_are_read(tmp_path: Path) -> None:
    text = "# why\n\nb: connect\n"
    text += 'b: expect Logout 58=a text. Of two  34=5 371="with 34=1." -141 56=x -142\n'
    _, step = read_script(_script(tmp_path, text)).steps
    assert (step.line, step.who, step.verb, step.msg_type) == (4, "b", "expect", "5")
    assert step.fields == (
        (58, "a text. Of two"),
        (34, "5"),
        (371, "with 34=1."),
        (141, None),
        (56, "x"),
        (142, None),
    )


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("hello", "line 1: hello is not a verb"),
        ("connect\nsend Logon Sender=x", "line 2: Sender is neither"),
        ("connect\nsend Logon x y", "line 2: cannot read"),
        ("connect bakcup", "line 1: connect what\\? 'bakcup' is not empty or backup"),
        ("connect backup 34=1", "line 1: connect backup takes no fields"),
        ("connect\nsend", "line 2: send what"),
        ("send Logon", "line 1: client has no connection"),
        ("a: connect\nb: expect Logon", "line 2: b has no connection"),
        ("connect\nexpect noting", "line 2: expect what"),
        ("connect\nexpect nothing 34=1", "line 2: expect nothing takes no fields"),
        ("connect\nsend Logon 34=1 MsgSeqNum=2", "line 2: tag 34 is named twice"),
        ("connect\nsend Logon 58=${nothing}", r"line 2: there is no \$\{nothing\}"),
        ("connect\nsend Logon 58=${now", r"line 2: there is no \$\{now"),
        ("connect\nsend Logon 355=${key.nobody}", r"line 2: there is no \$\{key.nobody\}"),
        ("connect\nexpect Logon 112=${last.112}", "line 2: .* is not filled in here"),
        ("key nobody", "line 1: key what"),
        ("withdraw nobody", "line 1: withdraw what"),
        ("issue", "line 1: issue what"),
        ("connect\ngateway cgw", "line 2: a conversation has one gateway"),
        ("gateway cgw\ngateway cgw", "line 2: a conversation has one gateway"),
        ("gateway msgw:6", "line 1: gateway what"),
        ("wait 61", "line 1: wait what"),
        ("reason", "line 1: reason what"),
        ("emit", "line 1: emit what"),
        ("emit XMLnonFIX -58", "line 1: an emitted message"),
        ("reopen ABC", "line 1: reopen what"),
        ("fail-over now", "line 1: fail-over what"),
        ("a: reopen", "line 1: reopen is not a client.s step"),
    ],
)
def test_an_invalid_step_is_refused(tmp_path: Path, text: str, wrong: str) -> None:
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
        ("expect Logon", "at its end: client has not read .*35=1"),
        ("expect Logon\nexpect TestRequest\nemit XMLnonFIX 58=x", "has not read .*58=x"),
        ("expect Logon\nexpect TestRequest\nexpect Heartbeat", "line 5: nothing came"),
        (
            "expect Logon\nexpect TestRequest\nwait 60s\nexpect Logout",
            "line 6: the connection was closed",
        ),
    ],
)
def test_a_conversation_that_does_not_match_fails(tmp_path: Path, last: str, wrong: str) -> None:
    keys = Keys()
    script = read_script(_script(tmp_path, f"connect\nsend Logon\n{last}"))
    with pytest.raises(AssertionError, match=wrong):
        asyncio.run(hold(script, InMemory(script.kind, keys), keys))
