"""Quantiles against answers of Prometheus' own `BucketQuantile` (3.16, quantiles.json), and statistics by any key."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.metrics.quantiles import histogram_quantile, stats_by
from modeldeck.domain.metrics.samples import Sample, ServingStats

GOLDEN = json.loads(Path(__file__).with_name("quantiles.json").read_text())


@pytest.mark.parametrize("case", GOLDEN)
def test_as_prometheus_answers(case: dict[str, str | list[tuple[str, str]]]) -> None:
    assert isinstance(case["buckets"], list)
    buckets = [(float(bound), float(count)) for bound, count in case["buckets"]]
    assert isinstance(case["q"], str)
    assert isinstance(case["value"], str)
    found = histogram_quantile(float(case["q"]), buckets)
    assert found == pytest.approx(float(case["value"]), nan_ok=True, rel=1e-12)


@pytest.mark.parametrize(
    ("q", "buckets", "value"),
    [
        (0.5, [], math.nan),
        (0.5, [(1, 5)], math.nan),
        (0.5, [(1, 5), (2, 5)], math.nan),
        (0.5, [(math.inf, 5)], math.nan),
        (0.5, [(1, 0), (math.inf, 0)], math.nan),
        (-0.1, [(1, 5), (math.inf, 5)], -math.inf),
        (1.1, [(1, 5), (math.inf, 5)], math.inf),
        (math.nan, [(1, 5), (math.inf, 5)], math.nan),
        (0.99, [(1, 5), (2, 6), (math.inf, 100)], 2),
        (0.5, [(0, 5), (math.inf, 5)], 0),
        (0.5, [(math.inf, 4), (2, 4), (1, 0)], 1.5),
    ],
)
def test_the_edges(q: float, buckets: list[tuple[float, float]], value: float) -> None:
    assert histogram_quantile(q, buckets) == pytest.approx(value, nan_ok=True)


RATES = st.lists(st.floats(0, 1e6), min_size=2, max_size=12)


@given(RATES, st.floats(0, 1), st.floats(0, 1))
def test_quantiles_rise_with_q_and_stay_within_the_bounds(rates: list[float], one: float, other: float) -> None:
    bounds = [0.01 * 2**i for i in range(len(rates) - 1)] + [math.inf]
    buckets = list(zip(bounds, accumulate(rates), strict=True))
    low, high = (histogram_quantile(q, buckets) for q in sorted((one, other)))
    if math.isnan(low) or math.isnan(high):
        assert 0 in (sum(rates) * one, sum(rates) * other)
    else:
        assert 0 <= low <= high * (1 + 1e-9)
        assert high <= bounds[-2]


def test_statistics_of_each_owner() -> None:
    def samples(metric: dict[str, float], **labels: str) -> list[Sample]:
        return [Sample({"pod": pod, **labels}, 0.0, value) for pod, value in metric.items()]

    buckets = samples({"a": 50, "b": 100}, le="0.1") + samples({"a": 100, "b": 100}, le="0.2") + samples({"a": 100, "b": 100}, le="+Inf")
    owner = {"a": "one", "b": "two", "c": "three"}
    found = stats_by(
        lambda labels: owner.get(labels["pod"]),
        buckets=[*buckets, Sample({"pod": "stranger", "le": "+Inf"}, 0.0, 1.0)],
        requests=samples({"a": 8.0, "b": 4.0, "c": 0.0}),
        errors=samples({"a": 2.0}),
    )
    assert set(found) == {"one", "two", "three"}
    assert found["one"].p50 == pytest.approx(0.1)
    assert (found["one"].error_ratio, found["one"].requests_per_second) == (0.25, 8.0)
    assert found["two"].p50 == pytest.approx(0.05)
    assert found["two"].error_ratio == 0.0
    assert found["three"] == ServingStats(requests_per_second=0.0)


def test_what_nobody_counts_is_not_known() -> None:
    requests = [Sample({"pod": "a"}, 0.0, 8.0)]
    buckets = [Sample({"pod": "a", "le": le}, 0.0, 1.0) for le in ("100000", "+Inf")]
    assert stats_by(lambda labels: labels["pod"], requests=requests, errors=None)["a"].error_ratio is None
    found = stats_by(lambda labels: labels["pod"], buckets=buckets, scale=1e-6)["a"]
    assert found.p50 == pytest.approx(0.05)
    assert found.p90 == pytest.approx(0.09)
    assert found.p99 == pytest.approx(0.099)
    assert (found.error_ratio, found.requests_per_second) == (None, None)


def test_failures_counted_apart_are_requests_too() -> None:
    ok, failed = [Sample({"pod": "a"}, 0.0, 3.0)], [Sample({"pod": pod}, 0.0, 1.0) for pod in ("a", "b")]
    found = stats_by(lambda labels: labels["pod"], requests=ok, errors=failed, errors_apart=True)
    assert (found["a"].requests_per_second, found["a"].error_ratio, found["b"].error_ratio) == (4.0, 0.25, 1.0)


def test_infinite_and_nan_values_are_not_known() -> None:
    assert stats_by(lambda labels: labels["pod"], requests=[Sample({"pod": "a"}, 0.0, math.nan)])["a"] == ServingStats()


def of(values: dict[str, float], **labels: str) -> list[Sample]:
    return [Sample({"pod": pod, **labels}, 0.0, value) for pod, value in values.items()]


def owner(labels: Mapping[str, str]) -> str | None:
    return labels.get("pod")


def test_buckets_of_one_owner_are_added_up_by_their_bounds() -> None:
    buckets = [*of({"a": 30.0}, le="0.1"), *of({"a": 20.0}, le="0.10"), *of({"a": 100.0}, le="0.2"), *of({"a": 100.0}, le="+Inf")]
    odd = [*of({"a": 7.0}, le="wide"), *of({"a": 7.0}, le="NaN"), *of({"a": 7.0}), Sample({"le": "0.1"}, 0.0, 7.0)]
    found = stats_by(owner, buckets=[*buckets, *odd])["a"]
    assert found.p50 == pytest.approx(0.1)
    assert found.p90 == pytest.approx(0.18)
    assert found.p99 == pytest.approx(0.198)
    assert (found.error_ratio, found.requests_per_second) == (None, None)


def test_an_owner_that_only_fails_or_only_waits_has_its_row() -> None:
    apart = stats_by(owner, errors=of({"a": 2.0}), errors_apart=True)["a"]
    assert (apart.requests_per_second, apart.error_ratio) == (2.0, 1.0)
    assert stats_by(owner, errors=of({"a": 2.0})) == {}
    nobody = stats_by(owner, requests=of({"a": 2.0}), errors=None, errors_apart=True)["a"]
    assert (nobody.requests_per_second, nobody.error_ratio) == (2.0, None)
    assert stats_by(owner, requests=of({"a": 2.0}))["a"].error_ratio == 0.0
    assert stats_by(owner, requests=[*of({"a": 2.0}), *of({"a": 3.0}), Sample({}, 0.0, 9.0)])["a"].requests_per_second == 5.0


def test_what_is_no_number_is_not_known_and_takes_nothing_else_with_it() -> None:
    found = stats_by(owner, requests=of({"a": 2.0, "b": math.inf}), errors=of({"a": math.nan}))
    assert (found["a"].requests_per_second, found["a"].error_ratio) == (2.0, None)
    assert (found["b"].requests_per_second, found["b"].error_ratio) == (None, 0.0)
    none = stats_by(owner, requests=of({"a": -1.0}), errors=of({"a": 1.0}))["a"]
    assert none.error_ratio is None


@pytest.mark.parametrize(("q", "value"), [(0.0, 0.0), (0.25, 0.5), (0.5, 1.0), (0.75, 1.5), (0.9, 1.8), (1.0, 2.0)])
def test_quantiles_lie_on_straight_lines_between_bounds(q: float, value: float) -> None:
    assert histogram_quantile(q, [(1.0, 50.0), (2.0, 100.0), (math.inf, 100.0)]) == pytest.approx(value)


def test_a_first_bucket_of_negative_bounds_is_its_bound() -> None:
    assert histogram_quantile(0.1, [(-1.0, 50.0), (1.0, 100.0), (math.inf, 100.0)]) == -1.0
    assert histogram_quantile(0.75, [(-1.0, 50.0), (1.0, 100.0), (math.inf, 100.0)]) == pytest.approx(0.0)


def test_noise_between_neighbouring_buckets_is_no_decrease_nor_a_rise() -> None:
    noisy = [(1.0, 50.0), (2.0, 50.0 * (1 + 1e-14)), (3.0, 49.0), (4.0, 100.0), (math.inf, 100.0)]
    clean = [(1.0, 50.0), (2.0, 50.0), (3.0, 50.0), (4.0, 100.0), (math.inf, 100.0)]
    assert [histogram_quantile(q, noisy) for q in (0.5, 0.6)] == [histogram_quantile(q, clean) for q in (0.5, 0.6)]
