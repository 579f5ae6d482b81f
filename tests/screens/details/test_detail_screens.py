"""Into the live charts: whose they are, what they ask, and words where there is nothing to go into."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from modeldeck.domain.alerts.alert import Alert, Alerts, AlertState
from modeldeck.domain.changes.change_event import ChangeKind, ChangeQuestion
from modeldeck.domain.drift.settings import DriftRules, baseline_of
from modeldeck.domain.failures import Failure, Unreachable
from modeldeck.domain.metrics.charts.chart_lines import measured_lines
from modeldeck.domain.status.selection import PaneName
from modeldeck.live.hub import Topic
from modeldeck.screens.changes.changes_screen import ChangesScreen
from modeldeck.screens.deck.model import DeckModel
from modeldeck.screens.details.detail_screens import Depth
from modeldeck.screens.drift.drift_screen import DriftScreen
from modeldeck.screens.live.live_screen import LiveScreen
from modeldeck.screens.wall.wall_screen import WallScreen
from modeldeck.widgets.content.state import Live
from tests.support import sample
from tests.support.fakes.alerts import FakeAlerts
from tests.support.fakes.clients import fake_clients


class Hub:
    def __init__(self, reader: object) -> None:
        self.reader = reader
        self.asked: list[tuple[str, str]] = []
        self.shown: list[bool] = []
        self.walls: list[bool] = []

    def charts_of(self, namespace: str, deployment: str) -> object:
        self.asked.append((namespace, deployment))
        return self.reader

    def service_level_of(self, namespace: str, deployment: str) -> object:
        return SimpleNamespace(read=f"level of {namespace}/{deployment}")

    def drift_of(self, key: str, rules: DriftRules, patterns: object) -> object:
        self.asked.append((key, str(rules.of(key).baseline)))
        return self.reader

    def show_live(self, shown: bool, failure: Failure | None = None) -> None:
        self.shown.append(shown)

    def fleet_charts(self) -> object:
        return self.reader

    def show_wall(self, shown: bool) -> None:
        self.walls.append(shown)


def depth(hub: Any) -> Depth:
    none: Any = None
    return Depth(None, None, None, none, none, sample.FrozenClock(), hub)


def model(*, seeded: bool = True) -> DeckModel:
    found = DeckModel(sample.ENVIRONMENT)
    if seeded:
        for topic, value in ((Topic.FLEET, sample.FLEET), (Topic.REGISTRY, sample.REGISTRY)):
            found.receive(topic, sample.reading(value))
        found.seed()
    return found


def test_the_live_charts_are_those_of_the_selected_deployment_with_its_versions() -> None:
    hub = Hub(object())
    screen = depth(hub).screen("open", PaneName.LIVE, model())
    assert isinstance(screen, LiveScreen)
    assert hub.asked == [("serving", "iris")]
    assert screen.subject.key == "serving/iris"
    assert [change.version for change in screen.subject.changes()] == ["6", "7"]
    assert screen.subject.happened() == ()
    level: Any = screen.subject.service_level
    assert level == "level of serving/iris"
    screen.subject.on_show(False, None)
    assert hub.shown == [False]


def test_alerts_and_restarts_that_the_deck_knows_of_are_marked_on_the_live_charts() -> None:
    shown = model()
    screen = depth(Hub(object())).screen("open", PaneName.LIVE, shown)
    assert isinstance(screen, LiveScreen)
    for labels, subjects in (({"deployment": "iris"}, ["alert Errors"]), ({"deployment": "wine"}, [])):
        alert = Alert("Errors", AlertState.FIRING, {"namespace": "serving", **labels}, sample.NOW - 60)
        shown.receive(Topic.ALERTS, sample.reading(Alerts((alert,))))
        assert [event.subject for event in screen.subject.happened()] == subjects


def test_the_drift_is_that_of_the_selected_deployment_as_configured() -> None:
    hub, shown = Hub(object()), model()
    shown.environment = replace(shown.environment, drift=DriftRules((("serving/*", {"baseline": baseline_of("7d")}),)))
    for pane in (PaneName.LIVE, PaneName.RUNS):
        screen = depth(hub).screen("drift", pane, shown)
        assert isinstance(screen, DriftScreen)
        assert screen.subject.key == "serving/iris"
        assert [change.version for change in screen.subject.changes()] == ["6", "7"]
    live = depth(hub).screen("open", PaneName.LIVE, shown)
    assert isinstance(live, LiveScreen)
    assert live.subject.drift is not None
    found = live.subject.drift()
    assert isinstance(found, DriftScreen)
    assert found.subject.key == "serving/iris"
    assert [asked for asked in hub.asked if asked[0] == "serving/iris"] == [("serving/iris", "7d")] * 3
    assert depth(Hub(None)).screen("drift", PaneName.LIVE, model()) == "no Prometheus in this environment"
    assert depth(hub).screen("drift", PaneName.LIVE, model(seeded=False)) == "no deployment selected"


def test_what_the_live_pane_has_read_stands_there_at_once() -> None:
    for name, known in (("iris", True), ("wine", False)):
        shown = model()
        shown.receive(Topic.LIVE, sample.reading(sample.charts(name)))
        screen = depth(Hub(object())).screen("open", PaneName.LIVE, shown)
        assert isinstance(screen, LiveScreen)
        assert (screen.subject.known is not None) is known
        if screen.subject.known is not None:
            assert screen.subject.known.lines == measured_lines(sample.charts().points)
            assert screen.subject.known.query.window == 1800.0


@pytest.mark.parametrize(
    ("reader", "seeded", "words"), [(None, True, "no Prometheus in this environment"), (object(), False, "no deployment selected")]
)
def test_without_anything_to_chart_it_says_so(reader: object, seeded: bool, words: str) -> None:
    assert depth(Hub(reader)).screen("open", PaneName.LIVE, model(seeded=seeded)) == words


def test_a_description_is_that_of_the_deployment_also_from_the_live_pane() -> None:
    assert depth(Hub(object())).screen("describe", PaneName.LIVE, model()) == "no deployment selected"


def test_the_wall_is_of_the_decks_rows_and_leads_to_the_live_charts() -> None:
    hub, shown = Hub(object()), model()
    screen = depth(hub).screen("wall", PaneName.RUNS, shown)
    assert isinstance(screen, WallScreen)
    subject, told = screen.subject, []
    assert [row.key for row in subject.rows()] == [row.key for row in shown.truth]
    assert subject.state(sample.NOW) == Live()
    subject.listen(lambda: told.append(len(subject.rows())))
    shown.receive(Topic.STATS, sample.reading(sample.STATS))
    shown.receive(Topic.RUNS, sample.reading(sample.RUNS))
    assert told == [3]
    assert subject.stats() == sample.reading(sample.STATS)
    subject.listen(None)
    shown.receive(Topic.FLEET, sample.reading(sample.FLEET))
    assert told == [3]
    opened = subject.open_live("serving/wine")
    assert isinstance(opened, LiveScreen)
    opened.subject.on_show(True, None)
    assert (opened.subject.key, hub.shown) == ("serving/wine", []), "the live pane of the deck cannot be seen behind the wall"
    subject.on_show(True)
    assert hub.walls == [True]


def watching(cluster: Any, *, registry: Any = None, alerts: Any = None) -> Depth:
    """With a cluster to ask, and memories that know of nothing."""
    memory: Any = SimpleNamespace(operations=tuple, sightings=lambda registry: ())
    hub: Any = Hub(object())
    return Depth(None, cluster, registry, memory, memory, sample.FrozenClock(), hub, alerts=alerts)


async def test_what_changed_is_asked_of_the_selected_deployment() -> None:
    fake = fake_clients()
    shown = model()
    for pane in (PaneName.DEPLOYMENTS, PaneName.RUNS):
        screen = watching(fake.cluster).screen("changes", pane, shown)
        assert isinstance(screen, ChangesScreen)
        found = await screen.read()
        assert found.asked == ChangeQuestion(sample.NOW)
    assert depth(Hub(object())).screen("changes", PaneName.DEPLOYMENTS, shown) == "no deployment selected"
    assert watching(fake.cluster).screen("changes", PaneName.DEPLOYMENTS, model(seeded=False)) == "no deployment selected"


async def test_what_the_registry_would_have_told_is_missing_where_it_is_away() -> None:
    shown = DeckModel(sample.ENVIRONMENT)
    shown.receive(Topic.FLEET, sample.reading(sample.FLEET))
    shown.select_deployment("serving/iris")
    screen = watching(fake_clients().cluster).screen("changes", PaneName.DEPLOYMENTS, shown)
    assert isinstance(screen, ChangesScreen)
    assert "MLflow has not answered: what aliases and version tags tell" in (await screen.read()).not_known


async def test_alerts_that_fire_are_among_what_changed_and_those_that_cannot_be_read_are_missing() -> None:
    fake, labels = fake_clients(), {"namespace": "serving", "deployment": "iris"}
    firing = Alerts((Alert("Errors", AlertState.FIRING, labels, sample.NOW - 60),))
    gone = Unreachable("gone", backend="Prometheus")
    for answer, subjects, missing in ((firing, ["alert Errors"], ()), (gone, [], ("alerts: Prometheus: gone",))):
        screen = watching(fake.cluster, alerts=FakeAlerts(answer)).screen("changes", PaneName.DEPLOYMENTS, model())
        assert isinstance(screen, ChangesScreen)
        found = await screen.read()
        assert [event.subject for event in found.events if event.kind is ChangeKind.ALERT] == subjects
        assert tuple(one for one in found.not_known if one.startswith("alerts")) == missing


def test_it_is_about_the_jump_of_what_the_live_pane_shows() -> None:
    shown, charts = model(), sample.charts("iris")
    slow = tuple((at, 0.2 if at > sample.NOW - 900 else value) for at, value in charts.points.p99)
    shown.receive(Topic.LIVE, sample.reading(replace(charts, points=replace(charts.points, p99=slow))))
    screen = watching(fake_clients().cluster).screen("changes", PaneName.LIVE, shown)
    assert isinstance(screen, ChangesScreen)
    assert screen.asked.jump.endswith("→ 200 ms")


def test_the_live_screen_asks_for_it_where_there_is_a_cluster() -> None:
    screen = watching(fake_clients().cluster).screen("open", PaneName.LIVE, model())
    assert isinstance(screen, LiveScreen)
    assert screen.subject.what_changed is not None
    assert isinstance(screen.subject.what_changed(ChangeQuestion(sample.NOW)), ChangesScreen)
    alone = depth(Hub(object())).screen("open", PaneName.LIVE, model())
    assert isinstance(alone, LiveScreen)
    assert alone.subject.what_changed is None
