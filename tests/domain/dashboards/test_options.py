"""What can be chosen of a variable."""

from __future__ import annotations

import pytest

from modeldeck.domain.dashboards.dashboard import ALL, Variable, VariableKind
from modeldeck.domain.dashboards.options import MOST, OptionsQuery, answered_options, chosen_of, options_query, own_options
from modeldeck.domain.metrics.samples import Sample, Vector


def variable(kind: VariableKind = VariableKind.QUERY, query: str = "", **more: object) -> Variable:
    return Variable("v", kind, query, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "query", "options"),
    [
        (VariableKind.CUSTOM, "0.5,0.9, 0.99", ("0.5", "0.9", "0.99")),
        (VariableKind.CUSTOM, "Production : prod, Test : test", ("prod", "test")),
        (VariableKind.CUSTOM, r"a\,b,c", ("a,b", "c")),
        (VariableKind.CUSTOM, "", ()),
        (VariableKind.INTERVAL, "1m,5m,auto", ("1m", "5m")),
        (VariableKind.CONSTANT, "a,b", ("a,b",)),
        (VariableKind.TEXT, "x", ("x",)),
    ],
)
def test_options_that_stand_in_the_file(kind: VariableKind, query: str, options: tuple[str, ...]) -> None:
    assert own_options(variable(kind, query)) == options


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("label_values(up, job)", OptionsQuery("count by (job) (up)", "job")),
        ('label_values(up{a="b, c"}, job)', OptionsQuery('count by (job) (up{a="b, c"})', "job")),
        ("label_values(namespace)", OptionsQuery('count by (namespace) ({namespace!=""})', "namespace")),
        ("metrics(node_.*)", OptionsQuery('count by (__name__) ({__name__=~".*(?:node_.*).*"})', "__name__")),
        ("query_result(topk(3, up))", OptionsQuery("topk(3, up)")),
        ("label_names()", None),
        ("SELECT 1", None),
    ],
)
def test_the_questions_that_variables_ask(query: str, asked: OptionsQuery | None) -> None:
    assert options_query(query) == asked


def answer(*labels: dict[str, str]) -> Vector:
    return Vector(tuple(Sample(one, 12.0, 1.5) for one in labels))


@pytest.mark.parametrize(
    ("regex", "found"),
    [
        ("", ("iris-1", "iris-10", "wine-2")),
        ("/^iris/", ("iris",)),
        ("/^iris-(.*)/", ("1", "10")),
        ("iris-(?<value>.*)", ("1", "10")),
        ("/nothing/", ()),
    ],
)
def test_a_regular_expression_picks_and_cuts(regex: str, found: tuple[str, ...]) -> None:
    labels = [{"pod": pod} for pod in ("wine-2", "iris-10", "iris-1", "iris-1")]
    assert answered_options(variable(regex=regex), OptionsQuery("x", "pod"), answer(*labels, {})) == found


def test_series_as_text() -> None:
    found = answered_options(variable(regex='/job="([^"]*)"/'), OptionsQuery("up"), answer({"__name__": "up", "job": "a"}))
    assert found == ("a",)
    assert answered_options(variable(), OptionsQuery("up"), answer({"__name__": "up", "job": "a"})) == ('up{job="a"} 1.5 12000',)


@pytest.mark.parametrize(("regex", "message"), [("/(/", "cannot be read"), ("/(a+)+b/", "could take for ever")])
def test_a_regular_expression_that_cannot_be_used_is_told(regex: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        answered_options(variable(regex=regex), OptionsQuery("x", "pod"), answer({"pod": "a"}))


def test_values_are_bounded() -> None:
    labels = [{"pod": f"{index}"} for index in range(MOST + 5)]
    assert len(answered_options(variable(), OptionsQuery("x", "pod"), answer(*labels))) == MOST


@pytest.mark.parametrize(
    ("of", "wanted", "chosen"),
    [
        (variable(current=("b",)), (), ("b",)),
        (variable(current=("gone",)), (), ("a",)),
        (variable(current=("b",)), ("c",), ("c",)),
        (variable(current=("b", "c")), (), ("b",)),
        (variable(current=("b", "c"), multi=True), (), ("b", "c")),
        (variable(current=(ALL,), include_all=True), (), (ALL,)),
        (variable(current=(ALL,)), (), ("a",)),
        (variable(include_all=True), (), (ALL,)),
        (variable(VariableKind.TEXT), ("free",), ("free",)),
    ],
)
def test_what_is_chosen(of: Variable, wanted: tuple[str, ...], chosen: tuple[str, ...]) -> None:
    assert chosen_of(of, ("a", "b", "c"), wanted) == chosen
