from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.sandbox.prometheus.queries import QueryError, kind_of, matchers_of, normalise, parse, text_of, windows


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("m{a='x'}", 'm{a="x"}'),
        ("m{a='it\\'s \"so\"'}", 'm{a="it\'s \\"so\\""}'),
        (r"m{a=`\d+`}", r'm{a="\\d+"}'),
        ("m{a=\"# not 'a' comment\"}", "m{a=\"# not 'a' comment\"}"),
        ("m # a comment 'here'", "m "),
    ],
)
def test_quotes_become_the_ones_that_are_understood(query: str, expected: str) -> None:
    assert normalise(query) == expected


@given(st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]), max_size=20))
def test_any_text_survives_any_quotes(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    double = 'm{a="' + escaped.replace('"', '\\"') + '"}'
    single = "m{a='" + escaped.replace("'", "\\'") + "'}"
    assert matchers_of(double)[1].value == text
    assert matchers_of(single)[1].value == text


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("1 + 1", "scalar"),
        ("m", "instant vector"),
        ("m[1m]", "range vector"),
        ("-m", "instant vector"),
        ("sum by (a) (rate(m[1m])) / 2", "instant vector"),
        ("histogram_quantile(0.9, sum by (le) (rate(m_bucket[1m])))", "instant vector"),
    ],
)
def test_kinds(query: str, kind: str) -> None:
    assert kind_of(parse(query)) == kind


@pytest.mark.parametrize("query", ["rate(m)", "sum(1)", "m[1m] + 1", "histogram_quantile(m, m)", "rate(m[1m], 2)", "abs(m)", "1 < 2", ""])
def test_what_cannot_be_evaluated_is_refused_before_it_is(query: str) -> None:
    with pytest.raises(QueryError) as refusal:
        parse(query)
    assert refusal.value.status == 400


@pytest.mark.parametrize("query", ["m offset 5m", "a or b", "m @ 100", "sum(m) > bool 1", "a / on (x) b", "max_over_time(m[5m])"])
def test_what_only_a_real_prometheus_knows_says_so(query: str) -> None:
    with pytest.raises(QueryError, match="stand-in"):
        parse(query)


def test_each_selector_reads_as_far_back_as_it_must() -> None:
    found = windows(parse("sum(rate(a[1m])) / sum(rate(a[10m])) + b"))
    assert {matchers[0].value: window for matchers, window in found.items()} == {"a": 600_000, "b": 60_000}


@pytest.mark.parametrize(
    ("value", "text"), [(float("nan"), "NaN"), (float("inf"), "+Inf"), (float("-inf"), "-Inf"), (3.0, "3"), (0.25, "0.25"), (-0.0, "0")]
)
def test_values_are_written_as_prometheus_does(value: float, text: str) -> None:
    assert text_of(value) == text
