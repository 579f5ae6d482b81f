"""The PromQL that the built-in criteria ask, and what of its answers is the pods' own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.kubernetes.pod_addresses import PodAddress
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.samples import Matrix, Series
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.operations.gate.asking import Ask
from modeldeck.operations.gate.looking import Pods
from modeldeck.operations.gate.queries import Side

PROFILE = Profile(
    "a server",
    ("requests_total",),
    latency=("seconds", "older_seconds"),
    latency_matchers='path!="/health"',
    requests=(Counter("requests_total", 'path="/predict"'), Counter("older_total")),
    errors=(Counter("failures_total"),),
    predictions="predicted",
)
NAMED = Pods("serving", "iris-1-.{5}")
SIDE = Side(Scraped(PROFILE, PodLabels()), NAMED, 300, 10_000.0)
WHERE = 'namespace="serving",pod=~"iris-1-.{5}"'
BY_ADDRESS = Scraped(PROFILE, PodLabels("instance", "", by_address=True))


def side(**parts: object) -> Side:
    return replace(SIDE, scraped=Scraped(replace(PROFILE, **parts), PodLabels()))  # type: ignore[arg-type]


def addressed(*addresses: PodAddress) -> Side:
    return replace(SIDE, scraped=BY_ADDRESS, pods=replace(NAMED, addresses=addresses))


def test_counters_are_asked_for_with_what_was_scraped_just_before() -> None:
    counter = f'requests_total{{{WHERE},path="/predict"}}'
    assert SIDE.counter is not None
    assert SIDE.errors is not None
    assert SIDE.total(SIDE.counter) == f"sum(increase({counter}[300s]))"
    assert SIDE.samples(SIDE.counter) == Ask(counter, 10_000.0, 450)
    assert SIDE.samples(SIDE.errors) == Ask(f"failures_total{{{WHERE}}}", 10_000.0, 450)
    assert SIDE.scrapes == (Ask(f"up{{{WHERE}}}", 10_000.0, 450),)
    assert SIDE.started == Ask(f"process_start_time_seconds{{{WHERE}}}", 10_000.0, 450)
    assert SIDE.start == 9700.0


def test_histograms_are_asked_for_by_their_buckets() -> None:
    assert SIDE.latency == (Ask(f'sum by (le) (increase(seconds_bucket{{{WHERE},path!="/health"}}[300s]))', 10_000.0),)
    assert SIDE.predictions == (Ask(f"sum by (le) (increase(predicted_bucket{{{WHERE}}}[300s]))", 10_000.0),)
    assert SIDE.whole == ()
    of_all = side(latency_of_all="seconds")
    assert of_all.whole == (Ask(f'seconds_bucket{{{WHERE},le="+Inf"}}', 10_000.0, 450),)
    assert side(latency_of_all="older_seconds", latency=("seconds",)).whole == ()


def test_what_a_server_does_not_export_is_not_asked_for() -> None:
    bare = side(latency=(), requests=(), errors=(), predictions="")
    assert (bare.counter, bare.errors, bare.latency, bare.whole, bare.predictions) == (None, None, (), (), ())
    assert list(bare.asks(drift=True)) == []


def test_everything_is_asked_and_predictions_where_drift_is_judged() -> None:
    asked = [ask.promql.partition("{")[0] for ask in SIDE.asks(drift=True)]
    counters = ["requests_total", "up", "process_start_time_seconds", "failures_total"]
    assert asked == [*counters, "sum by (le) (increase(seconds_bucket", "sum by (le) (increase(predicted_bucket"]
    assert [ask.promql.partition("{")[0] for ask in SIDE.asks(drift=False)] == asked[:-1]
    assert [ask.promql.partition("{")[0] for ask in side(errors=()).asks(drift=False)] == [*asked[:3], asked[4]]
    assert len(list(side(requests=()).asks(drift=False))) == 2
    assert len(list(side(latency_of_all="seconds").asks(drift=False))) == 6


def test_where_somebody_handed_the_series_on_no_scrape_is_asked_for() -> None:
    handed = replace(SIDE, scraped=Scraped(PROFILE, PodLabels("exported_pod", "exported_namespace")))
    assert handed.scrapes == ()
    assert [ask.promql.partition("{")[0] for ask in handed.asks(drift=False)][:2] == ["requests_total", "process_start_time_seconds"]


OLD = PodAddress("serving/a", "10.0.0.1")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (OLD, [(300, 10_000.0)]),
        (replace(OLD, until=9_900.0), [(192, 9_900.0)]),
        (replace(OLD, since=9_900.0), [(98, 10_000.0)]),
        (replace(OLD, since=9_760.0), [(240, 10_000.0)]),
        (replace(OLD, since=9_761.0), [(192, 10_000.0)]),
        (replace(OLD, since=9_700.0), [(300, 10_000.0)]),
        (replace(OLD, since=9_750.0, until=9_900.0), [(122, 9_900.0)]),
        (replace(OLD, until=9_700.0), []),
        (replace(OLD, since=10_000.0), []),
        (replace(OLD, since=10_050.0), []),
        (replace(OLD, until=10_500.0), [(300, 10_000.0)]),
    ],
)
def test_an_address_is_asked_about_only_while_it_was_the_pods(address: PodAddress, expected: list[tuple[int, float]]) -> None:
    """In steps of a fifth, so that many young pods are few questions: never more than it had."""
    found = [(ask.promql.rpartition("[")[2].partition("s]")[0], ask.at) for ask in addressed(address).latency]
    assert [(int(window), at) for window, at in found] == expected
    assert all(at - window >= max(address.since, SIDE.start) for window, at in expected)


def test_pods_of_about_one_age_are_asked_about_together() -> None:
    young = [replace(OLD, address=f"10.0.0.{number}", since=9_905.0 + number) for number in (1, 2, 3)]
    asked = addressed(*young, replace(OLD, address="10.0.0.9")).latency
    assert len(asked) == 2
    together, alone = asked
    assert all(f"10\\\\.0\\\\.0\\\\.{number}" in together.promql for number in (1, 2, 3))
    assert "[78s]" in together.promql
    assert "10\\\\.0\\\\.0\\\\.9" in alone.promql
    assert "[300s]" in alone.promql


def test_pods_that_are_named_are_asked_about_in_one() -> None:
    named = replace(SIDE, pods=replace(NAMED, addresses=(replace(OLD, since=9_900.0),)))
    assert len(named.latency) == 1
    assert "[300s]" in named.latency[0].promql
    assert len(addressed().latency) == 1


def series(instance: str, *points: float) -> Series:
    return Series({"instance": instance}, tuple((at, at / 10) for at in points))


def test_of_an_address_only_counts_what_was_scraped_while_it_was_the_pods() -> None:
    own, other = replace(OLD, since=100.0, until=200.0), PodAddress("serving/b", "10.0.0.2")
    matrix = Matrix((series("10.0.0.1:8080", 50.0, 100.0, 150.0, 200.0, 201.0), series("10.0.0.2:8080", 50.0), series("10.0.0.3", 150.0)))
    found = addressed(own, other).of_pods(matrix)
    assert [(one.labels["pod"], [at for at, _ in one.points]) for one in found.series] == [
        ("10.0.0.1:8080", [100.0, 150.0, 200.0]),
        ("10.0.0.2:8080", [50.0]),
    ]
    assert addressed(own).of_pods(Matrix((series("10.0.0.1", 50.0),))).series == ()


def test_series_that_name_their_pods_are_those_that_were_selected() -> None:
    matrix = Matrix((Series({"who": "iris-1-a"}, ((1.0, 2.0),)),))
    found = replace(SIDE, scraped=Scraped(PROFILE, PodLabels("who", ""))).of_pods(matrix)
    assert [(one.labels["pod"], one.points) for one in found.series] == [("iris-1-a", ((1.0, 2.0),))]
