"""The range queries of one deployment's charts, of all its pods or of some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modeldeck.domain.kubernetes.pod_addresses import PodAddress
from modeldeck.domain.metrics.charts.chart_kind import ChartKind, computed
from modeldeck.domain.metrics.charts.memory import MemorySource, memory_sources
from modeldeck.domain.metrics.charts.predictions import WITHIN_BUCKETS, prediction_queries
from modeldeck.domain.metrics.profiles.queries import deployment_queries
from modeldeck.domain.metrics.scraping import Scraped


@dataclass(frozen=True, slots=True)
class PodGroup:
    """Pods whose names match, or that have these addresses. `name` "": all of the deployment's."""

    name: str
    pattern: str
    addresses: tuple[PodAddress, ...] = ()


@dataclass(frozen=True, slots=True)
class DeploymentSeries:
    """Where a deployment's series are. `matchers` stand in every selector of them."""

    namespace: str
    scraped: Scraped
    matchers: Sequence[str] = ()

    def where(self, pods: PodGroup) -> str:
        """Selects what these pods export."""
        return self.scraped.labels.of_pods(self.namespace, pods.pattern, pods.addresses)

    def memory(self, pods: PodGroup) -> tuple[MemorySource, ...]:
        """Where their memory may be found, the best first."""
        return memory_sources(self.namespace, pods.pattern, ",".join(self.matchers), self.scraped.labels, self.where(pods))

    def queries(self, pods: PodGroup, step: float, memory: int | None = None) -> dict[str, str]:
        """By the names of `chart_kind.NAMES`. `memory`: which one of its sources has it."""
        profile, where = self.scraped.profile, self.where(pods)
        return {
            **deployment_queries(profile, where, step=step),
            **(self.memory(pods)[memory].queries if memory is not None else {}),
            **(prediction_queries(profile.predictions, where, step=step) if profile.predictions else {}),
        }

    def computed(self, pods: PodGroup, memory: int | None = None) -> dict[ChartKind, str]:
        """How charts come from the answers."""
        found = computed(self.scraped.profile)
        if memory is not None:
            found[ChartKind.MEMORY] = self.memory(pods)[memory].message
        if self.scraped.profile.predictions:
            found[ChartKind.PREDICTIONS] = WITHIN_BUCKETS
        return found
