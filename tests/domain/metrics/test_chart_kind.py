"""What a chart has to be asked."""

from __future__ import annotations

import pytest

from modeldeck.domain.metrics.chart_kind import ChartKind, computed, queries_of
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.servers import PROFILES

PLAIN, APART = (next(profile for profile in PROFILES if profile.errors_apart is apart) for apart in (False, True))


@pytest.mark.parametrize(
    ("kinds", "profile", "wanted"),
    [
        ((ChartKind.LATENCY,), PLAIN, {"p50", "p90", "p99"}),
        ((ChartKind.REQUESTS,), PLAIN, {"requests"}),
        ((ChartKind.REQUESTS,), APART, {"requests", "errors"}),
        ((ChartKind.ERRORS,), PLAIN, {"requests", "errors"}),
        (tuple(ChartKind), PLAIN, {"p50", "p90", "p99", "requests", "errors"}),
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
    assert computed(Profile("mute", ())) == {}
