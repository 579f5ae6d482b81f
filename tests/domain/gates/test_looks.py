"""How sure each look must be: levels that all looks together keep to, held against random walks."""

from __future__ import annotations

import math
import random
import statistics
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modeldeck.domain.gates import Gate
from modeldeck.domain.gates.looks import Levels, each_look, levels
from modeldeck.domain.gates.statistics import normal_above
from tests.domain.gates.examples import GATES


def test_where_much_may_be_wrong_each_look_gets_much_of_it() -> None:
    assert 0.1 < each_look(0.4, 1.5) <= 0.4


def test_looks_share_what_may_be_wrong_and_two_have_a_part_of_their_own() -> None:
    gate = Gate()
    first, soon, usual, last, late = (levels(gate, elapsed) for elapsed in (75.0, 90.0, 300.0, 1790.0, 5000.0))
    assert first == usual == late == levels(gate)
    assert usual.passing == soon.passing == pytest.approx(1.9e-4, rel=0.02)
    assert usual.failing == pytest.approx(2.4e-5, rel=0.02)
    assert soon.failing == pytest.approx(0.6 * 0.005)
    assert last.passing == pytest.approx(0.004)
    assert last.failing == pytest.approx(0.2 * 0.005)


def test_more_criteria_share_one_wrong_undo_but_those_of_errors_are_one() -> None:
    assert levels(Gate(max_p99=1.0)).failing < levels(Gate()).failing == levels(Gate(max_error_ratio=None)).failing
    assert levels(Gate(max_p99=1.0)).passing == levels(Gate()).passing


def test_a_gate_of_two_looks_has_both_parts_at_the_second() -> None:
    short = Gate(timeout=90.0)
    assert levels(short, 90.0).failing == pytest.approx(0.8 * 0.005)


@example(Gate(warm_up=0.35, interval=170.5, timeout=1.0, wrong_undo=0.25, wrong_pass=0.25), 0.5)
@given(GATES, st.floats(0.001, 0.999))
def test_each_part_is_spent_once_wherever_the_looks_fall(drawn: Gate, phase: float) -> None:
    gate = replace(drawn, timeout=max(drawn.timeout, drawn.warm_up + 5 * drawn.interval))
    looks = min(400, math.floor((gate.timeout - gate.warm_up) / gate.interval) + 2)
    first, last = (gate.warm_up + (start + phase) * gate.interval for start in (0, max(0, looks - 5)))
    usual = levels(gate)
    for start in (first, last):
        found = [levels(gate, start + look * gate.interval) for look in range(5)]
        assert sum(each.passing > usual.passing for each in found) <= 1
    failing = [levels(gate, first + look * gate.interval).failing for look in range(looks)]
    special = [level for level in failing if level > usual.failing]
    assert len(special) <= 2
    assert sum(special) <= 0.8 * gate.wrong_undo + 1e-12


@pytest.mark.parametrize("allowed", [0.05, 0.006])
@pytest.mark.parametrize("looks", [1, 20, 116])
def test_random_walks_hardly_ever_cross(allowed: float, looks: int) -> None:
    """Of walks that are going nowhere, no more than allowed look like something at any of the looks."""
    chance, level, rounds = random.Random(looks), each_look(allowed, looks), 4000
    bound = next(z / 1000 for z in range(10_000) if normal_above(z / 1000) <= level)
    crossed = 0
    for _ in range(rounds):
        walk = 0.0
        for look in range(1, looks + 1):
            walk += chance.gauss(0, 1)
            if walk >= bound * math.sqrt(look):
                crossed += 1
                break
    assert crossed / rounds <= allowed + 3 * math.sqrt(allowed / rounds)


@given(GATES)
def test_no_look_is_allowed_more_than_the_whole_gate(gate: Gate) -> None:
    for elapsed in (None, gate.warm_up + gate.interval, gate.timeout):
        found = levels(gate, elapsed)
        assert 0 < found.passing <= gate.wrong_pass
        assert 0 < found.failing <= gate.wrong_undo


@pytest.mark.parametrize("allowed", [0.001, 0.006, 0.05, 0.2])
@pytest.mark.parametrize("times", [1.0, 3.0, 116.0, 1e4])
def test_the_level_of_a_look_is_where_the_approximation_gives_what_is_allowed(allowed: float, times: float) -> None:
    """P(z ≥ b anywhere) ≈ φ(b) · [(b − 1/b) · ln(times) + 4/b] / 2, or what is allowed alone, where that is less."""
    level = each_look(allowed, times)
    b = statistics.NormalDist().inv_cdf(1 - level)
    anywhere = statistics.NormalDist().pdf(b) * ((b - 1 / b) * math.log(times) + 4 / b) / 2
    assert anywhere == pytest.approx(allowed, rel=1e-6) or (level == allowed and anywhere < allowed)


def test_times_are_counted_from_the_first_look_after_the_warm_up() -> None:
    gate = Gate(warm_up=100.0, interval=50.0, timeout=1100.0)
    assert levels(gate) == Levels(each_look(0.6 * 0.01, 20.0), each_look(0.2 * 0.005, 20.0))
    short = replace(gate, timeout=120.0)
    assert levels(short) == Levels(each_look(0.6 * 0.01, 1.0), each_look(0.2 * 0.005, 1.0)), "at least one look is made"


@pytest.mark.parametrize(
    ("elapsed", "soon"), [(60 + 1.5 * 15, False), (60 + 1.51 * 15, True), (60 + 2.49 * 15, True), (60 + 2.5 * 15, False)]
)
def test_the_soon_look_is_the_one_after_two_intervals(elapsed: float, soon: bool) -> None:
    assert (levels(Gate(), elapsed).failing > levels(Gate()).failing) is soon


@pytest.mark.parametrize(("elapsed", "last"), [(1785.0, False), (1785.1, True), (1800.0, True), (1800.1, False)])
def test_the_last_look_is_the_one_before_the_time_is_up(elapsed: float, last: bool) -> None:
    assert (levels(Gate(), elapsed).passing > levels(Gate()).passing) is last


def test_one_criterion_has_all_of_what_may_be_undone_wrongly() -> None:
    only = Gate(max_error_ratio=None, max_error_rise=None)
    both = replace(only, max_error_ratio=0.1, max_error_rise=2.0, max_p99_ratio=None)
    none = replace(only, max_p99_ratio=None)
    assert levels(only, 90.0).failing == levels(both, 90.0).failing == levels(none, 90.0).failing == pytest.approx(0.6 * 0.01)
    assert levels(replace(only, max_p99=1.0, max_drift=0.1), 90.0).failing == pytest.approx(0.6 * 0.01 / 3)
