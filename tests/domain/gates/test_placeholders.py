"""Placeholders in queries: what is wrong with them, and that no value can become a part of the query."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prombed import LabelMatcher, parse_promql
from prombed.promql.parser import SelectorExpression

from modeldeck.domain.gates.placeholders import NAMES, fill, problems

VALUES = {"namespace": "serving", "deployment": "iris", "pods": "iris-5d4f-[a-z0-9]{5}", "model": "iris", "version": "3", "window": "300s"}
GOOD = 'sum(rate(x{namespace="{namespace}",pod=~"{pods}",model=\'{model}\'}[{window}])) / {window}'


def test_filled() -> None:
    assert problems(GOOD) == ()
    assert fill(GOOD, VALUES) == 'sum(rate(x{namespace="serving",pod=~"iris-5d4f-[a-z0-9]{5}",model=\'iris\'}[300s])) / 300s'


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            'x{pod=~"{pod}"}',
            "expected one of {namespace}, {deployment}, {pods}, {model}, {version}, {window}, found {pod}: did you mean {pods}?",
        ),
        ("x{model={model}}", 'expected {model} inside of double quotes: model="{model}"'),
        ("x{model=`{model}`}", 'expected {model} inside of double quotes: model="{model}"'),
        ('x{pod="{pods}"}', 'expected {pods} after =~, as it is an expression: pod=~"{pods}"'),
        ('x{pod="a', 'expected a closing ", found none'),
    ],
)
def test_what_is_wrong(query: str, message: str) -> None:
    assert problems(query) == (message,)


@pytest.mark.parametrize("query", ['x{a=~"[a-z]{5}"}', "x{}", 'x{a="b"} # {what}', 'x{a=~"{namespace}-.*"}', "sum(x[{window}])"])
def test_what_is_not(query: str) -> None:
    assert problems(query) == ()


def test_comments_are_left_alone() -> None:
    assert fill('x{a="{model}"} # {model}', VALUES) == 'x{a="iris"} # {model}'


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)


def matcher(query: str) -> LabelMatcher:
    found = parse_promql(query)
    assert isinstance(found, SelectorExpression)
    (one,) = [each for each in found.matchers if each.name != "__name__"]
    return one


@given(TEXTS)
def test_a_hostile_name_stays_inside_its_string(text: str) -> None:
    name = text + '"} or up{a="' + text
    assert matcher(fill('x{model="{model}"}', {**VALUES, "model": name})).value == name
    expression = matcher(fill('x{model=~"{model}"}', {**VALUES, "model": name})).value
    assert re.fullmatch(expression, name)
    assert not re.fullmatch(expression, name + "x")
    single = fill("x{model='{model}'}", {**VALUES, "model": text.replace("\n", "") + "'"})
    assert re.fullmatch(r"x\{model='(?:[^'\\]|\\.)*'\}", single, re.DOTALL)


@given(st.text(max_size=40), st.sampled_from(NAMES))
def test_any_text_can_be_looked_at(text: str, name: str) -> None:
    query = text + "{" + name + "}"
    if problems(query) == ():
        fill(query, VALUES)


def test_what_follows_a_comment_is_looked_at_and_filled() -> None:
    assert problems("# {what}\nx{model={model}}") == ('expected {model} inside of double quotes: model="{model}"',)
    assert fill('# {model}\nx{a="{model}"}', VALUES) == '# {model}\nx{a="iris"}'


def test_a_query_that_nobody_checked_is_filled_as_far_as_its_names_are_known() -> None:
    """As one in a journal may be."""
    assert fill('x{a="{other}", b="{model}"}', VALUES) == 'x{a="{other}", b="iris"}'


def test_a_window_stands_as_it_is_whatever_its_query_begins_with() -> None:
    assert fill("3 * sum(x[{window}])", VALUES) == "3 * sum(x[300s])"


def test_each_problem_is_told_once() -> None:
    assert len(problems("x{model={model}} / y{model={model}} + z{version={version}}")) == 2
