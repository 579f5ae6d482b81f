"""The lines of each chart, from Prometheus' answers under the names in `chart_kind.NAMES`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from modeldeck.domain.metrics.charts.chart_kind import NAMES, ChartKind
from modeldeck.domain.metrics.measured import ChartPoints, Points, chart_points, only_line
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.samples import Matrix


@dataclass(frozen=True, slots=True)
class ChartLine:
    """(time, value) of one line, in seconds, requests a second, a share 0–1, bytes, or what is predicted. Only finite values."""

    name: str
    points: Points
    version: str = ""
    """Whose alone it is; "" of all pods."""


Lines = Mapping[ChartKind, tuple[ChartLine, ...]]


def name_of(query: str) -> str:
    """What a line is called beside the name of its chart."""
    return query.removeprefix("predicted ").removeprefix("first_token_").removesuffix(" memory").replace("_", " ")


def measured_lines(points: ChartPoints) -> Lines:
    """Of what is measured of every server."""
    return {
        ChartKind.LATENCY: (ChartLine("p99", points.p99), ChartLine("p90", points.p90), ChartLine("p50", points.p50)),
        ChartKind.REQUESTS: (ChartLine("requests", points.requests),),
        ChartKind.ERRORS: (ChartLine("errors", points.error_ratio),),
    }


def chart_lines(kinds: Iterable[ChartKind], profile: Profile, matrices: Mapping[str, Matrix]) -> Lines:
    """A line without an answer is there, and has no points."""
    points = chart_points(profile, matrices)
    measured = measured_lines(points)
    scaled: dict[str, Points] = {
        **{kind.value: found for kind, found in points.saturation.items()},
        "first_token_p99": points.first_token_p99,
        "first_token_p90": points.first_token_p90,
        "first_token_p50": points.first_token_p50,
    }

    def others(kind: ChartKind) -> tuple[ChartLine, ...]:
        asked = (name for name in NAMES[kind] if name in matrices)
        return tuple(ChartLine(name_of(name), scaled[name] if name in scaled else only_line(matrices[name])) for name in asked)

    return {kind: measured.get(kind) or others(kind) for kind in kinds}
