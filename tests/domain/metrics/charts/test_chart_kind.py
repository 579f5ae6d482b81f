"""What a chart has to be asked."""

from __future__ import annotations

import pytest

from modeldeck.domain.metrics.charts.chart_kind import NAMES, ChartKind, charts_of, computed, queries_of
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.saturation import SaturationKind
from modeldeck.domain.metrics.profiles.servers import PROFILES

PLAIN, APART = (next(profile for profile in PROFILES if profile.errors_apart is apart) for apart in (False, True))


@pytest.mark.parametrize(
    ("kinds", "profile", "wanted"),
    [
        ((ChartKind.LATENCY,), PLAIN, {"p50", "p90", "p99"}),
        ((ChartKind.REQUESTS,), PLAIN, {"requests"}),
        ((ChartKind.REQUESTS,), APART, {"requests", "errors"}),
        ((ChartKind.ERRORS,), PLAIN, {"requests", "errors"}),
        ((ChartKind.LATENCY, ChartKind.ERRORS), PLAIN, {"p50", "p90", "p99", "requests", "errors"}),
        ((ChartKind.MEMORY,), APART, {"highest memory", "mean memory"}),
        ((), PLAIN, set()),
    ],
)
def test_a_chart_asks_what_it_is_computed_from(kinds: tuple[ChartKind, ...], profile: Profile, wanted: set[str]) -> None:
    """Where failed requests are counted apart, all requests are not known without them."""
    assert queries_of(kinds, profile) == wanted


def test_how_charts_come_from_the_answers_is_told_where_it_is_not_plain() -> None:
    found = {profile.name: computed(profile) for profile in PROFILES}
    assert found["FastAPI instrumentator"] == {ChartKind.ERRORS: "errors ÷ requests"}
    assert found["Triton"][ChartKind.ERRORS] == "errors ÷ (requests + errors)"
    assert "counted apart" in found["Triton"][ChartKind.REQUESTS]
    assert found["TF Serving"][ChartKind.LATENCY] == "each × 1e-06, for seconds"
    assert found["TorchServe"][ChartKind.QUEUE_TIME] == "queue time × 0.001, of the fullest"
    assert found["vLLM"][ChartKind.QUEUE] == "queue of all together; in progress of all together"
    assert found["vLLM"][ChartKind.SATURATION] == "kv cache of the fullest"
    assert computed(Profile("mute", ())) == {}


def test_everything_that_fills_up_has_a_chart() -> None:
    drawn = {name for names in NAMES.values() for name in names}
    assert drawn.issuperset(SaturationKind)


def test_of_what_every_server_should_export_there_is_a_chart_that_says_so_and_of_the_rest_where_it_is_exported() -> None:
    usual = (ChartKind.LATENCY, ChartKind.REQUESTS, ChartKind.ERRORS)
    assert charts_of(()) == charts_of(["requests", "p50"]) == usual
    assert charts_of(["predicted p50"]) == (*usual, ChartKind.PREDICTIONS)
    assert charts_of([name for names in NAMES.values() for name in names]) == tuple(ChartKind)
