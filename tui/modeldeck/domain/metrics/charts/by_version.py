"""The same charts with each version's line apart: fewer lines a version, so that those of several can be told apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from modeldeck.domain.metrics.charts.chart_kind import NAMES, ChartKind, queries_of
from modeldeck.domain.metrics.charts.chart_lines import ChartLine, Lines, chart_lines, name_of
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.samples import Matrix

MOST_VERSIONS = 3
_NAMES: Mapping[ChartKind, tuple[str, ...]] = {
    **{kind: names[:2] for kind, names in NAMES.items()},
    ChartKind.LATENCY: ("p99", "p50"),
    ChartKind.FIRST_TOKEN: ("first_token_p99", "first_token_p50"),
    ChartKind.PREDICTIONS: ("predicted p50", "predicted mean"),
}


def query_name(name: str, version: str) -> str:
    """What a version's query of that name is called."""
    return f"{name} of {version}"


def version_queries(kinds: Iterable[ChartKind], profile: Profile, queries: Mapping[str, str]) -> dict[str, str]:
    """Those of a version's queries that its lines in these charts are computed from."""
    left_out = {name for kind in kinds for name in NAMES[kind] if name not in _NAMES[kind]}
    wanted = queries_of(kinds, profile) - left_out
    return {name: promql for name, promql in queries.items() if name in wanted}


def lines_apart(kinds: Collection[ChartKind], profile: Profile, matrices: Mapping[str, Matrix], versions: Sequence[str]) -> Lines:
    """From the answers to each version's `version_queries`, under `query_name`."""
    found: dict[ChartKind, tuple[ChartLine, ...]] = dict.fromkeys(kinds, ())
    for version in versions:
        ending = query_name("", version)
        own = {name.removesuffix(ending): answer for name, answer in matrices.items() if name.endswith(ending)}
        for kind, lines in chart_lines(kinds, profile, own).items():
            drawn = {name_of(name) for name in _NAMES[kind]}
            found[kind] += tuple(replace(line, version=version) for line in lines if line.name in drawn)
    return found
