"""From Prometheus' answers to counts: what `increase` hides, what is absent, and what is no number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.domain.gates.counting import Counts, Growth, buckets_of, counts, notes, one_number
from tui.domain.gates.judgement import Trouble
from tui.domain.metrics import Sample, Vector


def vector(warnings: tuple[str, ...] = (), **by_pod: float) -> Vector:
    return Vector(tuple(Sample({"pod": pod}, 0.0, value) for pod, value in by_pod.items()), warnings)


def test_requests_and_failures_over_all_pods() -> None:
    found = counts(Growth(vector(a=60.2, b=40.1)), Growth(vector(a=2.1)), vector(a=1, b=1), apart=False, part=True)
    assert found == Counts(100, 2)


def test_no_series_of_failures_is_none_of_them_only_where_requests_are_counted() -> None:
    nothing = vector()
    assert counts(Growth(vector(a=50)), Growth(nothing), vector(a=1), apart=False, part=True) == Counts(50, 0)
    assert counts(Growth(nothing), Growth(nothing), vector(a=1), apart=False, part=True) == Counts(None, None)
    assert counts(Growth(nothing), Growth(vector(a=5)), vector(a=1), apart=False, part=False) == Counts(None, None)
    assert counts(Growth(vector(a=50)), None, nothing, apart=False, part=False) == Counts(50, None)


def test_failures_counted_apart_are_requests_too() -> None:
    assert counts(Growth(vector(a=90)), Growth(vector(a=10)), vector(), apart=True, part=False) == Counts(100, 10)
    assert counts(Growth(vector()), Growth(vector(a=10)), vector(), apart=True, part=False) == Counts(10, 10)
    assert counts(Growth(vector(a=90)), None, vector(), apart=True, part=False) == Counts(None, None)


def test_a_counter_that_appeared_with_its_errors_counts_from_zero() -> None:
    """increase() of 40, 40, 40 is 0: all forty had come before the series' first sample."""
    errors = Growth(grown=vector(a=0), ended=vector(a=40), began=vector())
    assert counts(Growth(vector(a=60)), errors, vector(a=1), apart=False, part=True) == Counts(100, 40)
    assert counts(Growth(vector(a=100)), errors, vector(a=1), apart=False, part=False) == Counts(100, 40)
    assert counts(Growth(vector(a=60)), errors, vector(a=1), apart=True, part=False) == Counts(100, 40)


def test_a_pod_that_was_not_scraped_then_has_a_past_that_is_not_known() -> None:
    errors = Growth(grown=vector(a=1), ended=vector(a=4000), began=vector())
    for scraped in (vector(), vector(a=0)):
        assert counts(Growth(vector(a=100)), errors, scraped, apart=False, part=True) == Counts(100, 1)


def test_a_restart_is_what_increase_makes_of_it() -> None:
    errors = Growth(grown=vector(a=12), ended=vector(a=2), began=vector(a=500))
    assert counts(Growth(vector(a=100)), errors, vector(a=1), apart=False, part=True) == Counts(100, 12)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_not_known(value: float) -> None:
    good, bad = Growth(vector(a=100)), Growth(vector(a=value))
    assert counts(bad, good, vector(), apart=False, part=True) == Counts(None, None)
    assert counts(good, bad, vector(), apart=False, part=True) == Counts(100, None)


AMOUNTS = st.dictionaries(st.sampled_from("abc"), st.floats(0, 1e6), max_size=3)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.booleans(), st.booleans())
def test_failures_are_never_more_than_requests(
    requests: dict[str, float], grown: dict[str, float], ended: dict[str, float], began: dict[str, float], apart: bool, part: bool
) -> None:
    errors = Growth(vector(**grown), vector(**ended), vector(**began))
    found = counts(Growth(vector(**requests)), errors, vector(a=1, b=1), apart=apart, part=part)
    assert found.failed is None or (found.requests is not None and 0 <= found.failed <= found.requests)
    if found.failed is not None and not apart and not part and found.failed < round(sum(requests.values())):
        assert found.failed >= round(sum(grown.values())) - 1


def le(**counts_: float) -> Vector:
    return Vector(tuple(Sample({"le": bound.replace("_", ".").replace("inf", "+Inf")}, 0.0, count) for bound, count in counts_.items()))


def test_buckets() -> None:
    found = buckets_of(Vector((Sample({"le": "+Inf"}, 0, 9.0), Sample({"le": "100000"}, 0, 4.0))), "q", scale=1e-6)
    assert found.value == ((pytest.approx(0.1), 4.0), (math.inf, 9.0))
    assert buckets_of(Vector(()), "q").words == "nothing was observed yet"
    for bad in (Sample({"le": "wide"}, 0, 1.0), Sample({}, 0, 1.0), Sample({"le": "1"}, 0, math.nan), Sample({"le": "NaN"}, 0, 1.0)):
        assert buckets_of(Vector((bad,)), "q").trouble is Trouble.NO_DATA


def test_one_number() -> None:
    assert one_number(vector(a=4.5), "q").value == 4.5
    assert one_number(Vector(()), "q").trouble is Trouble.NO_DATA
    series = tuple(Sample({"__name__": "up", "job": "pods", "pod": pod}, 0.0, 1.0) for pod in "abc")
    several = one_number(Vector(series), "q")
    assert (several.trouble, several.words) == (
        Trouble.SEVERAL_SERIES,
        "the query answers 3 series, one is wanted ({pod=a}, {pod=b}): sum or max them",
    )


def test_which_notes_mean_that_data_is_missing() -> None:
    counter = 'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "nv_inference_request_success"'
    assert notes(vector((counter, "no store at 10.0.0.1"), a=1)) == ("no store at 10.0.0.1",)
    assert one_number(vector(("partial",), a=1), "q").warnings == ("partial",)
    assert buckets_of(Vector((Sample({"le": "1"}, 0, 1.0),), ("partial",)), "q").warnings == ("partial",)
