"""The page of the configured dashboards."""

from __future__ import annotations

from typing import Any

from textual.screen import Screen

from modeldeck.domain.environments import Environment
from modeldeck.live.hub import Hub
from modeldeck.ports import Clock, Metrics


def dashboard_screen(environment: Environment, metrics: Metrics | None, hub: Hub, clock: Clock) -> Screen[Any] | str:
    """Or why there is none."""
    if metrics is None:
        return "no Prometheus in this environment"
    if not environment.dashboards:
        return "no dashboards: name files of Grafana as `dashboards` in the configuration"
    from modeldeck.config.dashboard_files import read_dashboard_file
    from modeldeck.live.dashboard_charts import DashboardReader
    from modeldeck.screens.dashboards.dashboard_screen import DashboardScreen, DashboardSubject

    def opened(path: str) -> DashboardReader:
        return DashboardReader(read_dashboard_file(path), metrics, clock)

    return DashboardScreen(DashboardSubject(environment.name, environment.dashboards, opened, hub.show_live, environment.refresh), clock)
