"""The PromQL of a profile, as it is asked."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.metrics.pod_labels import quoted
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.profiles.queries import WIDE_WINDOW, bulk_queries, deployment_queries, pod_pattern, rate_window
from tests.support.exported import FASTAPI, NAMES, picked

POD_NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?(\.[a-z0-9]{1,8})?", fullmatch=True)
SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


@given(POD_NAMES, st.text(SUFFIX, min_size=8, max_size=10), st.text(SUFFIX, min_size=5, max_size=5))
def test_the_pods_of_a_deployment_match_its_pattern(name: str, template_hash: str, random: str) -> None:
    pod = f"{name}-{template_hash}-"[:58] + random
    assert re.fullmatch(pod_pattern(name), pod)
    assert not re.fullmatch(pod_pattern(name), f"{name}-canary-{template_hash}-{random}") or len(name) > 46


@pytest.mark.parametrize("pod", ["irisx-5d4f8c7b9-x2x4z", "iris-canary-5d4f8c7b9-x2x4z", "iris-5d4f8c7b9", "iris-5d4f8c7b9-x2x4zz"])
def test_the_pods_of_others_do_not(pod: str) -> None:
    assert not re.fullmatch(pod_pattern("iris"), pod)


def test_all_namespaces_are_no_matcher() -> None:
    profile = picked(*NAMES, counted=FASTAPI)
    assert bulk_queries(profile, ()) == bulk_queries(profile, ("*",))
    assert "namespace=~" not in bulk_queries(profile, ())["buckets"]
    assert 'namespace=~"a|b"' in bulk_queries(profile, ("a", "b"))["buckets"]


def test_windows_and_literals() -> None:
    assert (rate_window(), rate_window(step=120, scrape=15), rate_window(step=5, scrape=2)) == (60, 135, 8)
    assert quoted('a"b\\c\n') == '"a\\"b\\\\c\\n"'


def test_the_queries_of_a_fleet_as_they_are_asked() -> None:
    profile = Profile(
        "mine",
        ("up",),
        latency=("took", "other"),
        latency_matchers='path!="/ping"',
        requests=(Counter("asked_total", 'a="1"'), Counter("never")),
        errors=(Counter("failed_total"), Counter("never")),
        versions=("served", "v"),
    )
    assert bulk_queries(profile, ["serving"], window=90, stated=[("info", "version")]) == {
        "buckets": 'sum by (namespace, pod, le) (rate(took_bucket{namespace=~"serving",path!="/ping"}[90s]))',
        "requests": 'sum by (namespace, pod) (rate(asked_total{namespace=~"serving",a="1"}[90s]))',
        "errors": 'sum by (namespace, pod) (rate(failed_total{namespace=~"serving"}[90s]))',
        "stated info": 'info{namespace=~"serving"}',
        "versions": 'max by (namespace, pod, v) (served{namespace=~"serving"})',
    }
    assert "versions" not in bulk_queries(profile, (), stated=[("served", "v")])
    assert bulk_queries(Profile("none", ()), ()) == {}
    assert bulk_queries(profile, ())["errors"].endswith("(rate(failed_total[60s]))")
    assert deployment_queries(profile, 'pod="x"', step=30.0) == {
        "p50": 'histogram_quantile(0.5, sum by (le) (rate(took_bucket{pod="x",path!="/ping"}[60s])))',
        "p90": 'histogram_quantile(0.9, sum by (le) (rate(took_bucket{pod="x",path!="/ping"}[60s])))',
        "p99": 'histogram_quantile(0.99, sum by (le) (rate(took_bucket{pod="x",path!="/ping"}[60s])))',
        "requests": 'sum (rate(asked_total{pod="x",a="1"}[60s]))',
        "errors": 'sum (rate(failed_total{pod="x"}[60s]))',
    }
    assert deployment_queries(Profile("none", ()), "", step=30.0) == {}


@pytest.mark.parametrize(("step", "scrape", "seconds"), [(0.0, 15.0, 60), (50.0, 15.0, 65), (0.0, 0.1, 1), (45.0, 15.0, 60), (0.0, 0.4, 2)])
def test_a_window_holds_four_scrapes_and_the_step(step: float, scrape: float, seconds: int) -> None:
    assert rate_window(step=step, scrape=scrape) == seconds
    assert WIDE_WINDOW == 300


@pytest.mark.parametrize(("length", "whole"), [(46, True), (47, False)])
def test_only_the_beginning_of_a_long_name_is_sure(length: int, whole: bool) -> None:
    pattern = pod_pattern("a" * length)
    assert pattern == ("a" * length + ("-[a-z0-9]+-[a-z0-9]{5}" if whole else "-[a-z0-9-]{5,}"))
    assert pod_pattern("a" * 70) == "a" * 58 + "[a-z0-9-]{5,}"
