"""What the pods of a deployment state about the version that they serve, asked of Prometheus while an operation verifies."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from tui.domain.failures import Failure
from tui.domain.measured import pod_key
from tui.domain.metrics import Vector
from tui.domain.profiles import pod_pattern, quoted
from tui.domain.statements import Metric, Statement, known_metrics, statement_key, statements
from tui.operations.run import Run
from tui.ports import Metrics

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

    def __init__(self, run: Run) -> None:
        self._run = run
        self._known: tuple[Metric, ...] | None = None
        self._expected: bool | None = None

    async def now(self) -> Stated:
        """Never raises: what Prometheus does not answer is not known."""
        metrics = self._run.world.metrics
        if metrics is None:
            return Stated({}, failure="no Prometheus is configured")
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT):
                if self._known is None:
                    self._known = known_metrics(await metrics.metric_names(), self._run.world.environment.patterns)
                if self._expected is None:
                    self._expected = await self._stated_before(metrics)
                return Stated(await self._asked(metrics, None), self._expected)
        except (Failure, TimeoutError) as failure:
            return Stated({}, bool(self._expected), str(failure) or f"Prometheus has not answered in {_ANSWER_TIMEOUT:.0f} s")

    async def _stated_before(self, metrics: Metrics) -> bool:
        """By pods of the ReplicaSets that served when the operation began, whichever version that was."""
        plan = self._run.plan
        found = await self._asked(metrics, self._run.now.started_at)
        stems = tuple(f"{plan.intent.namespace}/{name}-" for name in plan.serving_sets)
        return bool(stems) and any(pod.startswith(stems) and one.version(plan.model) is not None for pod, one in found.items())

    async def _asked(self, metrics: Metrics, at: float | None) -> dict[str, Statement]:
        namespace, name = self._run.key
        where = f"namespace={quoted(namespace)},pod=~{quoted(pod_pattern(name))}"
        known = self._known or ()
        answers = await asyncio.gather(*(metrics.query(f"{metric}{{{where}}}", at=at) for metric, _ in known))
        vectors: dict[str, Vector] = {statement_key(metric): answer for (metric, _), answer in zip(known, answers, strict=True)}
        return statements(vectors, None, self._run.world.environment.patterns, pod_key)
