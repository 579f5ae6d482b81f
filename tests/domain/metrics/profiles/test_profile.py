"""A profile and its counters, narrowed to what is exported."""

from __future__ import annotations

from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.profiles.profile import Counter, Profile


def test_of_a_metric_that_names_versions_only_the_metric_is_looked_for() -> None:
    profile = Profile("mine", ("up",), (), (), versions=("served_version", "revision"))
    assert profile.metrics == ("up", "served_version")


def test_of_all_candidates_that_are_exported_one_is_asked() -> None:
    profile = Profile(
        "any",
        ("up",),
        latency=("new", "old", "older"),
        requests=(Counter("new_total"), Counter("old_total")),
        errors=(Counter("failed_total"), Counter("errors_total")),
    )
    every = profile.within(Exports.named(["old_bucket", "older_bucket", "new_total", "old_total", "failed_total", "errors_total"]))
    assert (every.latency, every.requests, every.errors) == (("old",), profile.requests[:1], profile.errors[:1])
    none = profile.within(Exports.named(["up"]))
    assert (none.latency, none.requests, none.errors) == ((), profile.requests[:1], ())


def test_a_counter_is_matched_by_its_label_and_its_own_matchers() -> None:
    labelled = Exports(({"__name__": "x", "grpc": "OK", "code": "200"},))
    assert Counter("x", 'a="1"', status=("code",), failed='!="OK"').resolved(labelled) == Counter("x", 'code!="OK",a="1"')
    assert Counter("x", status=("none", "grpc"), failed='!="OK"').resolved(labelled) == Counter("x", 'grpc!="OK"')
    assert Counter("x", status=("none",), failed='!="OK"').resolved(labelled) is None
    assert Counter("y", vouchers=("x",)).resolved(labelled) == Counter("y", vouchers=("x",))
    assert Counter("y").resolved(labelled) is None
    assert Counter("x").resolved(labelled) == Counter("x")


def test_a_matcher_tells_only_where_every_series_has_its_label() -> None:
    counter = Counter("x", 'kind="bad"', carried=("kind",), vouchers=("y",))
    good, bare = {"__name__": "x", "kind": "good"}, {"__name__": "x"}
    assert counter.resolved(Exports((good,))) == counter
    assert counter.resolved(Exports((good, bare))) is None
    assert counter.resolved(Exports(({"__name__": "y"},))) == counter, "it is sure to come"
    assert counter.resolved(Exports(())) is None
