"""Queries that somebody wrote instead of a chart's own: which charts they change, and what of an answer cannot be drawn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from modeldeck.domain.metrics.charts.by_version import query_name
from modeldeck.domain.metrics.charts.chart_kind import ChartKind, queries_of
from modeldeck.domain.metrics.charts.chart_lines import Lines
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.samples import Matrix

LONGEST_QUERY = 4000
"""Characters."""
_COMPUTED = (ChartKind.REQUESTS, ChartKind.ERRORS)
"""Come from several queries, of which a missing one may count as 0."""


@dataclass(frozen=True, slots=True)
class QueryEdit:
    """What the query of that name is to be instead; `promql` "": the chart's own again."""

    name: str
    promql: str


def charts_with(names: Collection[str], kinds: Iterable[ChartKind], profile: Profile, versions: Collection[str]) -> frozenset[ChartKind]:
    """Those of the charts that come from any of these queries, of all pods or of a version."""
    return frozenset(kind for kind in kinds if any(not names_of(kind, profile, of).isdisjoint(names) for of in ("", *versions)))


def names_of(kind: ChartKind, profile: Profile, version: str) -> frozenset[str]:
    """The names of the queries that a line is computed from; `version` "": of all pods."""
    return frozenset(query_name(name, version) if version else name for name in queries_of((kind,), profile))


def not_drawn(answers: Mapping[str, Matrix]) -> dict[str, str]:
    """Why there is no line of an answer. Nothing is told too: of errors it would count as none."""
    counts = {name: len(answer.series) for name, answer in answers.items()}
    return {
        name: f"{count} series answer, of which no one line can be drawn: add `sum (…)`" if count else "no series answers"
        for name, count in counts.items()
        if count != 1
    }


def without(lines: Lines, missing: Collection[str], profile: Profile) -> Lines:
    """The lines, without points where one of the queries that they are computed from is missing."""

    def kept(kind: ChartKind, version: str) -> bool:
        return kind not in _COMPUTED or names_of(kind, profile, version).isdisjoint(missing)

    return {kind: tuple(line if kept(kind, line.version) else replace(line, points=()) for line in found) for kind, found in lines.items()}
