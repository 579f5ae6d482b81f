"""What Prometheus is asked about a whole fleet: how its pods are scraped, and then, for each kind of server, what they measure and state.

The deck asks again and again, the command line once; both ask the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.measured import Group, grouped, unmeasured
from modeldeck.domain.metrics.pod_labels import PodIndex, PodLabels
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.queries import WIDE_WINDOW, bulk_queries, deployment_queries, pod_pattern
from modeldeck.domain.metrics.samples import Vector
from modeldeck.domain.metrics.scraping import Scraped, names_in, questions, scraped_by_deployment
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.domain.metrics.statements import Metric, known_metrics

MANY_PODS = 500
"""From so many on it is worked out in a thread how they are scraped: a second for 15,000, for which keys must not wait."""
_RATES = ("buckets", "requests")


@dataclass(frozen=True, slots=True)
class FleetScrapes:
    """How a fleet's pods are scraped, by Deployment key, and all metrics that were found."""

    by_deployment: Mapping[str, Scraped] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    clock: str = ""
    """What is wrong between Prometheus' clock and ours."""


@dataclass(frozen=True, slots=True)
class Stats:
    """Bulk answers for every pod of the watched namespaces, and by Deployment how its pods are scraped (None: not looked up yet)."""

    groups: tuple[Group, ...] = ()
    scraped: Mapping[str, Scraped] | None = None


class InstantQueries(Protocol):
    """So much of `ports.Metrics` as is needed here."""

    @property
    def scope(self) -> SeriesScope: ...

    async def query(self, promql: str) -> Vector: ...


async def exports(metrics: InstantQueries, namespaces: Sequence[str]) -> tuple[Vector, ...]:
    """Which metrics are exported there, with which labels: what `fleet_scrapes` reads."""
    return tuple(await asyncio.gather(*(metrics.query(promql) for promql in questions(namespaces, metrics.scope))))


def where_of(scraped: Scraped, fleet: Fleet, namespace: str, deployment: str) -> str:
    """Selects the series of a deployment's pods."""
    index = PodIndex(fleet)
    addresses = index.addresses([pod for pod, owner in index.owners.items() if owner == f"{namespace}/{deployment}"])
    return scraped.labels.of_pods(namespace, pod_pattern(deployment), addresses)


def chart_queries(scraped: Scraped, fleet: Fleet, namespace: str, deployment: str, *, step: float) -> dict[str, str]:
    """The range queries of one Deployment's charts."""
    return deployment_queries(scraped.profile, where_of(scraped, fleet, namespace, deployment), step=step)


async def fleet_scrapes(answers: Sequence[Vector], fleet: Fleet, scope: SeriesScope) -> FleetScrapes:
    if len(fleet.pods) < MANY_PODS:
        found = scraped_by_deployment(answers, fleet, scope)
    else:
        found = await asyncio.to_thread(scraped_by_deployment, answers, fleet, scope)
    return FleetScrapes(found, names_in(answers))


class FleetMetrics:
    """The bulk questions to one Prometheus. A rate needs two scrapes: where these are far apart, only a wider window holds them.

    `retry`: what came back empty is asked for again at once, in the wider window; else from the next time on.
    """

    def __init__(self, metrics: InstantQueries, patterns: LinkPatterns, *, retry: bool = False) -> None:
        self._metrics = metrics
        self._patterns = patterns
        self._retry = retry
        self._windows: dict[str, int] = {}
        """By profile; the usual one where there is none."""

    async def stats(self, scrapes: FleetScrapes, fleet: Fleet, namespaces: Sequence[str]) -> Stats:
        """Raises a Failure where one question is not answered."""
        scraped, stated = scrapes.by_deployment, known_metrics(scrapes.names, self._patterns)
        ways = grouped(scraped) | (unmeasured(scraped, fleet, self._metrics.scope) if stated else {})
        groups = await asyncio.gather(*(self._group(way, keys, namespaces, stated) for way, keys in ways.items()))
        return Stats(tuple(groups), scraped)

    async def _group(
        self, way: tuple[Profile, PodLabels], deployments: frozenset[str], namespaces: Sequence[str], stated: Sequence[Metric]
    ) -> Group:
        profile, labels = way
        window = self._windows.get(profile.name)
        queries = bulk_queries(profile, namespaces, labels=labels, window=window, stated=stated)
        answers = await asyncio.gather(*(self._metrics.query(promql) for promql in queries.values()))
        vectors = dict(zip(queries, answers, strict=True))
        rates = [vectors[name] for name in _RATES if name in vectors]
        if rates and window is None and not any(vector.samples for vector in rates):
            self._windows[profile.name] = WIDE_WINDOW
            if self._retry:
                return await self._group(way, deployments, namespaces, stated)
        return Group(profile, labels, deployments, vectors, queries)
