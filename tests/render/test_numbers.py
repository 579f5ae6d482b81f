from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.render import numbers

FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 ms"),
        (0.0004, "0.4 ms"),
        (0.041, "41 ms"),
        (1.2, "1.2 s"),
        (59.97, "1 m"),
        (200, "3 m 20 s"),
        (3599.9, "1 h"),
        (7500, "2 h 5 m"),
        (86399.9, "1 d"),
        (4 * 86400 + 3 * 3600, "4 d 3 h"),
        (-0.041, "-41 ms"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_duration(seconds: float | None, shown: str) -> None:
    assert numbers.duration(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.2, "now"), (12.9, "12 s"), (119, "1 m"), (7199, "1 h"), (4 * 86400, "4 d"), (800 * 86400, "2 y"), (None, "–")],
)
def test_age_never_rounds_up(seconds: float | None, shown: str) -> None:
    assert numbers.age(seconds) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0.4, "just now"), (12, "12 s ago"), (None, "–")])
def test_ago_is_a_part_of_a_sentence(seconds: float | None, shown: str) -> None:
    assert numbers.ago(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0 %"), (0.0001, "<0.1 %"), (0.025, "2.5 %"), (0.5, "50 %"), (0.9995, ">99.9 %"), (0.999, "99.9 %"), (1, "100 %"), (None, "–")],
)
def test_ratio(value: float | None, shown: str) -> None:
    assert numbers.ratio(value) == shown


@given(st.floats(0, 1))
def test_a_ratio_is_nothing_or_all_only_when_it_is(value: float) -> None:
    shown = numbers.ratio(value)
    assert (shown == "0 %") == (value == 0)
    assert (shown == "100 %") == (value * 100 == 100)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.9667, "0.9667"),
        (0, "0.0000"),
        (12.3456, "12.35"),
        (1234.5, "1234"),
        (123456.7, "1.235e+05"),
        (1e-5, "1.00e-05"),
        (math.nan, "NaN"),
    ],
)
def test_metric(value: float, shown: str) -> None:
    assert numbers.metric(value) == shown


@pytest.mark.parametrize(("q", "shown"), [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9"), (0.29, "p29")])
def test_quantile(q: float, shown: str) -> None:
    assert numbers.quantile(q) == shown


@pytest.mark.parametrize(("value", "shown"), [(112, "112/s"), (0.4, "0.4/s"), (0.05, "3/min"), (0, "0/s"), (1200, "1.2k/s")])
def test_rate(value: float, shown: str) -> None:
    assert numbers.rate(value) == shown


def test_counts_and_sizes() -> None:
    assert numbers.count(1204) == "1 204"
    assert numbers.count(None) == "–"
    assert numbers.size(3.4 * 2**20) == "3.4 MiB"
    assert numbers.size(1023.9) == "1 KiB"


@given(FINITE)
def test_short_is_short(value: float) -> None:
    if abs(value) < 999e15:
        assert len(numbers.short(value).removeprefix("-")) <= 6


@given(st.one_of(st.none(), st.floats()))
def test_every_formatter_takes_every_number(value: float | None) -> None:
    for formatter in (numbers.duration, numbers.age, numbers.ratio, numbers.rate, numbers.short, numbers.size, numbers.metric):
        assert formatter(value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (0.4234, "0.423"),
        (-12.54, "-12.5"),
        (999.0, "999"),
        (1234.0, "1.2k"),
        (3.14e-5, "3.14e-05"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_digits(value: float | None, shown: str) -> None:
    assert numbers.digits(value) == shown
