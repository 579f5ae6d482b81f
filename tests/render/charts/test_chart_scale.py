"""Axes: round steps that hold all values, and round times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.render.charts.chart_scale import Scale, time_ticks, value_scale

T0 = 1_700_000_000.0


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20), st.integers(1, 12), st.booleans())
def test_a_scale_holds_all_values_between_round_ticks(values: list[float], ticks: int, zero: bool) -> None:
    scale = value_scale(values, ticks, zero=zero, log=False)
    slack = (scale.high - scale.low) * 1e-6
    assert scale.low - slack <= min(values)
    assert max(values) <= scale.high + slack
    assert len(scale.ticks) <= 2 * ticks + 3


@pytest.mark.parametrize(
    ("values", "ticks", "zero", "found"),
    [
        ([0.0, 10.0], 5, False, (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)),
        ([4.0, 6.0], 2, False, (4.0, 5.0, 6.0)),
        ([4.0, 6.0], 2, True, (0.0, 5.0, 10.0)),
        ([-3.0, -1.0], 2, True, (-4.0, -2.0, 0.0)),
        ([], 1, True, (0.0, 1.0)),
        ([5.0, 5.0], 1, False, (4.0, 5.0, 6.0)),
        ([0.0], 1, True, (0.0, 1.0)),
    ],
)
def test_ticks_are_round(values: list[float], ticks: int, zero: bool, found: tuple[float, ...]) -> None:
    scale = value_scale(values, ticks, zero=zero, log=False)
    assert scale.ticks == pytest.approx(found)
    assert (scale.low, scale.high) == (scale.ticks[0], scale.ticks[-1])


@pytest.mark.parametrize(
    ("high", "found"),
    [
        (380 * 2.0**20, (0, 200 * 2.0**20, 400 * 2.0**20)),
        (3 * 2.0**30, (0, 2 * 2.0**30, 4 * 2.0**30)),
        (3.0, (0, 2, 4)),
        (0.3, (0, 0.2, 0.4)),
    ],
)
def test_ticks_of_bytes_are_round_in_powers_of_1024(high: float, found: tuple[float, ...]) -> None:
    assert value_scale([0.0, high], 2, zero=True, log=False, binary=True).ticks == pytest.approx(found)


def test_log_scale_has_powers_of_ten() -> None:
    assert value_scale([0.02, 3.0, -1.0], 3, zero=True, log=True).ticks == (0.01, 0.1, 1.0, 10.0)


@pytest.mark.parametrize("values", [[], [-1.0, 0.0], [1.0], [5.0]])
def test_a_log_scale_spans_a_power_of_ten_at_least(values: list[float]) -> None:
    assert value_scale(values, 3, zero=True, log=True).ticks == (1.0, 10.0)


@pytest.mark.parametrize(
    ("scale", "value", "share"),
    [
        (Scale(2.0, 4.0, ()), 3.0, 0.5),
        (Scale(2.0, 4.0, ()), 2.0, 0.0),
        (Scale(0, 2, (), log=True), 10.0, 0.5),
        (Scale(0, 2, (), log=True), 0.0, 0.0),
        (Scale(0, 2, (), log=True), -1.0, 0.0),
    ],
)
def test_where_a_value_stands(scale: Scale, value: float, share: float) -> None:
    assert scale.share(value) == pytest.approx(share)


@pytest.mark.parametrize(
    ("span", "labels"),
    [
        (60, ["22:13:30", "22:14:00"]),
        (1800, ["22:20", "22:30", "22:40"]),
        (86400, ["Nov 15", "06:00", "12:00", "18:00"]),
        (4 * 86400, ["Nov 15", "Nov 16", "Nov 17", "Nov 18"]),
    ],
)
def test_clock_times_are_round(span: float, labels: list[str]) -> None:
    assert [label for _, label in time_ticks(T0, T0 + span, 40, UTC)] == labels


@given(st.floats(1, 7 * 86400), st.integers(20, 200), st.sampled_from([-7, 0, 1, 5.5]))
def test_times_are_inside_and_do_not_touch(span: float, width: int, hours: float) -> None:
    found = time_ticks(T0, T0 + span, width, timezone(timedelta(hours=hours)))
    assert all(T0 <= at <= T0 + span + 1e-3 for at, _ in found)
    cells = [(at - T0) / span * width for at, _ in found]
    assert all(right - left >= len(label) + 2.99 for left, right, (_, label) in zip(cells, cells[1:], found, strict=False))


def test_midnight_is_named_by_the_day_that_begins() -> None:
    evening = datetime(2026, 11, 29, 20, tzinfo=UTC).timestamp()
    labels = [label for _, label in time_ticks(evening, evening + 8 * 3600, 60, UTC)]
    assert labels == ["20:00", "22:00", "Nov 30", "02:00", "04:00"]


def test_days_begin_at_the_midnight_of_the_zone() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    assert all((at + 5.5 * 3600) % 86400 == 0 for at, _ in time_ticks(T0, T0 + 4 * 86400, 40, zone))
