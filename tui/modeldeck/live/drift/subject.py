"""Which pods' series are compared with which: a deployment's present version, and what came before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modeldeck.domain.drift.findings import Role
from modeldeck.domain.drift.settings import DriftSettings
from modeldeck.domain.gates.pod_names import pods_of, told_apart
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.linking import link_of
from modeldeck.domain.links.links import LinkPatterns, ServingLink
from modeldeck.domain.metrics.pod_labels import PodIndex, PodLabels, usual
from modeldeck.domain.metrics.profiles.queries import pod_pattern
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.domain.status.served_versions import ServedVersion, served_versions
from modeldeck.domain.status.version_changes import version_changes


@dataclass(frozen=True, slots=True)
class DriftSubject:
    """One deployment. `versions`: newest first, () where its ReplicaSets are not known. `doubts`: what is summed though it does not belong
    together, in words."""

    namespace: str
    name: str
    labels: PodLabels
    versions: tuple[ServedVersion, ...]
    link: ServingLink | None
    histograms: Mapping[str, Role]
    present: str
    """Selects the series of the present version's pods."""
    doubts: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def version(self) -> str | None:
        return self.versions[0].version if self.versions else None

    @property
    def since(self) -> float:
        """When the present version came; 0 where that is not known."""
        return self.versions[0].since if self.versions else 0.0

    @property
    def before(self) -> ServedVersion | str:
        """The version before, or why its series are not known."""
        if len(self.versions) < 2:
            return "no version before is known"
        if self.labels.by_address:
            return "its series name pods by address alone, and which addresses its pods had is not known"
        if not told_apart(self.versions[0].replica_sets, self.versions[1].replica_sets):
            return "the names of the pods do not tell the two versions apart: the deployment's name is too long"
        return self.versions[1]

    @property
    def ever(self) -> str | None:
        """Selects the series of all its pods, whatever they served; None where those that are gone are not known."""
        return None if self.labels.by_address else self.labels.of_pods(self.namespace, pod_pattern(self.name))

    def of(self, version: ServedVersion) -> str:
        return self.labels.of_pods(self.namespace, pods_of(version.replica_sets))


def drift_subject(
    fleet: Fleet, key: str, scraped: Scraped | None, settings: DriftSettings, scope: SeriesScope, patterns: LinkPatterns
) -> DriftSubject:
    """`scraped` None: its pods are no known model server, and only configured histograms can be looked for."""
    namespace, _, name = key.partition("/")
    labels = scraped.labels if scraped is not None else usual(scope)
    versions = served_versions(version_changes(fleet, key, patterns))
    index = PodIndex(fleet)
    addresses = index.addresses([pod for pod, owner in index.owners.items() if owner == key])
    pattern = pods_of(versions[0].replica_sets) if versions else pod_pattern(name)
    deployment = fleet.deployment(key)
    predictions = scraped.profile.predictions if scraped is not None else ""
    histograms = dict.fromkeys(settings.histograms, Role.INPUT) | ({predictions: Role.PREDICTIONS} if predictions else {})
    return DriftSubject(
        namespace,
        name,
        labels,
        versions,
        link_of(deployment, patterns) if deployment is not None else None,
        histograms,
        labels.of_pods(namespace, pattern, addresses),
        scraped.several if scraped is not None else (),
    )
