"""From Prometheus' answers to counts: what `increase` hides, what is absent, and what is no number."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.gates.counting import STARTED, Counts, buckets_of, counts, growth, notes, one_number, restarts, scraped_since, seen_of
from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.metrics.samples import Matrix, Sample, Series, Vector


def vector(warnings: tuple[str, ...] = (), **by_pod: float) -> Vector:
    return Vector(tuple(Sample({"pod": pod}, 0.0, value) for pod, value in by_pod.items()), warnings)


def samples(**by_pod: list[float | None]) -> Matrix:
    """Values every ten seconds from 0 on; None: the series was not there."""
    series = (
        Series({"pod": pod}, tuple((10.0 * step, value) for step, value in enumerate(values) if value is not None))
        for pod, values in by_pod.items()
    )
    return Matrix(tuple(series))


@pytest.mark.parametrize(
    ("values", "scraped", "expected"),
    [
        ([5, 10, 20, 40], True, 30.0),
        ([5, 10, 20, 40], False, 30.0),
        ([None, None, 40, 40], True, 40.0),
        ([None, None, 4000, 4001], False, 1.0),
        ([500, 500, 2, 9], True, 9.0),
        ([500, 510, 3, 7, 1, 4], True, 11.0),
        ([500, 510, None, None], True, 0.0),
        ([500, 510, 520, None], True, 10.0),
        ([5, 10], True, 0.0),
    ],
    ids=["grows", "grows unseen", "born", "its past is not known", "reset", "resets", "ended before", "ended", "nothing since"],
)
def test_growth_since_ten_seconds(values: list[float | None], scraped: bool, expected: float) -> None:
    assert growth(samples(a=values), 10.0, {"a": 10.0 if scraped else 30.0}) == {"a": expected}


def test_series_of_a_pod_are_added_up() -> None:
    both = Matrix((*samples(a=[0, 0, 5]).series, *samples(a=[1, 1, 3], b=[0, 0, 1]).series))
    assert growth(both, 10.0, {"a": 10.0, "b": 10.0}) == {"a": 7.0, "b": 1.0}


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_not_known(value: float) -> None:
    assert growth(samples(a=[0, 1, value]), 10.0, {"a": 10.0}) is None
    assert counts(None, {"a": 3.0}, apart=False) == Counts(None, None)
    assert counts({"a": 100.0}, None, apart=False) == Counts(100, None)


def test_since_when_pods_were_scraped() -> None:
    there = samples(a=[1, 1, 1], b=[0, 0, 0], e=[0, 0, 1])
    up = Matrix(tuple(Series({**one.labels, "__name__": "up"}, one.points) for one in there.series))
    found = scraped_since(10.0, up, samples(c=[0, 0, 1], d=[None, None, 1]), samples(a=[None, None, 1], d=[None, None, None, 1]))
    assert found == {"a": 10.0, "c": 10.0, "d": 20.0, "e": 20.0}


def test_what_comes_into_being_after_a_scrape_that_had_nothing_of_it_is_counted_whole() -> None:
    up = Matrix((Series({"pod": "a", "__name__": "up"}, ((20.0, 1.0), (30.0, 1.0), (40.0, 1.0))),))
    requests = samples(a=[None, None, None, 75, 80])
    assert growth(requests, 10.0, scraped_since(10.0, up, requests)) == {"a": 80.0}
    assert growth(requests, 10.0, scraped_since(10.0, requests)) == {"a": 5.0}


def test_what_comes_into_being_after_the_first_scrape_of_a_young_pod_is_counted_whole() -> None:
    requests, failed = samples(a=[None, None, 7, 17, 27]), samples(a=[None, None, None, 5, 6])
    since = scraped_since(10.0, requests, failed)
    assert (growth(requests, 10.0, since), growth(failed, 10.0, since)) == ({"a": 20.0}, {"a": 6.0})


def one_process(**by_name: list[float | None]) -> Matrix:
    """Series of one pod, every ten seconds from 0 on."""
    found = []
    for name, values in by_name.items():
        points = tuple((10.0 * step, value) for step, value in enumerate(values) if value is not None)
        if points:
            found.append(Series({"__name__": STARTED if name == "started" else name, "pod": "a"}, points))
    return Matrix(tuple(found))


def test_a_counter_that_has_caught_up_since_a_restart_is_known_by_another_one_or_by_when_its_process_started() -> None:
    failed = one_process(failed=[0, 50, 55, 56])
    well = one_process(well=[0, 900, 80, 90])
    assert growth(failed, 0.0, {"a": 0.0}, restarts(failed)) == {"a": 56.0}
    assert growth(failed, 0.0, {"a": 0.0}, restarts(failed, well)) == {"a": 106.0}
    assert growth(failed, 0.0, {"a": 0.0}, restarts(failed, one_process(started=[1, 1, 15, 15]))) == {"a": 106.0}


def test_a_restart_that_one_counter_tells_later_is_still_one() -> None:
    well, failed = one_process(well=[0, 900, 80, 100]), one_process(failed=[0, 50, None, 9])
    found = restarts(well, failed)
    assert (growth(well, 0.0, {"a": 0.0}, found), growth(failed, 0.0, {"a": 0.0}, found)) == ({"a": 1000.0}, {"a": 59.0})
    other = {"a": growth(Matrix(tuple(Series({**one.labels, "container": "b"}, one.points) for one in well.series)), 0.0, {}, found)}
    assert other["a"] == {"a": 1000.0}, "another container's restart is none of this one's"


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.sampled_from(["", "", "", "restart", "missed"])), min_size=2, max_size=12)
)
def test_what_was_counted_between_two_scrapes_is_counted_through_any_restart(steps: list[tuple[int, int, str]]) -> None:
    """`restart`: just after the scrape before, and a counter is there again only once it counts something. `missed`: no scrape."""
    counters: dict[str, int] = {}
    since_scrape = {"well": 0, "failed": 0}
    told: dict[str, list[float | None]] = {"well": [None], "failed": [None], "started": [1.0]}
    truth = {"well": 0, "failed": 0}
    started = 1.0
    for number, (well, failed, what) in enumerate(steps, start=1):
        if what == "restart":
            counters, started = {}, 10.0 * number - 9
            since_scrape = {"well": 0, "failed": 0}  # what was not scraped yet is lost
        for name, more in (("well", well), ("failed", failed)):
            since_scrape[name] += more
            if more or name in counters:
                counters[name] = counters.get(name, 0) + more
        for name in ("well", "failed"):
            told[name].append(None if what == "missed" else counters.get(name))
        told["started"].append(None if what == "missed" else started)
        if what != "missed":
            for name in truth:
                truth[name] += since_scrape[name]
            since_scrape = {"well": 0, "failed": 0}
    matrix = one_process(well=told["well"], failed=told["failed"])
    found = growth(matrix, 0.0, {"a": 0.0}, restarts(matrix, one_process(started=told["started"])))
    assert found is not None
    assert found.get("a", 0.0) == sum(truth.values())


def test_requests_and_failures_over_all_pods() -> None:
    assert counts({"a": 60.2, "b": 40.1}, {"a": 2.1}, apart=False) == Counts(100, 2)


def test_no_series_of_failures_is_none_of_them_only_where_requests_are_counted() -> None:
    assert counts({"a": 50.0}, {}, apart=False) == Counts(50, 0)
    assert counts({}, {}, apart=False) == Counts(None, None)
    assert counts({}, {"a": 5.0}, apart=False) == Counts(None, None)


def test_failures_counted_apart_are_requests_too() -> None:
    assert counts({"a": 90.0}, {"a": 10.0}, apart=True) == Counts(100, 10)
    assert counts({}, {"a": 10.0}, apart=True) == Counts(10, 10)
    assert counts({"a": 90.0}, None, apart=True) == Counts(None, None)


@pytest.mark.parametrize(
    ("values", "seen"),
    [
        ([None, 0, 10, 20, 30], 0.75),
        ([None, 0, 10, None, None], 0.5),
        ([None, None, None, 10, 20], 0.5),
        ([None, None, None, None, 20], None),
        ([None, None, None, None, None], None),
    ],
    ids=["scraped all the time", "ended", "young", "scraped once", "never"],
)
def test_which_part_of_an_increase_was_seen(values: list[float | None], seen: float | None) -> None:
    """Of 40 s with a scrape every ten; `increase` goes on for half of that where a series begins or ends in the midst."""
    assert seen_of(samples(a=values), 5.0, 45.0) == (None if seen is None else pytest.approx(seen))


def test_pods_weigh_by_their_requests() -> None:
    both = samples(a=[None, 0, 99, 198, 297], b=[None, 0, 1, None, None])
    assert seen_of(both, 5.0, 45.0) == pytest.approx(298 / (297 / 0.75 + 1 / 0.5), rel=1e-3)


@given(st.lists(st.integers(0, 50), min_size=4, max_size=40), st.integers(0, 9), st.integers(0, 9))
def test_an_increase_times_what_was_seen_is_what_came_between_scrapes(steps: list[int], before: int, after: int) -> None:
    """As Prometheus stretches it: to the ends of the window, which are nearer than 1.1 scrapes."""
    values = [float(sum(steps[: index + 1])) for index in range(len(steps))]
    start, end = -float(before) - 0.5, 10.0 * (len(steps) - 1) + after
    raw = values[-1] - values[0]
    increase = raw * (end - start) / (10.0 * (len(steps) - 1))
    found = seen_of(samples(a=list(values)), start, end)
    assert found is not None
    assert increase * found == pytest.approx(raw, rel=1e-6, abs=1e-6)


AMOUNTS = st.dictionaries(st.sampled_from("abc"), st.floats(0, 1e6), max_size=3)


@given(AMOUNTS, AMOUNTS, st.booleans())
def test_failures_are_never_more_than_requests(requests: dict[str, float], failed: dict[str, float], apart: bool) -> None:
    found = counts(requests, failed, apart=apart)
    assert found.failed is None or (found.requests is not None and 0 <= found.failed <= found.requests)


STEPS = st.lists(st.tuples(st.integers(0, 50), st.sampled_from(["", "", "", "restart"])), min_size=1, max_size=60)


@given(STEPS, st.sampled_from([2, 10, 30, 60]), st.booleans())
def test_what_is_counted_is_what_was_sent_whatever_the_scrapes(steps: list[tuple[int, str]], scrape: int, born: bool) -> None:
    """One request counter, a step a second; restarts fall on scrapes, as what came between a scrape and a restart nobody can know."""
    sent = value = 0
    points = [] if born else [(0.0, 0.0)]
    for second, (requests, event) in enumerate([*steps, *[(0, "")] * scrape], 1):
        value, sent = value + requests, sent + requests
        if second % scrape == 0:
            if value or not born:
                points.append((float(second), float(value)))
            if event == "restart":
                value = 0
    found = growth(Matrix((Series({"pod": "a"}, tuple(points)),)), 0.0, {"a": 0.0})
    unseen = any(event == "restart" for _, event in steps) and points and _hidden(points, sent)
    assert found == {"a": float(sent)} or unseen


def _hidden(points: list[tuple[float, float]], sent: int) -> bool:
    """A restart after which as much came until the next scrape looks like growth: no series of samples tells."""
    return sum(max(0.0, b - a) if b >= a else b for (_, a), (_, b) in zip([(0.0, 0.0), *points], points, strict=False)) != sent


def le(**counts_: float) -> Vector:
    return Vector(tuple(Sample({"le": bound.replace("_", ".").replace("inf", "+Inf")}, 0.0, count) for bound, count in counts_.items()))


def test_buckets() -> None:
    found = buckets_of(Vector((Sample({"le": "+Inf"}, 0, 9.0), Sample({"le": "100000"}, 0, 4.0))), "q", scale=1e-6)
    assert found.value is not None
    ((bound, count), last) = found.value
    assert bound == pytest.approx(0.1)
    assert (count, last) == (4.0, (math.inf, 9.0))
    assert buckets_of(Vector(()), "q").message == "nothing was observed yet"
    for bad in (Sample({"le": "wide"}, 0, 1.0), Sample({}, 0, 1.0), Sample({"le": "1"}, 0, math.nan), Sample({"le": "NaN"}, 0, 1.0)):
        assert buckets_of(Vector((bad,)), "q").trouble is Trouble.NO_DATA


def test_one_number() -> None:
    assert one_number(vector(a=4.5), "q").value == 4.5
    assert one_number(Vector(()), "q").trouble is Trouble.NO_DATA
    series = tuple(Sample({"__name__": "up", "job": "pods", "pod": pod}, 0.0, 1.0) for pod in "abc")
    several = one_number(Vector(series), "q")
    assert (several.trouble, several.message) == (
        Trouble.SEVERAL_SERIES,
        "the query answers 3 series, one is wanted ({pod=a}, {pod=b}): sum or max them",
    )


def test_which_notes_mean_that_data_is_missing() -> None:
    counter = 'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "nv_inference_request_success"'
    assert notes(vector((counter, "no store at 10.0.0.1"), a=1)) == ("no store at 10.0.0.1",)
    assert one_number(vector(("partial",), a=1), "q").warnings == ("partial",)
    assert buckets_of(Vector((Sample({"le": "1"}, 0, 1.0),), ("partial",)), "q").warnings == ("partial",)


def test_a_restart_is_between_the_scrapes_that_all_of_its_counters_tell() -> None:
    one, other = samples(a=[9, 9, None, 1]), samples(a=[9, 9, 9, None, 1])
    assert restarts(one, other) == {("a", "", ""): ((20.0, 30.0),)}
    assert restarts(one, samples(a=[9, 9, 9, 9, 1])) == {("a", "", ""): ((10.0, 30.0), (30.0, 40.0))}, "two that only touch are two"


@given(st.sets(st.tuples(st.integers(0, 6), st.integers(1, 4)), min_size=1, max_size=6))
def test_a_process_restarted_at_least_as_often_as_its_counters_tell_apart(drawn: set[tuple[int, int]]) -> None:
    told = [(10.0 * low, 10.0 * (low + long)) for low, long in drawn]
    (found,) = restarts(*(Matrix((Series({"pod": "a"}, ((low, 5.0), (high, 1.0))),)) for low, high in told)).values()
    assert all(any(low <= begin and end <= high for begin, end in found) for low, high in told)
    assert all(one[1] <= other[0] for one, other in pairwise(sorted(found)))


def test_the_window_of_an_increase_begins_after_its_start() -> None:
    """Scraped at 10, 20, 30 and 40: of the first, Prometheus knows nothing."""
    assert seen_of(samples(a=[None, 0, 10, 20, 30]), 10.0, 45.0) == pytest.approx(20 / 35)


def test_an_increase_of_a_young_pod_goes_back_by_half_a_scrape() -> None:
    assert seen_of(samples(a=[None, None, None, 10, 20, 30]), 5.0, 55.0) == pytest.approx(20 / 30)


def test_a_scrape_is_near_an_end_within_a_tenth_more_than_they_are_apart() -> None:
    requests = samples(a=[None, None, 0, 10, 20])
    assert seen_of(requests, 9.5, 40.0) == pytest.approx(20 / 30.5)
    assert seen_of(requests, 8.5, 40.0) == pytest.approx(20 / 25)


def test_pods_weigh_the_same_where_a_count_is_no_number() -> None:
    both = samples(a=[None, 0, math.nan, 20, 30], b=[None, 0, 10, None, None])
    assert seen_of(both, 5.0, 45.0) == pytest.approx(2 / (1 / 0.75 + 1 / 0.5))


def test_buckets_of_the_same_bound_are_added_up_in_seconds_and_none_counts_less_than_nothing() -> None:
    several = tuple(Sample({"le": le}, 0, count) for le, count in (("0.5", 4.0), ("0.50", 3.0), ("+Inf", 9.0), ("0.1", -2.0)))
    assert buckets_of(Vector(several), "q").value == ((0.1, 0.0), (0.5, 7.0), (math.inf, 9.0))
    milliseconds = (Sample({"le": "500"}, 0, 4.0), Sample({"le": "500.0"}, 0, 3.0))
    assert buckets_of(Vector(milliseconds), "q", scale=0.001).value == ((0.5, 7.0),)


def test_of_several_series_three_labels_are_told() -> None:
    series = tuple(Sample(dict.fromkeys("abcde", each), 0.0, 1.0) for each in "xy")
    assert "({a=x, b=x, c=x}, {a=y, b=y, c=y})" in one_number(Vector(series), "q").message
