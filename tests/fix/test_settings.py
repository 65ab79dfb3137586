"""Settings that make CME refuse a Logon are refused when they are created."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.errors import FieldError
from gatepass.fix.client import ClientSession
from gatepass.fix.settings import ClientSettings
from gatepass.fix.week import Scenario
from gatepass.session.numbers import Numbers
from tests.fix.world import SETTINGS, START, World

TAGS = {
    "sender_comp_id": 49,
    "sender_sub_id": 50,
    "target_comp_id": 56,
    "target_sub_id": 57,
    "sender_location_id": 142,
    "application_system_name": 1603,
    "trading_system_version": 1604,
    "application_system_vendor": 1605,
}
BAD: list[tuple[str, Any, int]] = [
    *(
        ("heart_bt_int", seconds, 108)
        for seconds in (-5, 0, 4, 61, 999, "abc", "030", "30", 30.5, True, None, Decimal(30))
    ),
    *(("sender_comp_id", name, 49) for name in ("ABC123X", "ABC123P", "ABC123B", "ABC123n", "ABN")),
    *(("sender_comp_id", name, 49) for name in ("", "ABC 23N", "ABC123", "ABC1234567N", "ÄBC123N")),
    *(("sender_sub_id", name, 50) for name in ("", "O", "O P", " OP", "O,P", "O" * 33, "OP\n")),
    *(("target_sub_id", name, 57) for name in ("", "ZZ", "g", "9", "920", "G ")),
    *(("sender_location_id", name, 142) for name in ("", " ", "   ", "US\x0198=0", "Zürich")),
    *(("application_system_name", name, 1603) for name in ("", "S" * 31, "a\x01b", "naïve")),
    *(("trading_system_version", name, 1604) for name in ("", "1" * 11)),
    *(("application_system_vendor", name, 1605) for name in ("", "V" * 11, "V\n")),
    *(("target_comp_id", name, 56) for name in ("", " ", "CME ", "CM\x01E", "CMÉ")),
    *(
        (name, value, tag)
        for name, tag in TAGS.items()
        for value in (b"US", 7, 1.5, None, ["US"], START)
    ),
]


@pytest.mark.parametrize(("name", "value", "tag"), BAD, ids=[f"{n}-{v!r}"[:40] for n, v, _ in BAD])
def test_a_setting_that_cme_refuses_is_an_error_that_names_its_tag(
    name: str, value: Any, tag: int
) -> None:
    with pytest.raises(FieldError, match=rf"\({tag}\)") as caught:
        replace(SETTINGS, **{name: value})
    assert caught.value.tag == tag
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "change",
    [
        {"heart_bt_int": 5},
        {"heart_bt_int": 60},
        {"sender_comp_id": "ABC123U"},
        {"sender_comp_id": "ABC12345N"},
        {"sender_sub_id": "ab_c-d:e@f.9"},
        {"sender_sub_id": "O" * 32},
        {"target_sub_id": "92"},
        {"sender_location_id": "US,IL"},
        {"application_system_name": "S" * 30},
        {"trading_system_version": "1.2.3.4567"},
        {"application_system_vendor": "V" * 10},
        {"target_comp_id": "ACME"},
    ],
    ids=str,
)
def test_a_setting_within_the_tables_is_accepted(change: dict[str, Any]) -> None:
    assert replace(SETTINGS, **change) != SETTINGS


texts = st.text(st.characters(max_codepoint=0x17F), max_size=40)


@given(
    texts, texts, st.one_of(st.just("G"), texts), texts, texts, texts, texts, st.integers(-9, 99)
)
def test_a_gateway_admits_the_logon_of_all_valid_settings(
    firm: str,
    operator: str,
    target: str,
    place: str,
    name: str,
    version: str,
    vendor: str,
    beat: int,
) -> None:
    """Accepted settings never cause an invalid Logon."""
    try:
        settings = ClientSettings(
            f"ABC{firm}N", operator, target, place, name, version, vendor, beat
        )
    except FieldError:
        return
    if settings.target_sub_id == "G":
        world = World(settings)
        world.connect()
        world.deliver_all()
        assert world.refusals == []


@given(st.sampled_from([5, 30, 60]), st.sampled_from(["OP", "O" * 32]), st.sampled_from("UN"))
def test_good_settings_log_on(beat: int, operator: str, indicator: str) -> None:
    world = World(
        replace(
            SETTINGS,
            heart_bt_int=beat,
            sender_sub_id=operator,
            sender_comp_id=f"ABC123{indicator}",
        )
    )
    world.connect()
    world.deliver_all()
    assert world.refusals == []
    assert world.client.is_on


def test_bad_settings_make_no_session() -> None:
    with pytest.raises(FieldError, match="5 to 60"):
        ClientSession(replace(SETTINGS, heart_bt_int=0), Numbers(), START).log_on(
            Scenario.BEGINNING_OF_WEEK, START
        )


@pytest.mark.parametrize("sender_comp_id", ["ABC123N", "ABC123U", "ABC999N"])
def test_the_session_id_is_the_same_for_every_firm_and_indicator(sender_comp_id: str) -> None:
    assert replace(SETTINGS, sender_comp_id=sender_comp_id).session_id == "ABC"
