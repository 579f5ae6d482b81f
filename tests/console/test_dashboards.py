"""Whether there is a dashboard to open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from modeldeck.console.dashboards import dashboard_screen
from modeldeck.screens.dashboards.dashboard_screen import DashboardScreen
from tests.support import sample
from tests.support.clocks import FakeClock


class Hub:
    def show_live(self, shown: bool) -> None: ...


def test_it_needs_a_prometheus_and_a_file() -> None:
    metrics: Any = object()
    hub: Any = Hub()
    clock, environment = FakeClock(), sample.ENVIRONMENT
    assert dashboard_screen(environment, None, hub, clock) == "no Prometheus in this environment"
    assert "name files of Grafana as `dashboards`" in str(dashboard_screen(environment, metrics, hub, clock))
    found = dashboard_screen(replace(environment, dashboards=("a.json", "b.json")), metrics, hub, clock)
    assert isinstance(found, DashboardScreen)
    assert found.subject.files == ("a.json", "b.json")
