"""From cumulative buckets to what fell into each."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.metrics.charts.heatmap import BUCKETS, bucket_query, heatmap
from modeldeck.domain.metrics.profiles.servers import BUILT_IN
from modeldeck.domain.metrics.samples import Matrix, Series


def answer(**buckets: tuple[float, ...]) -> Matrix:
    series = (Series({"le": bound}, tuple((float(at), value) for at, value in enumerate(values))) for bound, values in buckets.items())
    return Matrix(tuple(series))


@given(st.lists(st.lists(st.integers(0, 1000), min_size=3, max_size=3), min_size=1, max_size=5))
def test_each_bucket_counts_what_fell_between_its_bounds(moments: list[list[int]]) -> None:
    a, b, c = zip(*moments, strict=True)
    both = tuple(float(x + y) for x, y in zip(a, b, strict=True))
    every = tuple(float(x + y + z) for x, y, z in zip(a, b, c, strict=True))
    found = heatmap(answer(**{"+Inf": every, "0.5": both, "0.1": tuple(map(float, a))}), 1.0)
    assert found.bounds == (0.1, 0.5, math.inf)
    assert [row for _, row in found.counts] == [tuple(map(float, moment)) for moment in moments]
    assert not found.doubts


def test_bounds_are_in_seconds_and_the_same_bound_written_otherwise_is_the_same() -> None:
    found = heatmap(answer(**{"1000": (1.0,), "1000.0": (2.0,), "+Inf": (4.0,), "x": (9.0,)}), 1e-3)
    assert found.bounds == (1.0, math.inf)
    assert found.counts == ((0.0, (3.0, 1.0)),)


def test_what_is_wrong_with_buckets_is_told_and_counts_as_nothing() -> None:
    without = heatmap(answer(**{"0.1": (1.0,), "0.5": (2.0,)}), 1.0)
    assert "+Inf" in without.doubts[0]
    falling = heatmap(answer(**{"0.1": (5.0,), "0.5": (2.0,), "+Inf": (6.0,)}), 1.0)
    assert "not cumulative" in falling.doubts[0]
    assert falling.counts == ((0.0, (5.0, 0.0, 1.0)),)
    assert not heatmap(answer(**{"0.1": (5.0,), "+Inf": (5.0 - 1e-12,)}), 1.0).doubts, "noise is no doubt"
    assert heatmap(answer(**{"0.1": (math.nan,)}), 1.0).counts == ()


def test_its_query_has_one_series_a_bucket() -> None:
    assert bucket_query(BUILT_IN["vllm"], 'pod="a"', step=15.0) == {
        BUCKETS: 'sum by (le) (rate(vllm:e2e_request_latency_seconds_bucket{pod="a"}[60s]))'
    }
    assert bucket_query(BUILT_IN["triton"], 'pod="a"', step=15.0) == {}
