"""From Prometheus' answers to statistics, stated versions and the points of charts."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.measured import ChartPoints, chart_points, fleet_stats, observed_versions
from modeldeck.domain.metrics.profiles.picking import pick
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.profiles.servers import PROFILES
from modeldeck.domain.metrics.samples import Matrix, Sample, Series, Vector
from modeldeck.domain.metrics.statements import Statement

TRITON = next(p for p in PROFILES if p.name == "Triton")
MICROSECONDS = next(p for p in PROFILES if p.name == "TF Serving")


def vector(*samples: tuple[dict[str, str], float]) -> Vector:
    return Vector(tuple(Sample({"namespace": "s", **labels}, 0.0, value) for labels, value in samples))


def matrix(*points: tuple[float, float]) -> Matrix:
    return Matrix((Series({}, points),))


def fastapi() -> Profile:
    profile = pick(Exports.named(("http_request_duration_highr_seconds_bucket", "model_info")))
    assert profile is not None
    return profile


def test_statistics_by_owner() -> None:
    vectors = {
        "buckets": vector(({"pod": "a", "le": "0.1"}, 1.0), ({"pod": "a", "le": "+Inf"}, 1.0)),
        "requests": vector(({"pod": "a"}, 5.0), ({"pod": "b"}, 5.0), ({"pod": "c"}, 5.0)),
        "errors": vector(({"pod": "b"}, 1.0)),
    }
    found = fleet_stats(fastapi(), vectors, {"s/a": "s/iris", "s/b": "s/iris"})
    assert list(found) == ["s/iris"]
    assert (found["s/iris"].requests_per_second, found["s/iris"].error_ratio) == (10.0, 0.1)
    assert found["s/iris"].p50 == pytest.approx(0.05)


def test_no_answer_about_errors_is_no_zero() -> None:
    found = fleet_stats(fastapi(), {"requests": vector(({"pod": "a"}, 5.0))}, {"s/a": "x"})
    assert found["x"].error_ratio is None


def test_what_pods_state() -> None:
    answer = vector(
        ({"pod": "a", "version": "3"}, 1.0),
        ({"pod": "b", "version": "3"}, 1.0),
        ({"pod": "b", "version": "4"}, 1.0),
        ({"pod": "c", "version": "4"}, 0.0),
        ({"pod": "d"}, 1.0),
        ({"version": "9"}, 1.0),
    )
    named = vector(({"pod": "a", "model": "iris", "version": "3"}, 1.0), ({"pod": "b", "model": "iris", "version": "2.14.0"}, 1.0))
    assert observed_versions(TRITON, {"versions": answer, "stated model_info": named}, LinkPatterns()) == {
        "s/a": Statement(registered=(("iris", "3"),), called=("3",)),
        "s/b": Statement(called=("2.14.0", "3", "4")),
    }
    assert observed_versions(fastapi(), {}, LinkPatterns()) == {}


def test_a_configured_metric_needs_no_model_and_no_plain_one_counts_without() -> None:
    patterns = LinkPatterns(versions=(("svc_info", "rev"),))
    vectors = {
        "stated svc_info": vector(({"pod": "a", "rev": "v3"}, 1.0), ({"pod": "b", "rev": "2.14.0"}, 1.0)),
        "stated model_info": vector(({"pod": "c", "version": "1"}, 1.0)),
    }
    assert observed_versions(fastapi(), vectors, patterns) == {
        "s/a": Statement(registered=((None, "3"),)),
        "s/b": Statement(called=("2.14.0",)),
        "s/c": Statement(called=("1",)),
    }


def test_lines_of_a_chart() -> None:
    points = chart_points(
        MICROSECONDS,
        {"p99": matrix((1.0, 2e6), (2.0, math.nan)), "requests": matrix((1.0, 10.0), (2.0, 0.0), (3.0, 5.0)), "errors": matrix((1.0, 1.0))},
    )
    ((at, seconds),) = points.p99
    assert at == 1.0
    assert seconds == pytest.approx(2.0)
    assert points.p50 == ()
    assert points.error_ratio == ((1.0, 0.1), (3.0, 0.0))


def test_failures_counted_apart_and_nothing_asked_about_errors() -> None:
    both = chart_points(TRITON, {"requests": matrix((1.0, 3.0)), "errors": matrix((1.0, 1.0), (2.0, 1.0))})
    assert both.requests == ((1.0, 4.0), (2.0, 1.0))
    assert both.error_ratio == ((1.0, 0.25), (2.0, 1.0))
    assert chart_points(fastapi(), {"requests": matrix((1.0, 3.0))}).error_ratio == ()


def test_several_series_are_drawn_as_none() -> None:
    assert chart_points(fastapi(), {"p99": Matrix((Series({}, ((1.0, 1.0),)), Series({}, ((1.0, 2.0),))))}).p99 == ()


def test_a_server_that_counts_some_failures_only_says_nothing_where_it_counts_none() -> None:
    blind = replace(fastapi(), errors=(Counter("failed", blind_to="what a model returns"),))
    answered = {"requests": matrix((1.0, 10.0), (2.0, 10.0)), "errors": matrix((1.0, 1.0), (2.0, 0.0))}
    assert chart_points(blind, answered).error_ratio == ((1.0, 0.1),)
    vectors = {"requests": vector(({"pod": "a"}, 5.0), ({"pod": "b"}, 5.0)), "errors": vector(({"pod": "a"}, 1.0))}
    found = fleet_stats(blind, vectors, {"s/a": "a", "s/b": "b"})
    assert (found["a"].error_ratio, found["b"].error_ratio) == (0.2, None)


def test_an_empty_answer_draws_nothing() -> None:
    assert chart_points(fastapi(), {"p99": Matrix(()), "requests": Matrix(())}) == ChartPoints()
