"""The keys of a metric profile: what each takes, and what is said of what it does not."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prombed import parse_promql

from modeldeck.config.kinds import InvalidValue
from modeldeck.config.tables.profile_keys import PROFILE, CounterSelector
from modeldeck.domain.metrics.profiles.saturation import Gauge, SaturationKind


@pytest.mark.parametrize(
    ("key", "value", "fit"),
    [
        ("extends", "tf-serving", "tf-serving"),
        ("detect", "a_total", ("a_total",)),
        ("beside", ["a", ":b:c"], ("a", ":b:c")),
        ("requests", "a_total", (CounterSelector("a_total"),)),
        ("requests", " a_total { } ", (CounterSelector("a_total"),)),
        ("requests", 'a_total{path!="/health"}', (CounterSelector("a_total", 'path!="/health"'),)),
        ("errors", 'a{x=~"b|c", y!~"d", z="e", w=""}', (CounterSelector("a", 'x=~"b|c",y!~"d",z="e",w=""', ("x", "z")),)),
        ("errors", 'a{x=~".*"}', (CounterSelector("a", 'x=~".*"'),)),
        ("errors", [], ()),
        ("errors_apart", True, True),
        ("errors_sure_with", "a", ("a",)),
        ("errors_leave_out", "timeouts", "timeouts"),
        ("latency", ["new_seconds", "old_seconds"], ("new_seconds", "old_seconds")),
        ("latency_matchers", 'path=~"/v1\\\\.0"', 'path=~"/v1\\\\.0"'),
        ("requests", 'a{x=~"[*+]b\\\\++"}', (CounterSelector("a", 'x=~"[*+]b\\\\++"', ("x",)),)),
        ("latency_unit", "us", 1e-6),
        ("latency_of_all", False, False),
        ("versions", {"info": "version"}, ("info", "version")),
        ("predictions", "predicted", "predicted"),
        ("requests_by", "istio", "istio"),
        ("first_token", "first_seconds", ("first_seconds",)),
        ("first_token_unit", "ms", 1e-3),
        ("saturation", {}, ()),
        (
            "saturation",
            {"queue": ['waiting{of="it"}', "old"], "gpu": {"metric": "busy", "unit": "percent"}},
            (
                Gauge(SaturationKind.QUEUE, "waiting", 'of="it"'),
                Gauge(SaturationKind.QUEUE, "old"),
                Gauge(SaturationKind.GPU, "busy", scale=0.01),
            ),
        ),
        ("saturation", {"queue_time": {"metric": "wait", "unit": "ms"}}, (Gauge(SaturationKind.QUEUE_TIME, "wait", scale=1e-3),)),
    ],
)
def test_what_a_key_takes(key: str, value: object, fit: object) -> None:
    assert PROFILE[key](value) == fit


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("extends", "fastapii", "expected one of vllm, .*, found 'fastapii'"),
        ("extends", 1, "expected one of"),
        ("detect", ["a b"], "expected the name of a metric"),
        ("detect", ["a"] * 21, "expected at most 20 metrics, found 21"),
        ("detect", "a" * 201, "expected the name of a metric, found 201 characters"),
        ("detect", 7, "expected a string, found an integer"),
        ("requests", "sum(rate(a_total[5m]))", "expected the name of a metric"),
        ("requests", "a_total{path}", "expected matchers such as"),
        ("requests", 'a_total{path="x"} / b', "expected a metric with its matchers"),
        ("requests", 'a{x=~"("}', "expected a regular expression"),
        ("requests", 'a{x=~"(?!b)c"}', "RE2: no look-around"),
        ("requests", 'a{x=~"(.)\\\\1"}', "RE2: no look-around"),
        ("requests", 'a{x=~"\\d+"}', "expected each backslash twice"),
        ("requests", 'a{x=~"b{99999999999}"}', "expected a regular expression"),
        ("requests", 'a{x=~"b{1,1001}"}', "RE2: no look-around, no references, nothing possessive, at most 1000 repetitions"),
        ("requests", f'a{{x=~"b{{{"9" * 5000}}}"}}', "expected a regular expression"),
        ("requests", 'a{x=~"b++"}', "nothing possessive"),
        ("errors_apart", "yes", "expected true or false, found a string"),
        ("errors_leave_out", "", "found an empty string"),
        ("latency", "a_seconds_bucket", "did you mean 'a_seconds'"),
        ("latency", "a_seconds_sum", "did you mean 'a_seconds'"),
        ("predictions", "a_count", "did you mean 'a'"),
        ("latency_unit", "milliseconds", "expected one of s, ms, us, ns"),
        ("versions", {}, "expected one metric and its label, .*, found 0 entries"),
        ("versions", {"a": "b", "c": "d"}, "found 2 entries"),
        ("versions", "a", "found a string"),
        ("versions", {"a": "b c"}, "expected the name of a label"),
        ("versions", {"a b": "c"}, "expected the name of a metric"),
        ("requests_by", "envoy", "expected one of server, knative, istio, linkerd, found 'envoy'"),
        ("requests_by", ["istio"], "expected one of"),
        ("first_token", "a_bucket", "did you mean 'a'"),
        ("saturation", "waiting", "expected a table, such as .*, found a string"),
        ("saturation", {"length": "waiting"}, "expected queue, in_progress, queue_time, kv_cache, gpu, utilization, found 'length'"),
        ("saturation", {"queue": ["a"] * 21}, "queue: expected at most 20 gauges, found 21"),
        ("saturation", {"queue": 3}, "expected a string, found an integer"),
        ("saturation", {"queue": {"metric": "a", "unit": "requests"}}, "queue: expected a gauge, found"),
        ("saturation", {"gpu": {"metric": "a"}}, "gpu: expected a gauge or a table of metric and unit \\(share, percent\\), found"),
        ("saturation", {"gpu": {"metric": "a", "unit": "ms"}}, "gpu: expected a gauge or a table"),
        ("saturation", {"queue_time": {"metric": "a", "unit": ["ms"]}}, "\\(s, ms, us, ns\\)"),
    ],
)
def test_what_it_does_not_take(key: str, value: object, message: str) -> None:
    with pytest.raises(InvalidValue, match=message):
        PROFILE[key](value)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda of: st.lists(of) | st.dictionaries(st.text(), of)
)


@pytest.mark.parametrize("key", PROFILE)
@given(value=VALUES)
def test_nothing_else_than_that_is_ever_raised(key: str, value: object) -> None:
    with contextlib.suppress(InvalidValue):
        PROFILE[key](value)


@given(st.text('a{}="~!\\,x /.*[', max_size=30))
def test_what_is_taken_is_promql(text: str) -> None:
    try:
        found = PROFILE["requests"](text)
    except InvalidValue:
        return
    assert isinstance(found, tuple)
    parse_promql(f"{found[0].metric}{{{found[0].matchers}}}")
