"""What each pod of a deployment measured around a moment, from Prometheus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modeldeck.domain.changes.change_event import ChangeEvent
from modeldeck.domain.changes.outliers import LEAST_PODS, outliers
from modeldeck.domain.kubernetes.workloads import Fleet, Pod
from modeldeck.domain.metrics.measured import fleet_stats
from modeldeck.domain.metrics.pod_labels import PodIndex
from modeldeck.domain.metrics.profiles.queries import WIDE_WINDOW, pod_pattern, pod_queries
from modeldeck.domain.metrics.samples import ServingStats
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.operations.gate.asking import Ask, Unanswered, ask
from modeldeck.operations.gate.looking import Pods, look
from modeldeck.ports import Metrics

_ABOUT = "pods that differ from their siblings"


async def pod_outliers(
    key: str, fleet: Fleet, pods: Sequence[Pod], metrics: Metrics | None, moment: float, now: float
) -> tuple[tuple[ChangeEvent, ...], tuple[str, ...]]:
    """(pods that stand out in the minutes after `moment`, what is not known). Never raises a Failure."""
    at = min(now, moment + WIDE_WINDOW)
    if len(pods) < LEAST_PODS:
        return (), ()
    measured = await _measured(key, fleet, metrics, at)
    if isinstance(measured, Unanswered):
        return (), (f"{_ABOUT}: {measured.message}",)
    stats, warnings = measured
    return outliers(pods, stats, at, WIDE_WINDOW), tuple(f"{_ABOUT}: {warning}" for warning in warnings)


async def _measured(
    key: str, fleet: Fleet, metrics: Metrics | None, at: float
) -> tuple[Mapping[str, ServingStats], tuple[str, ...]] | Unanswered:
    namespace, _, name = key.partition("/")
    index = PodIndex(fleet)
    mine = {pod: pod for pod, owner in index.owners.items() if owner == key}
    addresses = index.addresses(tuple(mine))
    found = await look(Pods(namespace, pod_pattern(name), addresses), metrics, at)
    if not isinstance(found, Scraped):
        return found
    where = found.labels.of_pods(namespace, pod_pattern(name), addresses)
    queries = pod_queries(found.profile, where, by=found.labels.by, window=WIDE_WINDOW)
    asks = [Ask(promql, at) for promql in queries.values()]
    vectors = (await ask(metrics, asks)).of(asks)
    if isinstance(vectors, Unanswered):
        return vectors
    answers = {name: index.canonical(vector, found.labels) for name, vector in zip(queries, vectors, strict=True)}
    warnings = dict.fromkeys((*found.several, *(text for vector in vectors for text in vector.warnings)))
    return fleet_stats(found.profile, answers, mine), tuple(warnings)
