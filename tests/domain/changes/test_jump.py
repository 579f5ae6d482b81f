"""Where a line jumps, and where it does not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.changes.jump import Jump, find_jump

STEP = 15.0
T = 1_700_000_000.0


def line(*values: float | None) -> list[tuple[float, float | None]]:
    return [(T + STEP * place, value) for place, value in enumerate(values)]


def found(*values: float | None, least: float = 0.0) -> Jump:
    jump = find_jump(line(*values), least=least)
    assert jump is not None
    return jump


def test_from_one_level_to_another() -> None:
    jump = found(*[0.1, 0.11, 0.1, 0.09, 0.1], *[0.4, 0.41, 0.39, 0.4, 0.42])
    assert (jump.since, jump.at) == (T + 4 * STEP, T + 5 * STEP)
    assert (jump.before, jump.after) == (0.1, 0.4)


def test_down_as_well_as_up() -> None:
    jump = found(*[0.4] * 6, *[0.1] * 6)
    assert (jump.at, jump.before, jump.after) == (T + 6 * STEP, 0.4, 0.1)


def test_a_single_odd_point_is_no_jump() -> None:
    assert find_jump(line(*[0.1] * 8, 5.0, *[0.1] * 8)) is None


def test_nor_is_noise_or_a_small_step() -> None:
    assert find_jump(line(*[0.1, 0.14, 0.08, 0.13, 0.09, 0.12] * 4)) is None
    assert find_jump(line(*[100.0] * 8, *[110.0] * 8)) is None


@pytest.mark.parametrize("values", [(), (1.0,), (1.0, 9.0), (1.0, 1.0, 9.0, 9.0), (0.0,) * 20, (None,) * 20, (math.nan,) * 20])
def test_too_little_tells_nothing(values: tuple[float | None, ...]) -> None:
    assert find_jump(line(*values)) is None


def test_errors_where_there_were_none() -> None:
    jump = found(*[0.0] * 8, *[0.05] * 8, least=0.01)
    assert (jump.at, jump.before, jump.after) == (T + 8 * STEP, 0.0, 0.05)
    assert find_jump(line(*[0.0] * 8, *[0.05] * 8), least=0.05) is None


def test_of_two_the_more_prominent_and_of_equal_ones_the_latest() -> None:
    assert found(*[1.0] * 8, *[2.0] * 8, *[40.0] * 8).at == T + 16 * STEP
    assert found(*[1.0] * 8, *[9.0] * 8, *[1.0] * 8).at == T + 16 * STEP


def test_what_climbs_over_a_rate_window_began_where_it_left_the_old_level() -> None:
    jump = found(*[1.0] * 8, 3.0, 5.0, 7.0, *[9.0] * 8)
    assert (jump.since, jump.at) == (T + 7 * STEP, T + 8 * STEP)


def test_across_a_gap_it_was_somewhere_in_it() -> None:
    jump = found(*[1.0] * 6, None, math.nan, math.inf, None, *[9.0] * 6)
    assert (jump.since, jump.at) == (T + 5 * STEP, T + 10 * STEP)


LEVELS = st.floats(0.01, 1000.0)
NOISE = st.lists(st.floats(-0.02, 0.02), min_size=24, max_size=24)


@given(LEVELS, st.floats(3.0, 50.0), NOISE, st.integers(6, 18), st.booleans())
def test_a_step_is_found_where_it_is(level: float, times: float, noise: list[float], place: int, up: bool) -> None:
    low, high = level, level * times
    old, new = (low, high) if up else (high, low)
    jump = found(*(value * (1 + noise[at]) for at, value in enumerate([old] * place + [new] * (24 - place))))
    assert jump.at == T + place * STEP
    assert jump.before == pytest.approx(old, rel=0.03)
    assert jump.after == pytest.approx(new, rel=0.03)


@given(LEVELS, NOISE, st.integers(0, 23), st.floats(0.0, 1e6))
def test_steady_lines_have_none_whatever_one_point_does(level: float, noise: list[float], place: int, odd: float) -> None:
    values = [level * (1 + one) for one in noise]
    values[place] = odd
    assert find_jump(line(*values)) is None


@given(st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), max_size=30))
def test_whatever_comes_it_answers_in_the_span_of_the_points(values: list[float | None]) -> None:
    jump = find_jump(line(*values))
    assert jump is None or (T <= jump.since < jump.at <= T + STEP * (len(values) - 1) and jump.before != jump.after)


@given(st.lists(st.floats(0.0, 1000.0), min_size=6, max_size=30), st.lists(st.integers(0, 30), max_size=6))
def test_gaps_change_no_level(values: list[float], places: list[int]) -> None:
    """Points that are no values are as if they were not there, apart from the times."""
    with_gaps: list[float | None] = list(values)
    for place in places:
        with_gaps.insert(min(place, len(with_gaps)), None)
    plain, gapped = find_jump(line(*values)), find_jump(line(*with_gaps))
    assert (plain is None) == (gapped is None)
    if plain is not None and gapped is not None:
        assert (plain.before, plain.after, plain.noises) == (gapped.before, gapped.after, gapped.noises)
