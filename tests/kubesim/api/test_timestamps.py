"""The API's notations of time, and kubectl's ages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.timestamps import age_seconds, human, now, parse, since, stamp

MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))


@given(MOMENTS)
def test_a_stamp_is_read_as_its_second(moment: datetime) -> None:
    assert parse(stamp(moment)) == moment.replace(microsecond=0)


def test_microseconds_are_read_too() -> None:
    assert parse("2026-01-02T03:04:05.000006Z") == datetime(2026, 1, 2, 3, 4, 5, 6, UTC)


def test_now_is_between_before_and_after() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    assert before <= parse(now()) <= datetime.now(UTC)


@pytest.mark.parametrize("text", [None, "", "yesterday"])
def test_no_time_has_no_age(text: str | None) -> None:
    assert age_seconds(text) is None
    assert since(text) == "<unknown>"


def test_an_age_is_since_then() -> None:
    then = datetime.now(UTC) - timedelta(days=2)
    age = age_seconds(then.isoformat())
    assert age is not None
    assert age >= 2 * 86400
    assert since((then - timedelta(minutes=1)).isoformat()).startswith("2d")


@given(st.floats(-1, 1e10))
def test_an_age_is_short(seconds: float) -> None:
    assert len(human(seconds)) <= 7


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (0, "0s"),
        (59, "59s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (599, "9m59s"),
        (600, "10m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (9 * 3600, "9h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (50 * 3600, "2d2h"),
        (8 * 86400 + 3600, "8d"),
        (10 * 86400, "10d"),
        (800 * 86400, "2y70d"),
        (-1, "0s"),
        (-5, "<invalid>"),
    ],
)
def test_ages_are_spelled_as_kubectl_does(seconds: int, message: str) -> None:
    assert human(seconds) == message
