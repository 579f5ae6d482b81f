"""Variables in queries, as Grafana puts them in for Prometheus."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.dashboards.dashboard import ALL, Variable, VariableKind
from modeldeck.domain.dashboards.interpolation import QueriedSpan, Unresolved, Value, interpolated, referenced

SPAN = QueriedSpan(1000.0, 4600.0, 15.0)


def values(*chosen: str, options: tuple[str, ...] = (), multi: bool = False, every: bool = False, all_value: str = "") -> dict[str, Value]:
    variable = Variable("pod", VariableKind.QUERY, "", multi=multi, include_all=every, all_value=all_value)
    return {"pod": Value(variable, chosen, options)}


@pytest.mark.parametrize("text", ["$pod", "${pod}", "[[pod]]", "${pod:raw}", "[[pod:raw]]", "${pod.value}"])
def test_the_ways_to_write_one(text: str) -> None:
    assert interpolated(f'up{{pod="{text}"}}', values("a-1")) == 'up{pod="a-1"}'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rate(x[$__rate_interval])", "rate(x[60s])"),
        ("rate(x[$__interval])", "rate(x[15s])"),
        ("rate(x[${__interval}])", "rate(x[15s])"),
        ("$__interval_ms", "15000"),
        ("increase(x[$__range])", "increase(x[3600s])"),
        ("$__range_s $__range_ms", "3600 3600000"),
        ("$__from $__to", "1000000 4600000"),
    ],
)
def test_what_grafana_knows_by_itself(text: str, told: str) -> None:
    assert interpolated(text, {}, SPAN) == told


def test_the_interval_of_rates_is_longer_than_the_step() -> None:
    assert interpolated("$__rate_interval", {}, QueriedSpan(0.0, 86400.0, 300.0)) == "315s"


def test_what_belongs_to_regular_expressions_stays() -> None:
    text = 'label_replace(up{a=~"b$"}, "x", "$1-${2}", "y", "(.*)-(.*)$")'
    assert interpolated(text, {}) == text
    assert referenced(text + " $a ${b:csv} [[c]] $a") == ("a", "b", "c")


@pytest.mark.parametrize(
    ("given_values", "text", "told"),
    [
        (values("a", "b", multi=True), "$pod", "(a|b)"),
        (values("a", multi=True), "$pod", "a"),
        (values("10.0.0.1:80", multi=True), "$pod", r"10\\.0\\.0\\.1:80"),
        (values("10.0.0.1:80"), "$pod", "10.0.0.1:80"),
        (values("a.b", "c"), "${pod:regex}", r"(a\\.b|c)"),
        (values("a", "b", multi=True), "${pod:pipe} ${pod:csv} ${pod:glob}", "a|b a,b {a,b}"),
        (
            values("a", "b", multi=True),
            "${pod:json} ${pod:doublequote} ${pod:singlequote} ${pod:text}",
            '["a", "b"] "a","b" \'a\',\'b\' a + b',
        ),
        (values(ALL, options=("a", "b"), every=True), "$pod", "(a|b)"),
        (values(ALL, options=("a", "b"), every=True, all_value=".*"), "$pod", ".*"),
    ],
)
def test_several_values_and_all_of_them(given_values: dict[str, Value], text: str, told: str) -> None:
    assert interpolated(text, given_values) == told


@pytest.mark.parametrize(
    ("given_values", "text", "message"),
    [
        ({}, "$missing", r"\$missing is not known"),
        (values(), "$pod", r"\$pod has no value"),
        (values(ALL, every=True), "$pod", r"\$pod has no value"),
        (values("a"), "${pod:lucene}", "in the format lucene"),
    ],
)
def test_what_is_not_known_is_told_and_never_asked(given_values: dict[str, Value], text: str, message: str) -> None:
    with pytest.raises(Unresolved, match=message):
        interpolated(text, given_values)


@given(st.lists(st.text(alphabet="ab.*+?()[]{}|^$'\\-:/é", min_size=1, max_size=8), min_size=1, max_size=4, unique=True))
def test_a_value_matches_itself_and_nothing_else(chosen: list[str]) -> None:
    """PromQL reads two backslashes in a string as one; what is left is a regular expression that is anchored on both sides."""
    text = interpolated("$pod", values(*chosen, multi=True)).replace("\\\\", "\\")
    pattern = re.compile(text)
    assert all(pattern.fullmatch(one) for one in chosen)
    assert not pattern.fullmatch("".join(chosen) + "x")
