"""A gate's settings: what is worked out of them, the shorter gate of roll-backs, and settings that cannot work together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given

from modeldeck.domain.gates import Gate, Op, QueryCriterion, flaws, shorter
from tests.domain.gates.examples import GATES


def test_the_defaults() -> None:
    gate = Gate()
    assert (gate.baseline, gate.warm_up, gate.timeout, gate.wrong_undo, gate.wrong_pass) == (3600, 60, 1800, 0.01, 0.01)
    assert (gate.max_error_ratio, gate.max_error_rise, gate.tolerated_errors) == (0.1, 2.0, 0.01)
    assert (gate.max_p99_ratio, gate.max_p99, gate.max_drift) == (1.5, None, None)
    assert (gate.tested, gate.shortest, flaws(gate)) == (3, 75, ())


@pytest.mark.parametrize(
    ("op", "holds"),
    [
        (Op.AT_MOST, [1, 2]),
        (Op.BELOW, [1]),
        (Op.AT_LEAST, [2, 3]),
        (Op.ABOVE, [3]),
        (Op.EQUAL, [2]),
        (Op.UNEQUAL, [1, 3]),
    ],
)
def test_operators(op: Op, holds: list[int]) -> None:
    assert [value for value in (1, 2, 3) if op.holds(value, 2)] == holds


QUEUE = QueryCriterion("queue", "up", Op.AT_MOST, 1)


def test_what_cannot_work_together_is_found() -> None:
    nothing = Gate(max_error_ratio=None, max_error_rise=None, max_p99_ratio=None)
    assert [flaw.key for flaw in flaws(nothing)] == [""]
    assert [flaw.key for flaw in flaws(Gate(timeout=74))] == ["timeout"]
    assert [flaw.key for flaw in flaws(Gate(timeout=104, criteria=(QUEUE,)))] == ["timeout"]
    assert [flaw.key for flaw in flaws(Gate(baseline=59))] == ["baseline"]
    assert [flaw.key for flaw in flaws(Gate(tolerated_errors=0.1))] == ["tolerated_errors"]
    assert [flaw.key for flaw in flaws(Gate(criteria=(QUEUE, QUEUE)))] == ["criteria"]


def test_a_rollback_is_shorter_and_compares_with_nobody() -> None:
    short = Gate().for_rollback
    assert not short.compares
    assert (short.shortest, short.timeout, short.max_error_ratio) == (45, 600, 0.1)
    own = replace(Gate(), rollback=Gate(warm_up=5))
    assert own.for_rollback.warm_up == 5


def test_a_rollback_keeps_comparisons_where_nothing_else_is_judged() -> None:
    only = Gate(max_error_ratio=None, max_error_rise=None)
    assert shorter(only).max_p99_ratio == 1.5


@given(GATES)
def test_the_shorter_gate_is_never_longer_nor_worse(drawn: Gate) -> None:
    gate = replace(drawn, baseline=max(drawn.baseline, 4 * drawn.scrape), timeout=max(drawn.timeout, drawn.shortest))
    assume(not flaws(gate))
    short = shorter(gate)
    assert flaws(short) == ()
    assert short.timeout <= gate.timeout
    assert short.shortest <= gate.shortest
    assert shorter(short) == short


def test_a_baseline_of_four_scrapes_is_enough() -> None:
    assert flaws(Gate(baseline=60, scrape=15)) == ()
    assert [flaw.key for flaw in flaws(Gate(baseline=119, scrape=30))] == ["baseline"]
    assert flaws(Gate(baseline=120, scrape=30)) == ()


def test_what_nobody_sets_is_as_the_handbook_says() -> None:
    gate = Gate()
    assert (gate.interval, gate.scrape, gate.passes_in_a_row, gate.fails_in_a_row) == (15.0, 15.0, 3, 2)
    assert (QUEUE.min_requests, QUEUE.unit) == (20, "")


def test_only_a_criterion_of_ones_own_has_to_pass_in_a_row() -> None:
    assert Gate(warm_up=10, interval=5).shortest == 15
    assert Gate(warm_up=10, interval=5, passes_in_a_row=4, criteria=(QUEUE,)).shortest == 30


NOTHING = Gate(max_error_ratio=None, max_error_rise=None, max_p99_ratio=None)


@pytest.mark.parametrize(
    ("gate", "compares", "tested"),
    [
        (NOTHING, False, 0),
        (replace(NOTHING, max_error_ratio=0.1), False, 1),
        (replace(NOTHING, max_p99=0.1), False, 1),
        (replace(NOTHING, max_error_rise=2.0), True, 1),
        (replace(NOTHING, max_p99_ratio=2.0), True, 1),
        (replace(NOTHING, max_drift=0.2), True, 1),
        (replace(NOTHING, criteria=(QUEUE,)), False, 0),
    ],
)
def test_what_a_gate_judges_and_against_whom(gate: Gate, compares: bool, tested: int) -> None:
    assert (gate.compares, gate.tested) == (compares, tested)
    assert gate.judges_something is (gate != NOTHING)


def test_a_rollback_is_half_a_minute_of_warm_up_two_passes_and_ten_minutes_at_most() -> None:
    short = shorter(Gate(criteria=(QUEUE,), passes_in_a_row=5, warm_up=120, rollback=Gate()))
    assert (short.warm_up, short.passes_in_a_row, short.timeout, short.rollback) == (30, 2, 600, None)
    own = shorter(Gate(criteria=(QUEUE,), passes_in_a_row=1, warm_up=5, timeout=300))
    assert (own.warm_up, own.passes_in_a_row, own.timeout) == (5, 1, 300)
    slow = shorter(Gate(interval=700.0))
    assert slow.timeout == slow.shortest == 730
    drifts = shorter(replace(NOTHING, max_drift=0.2, max_error_rise=3.0))
    assert (drifts.max_drift, drifts.max_error_rise, drifts.max_p99_ratio) == (0.2, 3.0, None)


def test_flaws_in_words() -> None:
    assert [flaw.message for flaw in flaws(replace(NOTHING, baseline=30, timeout=74))] == [
        "expected at least one criterion, found none: such a gate could only hold",
        "expected at least warm_up + interval × 1 = 75 s, found 74: it could only hold",
        "expected at least 4 × scrape = 60 s, found 30: it would hold too few samples",
    ]
    (row,) = flaws(Gate(timeout=104, criteria=(QUEUE,)))
    assert row.message == "expected at least warm_up + interval × passes_in_a_row = 105 s, found 104: it could only hold"
    (tolerated,) = flaws(Gate(tolerated_errors=0.2))
    assert tolerated.message == "expected less than max_error_ratio = 0.1, found 0.2"
    other = replace(QUEUE, name="load")
    (twice,) = flaws(Gate(criteria=(QUEUE, other, QUEUE)))
    assert twice.message == "expected each name once, found 'queue' several times"


def test_settings_at_the_edge_are_no_flaws() -> None:
    assert flaws(Gate(timeout=75)) == ()
    assert flaws(Gate(timeout=105, criteria=(QUEUE,))) == ()
    assert flaws(Gate(tolerated_errors=0.099)) == ()
    assert flaws(Gate(tolerated_errors=0.5, max_error_ratio=None)) == flaws(Gate(tolerated_errors=0.5, max_error_rise=None)) == ()
    assert flaws(Gate(max_error_ratio=None, max_error_rise=None, max_p99_ratio=None, criteria=(QUEUE,))) == ()
