"""SendingTime (52) to datetime and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.fix import format_sending_time, parse_sending_time

UTC = UTC
moments = st.datetimes(
    datetime(1000, 1, 2),
    datetime(9999, 12, 30),
    timezones=st.timezones(),
)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20170623-14:48:42.855", datetime(2017, 6, 23, 14, 48, 42, 855_000, UTC)),
        ("20170623-14:48:42", datetime(2017, 6, 23, 14, 48, 42, 0, UTC)),
        ("20170623-14:48:42.855123", datetime(2017, 6, 23, 14, 48, 42, 855_123, UTC)),
        ("20240229-00:00:00.000", datetime(2024, 2, 29, tzinfo=UTC)),
        ("20161231-23:59:60.000", datetime(2016, 12, 31, 23, 59, 59, 0, UTC)),
    ],
)
def test_a_sending_time_is_read(text: str, moment: datetime) -> None:
    assert parse_sending_time(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2017-06-23T14:48:42.855Z",
        "20170623 14:48:42.855",
        "20170623-14:48",
        "20170623-14:48:42.",
        "20170623-14:48:42.8",
        "20170623-14:48:42.855123456",
        "20170623-14:48:42.855Z",
        " 20170623-14:48:42.855",
        "20170623-14:48:42.855\n",
        "2017062314:48:42.855",
        "1498229322",
        "\u0662\u0660\u0661\u0667\u0660\u0666\u0662\u0663-14:48:42.855",
    ],
)
def test_a_malformed_sending_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must look like YYYYMMDD-HH:MM:SS"):
        parse_sending_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "20230229-00:00:00.000",
        "20171301-00:00:00.000",
        "20170631-00:00:00.000",
        "20170623-24:00:00.000",
        "20170623-23:60:00.000",
        "20170623-23:59:61.000",
        "00000101-00:00:00.000",
    ],
)
def test_a_time_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a date or time that does not exist"):
        parse_sending_time(text)


@given(moments)
def test_a_time_is_read_back_to_the_millisecond(moment: datetime) -> None:
    text = format_sending_time(moment)
    assert len(text) == 21
    utc = moment.astimezone(UTC)
    assert parse_sending_time(text) == utc - timedelta(microseconds=utc.microsecond % 1000)


def test_a_moment_without_a_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="moment needs a time zone"):
        format_sending_time(datetime(2017, 6, 23))


@given(st.text(max_size=25))
def test_any_text_is_read_as_a_time_or_refused(text: str) -> None:
    try:
        moment = parse_sending_time(text)
    except ValueError as error:
        assert "SendingTime (52)" in str(error)  # noqa: PT017
        return
    assert moment.tzinfo is UTC
