"""Logons that are wrong on purpose: why they are refused, and that they do no harm."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepass.client import MemoryAttempts, connect
from gatepass.errors import FieldError, FramingError, GatepassError, LogonRefusedError
from gatepass.fix.message import Message
from gatepass.fix.states import State
from gatepass.fix.week import Scenario
from gatepass.rehearsal.alterations import REFUSED, Alterations
from gatepass.session.numbers import MAX_RESEND
from tests.client.test_fault_tolerance import NAME, RING, SETTINGS, Stage, play

US = replace(SETTINGS, sender_comp_id="ABC123N")
TAGS = st.integers(1, 2000).filter(lambda tag: tag not in REFUSED)
VALUES = st.one_of(
    st.sampled_from(["Y", "N", "0", "1", "2", "3", "99", "61", "92", "G", "20260101-00:00:00.000"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12),
)
ALTERED = st.dictionaries(
    st.one_of(st.sampled_from([34, 43, 50, 52, 56, 57, 108, 122, 141, 142, 369, 1603]), TAGS),
    st.one_of(st.none(), VALUES),
    min_size=1,
    max_size=3,
).filter(lambda values: values.get(49) is None)


def link(stage: Stage, alterations: Alterations = Alterations(), **options: Any) -> Any:  # noqa: B008 - it is frozen
    def trace(sent: bool, wire: bytes) -> None:
        stage.wires.append(("", sent, Message.parse(wire)))

    return connect(
        "127.0.0.1",
        stage.ports[0],
        US,
        RING,
        stage.store,
        clock=stage.loop.clock,
        trace=trace,
        writer=alterations,
        **options,
    )


@settings(max_examples=150, deadline=None)
@given(tries=st.lists(st.tuples(ALTERED, st.booleans()), min_size=1, max_size=4), mid=st.booleans())
def test_after_any_alteration_the_next_logon_is_valid_and_nothing_is_lost(
    tries: list[tuple[dict[int, str | None], bool]], mid: bool
) -> None:
    meant: list[str] = []

    async def trade(stage: Stage, session: Any) -> None:
        text = str(len(meant))
        meant.append(text)
        session.send("D", [(58, text)])
        stage.say(text)
        await asyncio.sleep(1.0)

    async def good(stage: Stage) -> None:
        await asyncio.sleep(70.0)
        async with link(stage) as session:
            reading = asyncio.create_task(stage.read(session))
            await trade(stage, session)
            reading.cancel()

    async def script(stage: Stage) -> None:
        if mid:
            await good(stage)
        for values, in_session in tries:
            altered, attempts = Alterations(tuple(values.items())), MemoryAttempts()
            first = Alterations() if in_session else altered
            before, known = stage.store.load(), len(stage.said)
            with suppress(LogonRefusedError, FramingError, FieldError):
                async with link(stage, first, attempts=attempts) as session:
                    if in_session:
                        session.session.writer = altered
                        await session.log_on(Scenario.IN_SESSION)
            # Each refused Logon is counted, and none that was not sent.
            refused = [report for report in stage.said[known:] if report.what == "refused"]
            assert len(attempts._kept) == len(refused)
            assert stage.store.load().next_out >= before.next_out or in_session
            await good(stage)
        there, here = stage.gateway.account(NAME).store.load(), stage.store.load()
        assert (here.next_out, here.next_in) == (there.next_in, there.next_out)

    stage = play(script)
    assert stage.got == stage.arrived == meant


@pytest.mark.parametrize("scenario", [None, Scenario.IN_SESSION])
def test_set_values_are_signed_and_tags_left_out_are_signed_with_their_normal_values(
    scenario: Scenario | None,
) -> None:
    altered = Alterations(((1603, "OTHER"), (9999, "more"), (1604, None), (142, "DE")))

    async def script(stage: Stage) -> None:
        whole = Alterations(tuple(each for each in altered.values if each[1] is not None))
        async with link(stage, whole) as session:
            session.session.writer = altered
            with pytest.raises(LogonRefusedError):
                await session.log_on(Scenario.IN_SESSION)

    stage = play(script)
    logons = [m for _, sent, m in stage.wires if sent and m.msg_type == "A"]
    (first, second) = logons
    for logon in logons:
        assert (logon.get(1603), logon.get(9999), logon.get(142)) == ("OTHER", "more", "DE")
    assert (first.get(1604), second.get(1604)) == ("1.0", None)
    assert [report.what for report in stage.said][:2] == ["logged on", "refused"]
    # The gateway misses the value that is left out; the signature is right.
    assert "TradingSystemVersion (1604) is missing" in stage.said[1].detail


def test_a_higher_number_is_used_and_the_skipped_ones_are_filled() -> None:
    async def script(stage: Stage) -> None:
        async with link(stage):
            pass
        async with link(stage, Alterations(((34, "99"),))) as session:
            await asyncio.sleep(1.0)
            assert session.send("D", [(58, "a")]) > 99
        assert stage.store.load().next_in == stage.gateway.account(NAME).store.load().next_out

    stage = play(script)
    assert stage.arrived == ["a"]
    assert "messages 4 to 98 asked for" in [report.detail for report in stage.said]


@pytest.mark.parametrize("scenario", list(Scenario))
def test_a_number_far_too_high_is_refused_before_anything_is_sent(scenario: Scenario) -> None:
    async def script(stage: Stage) -> None:
        async with link(stage) as session:
            session.send("D", [(58, "a")])
            if scenario is Scenario.IN_SESSION:

                async def again(scenario: Scenario, altered: Alterations) -> None:
                    session.session.writer = altered
                    await session.log_on(scenario)

                await refused(stage, 1, again)
                assert session.session.state is State.LOGGED_ON
        if scenario is not Scenario.IN_SESSION:
            due = stage.store.load().next_out if scenario is Scenario.MID_WEEK else 1

            async def log_on(_: Scenario, altered: Alterations) -> None:
                async with link(stage, altered, scenario=scenario):
                    pass

            await refused(stage, due, log_on)
        async with link(stage):
            pass

    async def refused(stage: Stage, due: int, log_on: Any) -> None:
        for number in (due + MAX_RESEND + 1, 999_999_999):
            before, known = stage.store.load(), len(stage.said)
            with pytest.raises(FieldError, match=f"at most {due + MAX_RESEND}") as caught:
                await log_on(scenario, Alterations(((34, str(number)),)))
            assert caught.value.tag == 34
            assert stage.store.load() == before
            assert "refused" not in [report.what for report in stage.said[known:]]

    stage = play(script)
    assert stage.arrived == ["a"]


def test_the_widest_gap_for_one_resend_request_is_filled() -> None:
    async def script(stage: Stage) -> None:
        async with link(stage):
            pass
        due = stage.store.load().next_out
        async with link(stage, Alterations(((34, str(due + MAX_RESEND)),))):
            await asyncio.sleep(1.0)
        assert stage.store.load().next_in == stage.gateway.account(NAME).store.load().next_out

    stage = play(script)
    details = [report.detail for report in stage.said]
    assert f"messages 4 to {3 + MAX_RESEND} asked for" in details


@pytest.mark.parametrize(
    ("number", "text"), [("1", "too low"), ("0", "Invalid logon"), ("x", "Invalid logon")]
)
def test_a_lower_number_loses_no_stored_message(number: str, text: str) -> None:
    async def script(stage: Stage) -> None:
        async with link(stage) as session:
            kept = session.send("D", [(58, "a")])
        before = stage.store.load()
        with pytest.raises(LogonRefusedError, match=text):
            async with link(stage, Alterations(((34, number),))):
                pass
        after = stage.store.load()
        # The Logout that refused it is not counted: its sender has proved nothing.
        assert (after.next_out, after.next_in) == (before.next_out, before.next_in)
        assert [message.number for message in stage.store.sent(1, 99)] == [kept]

    play(script)


def test_an_impossible_message_is_found_before_anything_is_sent() -> None:
    async def script(stage: Stage) -> None:
        async with link(stage) as session:
            before = stage.store.load()
            session.session.writer = Alterations(((212, "5"),))
            with pytest.raises(FramingError, match="212"):
                await session.log_on(Scenario.IN_SESSION)
            assert session.session.state is State.LOGGED_ON
            assert stage.store.load() == before

    play(script)


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        *([((tag, value),), "illegal"] for tag in REFUSED for value in ("1", None)),
        (((0, "1"),), "illegal"),
        (((10**9, "1"),), "illegal"),
        (((141, ""),), "empty"),
        (((141, "Y"), (141, "N")), "repeated"),
        (((141, "Y"), (141, None)), "repeated"),
        (((50, "\x01"),), "illegal"),
        (((50, "é"),), "illegal"),
        (((50, "x" * 201),), "too long"),
    ],
)
def test_an_invalid_alteration_is_refused(
    values: tuple[tuple[int, str | None], ...], rule: str
) -> None:
    with pytest.raises(FieldError, match="nothing was sent") as caught:
        Alterations(values)
    assert isinstance(caught.value, GatepassError)
    assert (caught.value.rule, caught.value.tag) == (rule, values[0][0])


def test_an_unaltered_logon_does_not_change() -> None:
    fields = [(35, "A"), (34, "1"), (49, "ABC123N")]
    assert list(Alterations().fields(fields)) == fields
    assert Alterations().number(7) == 7
    assert Alterations().signed(b"anything") == b"anything"


@pytest.mark.parametrize("name", ["XYZ123N", "ABC124N", "ABC123", "N", "ABC123NN"])
def test_a_logon_for_another_session_is_refused(name: str) -> None:
    with pytest.raises(FieldError, match="only its last character can be altered"):
        Alterations(((49, name),)).check_sender("ABC123N")


@pytest.mark.parametrize("value", ["ABC123P", "ABC123X", "ABC123N", None])
def test_only_the_indicator_can_be_altered(value: str | None) -> None:
    Alterations(((49, value),)).check_sender("ABC123N")
