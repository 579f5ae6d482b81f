"""What the deck knows: the newest readings, joined, and one selection. Plain Python: the screen asks it what to paint."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modeldeck.domain.alerts.matching import MOST, alerts_by_deployment
from modeldeck.domain.environments import Environment
from modeldeck.domain.kubernetes.annotations import OperationAnnotation
from modeldeck.domain.kubernetes.annotations import under_way as marked
from modeldeck.domain.kubernetes.workloads import Deployment, Fleet
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.domain.mlflow.registry import ModelVersion, Registry
from modeldeck.domain.mlflow.runs import Run
from modeldeck.domain.reading import Reading
from modeldeck.domain.status.joining import Joiner
from modeldeck.domain.status.selection import (
    EMPTY,
    PaneName,
    Selection,
    deployment_of,
    keep_pinned,
    lost_words,
    select_deployment,
    select_run,
    select_version,
)
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.live.fleet_metrics import Stats
from modeldeck.live.hub import LiveCharts, Runs, Topic
from modeldeck.widgets.content.state import Live, Loading, PaneState, Stale, Unavailable

if TYPE_CHECKING:
    from modeldeck.screens.shared.active_operations import ActiveOperation

TOPIC_OF: Mapping[PaneName, Topic] = {
    PaneName.RUNS: Topic.RUNS,
    PaneName.VERSIONS: Topic.REGISTRY,
    PaneName.DEPLOYMENTS: Topic.FLEET,
    PaneName.LIVE: Topic.LIVE,
}

_TOUCHES: Mapping[Topic, frozenset[PaneName]] = {
    Topic.EXPERIMENTS: frozenset({PaneName.RUNS}),
    Topic.RUNS: frozenset({PaneName.RUNS, PaneName.VERSIONS}),
    Topic.REGISTRY: frozenset({PaneName.RUNS, PaneName.VERSIONS, PaneName.DEPLOYMENTS}),
    Topic.FLEET: frozenset({PaneName.VERSIONS, PaneName.DEPLOYMENTS, PaneName.LIVE}),
    Topic.STATS: frozenset({PaneName.DEPLOYMENTS, PaneName.LIVE}),
    Topic.LIVE: frozenset({PaneName.LIVE}),
    Topic.ALERTS: frozenset({PaneName.DEPLOYMENTS}),
}
"""Which panes show something of a topic."""

_UNCONFIGURED: Mapping[Topic, Unavailable] = {
    Topic.RUNS: Unavailable("no MLflow in this environment", "set MLFLOW_TRACKING_URI, or mlflow.uri in the configuration"),
    Topic.REGISTRY: Unavailable("no MLflow in this environment", "set MLFLOW_TRACKING_URI, or mlflow.uri in the configuration"),
    Topic.FLEET: Unavailable("no Kubernetes cluster in this environment", "set KUBECONFIG, or kubernetes.kubeconfig in the configuration"),
    Topic.LIVE: Unavailable("no Prometheus in this environment", "set PROMETHEUS_URL, or prometheus.url in the configuration"),
}


class DeckModel:
    """Readings in, view data out. `receive` answers which panes have something new to show."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.selection: Selection = EMPTY
        self.pinned: frozenset[PaneName] = frozenset()
        self.truth: tuple[ServingRow, ...] = ()
        self.unhandled: tuple[str, ...] = ()
        """What serves a model and is no Deployment."""
        self.seeded = False
        """Whether a selection has been made to begin with; until then tables that fill move nothing."""
        self.listener: Callable[[], None] | None = None
        """Who else is told when a reading came."""
        self._under_way: Mapping[str, ActiveOperation] | None = None
        self._told_cut_off = False
        self.journal_trouble = ""
        """Why the journal cannot be read; "" while it can."""
        self._joiner = Joiner(champion=environment.champion, patterns=environment.patterns)
        self._readings: dict[Topic, Reading[Any]] = {}
        self._lost = ""

    def receive(self, topic: Topic, reading: Reading[Any]) -> frozenset[PaneName]:
        """Take a reading in. One of another environment is dropped: it comes late."""
        if reading.environment != self.environment.name:
            return frozenset()
        before = self._readings.get(topic)
        self._readings[topic] = reading
        changed = before is None or before.value is not reading.value or before.state != reading.state
        if topic is Topic.REGISTRY and before is not None:
            self._lost = lost_words(self.selection, before.value, reading.value) or self._lost
        if changed and topic in (Topic.FLEET, Topic.REGISTRY, Topic.STATS, Topic.ALERTS):
            self.truth = self._join()
            if self.listener is not None:
                self.listener()
        return _TOUCHES[topic]

    def _join(self) -> tuple[ServingRow, ...]:
        groups = self.stats.groups if self.stats is not None else ()
        measured = self._readings.get(Topic.STATS)
        # A row has no room for a figure's age, so figures that are not live are not known; the live pane tells theirs.
        rows = self._joiner.measured_rows(self.fleet, self.registry, groups, figures=measured is None or measured.failure is None)
        return self._alerted(rows)

    def _alerted(self, rows: tuple[ServingRow, ...]) -> tuple[ServingRow, ...]:
        """The rows with the alerts about them. What is not read any more is not known; with a gap, nor is that there are none."""
        reading = self._readings.get(Topic.ALERTS)
        if reading is None or reading.state == "loading":
            return rows
        if reading.failure is not None or reading.value is None:
            return tuple(replace(row, alerts=None) for row in rows)
        target = self.environment.prometheus
        scope = target.scope if target is not None else SeriesScope()
        found = alerts_by_deployment(reading.value.alerts, {row.key for row in rows}, scope)
        none = None if reading.value.gaps or reading.value.left_out else ()
        told = {row.key: found[row.key][:MOST] if row.key in found else none for row in rows}
        return tuple(row if told[row.key] == row.alerts else replace(row, alerts=told[row.key]) for row in rows)

    # ── what was read ──

    def reading(self, topic: Topic) -> Reading[Any] | None:
        return self._readings.get(topic)

    def _value(self, topic: Topic) -> Any:
        reading = self._readings.get(topic)
        return reading.value if reading else None

    @property
    def fleet(self) -> Fleet | None:
        value: Fleet | None = self._value(Topic.FLEET)
        return value

    @property
    def gaps(self) -> tuple[str, ...]:
        """What of the cluster may not be read, in words: everything else goes on."""
        return self.fleet.gaps if self.fleet else ()

    @property
    def registry(self) -> Registry | None:
        value: Registry | None = self._value(Topic.REGISTRY)
        return value

    @property
    def stats(self) -> Stats | None:
        value: Stats | None = self._value(Topic.STATS)
        return value

    @property
    def runs(self) -> Runs | None:
        value: Runs | None = self._value(Topic.RUNS)
        return value

    @property
    def live(self) -> LiveCharts | None:
        value: LiveCharts | None = self._value(Topic.LIVE)
        return value

    @property
    def experiments(self) -> dict[str, str]:
        """Experiment id → name."""
        return {experiment.id: experiment.name for experiment in self._value(Topic.EXPERIMENTS) or ()}

    @property
    def metrics_of_runs(self) -> dict[str, Mapping[str, float]]:
        return {run.id: run.metrics for run in (self.runs.runs if self.runs else ())}

    @property
    def run(self) -> Run | None:
        return next((run for run in (self.runs.runs if self.runs else ()) if run.id == self.selection.run_id), None)

    @property
    def version(self) -> ModelVersion | None:
        chosen = self.selection
        if self.registry is None or chosen.model is None or chosen.version is None:
            return None
        return self.registry.version(chosen.model, chosen.version)

    @property
    def row(self) -> ServingRow | None:
        return next((row for row in self.truth if row.key == self.selection.deployment), None)

    def tell(self, under_way: Mapping[str, ActiveOperation]) -> bool:
        """What the journal says goes on, or was cut off, on each deployment (`namespace/name`). Answers whether an operation has ended."""
        before = {found.operation.id for found in (self._under_way or {}).values()}
        self._under_way = under_way
        return not before <= {found.operation.id for found in under_way.values()}

    def cut_off(self) -> tuple[ActiveOperation, ...]:
        """What nobody goes on with, told once: as soon as journal and cluster are both known."""
        if self._told_cut_off or self._under_way is None or self.fleet is None:
            return ()
        self._told_cut_off = True
        lost = {found.operation.id: found for found in self._under_way.values() if found.gone}
        here = {deployment.uid for deployment in self.fleet.deployments}
        return tuple(found for found in lost.values() if any(change.uid in here for change in found.operation.changes))

    def lost(self) -> str:
        """What was selected and is not in the registry any more, told once; "" where nothing is."""
        message, self._lost = self._lost, ""
        return message

    def at_work_on(self, key: str) -> ActiveOperation | None:
        """The operation on a deployment that has not ended, where the journal knows it: on this very one, and not on one of the same name
        elsewhere."""
        deployment = self._deployment(key) if self._under_way else None
        return (self._under_way or {}).get(deployment.uid) if deployment is not None else None

    @property
    def operation(self) -> ActiveOperation | None:
        """The one on the selected deployment."""
        return self.at_work_on(self.selection.deployment or "")

    @property
    def mark(self) -> OperationAnnotation | None:
        """The operation that the selected deployment itself tells of: anybody's, from any machine."""
        found = self._deployment(self.selection.deployment or "")
        return marked(found.annotations) if found is not None else None

    def _deployment(self, key: str) -> Deployment | None:
        return next((found for found in self.fleet.deployments if found.key == key), None) if self.fleet else None

    # ── selection ──

    def select_run(self, run_id: str | None) -> None:
        self._select(select_run(self.selection, run_id, self.registry, self.truth))

    def select_version(self, model: str, version: str) -> None:
        self._select(select_version(self.selection, model, version, self.registry, self.truth))

    def select_deployment(self, key: str) -> None:
        self._select(select_deployment(self.selection, key, self.registry, self.truth))

    def select_model(self, model: str) -> None:
        """Show another registered model, its newest version first."""
        versions = self.registry.of(model) if self.registry else ()
        if versions:
            self.select_version(model, versions[0].version)
        else:
            self._select(replace(self.selection, model=model, version=None, origin=PaneName.VERSIONS))

    def seed(self) -> bool:
        """Once cluster and registry have both said something: begin where something serves. True where that moved the selection."""
        before = self.selection
        if self.seeded:
            self._complete()
        elif all(self._has_spoken(topic) for topic in (Topic.FLEET, Topic.REGISTRY)):
            self.seeded = True
            if self.truth:
                self.select_deployment(self.truth[0].key)
            if self.selection.model is None and self.registry is not None and self.registry.models:
                self.select_model(self.registry.models[0].name)
        return self.selection != before

    def _complete(self) -> None:
        """A backend that failed at the beginning has come: what it can add is selected, too. What was selected stays."""
        chosen, registry = self.selection, self.registry
        if chosen.deployment is None and self.truth:
            serving = deployment_of(self.truth, chosen.model, chosen.version) if chosen.model and chosen.version else None
            chosen = replace(chosen, deployment=serving or self.truth[0].key)
            if chosen.run_id is None and chosen.model is None:
                chosen = select_deployment(chosen, serving or self.truth[0].key, registry, self.truth)
        if chosen.run_id is None and registry is not None:
            if chosen.model is None and registry.models and registry.of(registry.models[0].name):
                newest = registry.of(registry.models[0].name)[0]
                chosen = select_version(chosen, newest.model, newest.version, registry, self.truth)
            found = registry.version(chosen.model, chosen.version) if chosen.model and chosen.version else None
            chosen = replace(chosen, run_id=found.run_id or None if found else None)
        if chosen != self.selection:
            self._select(chosen)

    @property
    def settled(self) -> bool:
        """Whether what is selected at the beginning is known, with all that is told of it."""
        return self.seeded and self._has_spoken(Topic.RUNS)

    def _has_spoken(self, topic: Topic) -> bool:
        """Whether there is anything to wait for: a first answer, or a first failure."""
        reading = self._readings.get(topic)
        return not self._configured(topic) or (reading is not None and reading.state != "loading")

    def _select(self, new: Selection) -> None:
        self.selection = keep_pinned(self.selection, new, self.pinned)

    def toggle_pin(self, pane: PaneName) -> bool:
        """Pin or unpin; answers whether it is pinned now."""
        self.pinned ^= {pane}
        return pane in self.pinned

    # ── states ──

    def state(self, pane: PaneName, now: float) -> PaneState:
        """How fresh a pane is: loading, live, stale or unavailable."""
        topic = TOPIC_OF[pane]
        if not self._configured(topic):
            return _UNCONFIGURED[topic]
        reading = self._readings.get(topic)
        if topic is Topic.LIVE and (reading is None or reading.fetched_at is None):
            # Until a deployment can be charted, what is known of Prometheus is what the bulk query met.
            reading = self._readings.get(Topic.STATS) if reading is None else reading
            if reading is not None and reading.failure is None:
                reading = None
        return state_of(reading, now)

    def _configured(self, topic: Topic) -> bool:
        if topic in (Topic.RUNS, Topic.REGISTRY):
            return self.environment.mlflow is not None
        if topic is Topic.FLEET:
            return self.environment.cluster is not None
        return self.environment.prometheus is not None


def state_of(reading: Reading[Any] | None, now: float) -> PaneState:
    """A reading as the state of a pane."""
    if reading is None or (reading.failure is None and reading.fetched_at is None):
        return Loading()
    if reading.failure is None:
        return Live()
    if reading.fetched_at is None:
        return Unavailable(str(reading.failure), reading.failure.hint)
    return Stale(reading.age(now) or 0.0, str(reading.failure), reading.failure.hint)
