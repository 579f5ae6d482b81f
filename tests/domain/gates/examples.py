"""Gates, verdicts and judgements for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from modeldeck.domain.gates import CriterionResult, Gate, GateVerdict, Judgement, Op, QueryCriterion

VERDICTS = st.sampled_from(GateVerdict)
WORDS = st.text(max_size=20)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
MAYBE = st.none() | FINITE
COUNTS = st.none() | st.integers(0, 10**9)


def judged(verdict: GateVerdict, elapsed: float, message: str = "", name: str = "own") -> Judgement:
    """Of one criterion."""
    return Judgement(1_700_000_000.0 + elapsed, elapsed, verdict, (CriterionResult(name, verdict, message),), message=message)


RESULTS = st.builds(
    CriterionResult,
    name=WORDS,
    verdict=VERDICTS,
    message=WORDS,
    query=WORDS,
    value=MAYBE,
    unit=WORDS,
    bound=WORDS,
    limit=MAYBE,
    op=st.sampled_from(Op),
    baseline=MAYBE,
    requests=COUNTS,
    warnings=st.lists(WORDS, max_size=2).map(tuple),
    more_requests=COUNTS,
    more_seconds=MAYBE,
)
JUDGEMENTS = st.builds(
    Judgement,
    at=st.floats(0, 2e9),
    elapsed=st.floats(0, 1e6),
    verdict=VERDICTS,
    criteria=st.lists(RESULTS, max_size=3).map(tuple),
    requests=COUNTS,
    window=st.floats(0, 1e5),
    message=WORDS,
)
CRITERIA = st.builds(
    QueryCriterion, name=WORDS, query=WORDS, op=st.sampled_from(Op), bound=FINITE, unit=WORDS, min_requests=st.integers(0, 1000)
)
SECONDS = st.floats(0.5, 1e5)
RATIOS = st.floats(0.0001, 1.0)


def gates(rollback: st.SearchStrategy[Gate | None]) -> st.SearchStrategy[Gate]:
    return st.builds(
        Gate,
        baseline=SECONDS,
        warm_up=st.floats(0, 1e4),
        interval=SECONDS,
        passes_in_a_row=st.integers(1, 9),
        fails_in_a_row=st.integers(1, 9),
        timeout=SECONDS,
        scrape=SECONDS,
        wrong_undo=st.floats(0.0001, 0.4),
        wrong_pass=st.floats(0.0001, 0.4),
        max_error_ratio=st.none() | RATIOS,
        max_error_rise=st.none() | st.floats(1.1, 10),
        tolerated_errors=RATIOS,
        max_p99=st.none() | SECONDS,
        max_p99_ratio=st.none() | st.floats(1.1, 10),
        max_drift=st.none() | RATIOS,
        criteria=st.lists(CRITERIA, max_size=2).map(tuple),
        rollback=rollback,
    )


GATES = gates(st.none() | gates(st.none()))
