"""A Logon as the log shows it: without secrets, and otherwise unchanged."""

from __future__ import annotations

from gatepass.fix.logged_logon import written
from gatepass.fix.message import Message, encode
from tests.fix.samples import KEYS, SECRET, SIGNED


def logged(*fields: tuple[int, str]) -> str:
    return written(Message.parse(encode([(35, "A"), *fields])), list(KEYS))


def test_a_signed_logon_is_logged_unchanged() -> None:
    text = written(Message.parse(SIGNED), list(KEYS))
    assert text.replace("|", "\x01").encode() == SIGNED


def test_passwords_and_keys_are_starred_and_the_message_stays_readable() -> None:
    password = "hunter2"
    for tag, value in ((554, password), (925, password), (1402, SECRET), (58, SECRET)):
        length = [(1401, str(len(value)))] if tag == 1402 else []
        text = logged((34, "1"), *length, (tag, value))
        assert f"|{tag}={'*' * len(value)}|" in text
        assert Message.parse(text.replace("|", "\x01").encode()).get(34) == "1"


def test_a_canonical_string_is_starred() -> None:
    assert "|58=*****|" in logged((58, "a\nb\nc"))


def test_the_separator_stays_if_a_value_contains_a_pipe() -> None:
    assert "\x0158=a|b\x01" in logged((58, "a|b"))
