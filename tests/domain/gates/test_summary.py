"""A gate in one line."""

from __future__ import annotations

from modeldeck.domain.gates import Gate, Op, QueryCriterion
from modeldeck.domain.gates.summary import gate_words


def test_a_gate_says_what_it_judges_and_for_how_long() -> None:
    assert gate_words(Gate()) == "error ratio ≤ 10 %, errors ≤ 2 × before, p99 ≤ 1.5 × before; 60 s of warm-up, at most 1800 s"
    nothing = Gate(max_error_ratio=None, max_error_rise=None, max_p99_ratio=None)
    assert gate_words(nothing) == "; 60 s of warm-up, at most 1800 s"
    own = (QueryCriterion("queue", "q", Op.BELOW, 5.0, "requests"),)
    other = Gate(max_error_ratio=None, max_error_rise=None, max_p99_ratio=None, max_p99=0.5, max_drift=0.2, criteria=own, warm_up=0.4)
    assert gate_words(other) == "p99 ≤ 500 ms, drift ≤ 0.2 PSI, queue < 5 requests; 0 s of warm-up, at most 1800 s"
