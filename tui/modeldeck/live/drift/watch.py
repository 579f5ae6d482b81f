"""The drift of one deployment for a screen: as it is, and of one histogram over time. Asked only while somebody looks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from modeldeck.domain.drift.findings import DeploymentDrift
from modeldeck.domain.drift.over_time import DriftStep, step_of
from modeldeck.domain.drift.settings import BaselineChoice, DriftRules
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.live.drift.reader import DriftReader
from modeldeck.live.drift.subject import DriftSubject, drift_subject
from modeldeck.live.drift.training_baseline import TrainingBaseline
from modeldeck.live.scrapes import Scrapes
from modeldeck.ports import Clock, Metrics


@dataclass(frozen=True, slots=True)
class DriftQuery:
    """So many seconds up to now in about `columns` steps, of `histogram` ("": the first one), against `baseline` (None: as configured)."""

    window: float = 6 * 3600.0
    columns: int = 60
    histogram: str = ""
    baseline: BaselineChoice | None = None


@dataclass(frozen=True, slots=True)
class DriftSpan:
    """`drift`: of the deployment's present window, all histograms. `steps`: of `histogram` over the span; `message`: why there are none."""

    query: DriftQuery
    start: float
    end: float
    step: float
    drift: DeploymentDrift
    histogram: str = ""
    steps: tuple[DriftStep, ...] = ()
    message: str = ""
    warnings: tuple[str, ...] = ()
    promql: str = ""


class DriftWatch:
    """Call `read` as often as wanted."""

    def __init__(
        self,
        key: str,
        metrics: Metrics,
        scrapes: Scrapes,
        fleet: Callable[[], Fleet | None],
        rules: DriftRules,
        patterns: LinkPatterns,
        training: Callable[[DriftSubject], Awaitable[TrainingBaseline]],
        clock: Clock,
    ) -> None:
        self._key, self._metrics, self._scrapes, self._fleet = key, metrics, scrapes, fleet
        self._rules, self._patterns, self._clock = rules, patterns, clock
        self._read_training = training
        self._reader = DriftReader(metrics, self._training)
        self._trained: tuple[DriftSubject, TrainingBaseline] | None = None

    def forget(self) -> None:
        """The next `read` asks MLflow again as well."""
        self._trained = None

    async def _training(self, subject: DriftSubject) -> TrainingBaseline:
        """What was logged with a run does not change: it is read once for what is served."""
        if self._trained is not None and self._trained[0].link == subject.link:
            return self._trained[1]
        found = await self._read_training(subject)
        if found.failure is None:
            self._trained = subject, found
        return found

    async def read(self, query: DriftQuery) -> DriftSpan:
        """Raises a Failure where nothing at all is answered."""
        fleet = self._fleet()
        scrapes = await self._scrapes.of(fleet)
        settings = self._rules.of(self._key)
        settings = replace(settings, baseline=query.baseline) if query.baseline is not None else settings
        now, step = self._clock.now(), step_of(query.window, query.columns)
        end = now // step * step
        start = end - query.window // step * step
        if fleet is None:
            return DriftSpan(query, start, end, step, DeploymentDrift(self._key, settings.baseline))
        scraped = scrapes.by_deployment.get(self._key)
        subject = drift_subject(fleet, self._key, scraped, settings, self._metrics.scope, self._patterns)
        drift = await self._reader.read(subject, settings, now)
        away = next((one.failure for one in drift.histograms if one.failure is not None), None)
        if away is not None and all(one.comparison.current is None for one in drift.histograms):
            raise away
        name = query.histogram if query.histogram in subject.histograms else next(iter(subject.histograms), "")
        found = DriftSpan(query, start, end, step, drift, name)
        if not name:
            return found
        over_time = await self._reader.over_time(subject, settings, name, (start, end, step), now)
        return replace(found, steps=over_time.steps, message=over_time.message, warnings=over_time.warnings, promql=over_time.query)
