"""Each criterion's verdict, value and words, from what was measured of two versions."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.gates import CriterionResult, Gate, GateVerdict, Op, QueryCriterion
from modeldeck.domain.gates.criteria import (
    BUILT_IN,
    built_in,
    drift_compared,
    error_ceiling,
    errors_compared,
    own,
    p99_ceiling,
    p99_compared,
)
from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.gates.looks import levels
from modeldeck.domain.gates.measures import Buckets, Measure, Measured, missing, nothing

GATE = Gate()
SURE = levels(GATE)
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
    ("requests", "failed", "verdict", "message"),
    [
        (100, 0, PASS, "0 % of 100 requests"),
        (400, 16, PASS, "4 % of 400 requests"),
        (100, 25, FAIL, "25 % of 100 requests, wanted ≤ 10 %"),
        (5, 5, FAIL, "100 % of 5 requests, wanted ≤ 10 %"),
        (100, 5, INSUFFICIENT, "5 % of 100 requests: neither shown nor excluded"),
        (100, 14, INSUFFICIENT, "14 % of 100 requests: neither shown nor excluded"),
        (4, 0, INSUFFICIENT, "0 % of 4 requests: neither shown nor excluded"),
        (0, 0, INSUFFICIENT, "no requests"),
    ],
)
def test_the_ceiling_of_errors(requests: int, failed: int, verdict: GateVerdict, message: str) -> None:
    found = error_ceiling(0.1, SURE, version(requests, failed))
    assert (found.verdict, found.message, found.requests, found.query) == (verdict, message, requests, "E / R")
    assert (found.bound, found.limit, found.unit) == ("≤ 10 %", 0.1, "ratio")


def test_errors_that_nobody_counts_are_not_none() -> None:
    unknown = replace(version(1000, 0), failed=missing(Trouble.NO_METRIC, "nobody counts errors"))
    for found in (error_ceiling(0.1, SURE, unknown), errors_compared(GATE, 2.0, SURE, unknown, version(1000, 0))):
        assert (found.verdict, found.value, found.trouble, found.message) == (INSUFFICIENT, None, Trouble.NO_METRIC, "nobody counts errors")
    found = errors_compared(GATE, 2.0, SURE, version(1000, 0), unknown)
    assert (found.verdict, found.message) == (INSUFFICIENT, "of the version before: nobody counts errors")


@pytest.mark.parametrize(
    ("new", "old", "verdict"),
    [
        ((10_000, 100), (40_000, 400), PASS),
        ((1_000, 10), (40_000, 400), INSUFFICIENT),
        ((10_000, 200), (40_000, 400), INSUFFICIENT),
        ((10_000, 300), (40_000, 400), FAIL),
        ((1_000, 0), (40_000, 0), PASS),
        ((500, 0), (40_000, 0), INSUFFICIENT),
        ((1_000, 10), (40_000, 0), INSUFFICIENT),
        ((1_000, 30), (40_000, 0), FAIL),
        ((10, 5), (40_000, 0), FAIL),
        ((10_000, 100), (100, 1), INSUFFICIENT),
        ((10_000, 1_000), (3, 0), INSUFFICIENT),
        ((1000, 0), (0, 0), INSUFFICIENT),
        ((0, 0), (1000, 0), INSUFFICIENT),
    ],
)
def test_errors_compared_with_those_before(new: tuple[int, int], old: tuple[int, int], verdict: GateVerdict) -> None:
    assert errors_compared(GATE, 2.0, SURE, version(*new), version(*old)).verdict is verdict


def test_what_is_said_of_a_comparison() -> None:
    found = errors_compared(GATE, 2.0, SURE, version(1000, 60), version(9000, 90))
    assert found.message == "6 % of 1000 requests against 1 % of 9000, wanted ≤ 2 %"
    assert (found.value, found.baseline, found.limit) == (0.06, 0.01, 0.02)
    assert errors_compared(GATE, 2.0, SURE, version(1000, 0), version(9000, 9)).bound == "≤ 1 %"
    unknown = errors_compared(GATE, 2.0, SURE, version(1000, 0), nothing(Trouble.NO_DATA, "gone"))
    assert (unknown.bound, unknown.limit) == ("≤ 2 ×", None)


def test_what_was_never_seen_is_no_evidence() -> None:
    """Of two scrapes in a window of two intervals, half of what increase() counts is made up: of buckets, not of requests."""
    gate = Gate(max_error_ratio=None, max_error_rise=None, max_p99=0.01, max_drift=0.1)
    for result in built_in(gate, replace(version(1000, 900), seen=0.0), version(9000, 0)):
        assert result.verdict is INSUFFICIENT
    assert error_ceiling(0.1, SURE, replace(version(1000, 900), seen=0.0)).verdict is FAIL
    fast = version(1000, 0, histogram((0.1, 1000)))
    assert p99_ceiling(0.25, SURE, fast).verdict is PASS
    assert p99_ceiling(0.25, SURE, replace(fast, seen=0.5)).verdict is INSUFFICIENT


def test_the_ceiling_of_p99() -> None:
    fast, slow = histogram((0.1, 900), (0.25, 100)), histogram((0.1, 700), (0.25, 100), (0.5, 200))
    found = p99_ceiling(0.25, SURE, version(1000, 0, fast))
    assert (found.verdict, found.message) == (PASS, "235 ms of 1000 requests")
    assert found.value == pytest.approx(0.235)
    found = p99_ceiling(0.25, SURE, version(1000, 0, slow))
    assert (found.verdict, found.message) == (FAIL, "488 ms of 1000 requests, wanted ≤ 250 ms")
    assert found.query == "histogram_quantile(0.99, buckets)"


def test_a_few_slow_requests_of_few_are_chance() -> None:
    one, many = histogram((0.25, 59), (10, 1)), histogram((0.25, 40), (10, 20))
    found = p99_ceiling(0.25, SURE, version(60, 0, one))
    assert (found.verdict, found.trouble) == (INSUFFICIENT, Trouble.UNDECIDED)
    assert p99_ceiling(0.25, SURE, version(60, 0, many)).verdict is FAIL


def test_a_p99_beyond_the_last_bucket_is_more_than_it_says() -> None:
    beyond: Measure[Buckets] = Measure(((0.1, 500.0), (0.5, 700.0), (1.0, 900.0), (math.inf, 1000.0)), "buckets")
    fails = p99_ceiling(0.5, SURE, version(1000, 0, beyond))
    assert (fails.verdict, fails.message) == (FAIL, "more than 1 s of 1000 requests, wanted ≤ 500 ms")
    assert p99_ceiling(5.0, SURE, version(1000, 0, beyond)).verdict is INSUFFICIENT
    compared = p99_compared(1.5, SURE, version(1000, 0), version(1000, 0, beyond))
    assert (compared.verdict, compared.value) == (INSUFFICIENT, None)


@pytest.mark.parametrize(
    ("latency", "trouble"),
    [
        (histogram((0.1, 0)), Trouble.NO_DATA),
        (Measure((), "q"), Trouble.NO_DATA),
        (Measure(((math.inf, 90.0),), "q"), Trouble.NO_DATA),
        (Measure(((0.1, 90.0),), "q"), Trouble.NO_DATA),
        (missing(Trouble.NO_METRIC, "no histogram"), Trouble.NO_METRIC),
        (missing(Trouble.UNREACHABLE, "connection refused"), Trouble.UNREACHABLE),
    ],
)
def test_a_p99_that_cannot_be_known(latency: Measure[Buckets], trouble: Trouble) -> None:
    good, bad = version(1000, 0), version(1000, 0, latency)
    for found in (p99_ceiling(9, SURE, bad), p99_compared(1.5, SURE, bad, good), p99_compared(1.5, SURE, good, bad)):
        assert (found.verdict, found.trouble) == (trouble.verdict, trouble)


def tailed(requests: float, slower: float = 1.0) -> Measured:
    """2 % take longer than 100 ms, and half as many than 141 ms: p99 141 ms."""
    bounds = (0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.5, 1.0, 2.5)
    above = [min(1.0, 0.02 * (0.1 * slower / bound) ** 2) for bound in bounds]
    rising = ((bound, requests * (1 - share)) for bound, share in zip(bounds, above, strict=True))
    return version(1000, 0, Measure((*rising, (math.inf, requests)), "buckets"))


@pytest.mark.parametrize(
    ("requests", "slower", "verdict"),
    [(10_000, 1.0, PASS), (500, 1.0, INSUFFICIENT), (10_000, 1.4, INSUFFICIENT), (10_000, 2.0, FAIL), (50, 20.0, FAIL)],
)
def test_p99_against_that_before(requests: int, slower: float, verdict: GateVerdict) -> None:
    found = p99_compared(1.5, SURE, tailed(requests, slower), tailed(40_000))
    assert (found.verdict, found.requests, found.bound, found.unit) == (verdict, requests, "≤ 1.5 ×", "×")
    assert found.value == pytest.approx(slower, rel=0.15)
    assert found.baseline == pytest.approx(0.141, rel=0.05)


def test_buckets_that_are_too_coarse_say_so() -> None:
    blunt = version(9000, 0, histogram((0.1, 2000), (1.0, 6999), (2.5, 1)))
    found = p99_compared(1.5, SURE, blunt, blunt)
    assert (found.verdict, found.trouble) == (INSUFFICIENT, Trouble.COARSE)
    assert found.message.endswith("its buckets are too coarse to tell ≤ 1.5 ×")


def predicted(*counts: float) -> Measured:
    return replace(version(1000, 0), predictions=histogram(*((float(index), count) for index, count in enumerate(counts))))


def test_predictions_that_drift() -> None:
    same = drift_compared(0.25, SURE, predicted(300, 400, 300), predicted(310, 390, 300))
    assert (same.verdict, same.unit) == (PASS, "PSI")
    assert same.message.endswith("one bucket holds 40%, and hides what moves within it")
    moved = drift_compared(0.25, SURE, predicted(100, 100, 800), predicted(300, 400, 300))
    assert (moved.verdict, moved.requests) == (FAIL, 1000)
    assert moved.message.endswith("wanted ≤ 0.25 PSI")


def test_drift_of_few_predictions_is_neither_shown_nor_excluded() -> None:
    new, old = predicted(*[10.0] * 10), predicted(*[6.0, 14.0] * 5)
    found = drift_compared(0.25, SURE, new, old)
    assert (found.verdict, found.trouble) == (INSUFFICIENT, Trouble.UNDECIDED)
    assert found.value is not None
    assert drift_compared(0.25, SURE, predicted(*[1.0] * 9, 91.0), old).verdict is FAIL


@pytest.mark.parametrize(
    ("new", "old", "trouble"),
    [
        (predicted(59, 1), predicted(1000, 5), Trouble.UNDECIDED),
        (predicted(1000), predicted(1000), Trouble.COARSE),
        (predicted(0), predicted(1000), Trouble.NO_DATA),
        (version(1000, 0), predicted(1000), Trouble.NO_DATA),
        (predicted(1000), version(1000, 0), Trouble.NO_DATA),
    ],
)
def test_drift_that_cannot_be_known(new: Measured, old: Measured, trouble: Trouble) -> None:
    found = drift_compared(0.25, SURE, new, old)
    assert (found.verdict, found.trouble) == (INSUFFICIENT, trouble)


QUEUE = QueryCriterion("queue", "max(q)", Op.AT_MOST, 10, "requests")
MANY: Measure[int] = Measure(1000)


def test_a_criterion_of_ones_own() -> None:
    found = own(QUEUE, Measure(4.0, "max(q)"), MANY)
    assert (found.verdict, found.message, found.bound, found.value, found.limit) == (PASS, "4 requests", "≤ 10 requests", 4.0, 10)
    found = own(QUEUE, Measure(14.0, "max(q)"), MANY)
    assert (found.verdict, found.message) == (FAIL, "14 requests, wanted ≤ 10 requests")
    assert own(replace(QUEUE, op=Op.ABOVE), Measure(14.0), MANY).bound == "> 10 requests"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_is_no_verdict(value: float) -> None:
    found = own(QUEUE, Measure(value), MANY)
    assert (found.verdict, found.value, found.trouble) == (INSUFFICIENT, None, Trouble.NO_DATA)


def test_its_requests_too() -> None:
    few: Measure[int] = Measure(19)
    unknown: Measure[int] = missing(Trouble.NO_METRIC, "no counter")
    assert own(QUEUE, Measure(99.0), few).verdict is INSUFFICIENT
    assert own(QUEUE, Measure(99.0), unknown).trouble is Trouble.NO_METRIC
    assert own(replace(QUEUE, min_requests=19), Measure(99.0), few).verdict is FAIL
    for requests in (few, unknown):
        assert own(replace(QUEUE, min_requests=0), Measure(99.0), requests).verdict is FAIL
        assert own(replace(QUEUE, min_requests=0), Measure(9.0), requests).verdict is PASS


def test_a_query_that_is_wrong_is_an_error() -> None:
    found = own(QUEUE, missing(Trouble.SEVERAL_SERIES, "2 series"), MANY)
    assert (found.verdict, found.message) == (ERROR, "2 series")


def test_an_error_says_more_than_silence() -> None:
    both = Measured(missing(Trouble.NO_DATA, "silence"), missing(Trouble.UNREACHABLE, "refused"))
    assert error_ceiling(0.1, SURE, both).message == "refused"


def test_every_criterion_that_is_set_is_judged() -> None:
    every = Gate(max_p99=1.0, max_drift=0.2)
    assert tuple(result.name for result in built_in(every, version(100, 0), version(100, 0))) == BUILT_IN
    none = Gate(max_error_ratio=None, max_error_rise=None, max_p99_ratio=None)
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
        assert not decided or (result.requests is not None and result.requests > 0)
        assert result.value is None or math.isfinite(result.value)
        assert result.message
        if not decided:
            assert result.trouble is not None
            assert result.verdict is result.trouble.verdict


@given(st.sampled_from([Trouble.NO_DATA, Trouble.UNREACHABLE]))
def test_nothing_known_never_passes_nor_fails(trouble: Trouble) -> None:
    gate = Gate(max_p99=0.3, max_drift=0.1)
    unknown: Measured = nothing(trouble, "gone")
    results: list[CriterionResult] = built_in(gate, unknown, unknown)
    assert {result.verdict for result in results} == {trouble.verdict}


def test_whose_requests_are_missing_is_said() -> None:
    assert errors_compared(GATE, 2.0, SURE, version(0, 0), version(0, 0)).message == "no requests"
    assert errors_compared(GATE, 2.0, SURE, version(10, 0), version(0, 0)).message == "of the version before: no requests"
    unknown = replace(version(10, 0), requests=missing(Trouble.NO_METRIC, "no counter"))
    assert errors_compared(GATE, 2.0, SURE, version(10, 0), unknown).message == "of the version before: no counter"
    empty, some = version(0, 0, histogram((0.1, 0))), version(50, 0)
    assert p99_compared(1.5, SURE, empty, empty).message == "no requests in its latency buckets"
    assert p99_compared(1.5, SURE, empty, some).message == "no requests in its latency buckets"
    assert p99_compared(1.5, SURE, some, empty).message == "of the version before: no requests in its latency buckets"


def test_of_what_is_missing_an_error_is_told_first_else_the_first() -> None:
    gone: Measure[int] = missing(Trouble.NO_DATA, "no requests yet")
    down: Measure[int] = missing(Trouble.UNREACHABLE, "refused")
    nobody: Measure[int] = missing(Trouble.NO_METRIC, "nobody counts errors")
    assert error_ceiling(0.1, SURE, Measured(gone, nobody)).message == "no requests yet"
    found = error_ceiling(0.1, SURE, Measured(gone, down))
    assert (found.message, found.verdict, found.trouble) == ("refused", ERROR, Trouble.UNREACHABLE)
    assert error_ceiling(0.1, SURE, Measured(Measure(None), nobody)).message == "not known"


@pytest.mark.parametrize(("fullest", "told"), [(0.29, False), (0.31, True)])
def test_a_bucket_that_hides_what_moves_within_it_is_told(fullest: float, told: bool) -> None:
    rest = (1 - fullest) / 3
    flat = Measured(predictions=histogram(*((float(at), 1e5 * share) for at, share in enumerate((fullest, rest, rest, rest)))))
    assert ("one bucket holds" in drift_compared(0.1, SURE, flat, flat).message) is told


def test_ones_own_criterion_says_how_many_requests_it_waits_for() -> None:
    criterion = QueryCriterion("queue", "q", Op.BELOW, 5.0, min_requests=20)
    found = own(criterion, Measure(3.0, "q"), Measure(7))
    assert (found.message, found.more_requests) == ("7 requests, 20 needed", 13)
    assert own(criterion, Measure(3.0, "q"), Measure(20)).verdict is PASS
    assert own(criterion, Measure(3.0, "q"), missing(Trouble.NO_METRIC, "nobody counts")).message == "nobody counts"
    whatever = replace(criterion, min_requests=0)
    assert own(whatever, Measure(3.0, "q"), missing(Trouble.NO_METRIC, "nobody counts")).verdict is PASS
    assert own(whatever, Measure(3.0, "q"), Measure(0)).verdict is PASS
