"""From a selection to the screen that shows it in full."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from textual.screen import Screen

from modeldeck.domain.changes.change_event import LOOK_BACK, ChangeEvent, ChangeQuestion, Changes
from modeldeck.domain.changes.chart_jumps import question_about
from modeldeck.domain.changes.known import KnownChanges
from modeldeck.domain.failures import Failure
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.kubernetes.pod_owners import pods_by_deployment
from modeldeck.domain.metrics.charts.chart_lines import measured_lines
from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.status.selection import PaneName, Selection
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.domain.status.version_changes import ServingChange, version_changes
from modeldeck.live.deployment_charts import SpanCharts, SpanQuery
from modeldeck.live.hub import Hub, LiveCharts, Topic
from modeldeck.live.run_details import RunReader
from modeldeck.operations.changes.reading import what_changed
from modeldeck.operations.history.history import Memories, history
from modeldeck.ports import AlertSource, Clock, Cluster, Journal, Metrics, ModelRegistry, Sightings, Tracking
from modeldeck.render import describe
from modeldeck.render import history as render_history
from modeldeck.render.cell import Line
from modeldeck.screens.deck.model import DeckModel
from modeldeck.screens.details.logs import LogScreen
from modeldeck.screens.shared.reading_screen import ReadingScreen

FRESH = 3.0
T = TypeVar("T", covariant=True)


class _Named(Protocol[T]):
    async def identity(self) -> T: ...


class Depth:
    """Makes screens. Answers words instead where there is nothing to go into."""

    def __init__(
        self,
        tracking: Tracking | None,
        cluster: Cluster | None,
        registry: ModelRegistry | None,
        journal: Journal,
        sightings: Sightings,
        clock: Clock,
        hub: Hub,
        metrics: Metrics | None = None,
        alerts: AlertSource | None = None,
    ) -> None:
        self._tracking = tracking
        self._cluster = cluster
        self._registry = registry
        self._journal = journal
        self._sightings = sightings
        self._clock = clock
        self._hub = hub
        self._metrics = metrics
        self._alerts = alerts

    def screen(self, what: str, pane: PaneName, model: DeckModel) -> Screen[Any] | str:
        """`what` is one of open, describe, logs, yaml, history, wall, changes, drift."""
        chosen = model.selection
        if what == "wall":
            return self._wall(model)
        if what == "logs":
            return self._logs(model.row)
        if what == "history":
            return self._history(model)
        if what == "yaml":
            return self._yaml(model.row)
        if what == "changes":
            return self._changes(model)
        if what == "drift":
            return self._drift(chosen.deployment, model)
        if pane is PaneName.RUNS:
            return self._run(chosen, model)
        if pane is PaneName.VERSIONS:
            return self._version(chosen, model)
        if pane is PaneName.LIVE and what == "open":
            return self._live(chosen.deployment, model, self._hub.show_live)
        return self._deployment(model)

    def _logs(self, row: ServingRow | None) -> Screen[Any] | str:
        if row is None or self._cluster is None:
            return "no deployment selected"
        return LogScreen(self._cluster, row.namespace, row.deployment, self._clock)

    def _yaml(self, row: ServingRow | None) -> Screen[Any] | str:
        cluster = self._cluster
        if row is None or cluster is None:
            return "no deployment selected"

        async def load() -> Sequence[Line]:
            return describe.plain_lines(await cluster.manifest(row.namespace, row.deployment))

        return ReadingScreen("YAML", row.key, load, self._clock)

    def _history(self, model: DeckModel) -> Screen[Any] | str:
        key = model.selection.deployment

        async def load() -> Sequence[Line]:
            past = history(await self._memories(model), model.environment.patterns, of=key)
            entries = [entry for entry in past if key is None or entry.is_about(key)]
            return render_history.history_lines(entries, self._clock.now())

        return ReadingScreen("History", key or "all deployments", load, self._clock, every=FRESH)

    async def _memories(self, model: DeckModel) -> Memories:
        cluster, registry = await asyncio.gather(_identity(self._cluster), _identity(self._registry))
        seen = self._sightings.sightings(registry) if registry is not None else ()
        return Memories(model.fleet, model.registry, self._journal.operations(), seen, cluster or ClusterId(), registry or "")

    def _changes(self, model: DeckModel) -> Screen[Any] | str:
        """Around the jump of what the live pane shows of it, else around now."""
        key = model.selection.deployment
        if key is None or self._cluster is None:
            return "no deployment selected"
        known = _known(model.live, key)
        asked = question_about(known.lines, LOOK_BACK) if known is not None else None
        return self._changes_around(model, key, asked or ChangeQuestion(self._clock.now()))

    def _changes_around(self, model: DeckModel, key: str, asked: ChangeQuestion) -> Screen[Any]:
        from modeldeck.screens.changes.changes_screen import ChangesScreen

        cluster, patterns = self._cluster, model.environment.patterns
        assert cluster is not None

        async def read() -> Changes:
            memories = await self._memories(model)
            missing = () if model.registry is not None else ("MLflow has not answered: what aliases and version tags tell",)
            return await what_changed(
                key,
                asked,
                memories,
                cluster=cluster,
                metrics=self._metrics,
                alerts=self._alerts,
                patterns=patterns,
                clock=self._clock,
                not_known=missing,
            )

        return ChangesScreen(key, asked, read, self._clock)

    def _run(self, chosen: Selection, model: DeckModel) -> Screen[Any] | str:
        tracking, run_id = self._tracking, chosen.run_id
        if tracking is None or run_id is None:
            return "no run selected"

        reader = RunReader(tracking, run_id, self._clock)

        async def load() -> Sequence[Line]:
            return describe.run_lines(await reader.read(), _versions(model.registry), self._clock.now())

        return ReadingScreen("Run", run_id, load, self._clock, every=FRESH * 2, renew=reader.forget)

    def _version(self, chosen: Selection, model: DeckModel) -> Screen[Any] | str:
        tracking = self._tracking
        if chosen.model is None or chosen.version is None:
            return "no version selected"

        async def load() -> Sequence[Line]:
            version = model.registry.version(chosen.model or "", chosen.version or "") if model.registry else None
            if version is None:
                return describe.plain_lines(f"{chosen.model} v{chosen.version} is not in the registry any more")
            run = await tracking.run(version.run_id) if tracking is not None and version.run_id else None
            return describe.version_lines(version, run, model.truth, self._clock.now())

        return ReadingScreen("Version", f"{chosen.model} v{chosen.version}", load, self._clock, every=FRESH)

    def _wall(self, model: DeckModel) -> Screen[Any]:
        from modeldeck.screens.wall.wall_screen import WallScreen, WallSubject

        def listen(listener: Callable[[], None] | None) -> None:
            model.listener = listener

        subject = WallSubject(
            model.environment.name,
            rows=lambda: model.truth,
            state=lambda now: model.state(PaneName.DEPLOYMENTS, now),
            stats=lambda: model.reading(Topic.STATS),
            gaps=lambda: model.gaps,
            listen=listen,
            on_show=self._hub.show_wall,
            open_live=lambda key: self._live(key, model, lambda _shown, _failure: None),
            reader=self._hub.fleet_charts(),
            refresh=model.environment.refresh,
        )
        return WallScreen(subject, self._clock)

    def _live(self, key: str | None, model: DeckModel, on_show: Callable[[bool, Failure | None], None]) -> Screen[Any] | str:
        from modeldeck.screens.live.live_screen import LiveScreen, LiveSubject

        environment = model.environment
        if key is None:
            return "no deployment selected"
        namespace, _, name = key.partition("/")
        reader = self._hub.charts_of(namespace, name)
        if reader is None:
            return "no Prometheus in this environment"
        level = self._hub.service_level_of(namespace, name)

        def changes() -> Sequence[ServingChange]:
            return version_changes(model.fleet, key, environment.patterns) if model.fleet else ()

        def running() -> frozenset[str]:
            fleet = model.fleet
            pods = pods_by_deployment(fleet).get(key, ()) if fleet else ()
            uids = {pod.owner_uid for pod in pods if not pod.ended}
            return frozenset(one.name for one in fleet.replica_sets if one.uid in uids) if fleet else frozenset()

        known = KnownChanges(key)

        def happened() -> Sequence[ChangeEvent]:
            row = next((row for row in model.truth if row.key == key), None)
            return known.of(model.fleet, row.alerts if row is not None else None)

        def changed(asked: ChangeQuestion) -> Screen[Any]:
            return self._changes_around(model, key, asked)

        subject = LiveSubject(
            environment.name,
            key,
            reader,
            changes,
            on_show,
            _known(model.live, key),
            environment.refresh,
            running,
            changed if self._cluster is not None else None,
            lambda: self._drift(key, model),
            level.read if level is not None else None,
            happened,
        )
        return LiveScreen(subject, self._clock)

    def _drift(self, key: str | None, model: DeckModel) -> Screen[Any] | str:
        from modeldeck.domain.drift.settings import DriftRules
        from modeldeck.screens.drift.drift_screen import DriftScreen, WatchedDrift

        environment = model.environment
        if key is None:
            return "no deployment selected"
        reader = self._hub.drift_of(key, environment.drift or DriftRules(), environment.patterns)
        if reader is None:
            return "no Prometheus in this environment"

        def changes() -> Sequence[ServingChange]:
            return version_changes(model.fleet, key, environment.patterns) if model.fleet else ()

        return DriftScreen(WatchedDrift(environment.name, key, reader, changes), self._clock)

    def _deployment(self, model: DeckModel) -> Screen[Any] | str:
        cluster, row = self._cluster, model.row
        if cluster is None or row is None:
            return "no deployment selected"
        key = row.key

        async def load() -> Sequence[Line]:
            events, deployment = await asyncio.gather(
                cluster.events_of("Deployment", row.namespace, row.deployment), cluster.deployment(row.namespace, row.deployment)
            )
            now_row = next((found for found in model.truth if found.key == key), None)
            fleet = model.fleet
            sets, pods = (fleet.replica_sets, fleet.pods) if fleet else ((), ())
            return describe.deployment_lines(deployment, now_row, sets, pods, events, model.environment.patterns, self._clock.now())

        return ReadingScreen("Deployment", key, load, self._clock, every=FRESH)


async def _identity(backend: _Named[T] | None) -> T | None:
    """None where it cannot be asked: what is joined by it is left out then."""
    try:
        return await backend.identity() if backend is not None else None
    except Failure:
        return None


def _versions(registry: Registry | None) -> tuple[Any, ...]:
    return registry.versions if registry else ()


def _known(live: LiveCharts | None, key: str) -> SpanCharts | None:
    """What the live pane shows of the deployment."""
    if live is None or f"{live.query.namespace}/{live.query.deployment}" != key:
        return None
    query = SpanQuery(live.query.window, None, live.query.columns)
    return SpanCharts(query, live.start, live.end, live.end, live.step, measured_lines(live.points), live.promql, live.warnings)
