"""What the pods of a deployment state about the version that they serve, asked of Prometheus while an operation verifies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.pod_addresses import PodAddress
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.pod_labels import PodIndex, PodLabels, usual
from modeldeck.domain.metrics.profiles.queries import pod_pattern
from modeldeck.domain.metrics.samples import Vector
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.domain.metrics.statements import Metric, Statement, known_metrics, statement_key, statements
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.gate.looking import Pods, look
from modeldeck.ports import Metrics

_ANSWER_TIMEOUT = 5.0
"""Seconds for one round of questions."""


@dataclass(frozen=True, slots=True)
class Stated:
    """`by_pod`: `namespace/pod` → what it states. `expected`: the pods before these stated it, so that these will. `failure`: why it is
    not known."""

    by_pod: Mapping[str, Statement]
    expected: bool = False
    failure: str = ""


class Statements:
    """Asks for one deployment; what cannot change between two rounds is asked once."""

    def __init__(self, execution: Execution) -> None:
        self._run = execution
        self._known: tuple[Metric, ...] | None = None
        self._expected: bool | None = None
        self._labels: PodLabels | None = None
        """By which labels its series name the pods, once some have been seen."""

    async def now(self, fleet: Fleet) -> Stated:
        """Of the fleet's pods. Never raises: what Prometheus does not answer is not known."""
        metrics = self._run.clients.metrics
        if metrics is None:
            return Stated({}, failure="no Prometheus is configured")
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT):
                if self._known is None:
                    self._known = known_metrics(await metrics.metric_names(), self._run.clients.environment.patterns)
                if self._expected is None:
                    self._expected = await self._stated_before(metrics)
                return Stated(await self._stated_now(metrics, fleet), self._expected)
        except (Failure, TimeoutError) as failure:
            return Stated({}, bool(self._expected), str(failure) or f"Prometheus has not answered in {_ANSWER_TIMEOUT:.0f} s")

    async def _stated_before(self, metrics: Metrics) -> bool:
        """By pods of the ReplicaSets that served when the operation began to change them, whichever version that was. Where series name
        pods by address alone, by those that were noted then."""
        target, changing = self._run.target, self._run.changing
        at = (changing.started_at if changing is not None else None) or self._run.now.started_at
        noted = changing.addresses if changing is not None else ()
        namespace, name = self._run.key
        await self._look(Pods(namespace, pod_pattern(name), noted), metrics, at)
        labels = self._labels or usual(metrics.scope)

        def pod_of(series: Mapping[str, str]) -> str | None:
            value = series.get(labels.pod, "")
            return next((one.pod for one in noted if one.had(value)), None) if labels.by_address else f"{namespace}/{value}"

        found = await self._asked(metrics, labels, at, pod_of, noted)
        stems = tuple(f"{target.namespace}/{name}-" for name in target.serving_sets)
        return bool(stems) and any(pod.startswith(stems) and one.version(target.model) is not None for pod, one in found.items())

    async def _stated_now(self, metrics: Metrics, fleet: Fleet) -> dict[str, Statement]:
        namespace, name = self._run.key
        index = PodIndex(fleet)
        addresses = index.addresses([pod for pod, owner in index.owners.items() if owner == f"{namespace}/{name}"])
        await self._look(Pods(namespace, pod_pattern(name), addresses), metrics, self._run.clock.now())
        labels = self._labels or usual(metrics.scope)
        return await self._asked(metrics, labels, None, lambda series: index.pod_of(series, labels), addresses)

    async def _look(self, pods: Pods, metrics: Metrics, at: float) -> None:
        if self._labels is None and self._known:
            found = await look(pods, metrics, at)
            self._labels = found.labels if isinstance(found, Scraped) else None

    async def _asked(
        self,
        metrics: Metrics,
        labels: PodLabels,
        at: float | None,
        pod_of: Callable[[Mapping[str, str]], str | None],
        addresses: Sequence[PodAddress] = (),
    ) -> dict[str, Statement]:
        namespace, name = self._run.key
        where = labels.of_pods(namespace, pod_pattern(name), addresses)
        known = self._known or ()
        answers = await asyncio.gather(*(metrics.query(f"{metric}{{{where}}}", at=at) for metric, _ in known))
        vectors: dict[str, Vector] = {statement_key(metric): answer for (metric, _), answer in zip(known, answers, strict=True)}
        return statements(vectors, None, self._run.clients.environment.patterns, pod_of)
