from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepass.errors import KeySourceError
from gatepass.keys import Status, validity
from gatepass.keys.validity import days_left, status_at, valid_from, valid_until
from tests.keys.samples import dates

SECOND = timedelta(seconds=1)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 12, 31), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("day", "close"),
    [
        (date(2018, 6, 23), datetime(2018, 6, 23, 21, tzinfo=UTC)),  # CDT
        (date(2018, 1, 23), datetime(2018, 1, 23, 22, tzinfo=UTC)),  # CST
    ],
)
def test_a_pair_is_valid_until_the_close_of_its_expiration_date(day: date, close: datetime) -> None:
    assert valid_until(day) == close
    assert status_at(None, day, close - SECOND) is Status.ACTIVE
    assert status_at(None, day, close - SECOND)
    assert not status_at(None, day, close)
    assert status_at(None, day, close) is Status.EXPIRED


@pytest.mark.parametrize(
    ("day", "midnight"),
    [
        (date(2018, 6, 23), datetime(2018, 6, 23, 5, tzinfo=UTC)),
        (date(2018, 1, 23), datetime(2018, 1, 23, 6, tzinfo=UTC)),
    ],
)
def test_a_pair_is_valid_from_midnight_in_chicago(day: date, midnight: datetime) -> None:
    assert valid_from(day) == midnight
    assert status_at(day, None, midnight - SECOND) is Status.NOT_YET_VALID
    assert status_at(day, None, midnight) is Status.ACTIVE


@given(instants)
def test_an_unknown_date_is_no_limit(at: datetime) -> None:
    assert valid_from(None) is valid_until(None) is None
    assert status_at(None, None, at) is Status.ACTIVE
    assert days_left(None, at) is None


@given(dates, dates, instants, instants)
def test_a_status_never_goes_back(one: date, two: date, at: datetime, later: datetime) -> None:
    created, expires = sorted((one, two))
    order = list(Status)
    before, after = sorted((at, later))
    first, second = (order.index(status_at(created, expires, t)) for t in (before, after))
    assert first <= second


@given(dates, instants, st.sampled_from(["Asia/Tokyo", "America/Chicago", "Europe/London"]))
def test_the_time_zone_of_the_time_does_not_matter(day: date, at: datetime, zone: str) -> None:
    there = at.astimezone(ZoneInfo(zone))
    assert status_at(day, None, there) is status_at(day, None, at)
    assert status_at(None, day, there) is status_at(None, day, at)
    assert days_left(day, there) == days_left(day, at)


@given(dates, instants)
def test_days_left_agree_with_the_status(day: date, at: datetime) -> None:
    left = days_left(day, at)
    assert left is not None
    if left > 0:
        assert status_at(None, day, at) is Status.ACTIVE
    if left < 0:
        assert status_at(None, day, at) is Status.EXPIRED


def test_days_are_those_of_chicago() -> None:
    at = datetime(2018, 6, 22, 4, 59, tzinfo=UTC)  # 23:59 on 21 June in Chicago
    assert days_left(date(2018, 6, 23), at) == 2
    assert days_left(date(2018, 6, 23), at + timedelta(minutes=1)) == 1


@pytest.mark.parametrize(
    "ask", [lambda at: status_at(None, None, at), lambda at: days_left(None, at)]
)
def test_a_time_without_a_zone_is_refused(ask: Callable[[datetime], object]) -> None:
    with pytest.raises(ValueError, match=r"at needs a time zone: use datetime\.now"):
        ask(datetime(2018, 6, 23, 12))


@pytest.fixture
def no_zone_data(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def missing(name: str) -> ZoneInfo:
        raise ZoneInfoNotFoundError(name)

    validity.exchange_zone.cache_clear()
    monkeypatch.setattr(validity, "ZoneInfo", missing)
    yield
    validity.exchange_zone.cache_clear()


@pytest.mark.usefixtures("no_zone_data")
def test_missing_zone_data_says_what_to_install() -> None:
    with pytest.raises(KeySourceError, match="America/Chicago: pip install tzdata"):
        valid_until(date(2018, 6, 23))
    # Without dates there is nothing to compute.
    assert status_at(None, None, datetime.now(UTC)) is Status.ACTIVE
