"""Which charts an edited query changes, and that what is missing never counts as 0."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.metrics.charts.chart_kind import ChartKind
from modeldeck.domain.metrics.charts.chart_lines import ChartLine
from modeldeck.domain.metrics.charts.edited_queries import charts_with, not_drawn, without
from modeldeck.domain.metrics.profiles.servers import PROFILES
from modeldeck.domain.metrics.samples import Matrix, Series

PROFILE = replace(PROFILES[-1], errors_apart=False)


def test_requests_change_the_errors_too_also_of_a_version() -> None:
    both = {ChartKind.REQUESTS, ChartKind.ERRORS}
    assert charts_with(["requests"], ChartKind, PROFILE, ()) == both
    assert charts_with(["errors"], ChartKind, PROFILE, ()) == {ChartKind.ERRORS}
    assert charts_with(["errors"], ChartKind, replace(PROFILE, errors_apart=True), ()) == both
    assert charts_with(["p90 of v7"], ChartKind, PROFILE, ("v6", "v7")) == {ChartKind.LATENCY}
    assert charts_with(["p90 of v7"], ChartKind, PROFILE, ()) == frozenset()


def test_one_series_is_drawn_and_none_or_several_are_told() -> None:
    one = Series({}, ((1.0, 1.0),))
    told = not_drawn({"a": Matrix((one,)), "b": Matrix((one, one)), "c": Matrix(())})
    assert set(told) == {"b", "c"}
    assert told["b"].startswith("2 series")


def test_a_line_that_lacks_what_it_is_computed_from_has_no_points() -> None:
    points = ((1.0, 0.0),)
    lines = {kind: (ChartLine(kind, points, "v7"), ChartLine(kind, points, "v6")) for kind in (ChartKind.REQUESTS, ChartKind.ERRORS)}
    found = without(lines, ["errors of v6"], PROFILE)
    assert {kind: [line.points for line in each] for kind, each in found.items()} == {
        ChartKind.REQUESTS: [points, points],
        ChartKind.ERRORS: [points, ()],
    }
