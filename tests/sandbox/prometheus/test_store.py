from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from prombed import LabelMatcher

from modeldeck.sandbox.prometheus.store import SeriesStore, View

KEY = (("__name__", "m"), ("pod", "a"))
OTHER = (("__name__", "m"), ("pod", "b"))


def filled(times: list[int]) -> SeriesStore:
    store = SeriesStore(retention=1e9)
    for time in times:
        store.append(time, [(KEY, float(time))])
    return store


@given(st.lists(st.integers(1, 500), unique=True).map(sorted), st.integers(0, 500), st.integers(0, 500))
def test_a_cut_has_the_samples_after_its_start_up_to_its_end(times: list[int], start: int, end: int) -> None:
    store = filled(times)
    found = [sample.timestamp for _, samples in store.cut(store.everything(), start, end) for sample in samples]
    assert found == [time for time in times if start < time <= end]


@given(st.lists(st.integers(1, 100)))
def test_samples_that_are_not_newer_are_dropped(times: list[int]) -> None:
    store = filled(times)
    kept = [sample.timestamp for _, samples in store.cut(store.everything(), 0, 1000) for sample in samples]
    assert kept == sorted(set(kept))
    assert set(kept) <= set(times)
    assert not times or kept[0] == times[0]


def test_what_is_older_than_the_retention_goes_and_so_do_series_without_samples() -> None:
    store = SeriesStore(retention=10)
    for second in range(40):
        store.append(second * 1000, [(KEY, 1.0), *([(OTHER, 1.0)] if second < 5 else [])])
    series, samples = store.counts
    assert series == 1
    assert 10 <= samples <= 12
    assert store.matching((LabelMatcher("__name__", "=", "m"),))[0].labels["pod"] == "a"


def test_a_series_that_ended_has_a_marker_and_comes_back() -> None:
    store = SeriesStore(retention=100)
    store.append(1000, [(KEY, 1.0)])
    store.append(2000, (), ended=[KEY, OTHER])
    store.append(3000, [(KEY, 2.0)])
    ((_, samples),) = store.cut(store.everything(), 0, 9000)
    assert [(sample.timestamp, sample.stale) for sample in samples] == [(1000, False), (2000, True), (3000, False)]
    assert math.isnan(samples[1].value)
    assert list(store.labels_between(store.everything(), 1500, 2500)) == []
    assert list(store.labels_between(store.everything(), 1000, 1000)) == [dict(KEY)]


def test_new_series_are_counted() -> None:
    store = SeriesStore(retention=100)
    assert store.append(1, [(KEY, 1.0), (OTHER, 1.0)]) == 2
    assert store.append(2, [(KEY, 1.0)]) == 0


@given(st.lists(st.integers(1, 300), unique=True, min_size=1).map(sorted), st.integers(1, 100), st.integers(1, 300))
def test_a_view_gives_each_instant_its_own_window(times: list[int], window: int, instant: int) -> None:
    matchers = (LabelMatcher("__name__", "=", "m"),)
    view = View(filled(times), {matchers: window}, instant, instant)
    found = [sample.timestamp for series in view.select(list(matchers)) for sample in series.samples]
    assert found == [time for time in times if instant - window < time <= instant]
