"""A gate's settings: what is worked out of them, the shorter gate of roll-backs, and settings that cannot work together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given

from tests.domain.gates.examples import GATES
from tui.domain.gates import Gate, Op, QueryCriterion, flaws, shorter


def test_the_defaults_are_those_of_the_facts() -> None:
    gate = Gate()
    assert (gate.window_seconds, gate.warm_up, gate.passes_in_a_row, gate.fails_in_a_row) == (300, 60, 3, 2)
    assert (gate.max_p99_ratio, gate.max_p99, gate.max_drift) == (1.2, None, None)
    assert (gate.needed_requests, gate.shortest, flaws(gate)) == (60, 90, ())


@pytest.mark.parametrize(("ceiling", "needed"), [(0.5, 20), (0.15, 20), (0.149, 21), (0.05, 60), (0.01, 300), (0.007, 429), (None, 20)])
def test_a_lower_ceiling_needs_more_requests(ceiling: float | None, needed: int) -> None:
    assert Gate(max_error_ratio=ceiling).needed_requests == needed


def test_a_slow_scrape_makes_the_window_longer_unless_it_is_set() -> None:
    assert Gate(scrape=120).window_seconds == 480
    assert Gate(scrape=120, window=600).window_seconds == 600


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


def test_what_cannot_work_together_is_found() -> None:
    nothing = Gate(max_error_ratio=None, compare_errors=False, max_p99_ratio=None)
    assert [flaw.key for flaw in flaws(nothing)] == [""]
    assert [flaw.key for flaw in flaws(Gate(timeout=89))] == ["timeout"]
    assert [flaw.key for flaw in flaws(Gate(window=59))] == ["window"]
    twice = QueryCriterion("queue", "up", Op.AT_MOST, 1)
    assert [flaw.key for flaw in flaws(Gate(criteria=(twice, twice)))] == ["criteria"]


def test_a_rollback_is_shorter_and_compares_with_nobody() -> None:
    short = Gate().for_rollback
    assert not short.compares
    assert (short.window_seconds, short.shortest, short.timeout, short.max_error_ratio) == (120, 45, 300, 0.05)
    own = replace(Gate(), rollback=Gate(warm_up=5))
    assert own.for_rollback.warm_up == 5


def test_a_rollback_keeps_comparisons_where_nothing_else_is_judged() -> None:
    only = Gate(max_error_ratio=None, compare_errors=False)
    assert shorter(only).max_p99_ratio == 1.2


@given(GATES)
def test_the_shorter_gate_is_never_longer_nor_worse(drawn: Gate) -> None:
    window = drawn.window and max(drawn.window, 4 * drawn.scrape)
    gate = replace(drawn, window=window, timeout=max(drawn.timeout, drawn.shortest))
    assume(not flaws(gate))
    short = shorter(gate)
    assert flaws(short) == ()
    assert short.timeout <= gate.timeout
    assert short.shortest <= gate.shortest
    assert short.window_seconds <= gate.window_seconds
    assert shorter(short) == short
