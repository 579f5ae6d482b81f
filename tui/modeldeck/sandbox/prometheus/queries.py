"""PromQL on the stand-in's store: prombed's parser and engine, with what Prometheus does before and around them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from prombed import LabelMatcher, PrombedError, PromQLEngine, parse_promql
from prombed.promql.parser import (
    AggregationExpression,
    BinaryExpression,
    CallExpression,
    Expression,
    NumberExpression,
    SelectorExpression,
    UnaryExpression,
)

from modeldeck.sandbox.prometheus import LOOKBACK_SECONDS
from modeldeck.sandbox.prometheus.store import SeriesStore, View

LOOKBACK_MS = LOOKBACK_SECONDS * 1000
MAX_POINTS = 11_000
SUBSET = "; this Prometheus is a stand-in that knows a part of PromQL, a real one on PATH knows all of it"

Kind = Literal["scalar", "instant vector", "range vector"]
_ARGUMENTS: dict[str, tuple[Kind, ...]] = {
    "rate": ("range vector",),
    "increase": ("range vector",),
    "histogram_quantile": ("scalar", "instant vector"),
}
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|\'((?:[^\'\\]|\\.)*)\'|`([^`]*)`|#[^\n]*')


@dataclass(frozen=True, slots=True)
class QueryError(Exception):
    """What Prometheus would answer: its error type, HTTP status and words."""

    kind: Literal["bad_data", "execution"]
    message: str

    @property
    def status(self) -> int:
        return 400 if self.kind == "bad_data" else 422


def normalise(query: str) -> str:
    """The query with PromQL's other quotes turned into the double ones that prombed reads, and without comments."""

    def double(match: re.Match[str]) -> str:
        single, raw = match.group(1), match.group(2)
        if single is not None:
            return '"' + single.replace("\\'", "'").replace('"', '\\"') + '"'
        if raw is not None:
            return '"' + raw.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        return "" if match.group().startswith("#") else match.group()

    return _STRINGS.sub(double, query)


def parse(query: str, parameter: str = "query") -> Expression:
    """The parsed query; QueryError as Prometheus words it where it cannot be one."""
    try:
        expression = parse_promql(normalise(query))
    except PrombedError as error:
        message = str(error) + (SUBSET if error.code == "unsupported_promql_feature" else "")
        raise QueryError("bad_data", f'invalid parameter "{parameter}": parse error: {message}') from error
    kind_of(expression)
    return expression


def kind_of(expression: Expression) -> Kind:
    """The type of an expression. Prometheus checks types while it parses, so a mismatch is bad data there, not a failed execution."""
    if isinstance(expression, NumberExpression):
        return "scalar"
    if isinstance(expression, SelectorExpression):
        return "instant vector" if expression.range_ms is None else "range vector"
    if isinstance(expression, UnaryExpression):
        return _expect(kind_of(expression.expression), ("scalar", "instant vector"), "unary expression")
    if isinstance(expression, AggregationExpression):
        return _expect(kind_of(expression.expression), ("instant vector",), f'aggregation expression "{expression.operator}"')
    if isinstance(expression, CallExpression):
        wanted = _ARGUMENTS.get(expression.name)
        if wanted is None:
            raise QueryError("bad_data", f'parse error: function "{expression.name}" is not known{SUBSET}')
        if len(wanted) != len(expression.args):
            raise QueryError(
                "bad_data",
                f'parse error: expected {len(wanted)} argument(s) in call to "{expression.name}", got {len(expression.args)}',
            )
        for kind, argument in zip(wanted, expression.args, strict=True):
            _expect(kind_of(argument), (kind,), f'call to function "{expression.name}"')
        return "instant vector"
    return _kind_of_binary(expression)


def _kind_of_binary(expression: BinaryExpression) -> Kind:
    kinds = [kind_of(side) for side in (expression.left, expression.right)]
    for kind in kinds:
        _expect(kind, ("scalar", "instant vector"), "binary expression")
    if kinds == ["scalar", "scalar"]:
        if expression.operator in ("==", "!=", "<", ">", "<=", ">="):
            raise QueryError("bad_data", "parse error: comparisons between scalars must use BOOL modifier")
        return "scalar"
    return "instant vector"


def _expect(found: Kind, wanted: tuple[Kind, ...], where: str) -> Kind:
    if found not in wanted:
        raise QueryError("bad_data", f"parse error: expected type {' or '.join(wanted)} in {where}, got {found}")
    return found


def selectors(expression: Expression) -> Iterator[SelectorExpression]:
    if isinstance(expression, SelectorExpression):
        yield expression
    elif isinstance(expression, UnaryExpression | AggregationExpression):
        yield from selectors(expression.expression)
    elif isinstance(expression, CallExpression):
        for argument in expression.args:
            yield from selectors(argument)
    elif isinstance(expression, BinaryExpression):
        yield from selectors(expression.left)
        yield from selectors(expression.right)


def windows(expression: Expression) -> dict[tuple[LabelMatcher, ...], int]:
    """How far back, in milliseconds, each selector of the expression reads."""
    found: dict[tuple[LabelMatcher, ...], int] = {}
    for selector in selectors(expression):
        window = LOOKBACK_MS if selector.range_ms is None else selector.range_ms
        found[selector.matchers] = max(window, found.get(selector.matchers, 0))
    return found


def instant(store: SeriesStore, query: str, at_ms: int) -> dict[str, Any]:
    """The `data` of an answer to /api/v1/query."""
    expression = parse(query)
    if isinstance(expression, SelectorExpression) and expression.range_ms is not None:
        return _raw(store, expression, at_ms)
    view = View(store, windows(expression), at_ms, at_ms)
    return _run(view, normalise(query), at_ms)


def over_time(store: SeriesStore, query: str, start_ms: int, end_ms: int, step_ms: int) -> dict[str, Any]:
    """The `data` of an answer to /api/v1/query_range."""
    expression = parse(query)
    if kind_of(expression) == "range vector":
        raise QueryError(
            "bad_data",
            'invalid parameter "query": invalid expression type "range vector" for range query, must be Scalar or instant Vector',
        )
    view = View(store, windows(expression), start_ms, end_ms)
    text = normalise(query)
    found: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for at in range(start_ms, end_ms + 1, step_ms):
        view.instant = at
        answer = _run(view, text, at)
        points = [{"metric": {}, "value": answer["result"]}] if answer["resultType"] == "scalar" else answer["result"]
        for point in points:
            key = tuple(sorted(point["metric"].items()))
            found.setdefault(key, {"metric": point["metric"], "values": []})["values"].append(point["value"])
    return {"resultType": "matrix", "result": [found[key] for key in sorted(found)]}


def _run(view: View, text: str, at_ms: int) -> dict[str, Any]:
    engine = PromQLEngine(view, lookback_delta_ms=LOOKBACK_MS)
    try:
        answer: dict[str, Any] = engine.query(text, at_ms)["data"]
    except PrombedError as error:
        if error.code == "query_execution_error":
            raise QueryError("execution", str(error)) from error
        raise QueryError("bad_data", f"{error}{SUBSET}") from error
    return answer


def _raw(store: SeriesStore, selector: SelectorExpression, at_ms: int) -> dict[str, Any]:
    """A bare range selector: the samples as they were scraped."""
    series = store.cut(store.matching(selector.matchers), at_ms - (selector.range_ms or 0), at_ms)
    rows = [
        {"metric": labels, "values": [[each.timestamp / 1000, text_of(each.value)] for each in samples if not each.stale]}
        for labels, samples in series
    ]
    return {"resultType": "matrix", "result": [row for row in rows if row["values"]]}


def text_of(value: float) -> str:
    """A sample's value as Prometheus writes it."""
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def matchers_of(match: str) -> tuple[LabelMatcher, ...]:
    """The matchers of a series selector, as `match[]` takes it."""
    expression = parse(match, "match[]")
    if not isinstance(expression, SelectorExpression) or expression.range_ms is not None:
        raise QueryError("bad_data", f'invalid parameter "match[]": {match!r} is not a series selector')
    matchers: tuple[LabelMatcher, ...] = expression.matchers
    return matchers


def now_ms() -> int:
    return time.time_ns() // 1_000_000
