"""What the deck knows, without a screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.cli.snapshot import Snapshot, Told
from modeldeck.domain.alerts.alert import Alert, Alerts, AlertState
from modeldeck.domain.failures import Unreachable
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.domain.status.selection import PaneName
from modeldeck.live.fleet_metrics import Stats
from modeldeck.live.hub import Topic
from modeldeck.screens.deck.model import DeckModel
from tests.support import sample


@pytest.mark.parametrize("stats", [sample.STATS, None])
def test_its_rows_are_those_of_the_command_line(stats: Stats | None) -> None:
    model = DeckModel(sample.ENVIRONMENT)
    model.receive(Topic.FLEET, sample.reading(sample.FLEET))
    model.receive(Topic.REGISTRY, sample.reading(sample.REGISTRY))
    if stats is not None:
        model.receive(Topic.STATS, sample.reading(stats))
    told = Told(sample.FLEET, None, 0.1, 0.0), Told(stats, None, 0.1, 0.0)
    seen = Snapshot(sample.ENVIRONMENT, Told(sample.REGISTRY, None, 0.1, 0.0), *told, Told((), None, 0.1, 0.0))
    assert sorted(model.truth, key=lambda row: row.key) == list(seen.rows())
    assert {row.stats.p99 is not None for row in seen.rows()} == {stats is not None}
    assert {row.alias for row in seen.rows() if row.model} == {sample.ENVIRONMENT.champion}


def test_figures_that_are_not_live_are_not_shown() -> None:
    model = DeckModel(sample.ENVIRONMENT)
    model.receive(Topic.FLEET, sample.reading(sample.FLEET))
    live = sample.reading(sample.STATS)
    model.receive(Topic.STATS, live)
    assert all(row.stats.p99 is not None for row in model.truth)
    model.receive(Topic.STATS, replace(live, failure=Unreachable("connection refused")))
    assert all(row.stats.p99 is None for row in model.truth)


def test_without_a_fleet_there_are_no_rows() -> None:
    model = DeckModel(sample.ENVIRONMENT)
    model.receive(Topic.REGISTRY, sample.reading(sample.REGISTRY))
    assert model.truth == ()


def test_rows_tell_the_alerts_about_them_while_these_can_be_read() -> None:
    model = DeckModel(sample.ENVIRONMENT)
    model.receive(Topic.FLEET, sample.reading(sample.FLEET))
    assert {row.alerts for row in model.truth} == {()}
    firing = Alert("Errors", AlertState.FIRING, {"namespace": "serving", "deployment": "iris"})
    live = sample.reading(Alerts((firing,)))
    assert PaneName.DEPLOYMENTS in model.receive(Topic.ALERTS, live)
    assert {row.key: row.alerts for row in model.truth if row.alerts} == {"serving/iris": (firing,)}
    model.receive(Topic.ALERTS, replace(live, failure=Unreachable("connection refused")))
    assert {row.alerts for row in model.truth} == {None}
    model.receive(Topic.ALERTS, sample.reading(Alerts((firing,), gaps=("Alertmanager is away",))))
    assert {row.key: row.alerts for row in model.truth if row.alerts != (firing,)} == dict.fromkeys(
        (row.key for row in model.truth if row.key != "serving/iris"), None
    )


def test_alerts_of_another_cluster_are_about_no_row() -> None:
    assert sample.ENVIRONMENT.prometheus is not None
    scope = SeriesScope(matchers=('cluster="prod"',))
    model = DeckModel(replace(sample.ENVIRONMENT, prometheus=replace(sample.ENVIRONMENT.prometheus, scope=scope)))
    model.receive(Topic.FLEET, sample.reading(sample.FLEET))
    there = Alert("Errors", AlertState.FIRING, {"namespace": "serving", "deployment": "iris", "cluster": "test"})
    model.receive(Topic.ALERTS, sample.reading(Alerts((there,))))
    assert {row.alerts for row in model.truth} == {()}
