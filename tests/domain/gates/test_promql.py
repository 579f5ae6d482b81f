"""The text of PromQL: its strings, its metrics, and texts that match themselves alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.gates.promql import escaped, metrics_in, parts

TEXTS = st.text("ab\"'`\\#\n{}[] ", max_size=20)


@given(TEXTS)
def test_the_parts_are_the_whole_query_in_order(query: str) -> None:
    found = list(parts(query))
    assert "".join(text for text, _ in found) == query
    before = ""
    for text, ahead in found:
        assert text
        assert ahead == before
        before += text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('x{a="b"}', ["x{a=", '"b"', "}"]),
        ("x{a='\\''} # y", ["x{a=", "'\\''", "} ", "# y"]),
        ("`a\\`b", ["`a\\`", "b"]),
        ('"a\\"b"c', ['"a\\"b"', "c"]),
        ('# "a\n"b"', ['# "a', "\n", '"b"']),
        ('x{a="b', ["x{a=", '"', "b"]),
    ],
)
def test_strings_and_comments_are_parts(query: str, found: list[str]) -> None:
    assert [text for text, _ in parts(query)] == found


@given(st.text(), st.text())
def test_an_escaped_text_matches_itself_alone(text: str, other: str) -> None:
    assert re.fullmatch(escaped(text), text)
    assert bool(re.fullmatch(escaped(text), other)) == (text == other)


def test_names_stay_readable() -> None:
    assert escaped("iris-5d4f_2") == "iris-5d4f_2"
    assert escaped("a.b\\1") == "a\\.b[\\\\]1"


@given(TEXTS)
def test_any_text_can_be_looked_at(query: str) -> None:
    assert len(metrics_in(query)) == len(set(metrics_in(query)))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("up", ("up",)),
        ('sum by (le, pod) (rate(http_requests_total{status="5xx", le=~"a"}[5m]))', ("http_requests_total",)),
        ("max(a:b) / on(pod) group_left(x) sum without (y) (c_total offset 5m) > bool 0", ("a:b", "c_total")),
        ("a and b unless c or vector(1e3) + 0x1F - Inf", ("a", "b", "c")),
        ('{__name__="x"} * 5', ()),
        ("histogram_quantile(0.99, sum(rate(x_bucket[{window}])) by (le)) # not_this", ("x_bucket",)),
        ("topk(3, x) == bool x", ("x",)),
        ("rate(sum_of_all[5m])", ("sum_of_all",)),
    ],
)
def test_the_metrics_of_a_query(query: str, names: tuple[str, ...]) -> None:
    assert metrics_in(query) == names
