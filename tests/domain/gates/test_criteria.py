"""Each criterion's verdict, value and words, from what was measured of two versions."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.domain.gates import CriterionResult, Gate, GateVerdict, Op, QueryCriterion
from tui.domain.gates.criteria import BUILT_IN, built_in, drift_compared, error_ceiling, errors_compared, own, p99_ceiling, p99_compared
from tui.domain.gates.judgement import Trouble
from tui.domain.gates.measures import Buckets, Measure, Measured, missing, nothing

GATE = Gate()
PASS, FAIL, INSUFFICIENT, ERROR = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INSUFFICIENT, GateVerdict.ERROR


def histogram(*counts: tuple[float, float]) -> Measure[Buckets]:
    """(upper bound, how many in this bucket alone) → cumulative."""
    total, rising = 0.0, []
    for bound, count in (*counts, (math.inf, 0.0)):
        total += count
        rising.append((bound, total))
    return Measure(tuple(rising), "buckets")


def version(requests: int, failed: int, latency: Measure[Buckets] | None = None) -> Measured:
    return Measured(Measure(requests, "R"), Measure(failed, "E"), latency or histogram((0.1, requests)))


@pytest.mark.parametrize(
    ("requests", "failed", "verdict", "words"),
    [
        (100, 0, PASS, "0 % of 100 requests"),
        (100, 5, PASS, "5 % of 100 requests"),
        (100, 6, FAIL, "6 % of 100 requests, wanted ≤ 5 %"),
        (59, 59, INSUFFICIENT, "59 requests, 60 needed"),
        (0, 0, INSUFFICIENT, "no requests"),
    ],
)
def test_the_ceiling_of_errors(requests: int, failed: int, verdict: GateVerdict, words: str) -> None:
    found = error_ceiling(GATE, 0.05, version(requests, failed))
    assert (found.verdict, found.words, found.requests, found.query) == (verdict, words, requests, "E / R")
    assert (found.bound, found.limit, found.unit) == ("≤ 5 %", 0.05, "ratio")


def test_errors_that_nobody_counts_are_not_none() -> None:
    unknown = replace(version(100, 0), failed=missing(Trouble.NO_METRIC, "nobody counts errors"))
    for found in (error_ceiling(GATE, 0.05, unknown), errors_compared(GATE, unknown, version(100, 0))):
        assert (found.verdict, found.value, found.trouble, found.words) == (INSUFFICIENT, None, Trouble.NO_METRIC, "nobody counts errors")
    found = errors_compared(GATE, version(100, 0), unknown)
    assert (found.verdict, found.words) == (INSUFFICIENT, "of the version before: nobody counts errors")


@pytest.mark.parametrize(
    ("new", "old", "verdict"),
    [
        ((1000, 5), (1000, 5), PASS),
        ((1000, 40), (1000, 5), FAIL),
        ((1000, 8), (1000, 5), PASS),
        ((100, 4), (100, 0), PASS),
        ((100, 9), (100, 0), FAIL),
        ((1_000_000, 1_800), (1_000_000, 900), PASS),
        ((1_000_000, 2_000), (1_000_000, 900), FAIL),
        ((59, 50), (1000, 0), INSUFFICIENT),
        ((1000, 0), (59, 0), INSUFFICIENT),
        ((1000, 0), (0, 0), INSUFFICIENT),
        ((0, 0), (1000, 0), INSUFFICIENT),
    ],
)
def test_errors_compared_with_those_before(new: tuple[int, int], old: tuple[int, int], verdict: GateVerdict) -> None:
    assert errors_compared(GATE, version(*new), version(*old)).verdict is verdict


def test_what_is_said_of_a_comparison() -> None:
    found = errors_compared(GATE, version(1000, 40), version(1000, 5))
    assert found.words == "4 % of 1000 requests against 0.5 % of 1000 (p = 2.9e-08), wanted no worse than before (p ≥ 0.01)"
    assert (found.value, found.baseline) == (0.04, 0.005)
    sure = version(1_000_000, 1_800), version(1_000_000, 900)
    found = errors_compared(GATE, *sure)
    assert found.words.endswith("but by 0.1 % at most)")
    assert errors_compared(replace(GATE, error_margin=0.0), *sure).verdict is FAIL
    assert errors_compared(GATE, version(1000, 0), version(59, 0)).words == "of the version before: 59 requests, 60 needed"


def test_the_ceiling_of_p99() -> None:
    fast, slow = histogram((0.1, 900), (0.2, 100)), histogram((0.1, 700), (0.5, 300))
    found = p99_ceiling(GATE, 0.25, version(1000, 0, fast))
    assert (found.verdict, found.value, found.words) == (PASS, pytest.approx(0.19), "190 ms of 1000 requests")
    found = p99_ceiling(GATE, 0.25, version(1000, 0, slow))
    assert (found.verdict, found.words) == (FAIL, "487 ms of 1000 requests, wanted ≤ 250 ms")
    assert found.query == "histogram_quantile(0.99, buckets)"


def test_one_slow_request_of_few_is_chance() -> None:
    one, four = histogram((0.1, 59), (10, 1)), histogram((0.1, 56), (10, 4))
    found = p99_ceiling(GATE, 0.25, version(60, 0, one))
    assert (found.verdict, found.trouble) == (INSUFFICIENT, Trouble.NOISE)
    assert "no more than chance explains" in found.words
    assert p99_ceiling(GATE, 0.25, version(60, 0, four)).verdict is FAIL


def test_a_p99_beyond_the_last_bucket_is_more_than_it_says() -> None:
    beyond = Measure(((0.1, 500.0), (1.0, 900.0), (math.inf, 1000.0)), "buckets")
    fails = p99_ceiling(GATE, 0.5, version(1000, 0, beyond))
    assert (fails.verdict, fails.words) == (FAIL, "more than 1 s of 1000 requests, wanted ≤ 500 ms")
    unknown = p99_ceiling(GATE, 5.0, version(1000, 0, beyond))
    assert (unknown.verdict, unknown.trouble) == (INSUFFICIENT, Trouble.NO_DATA)
    assert p99_compared(GATE, 1.2, version(1000, 0), version(1000, 0, beyond)).verdict is INSUFFICIENT


@pytest.mark.parametrize(
    ("latency", "trouble"),
    [
        (histogram((0.1, 0)), Trouble.NO_DATA),
        (Measure((), "q"), Trouble.NO_DATA),
        (Measure(((math.inf, 90.0),), "q"), Trouble.NO_DATA),
        (Measure(((0.1, 90.0),), "q"), Trouble.NO_DATA),
        (histogram((0.1, 59)), Trouble.FEW_REQUESTS),
        (missing(Trouble.NO_METRIC, "no histogram"), Trouble.NO_METRIC),
        (missing(Trouble.UNREACHABLE, "connection refused"), Trouble.UNREACHABLE),
    ],
)
def test_a_p99_that_cannot_be_known(latency: Measure[Buckets], trouble: Trouble) -> None:
    good, bad = version(1000, 0), version(1000, 0, latency)
    for found in (p99_ceiling(GATE, 9, bad), p99_compared(GATE, 1.2, bad, good), p99_compared(GATE, 1.2, good, bad)):
        assert (found.verdict, found.trouble) == (trouble.verdict, trouble)


@pytest.mark.parametrize(("times", "verdict"), [(1.0, PASS), (1.19, PASS), (1.5, FAIL), (4.0, FAIL)])
def test_p99_against_that_before(times: float, verdict: GateVerdict) -> None:
    old, new = histogram((0.1, 500), (0.2, 500)), histogram((0.1 * times, 500), (0.2 * times, 500))
    found = p99_compared(GATE, 1.2, version(1000, 0, new), version(1000, 0, old))
    assert (found.verdict, found.value, found.baseline) == (verdict, pytest.approx(times), pytest.approx(0.198))
    assert (found.bound, found.unit) == ("≤ 1.2 ×", "×")


def predicted(*counts: float) -> Measured:
    return replace(version(1000, 0), predictions=histogram(*((float(index), count) for index, count in enumerate(counts))))


def test_predictions_that_drift() -> None:
    gate = Gate(max_drift=0.25)
    same = drift_compared(gate, 0.25, predicted(300, 400, 300), predicted(310, 390, 300))
    assert (same.verdict, same.unit) == (PASS, "PSI")
    assert same.words.endswith("one bucket holds 40%, and hides what moves within it")
    moved = drift_compared(gate, 0.25, predicted(100, 100, 800), predicted(300, 400, 300))
    assert (moved.verdict, moved.requests) == (FAIL, 1000)
    assert "noise floor" in moved.words
    assert moved.words.endswith("wanted ≤ 0.25 PSI")


def test_drift_below_the_noise_of_few_predictions_is_not_told() -> None:
    gate = Gate(max_drift=0.25, min_requests=20)
    new, old = predicted(*[10.0] * 10), predicted(*[8.0, 12.0] * 5)
    found = drift_compared(gate, 0.25, new, old)
    assert (found.verdict, found.trouble) == (INSUFFICIENT, Trouble.NOISE)
    assert found.value is not None
    assert found.value < 0.43
    assert drift_compared(gate, 0.25, predicted(*[1.0] * 9, 91.0), old).verdict is FAIL


@pytest.mark.parametrize(
    ("new", "old", "trouble"),
    [
        (predicted(59), predicted(1000, 5), Trouble.FEW_REQUESTS),
        (predicted(1000, 5), predicted(59), Trouble.FEW_REQUESTS),
        (predicted(1000), predicted(1000), Trouble.NO_DATA),
        (predicted(0), predicted(1000), Trouble.NO_DATA),
        (version(1000, 0), predicted(1000), Trouble.NO_DATA),
        (predicted(1000), version(1000, 0), Trouble.NO_DATA),
    ],
)
def test_drift_that_cannot_be_known(new: Measured, old: Measured, trouble: Trouble) -> None:
    found = drift_compared(Gate(max_drift=0.25), 0.25, new, old)
    assert (found.verdict, found.trouble) == (INSUFFICIENT, trouble)


QUEUE = QueryCriterion("queue", "max(q)", Op.AT_MOST, 10, "requests")
MANY: Measure[int] = Measure(1000)


def test_a_criterion_of_ones_own() -> None:
    found = own(QUEUE, GATE, Measure(4.0, "max(q)"), MANY)
    assert (found.verdict, found.words, found.bound, found.value, found.limit) == (PASS, "4 requests", "≤ 10 requests", 4.0, 10)
    found = own(QUEUE, GATE, Measure(14.0, "max(q)"), MANY)
    assert (found.verdict, found.words) == (FAIL, "14 requests, wanted ≤ 10 requests")
    assert own(replace(QUEUE, op=Op.ABOVE), GATE, Measure(14.0), MANY).bound == "> 10 requests"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_is_no_verdict(value: float) -> None:
    found = own(QUEUE, GATE, Measure(value), MANY)
    assert (found.verdict, found.value, found.trouble) == (INSUFFICIENT, None, Trouble.NO_DATA)


def test_its_requests_too() -> None:
    few: Measure[int] = Measure(19)
    unknown: Measure[int] = missing(Trouble.NO_METRIC, "no counter")
    assert own(QUEUE, GATE, Measure(99.0), few).verdict is INSUFFICIENT
    assert own(QUEUE, GATE, Measure(99.0), unknown).trouble is Trouble.NO_METRIC
    assert own(replace(QUEUE, min_requests=19), GATE, Measure(99.0), few).verdict is FAIL
    for requests in (few, unknown):
        assert own(replace(QUEUE, min_requests=0), GATE, Measure(99.0), requests).verdict is FAIL
        assert own(replace(QUEUE, min_requests=0), GATE, Measure(9.0), requests).verdict is PASS


def test_a_query_that_is_wrong_is_an_error() -> None:
    found = own(QUEUE, GATE, missing(Trouble.SEVERAL_SERIES, "2 series"), MANY)
    assert (found.verdict, found.words) == (ERROR, "2 series")


def test_an_error_says_more_than_silence() -> None:
    both = Measured(missing(Trouble.NO_DATA, "silence"), missing(Trouble.UNREACHABLE, "refused"))
    assert error_ceiling(GATE, 0.05, both).words == "refused"


def test_every_criterion_that_is_set_is_judged() -> None:
    every = Gate(max_p99=1.0, max_drift=0.2)
    assert tuple(result.name for result in built_in(every, version(100, 0), version(100, 0))) == BUILT_IN
    none = Gate(max_error_ratio=None, compare_errors=False, max_p99_ratio=None)
    assert built_in(none, version(100, 0), version(100, 0)) == []


COUNTS = st.none() | st.integers(0, 400)
TROUBLES = st.sampled_from(Trouble)


@st.composite
def measured(draw: st.DrawFn) -> Measured:
    def measure(value: object, warnings: tuple[str, ...] = ()) -> Measure:  # type: ignore[type-arg]
        return Measure(value, "q", draw(TROUBLES), "why", warnings)

    requests = draw(COUNTS)
    failed = None if requests is None else draw(st.none() | st.integers(0, requests))
    shape = st.lists(st.floats(0, 300), min_size=1, max_size=6)
    latency, predictions = (draw(st.none() | shape) for _ in range(2))
    hists = [
        None if each is None else histogram(*((0.1 * (i + 1), c) for i, c in enumerate(each))).value for each in (latency, predictions)
    ]
    return Measured(measure(requests), measure(failed, draw(st.sampled_from([(), ("partial",)]))), measure(hists[0]), measure(hists[1]))


@given(measured(), measured())
def test_what_holds_for_whatever_was_measured(new: Measured, old: Measured) -> None:
    for result in built_in(Gate(max_p99=0.3, max_drift=0.1), new, old):
        decided = result.verdict in (PASS, FAIL)
        assert decided == (result.trouble is None)
        assert not decided or (result.value is not None and result.requests is not None and result.requests >= GATE.needed_requests)
        assert result.value is None or math.isfinite(result.value)
        assert result.words
        if not decided:
            assert result.trouble is not None
            assert result.verdict is result.trouble.verdict


@given(st.sampled_from([Trouble.NO_DATA, Trouble.UNREACHABLE]))
def test_nothing_known_never_passes_nor_fails(trouble: Trouble) -> None:
    gate = Gate(max_p99=0.3, max_drift=0.1)
    unknown: Measured = nothing(trouble, "gone")
    results: list[CriterionResult] = built_in(gate, unknown, unknown)
    assert {result.verdict for result in results} == {trouble.verdict}
