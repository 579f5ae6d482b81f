"""The three systems as one row for each Deployment: what the alias says, what the template says, what the pods serve (`ServingRow`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from modeldeck.domain.kubernetes import rollout
from modeldeck.domain.kubernetes.annotations import under_way
from modeldeck.domain.kubernetes.pod_owners import pods_by_deployment
from modeldeck.domain.kubernetes.workloads import Deployment, Fleet, Pod, ReplicaSet
from modeldeck.domain.links.linking import link_in, link_of, links_of, primary, unread
from modeldeck.domain.links.links import LinkPatterns, ServingLink
from modeldeck.domain.links.resolving import Resolved, resolve
from modeldeck.domain.metrics.measured import Group, measured_fleet
from modeldeck.domain.metrics.samples import NOTHING_KNOWN, ServingStats
from modeldeck.domain.metrics.statements import Statement
from modeldeck.domain.mlflow.registry import CHAMPION, Registry
from modeldeck.domain.status.disagreements import RowEvidence, disagreements
from modeldeck.domain.status.serving_row import LiveVersion, ServingRow

_NO_PATTERNS = LinkPatterns()
_NOBODY: Mapping[str, Statement] = {}
_NO_STATS: Mapping[str, ServingStats] = {}


def serving_rows(
    fleet: Fleet,
    registry: Registry | None,
    stats: Mapping[str, ServingStats] = _NO_STATS,
    *,
    champion: str = CHAMPION,
    patterns: LinkPatterns = _NO_PATTERNS,
    observed: Mapping[str, Statement] = _NOBODY,
) -> tuple[ServingRow, ...]:
    """One row a Deployment, in the fleet's order.

    `registry` None: MLflow has not answered, so nothing is held against it. `stats`: by Deployment key. `observed`: `namespace/pod` → what
    the pod itself states (`measured.observed_versions`); where that is known to mean the registered version, it outranks templates.
    """
    return Joiner(champion=champion, patterns=patterns).rows(fleet, registry, stats, observed=observed)


class Joiner:
    """`serving_rows` that remembers: a row is only joined anew when something that it is made of is another object than last time.

    On a large cluster one pod's change would otherwise cost a second for 5,000 Deployments.
    """

    def __init__(self, *, champion: str = CHAMPION, patterns: LinkPatterns = _NO_PATTERNS) -> None:
        self._champion = champion
        self._patterns = patterns
        self._registry: Registry | None = None
        self._kept: dict[str, tuple[list[object], ServingRow]] = {}

    def measured_rows(
        self, fleet: Fleet | None, registry: Registry | None, groups: Collection[Group], *, figures: bool = True
    ) -> tuple[ServingRow, ...]:
        """The same from Prometheus' answers; () where the cluster has not answered. `figures`: False leaves out what is measured, and keeps
        what pods state."""
        if fleet is None:
            return ()
        stats, observed = measured_fleet(groups, fleet, self._patterns)
        return self.rows(fleet, registry, stats if figures else _NO_STATS, observed=observed)

    def rows(
        self,
        fleet: Fleet,
        registry: Registry | None,
        stats: Mapping[str, ServingStats] = _NO_STATS,
        *,
        observed: Mapping[str, Statement] = _NOBODY,
    ) -> tuple[ServingRow, ...]:
        if registry is not self._registry and registry != self._registry:
            self._kept = {}
        self._registry = registry
        pods = pods_by_deployment(fleet)
        sets: dict[str, list[ReplicaSet]] = defaultdict(list)
        for replica_set in fleet.replica_sets:
            if replica_set.owner_uid is not None:
                sets[replica_set.owner_uid].append(replica_set)
        kept: dict[str, tuple[list[object], ServingRow]] = {}
        for d in fleet.deployments:
            mine, own = pods[d.key], sets[d.uid]
            stated = [observed.get(f"{pod.namespace}/{pod.name}") for pod in mine] if observed else ()
            parts: list[object] = [d, *mine, None, *own, None, stats.get(d.key), *stated]
            before = self._kept.get(d.key)
            if before is not None and _same(before[0], parts):
                kept[d.key] = before
                continue
            row = _row(d, mine, own, registry, stats.get(d.key, NOTHING_KNOWN), self._champion, self._patterns, observed)
            kept[d.key] = (parts, row)
        self._kept = kept
        return tuple(row for _, row in kept.values())


def _same(before: list[object], now: list[object]) -> bool:
    """By identity where the informer kept an object, by value for what is measured anew each time."""
    return len(before) == len(now) and all(
        a is b or (isinstance(a, Statement | ServingStats) and a == b) for a, b in zip(before, now, strict=True)
    )


def _row(
    deployment: Deployment,
    pods: Sequence[Pod],
    sets: Sequence[ReplicaSet],
    registry: Registry | None,
    stats: ServingStats,
    champion: str,
    patterns: LinkPatterns,
    observed: Mapping[str, Statement],
) -> ServingRow:
    links = links_of(deployment, patterns)
    link = primary(links)
    spec = resolve(link, registry) if link else Resolved(_only_model(links, registry), None)
    running = [pod for pod in pods if not pod.terminating and pod.phase == "Running"]
    versions = {pod.name: _version_of(pod, deployment, spec.model, registry, patterns, observed) for pod in running}
    live = _live(running, versions)
    alias, alias_version = _held_against(link, spec, registry, champion)
    mark = under_way(deployment.annotations)
    evidence = RowEvidence(deployment, links, link, spec, alias, alias_version, live, registry, tuple(running), versions)
    return ServingRow(
        namespace=deployment.namespace,
        deployment=deployment.name,
        link=link,
        model=spec.model,
        spec_version=spec.version,
        alias=alias,
        alias_version=alias_version,
        live=live,
        desired=deployment.desired,
        updated=deployment.updated,
        ready=deployment.ready,
        available=deployment.available,
        rollout=rollout.status(deployment),
        revision=deployment.revision,
        stats=stats,
        disagreements=disagreements(evidence, rollout.trouble(deployment, pods, sets)),
        operation=mark.id if mark else None,
        references=links,
        unread=() if link else unread(deployment.template),
        called=_called(running, spec.model, observed),
    )


def _only_model(links: Iterable[ServingLink], registry: Registry | None) -> str | None:
    """The one model that all references are of, whichever of them serves."""
    models = {resolve(link, registry).model for link in links}
    return models.pop() if len(models) == 1 else None


def _called(running: Iterable[Pod], model: str | None, observed: Mapping[str, Statement]) -> tuple[str, ...]:
    stated = (observed.get(f"{pod.namespace}/{pod.name}") for pod in running)
    return tuple(sorted({message for one in stated if one is not None for message in one.other_words(model)}))


def owners_by_version(
    fleet: Fleet, registry: Registry | None, patterns: LinkPatterns = _NO_PATTERNS, observed: Mapping[str, Statement] = _NOBODY
) -> dict[str, tuple[str, str]]:
    """`namespace/pod` → (Deployment key, version), for statistics of each version; pods whose version nobody can tell are left out."""
    found: dict[str, tuple[str, str]] = {}
    pods = pods_by_deployment(fleet)
    for deployment in fleet.deployments:
        link = link_of(deployment, patterns)
        model = resolve(link, registry).model if link else None
        for pod in pods[deployment.key]:
            version = _version_of(pod, deployment, model, registry, patterns, observed)
            if version is not None:
                found[f"{pod.namespace}/{pod.name}"] = (deployment.key, version)
    return found


def _version_of(
    pod: Pod,
    deployment: Deployment,
    model: str | None,
    registry: Registry | None,
    patterns: LinkPatterns,
    observed: Mapping[str, Statement],
) -> str | None:
    """The version of `model` that this pod serves: by its own statement, else by the template that it was started with.

    None: nobody can tell.
    """
    stated = observed.get(f"{pod.namespace}/{pod.name}")
    version = stated.version(model) if stated is not None else None
    if version is not None:
        return version
    own = link_in(pod.template, deployment, patterns)
    if own is None:
        return None
    if own.alias is None and own.stage is None:
        return resolve(own, registry).version
    return _resolved_at_start(pod, own, registry)


def _resolved_at_start(pod: Pod, own: ServingLink, registry: Registry | None) -> str | None:
    """MLflow keeps no time at which an alias moved, so what it pointed at when the pod started is only known from a promotion's annotation.

    A container that restarted since then has asked again, so that it is only sure where the alias still says the same.
    """
    if not own.annotated:
        return None
    return own.version if not pod.restarts or resolve(own, registry).version == own.version else None


def _live(pods: Iterable[Pod], versions: Mapping[str, str | None]) -> tuple[LiveVersion, ...]:
    counts: dict[str | None, list[int]] = {}
    for pod in pods:
        count = counts.setdefault(versions[pod.name], [0, 0])
        count[0] += 1
        count[1] += pod.ready
    found = [LiveVersion(version, pods=count[0], ready=count[1]) for version, count in counts.items()]
    return tuple(sorted(found, key=lambda live: (-live.ready, -live.pods, live.version or "")))


def _held_against(link: ServingLink | None, spec: Resolved, registry: Registry | None, champion: str) -> tuple[str | None, str | None]:
    if spec.model is None:
        return None, None
    alias = link.alias if link is not None and link.alias is not None else champion
    model = registry.model(spec.model) if registry is not None else None
    return alias, model.aliases.get(alias) if model is not None else None


@dataclass(frozen=True, slots=True)
class ServingPlace:
    """Where a version serves: one Deployment with the version's ready pods and all that are wanted."""

    key: str
    ready: int
    desired: int


def serving_of(rows: Iterable[ServingRow], model: str, version: str) -> tuple[ServingPlace, ...]:
    """Every Deployment with a pod that serves this version, the one with most ready pods first."""
    found = [
        ServingPlace(row.key, live.ready, row.desired)
        for row in rows
        if row.model == model
        for live in row.live
        if live.version == version and live.pods
    ]
    return tuple(sorted(found, key=lambda place: (-place.ready, place.key)))


def serving_words(places: Sequence[ServingPlace]) -> str:
    """`3/3 pods`, with how many further Deployments serve it: `3/3 pods +1`. Empty where it serves nowhere."""
    if not places:
        return ""
    further = f" +{len(places) - 1}" if len(places) > 1 else ""
    return f"{places[0].ready}/{places[0].desired} pods{further}"
