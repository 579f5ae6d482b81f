"""A gate's settings: what is worked out of them, the shorter gate of roll-backs, and settings that cannot work together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given

from tests.domain.gates.examples import GATES
from tui.domain.gates import Gate, Op, QueryCriterion, flaws, shorter


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
