"""The drift of a deployment as it is now: each of its histograms in a window up to now, against a baseline."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from modeldeck.domain.drift.comparison import Comparison, Doubt, compare, not_compared
from modeldeck.domain.drift.findings import CountedWindow, DeploymentDrift, HistogramDrift, Role
from modeldeck.domain.drift.over_time import DriftStep, drift_steps
from modeldeck.domain.drift.settings import BaselineKind, DriftSettings
from modeldeck.domain.failures import Failure
from modeldeck.domain.gates.counting import buckets_of, notes
from modeldeck.domain.gates.measures import Buckets, Measure
from modeldeck.live.drift.subject import DriftSubject
from modeldeck.live.drift.training_baseline import TrainingBaseline
from modeldeck.ports import Metrics

AT_ONCE = 6
"""Questions at the same time."""

Training = Callable[[DriftSubject], Awaitable[TrainingBaseline]]


@dataclass(frozen=True, slots=True)
class _Baseline:
    """`buckets` None: `message` says why."""

    against: str
    buckets: Buckets | None = None
    message: str = ""
    window: CountedWindow | None = None
    partial: tuple[str, ...] = ()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class DriftOverTime:
    """`steps` (): `message` says why. `query` is the range query."""

    query: str
    steps: tuple[DriftStep, ...] = ()
    message: str = ""
    warnings: tuple[str, ...] = ()


class DriftReader:
    """`training`: reads what was logged with the run of the version that serves."""

    def __init__(self, metrics: Metrics, training: Training) -> None:
        self._metrics, self._training = metrics, training
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def read(self, subject: DriftSubject, settings: DriftSettings, now: float) -> DeploymentDrift:
        """Never raises a Failure: what is not answered is said in its place."""
        window = _window(subject, settings, now)
        training = await self._training(subject) if settings.baseline.kind is BaselineKind.TRAINING and subject.histograms else None
        found = (self._one(subject, settings, name, role, window, training) for name, role in subject.histograms.items())
        return DeploymentDrift(subject.key, settings.baseline, tuple(await asyncio.gather(*found)))

    async def over_time(
        self, subject: DriftSubject, settings: DriftSettings, name: str, span: tuple[float, float, float], now: float
    ) -> DriftOverTime:
        """One histogram from the first to the last moment, each `step` apart, of whatever version served then, against the baseline of now.
        Never raises a Failure. Two questions: each step counts what came in it alone, through restarts."""
        start, end, step = span
        training = await self._training(subject) if settings.baseline.kind is BaselineKind.TRAINING else None
        window = _window(subject, settings, now)
        query = _increase(name, subject.ever or subject.present, CountedWindow(end - step, end))
        try:
            baseline = await self._baseline(subject, settings, name, window, training)
            if baseline.buckets is None:
                return DriftOverTime(query, message=baseline.message)
            async with self._turn:
                counted = await self._metrics.query_range(query, start=start + step, end=end, step=step)
            steps = drift_steps(counted, baseline.buckets)
        except (Failure, ValueError) as refused:
            return DriftOverTime(query, message=str(refused))
        return DriftOverTime(query, steps, "", tuple(dict.fromkeys((*notes(counted), *baseline.partial))))

    async def _one(
        self,
        subject: DriftSubject,
        settings: DriftSettings,
        name: str,
        role: Role,
        window: CountedWindow,
        training: TrainingBaseline | None,
    ) -> HistogramDrift:
        window = replace(window, query=_increase(name, subject.present, window))
        against = "training" if training is None else training.against
        try:
            current, baseline, unfit = await asyncio.gather(
                self._counted(window),
                self._baseline(subject, settings, name, window, training),
                self._not_finite(name, subject.present, window.end),
            )
        except Failure as failure:
            return HistogramDrift(name, role, not_compared(str(failure)), against, window, failure=failure)
        return HistogramDrift(
            name, role, _compared(name, current, baseline, unfit, subject), baseline.against, window, baseline.window, baseline.failure
        )

    async def _baseline(
        self, subject: DriftSubject, settings: DriftSettings, name: str, window: CountedWindow, training: TrainingBaseline | None
    ) -> _Baseline:
        if training is not None:
            message = training.message or f"nothing of {name} was logged with it"
            return _Baseline(training.against, training.histograms.get(name), message, failure=training.failure)
        if settings.baseline.kind is BaselineKind.PREVIOUS:
            before = subject.before
            if isinstance(before, str):
                return _Baseline("the version before", message=before)
            against = f"version {before.version}" if before.version is not None else "the template before"
            of_it = CountedWindow(subject.since - settings.window, subject.since, before.version)
            return await self._past(against, name, subject.of(before), of_it)
        against = f"the {settings.baseline} before"
        if subject.ever is None:
            return _Baseline(against, message="its series name pods by address alone, and which addresses they had is not known")
        return await self._past(against, name, subject.ever, CountedWindow(window.start - settings.baseline.seconds, window.start))

    async def _past(self, against: str, name: str, where: str, window: CountedWindow) -> _Baseline:
        window = replace(window, query=_increase(name, where, window))
        counted = await self._counted(window)
        message = "" if counted.value is not None else _absent(name, counted)
        return _Baseline(against, counted.value, message, window, counted.warnings)

    async def _counted(self, window: CountedWindow) -> Measure[Buckets]:
        async with self._turn:
            return buckets_of(await self._metrics.query(window.query, at=window.end), window.query)

    async def _not_finite(self, name: str, where: str, at: float) -> bool:
        """A NaN is in no bucket, and makes the sum of all values one as well, for as long as its process lives."""
        async with self._turn:
            found = await self._metrics.query(f"sum({name}_sum{{{where}}})", at=at)
        return any(not math.isfinite(sample.value) for sample in found.samples)


def _window(subject: DriftSubject, settings: DriftSettings, now: float) -> CountedWindow:
    """Up to now, but not from before the present version."""
    end = float(math.floor(now))
    return CountedWindow(min(max(end - settings.window, subject.since), end - 1), end, subject.version)


def _increase(name: str, where: str, window: CountedWindow) -> str:
    return f"sum by (le) (increase({name}_bucket{{{where}}}[{max(1, round(window.end - window.start))}s]))"


def _absent(name: str, counted: Measure[Buckets]) -> str:
    """Why there is no histogram."""
    return f"Prometheus has no {name}_bucket of these pods in that time" if not counted.warnings else counted.message


def _compared(name: str, current: Measure[Buckets], baseline: _Baseline, unfit: bool, subject: DriftSubject) -> Comparison:
    if current.value is None:
        found = not_compared(_absent(name, current))
    elif baseline.buckets is None:
        found = replace(not_compared(baseline.message), current=round(max(count for _, count in current.value)))
    else:
        found = compare(current.value, baseline.buckets)
    if unfit:
        found = found.with_warning(Doubt.NOT_FINITE, "a value was NaN or infinite since its pod started: it is in no bucket")
    for message in dict.fromkeys((*current.warnings, *baseline.partial, *subject.doubts)):
        found = found.with_warning(Doubt.PARTIAL, message)
    return found
