"""How each Deployment's pods are scraped: which server they are, by which labels their series name them, and what is doubtful about that.

One Prometheus holds many kinds of servers, of several scrape configurations, perhaps of several clusters. So nothing is assumed of all of
them: one cheap question, asked now and then, tells which metrics and labels each pod's series really have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.exports import Exports, Labels
from modeldeck.domain.metrics.pod_labels import PodIndex, PodLabels, literal, quoted
from modeldeck.domain.metrics.profiles.picking import candidates, metrics_of, pick
from modeldeck.domain.metrics.profiles.profile import SERVER, Profile
from modeldeck.domain.metrics.profiles.servers import PROFILES
from modeldeck.domain.metrics.profiles.sidecars import LABELS as SIDECAR_LABELS
from modeldeck.domain.metrics.profiles.sidecars import METRICS as SIDECAR_METRICS
from modeldeck.domain.metrics.profiles.sidecars import SIDECARS, incomplete, joined, unmeasured
from modeldeck.domain.metrics.samples import Vector
from modeldeck.domain.metrics.series_scope import INSTANCE, NAMESPACES, PODS, SeriesScope
from modeldeck.domain.metrics.status_labels import LABELS as STATUSES
from modeldeck.domain.metrics.status_labels import carries

CLUSTERS = (
    *("cluster", "k8s_cluster", "cluster_name", "cluster_id", "k8s_cluster_name", "kubernetes_cluster", "kube_cluster", "source_cluster"),
    *("tenant", "tenant_id", "region", "datacenter", "dc", "site", "environment", "env", "project_id", "account"),
    *("prometheus", "prometheus_replica", "prometheus_cluster"),
)
"""Labels that tell several clusters, tenants or replicas of Prometheus apart: behind one address, their series are summed."""
_CLUSTERS = frozenset(CLUSTERS)
_OF_CLIENTS = "source_cluster"
"""Of a mesh's series it tells where the clients are."""
_APART = frozenset(SIDECAR_METRICS) - {name for profile in PROFILES for name in profile.metrics}
"""What only sidecars export: it says nothing about how the server itself is scraped."""
_TWICE = "the pods are scraped several times, and what of its series belongs to which is not told"
QUANTILE = "quantile"
"""By it a summary is told from a native histogram, which is one series of the same name."""
_TARGETS = ("job", "container", "endpoint", "service")


@dataclass(frozen=True, slots=True)
class Scraped:
    """One Deployment's pods."""

    profile: Profile
    labels: PodLabels
    several: tuple[str, ...] = ()
    """In words: what is summed though it does not belong together. Figures of such series are doubtful."""
    mixed: bool = False
    """Whether the very same pods come with several values of a label in CLUSTERS: their figures are nobody's."""
    notes: tuple[str, ...] = ()
    """In words: what was left out or is not known, and is no reason for doubt."""


def questions(namespaces: Sequence[str], scope: SeriesScope) -> tuple[str, ...]:
    """Instant queries whose answers together are what `scraped_by_deployment` reads. No namespaces, or `*`, is all of them."""
    if scope.instance or not namespaces or "*" in namespaces:
        return (_question(scope),)
    names = (scope.namespace,) if scope.namespace else NAMESPACES
    chosen = quoted("|".join(literal(name) for name in namespaces))
    nowhere = () if scope.namespace else (_question(scope, *(f'{name}=""' for name in names)),)
    return (*(_question(scope, f"{name}=~{chosen}") for name in names), *nowhere)


def question_about(where: str, scope: SeriesScope) -> str:
    """The same about the pods that these matchers select."""
    return _question(scope, where)


def _question(scope: SeriesScope, *where: str) -> str:
    kept = dict.fromkeys(("__name__", *PODS, *NAMESPACES, INSTANCE, *_TARGETS, *STATUSES, *SIDECAR_LABELS, *CLUSTERS, QUANTILE))
    kept |= dict.fromkeys(label for label in (scope.pod, scope.namespace, scope.instance) if label)
    kept |= dict.fromkeys(label for profile in scope.profiles for counter in profile.errors for label in counter.carried)
    # Of a histogram one bucket tells enough.
    selected = (f'__name__=~"{"|".join(metrics_of(scope.profiles))}"', 'le=~"[+]Inf|"', *where, *scope.matchers)
    return f"count by ({', '.join(kept)}) ({{{','.join(selected)}}})"


def names_in(answers: Iterable[Vector]) -> frozenset[str]:
    """The metrics that these answers tell of."""
    return frozenset(sample.labels.get("__name__", "") for answer in answers for sample in answer.samples)


def scraped_by_deployment(answers: Iterable[Vector], fleet: Fleet, scope: SeriesScope) -> dict[str, Scraped]:
    """Deployment key → how its pods are scraped; without those whose pods export nothing that is known."""
    found, strangers = series_by_deployment(answers, PodIndex(fleet), scope)
    alike = _by_stem(strangers)
    scraped: dict[str, Scraped] = {}
    for deployment, read in found.items():
        # Where a part of the series names the pods otherwise, the labels count by which most is known.
        for by, series in sorted(read.items(), key=lambda each: _known(each[1]), reverse=True):
            one = scraped_as(series, by, scope)
            if one is not None:
                others = () if by.by_address else _others(alike.get(deployment, ()), series)
                scraped[deployment] = replace(one, several=(*one.several, *others))
                break
    return scraped


def _known(series: Iterable[Labels]) -> tuple[int, int]:
    """(how many metrics there are of the servers themselves, how many in all)."""
    names = {labels.get("__name__") for labels in series}
    return len(names - _APART), len(names)


def series_by_deployment(
    answers: Iterable[Vector], index: PodIndex, scope: SeriesScope
) -> tuple[Mapping[str, Mapping[PodLabels, list[Labels]]], list[Labels]]:
    """(Deployment key → by which labels they name its pods → its series, the series of pods that are not the fleet's)."""
    found: dict[str, dict[PodLabels, list[Labels]]] = defaultdict(lambda: defaultdict(list))
    strangers: list[Labels] = []
    for labels in (sample.labels for answer in answers for sample in answer.samples):
        by = index.find(labels, scope)
        key = index.pod_of(labels, by) if by is not None else None
        if by is None or key is None:
            strangers.append(labels)
        else:
            found[index.owners[key]][by].append(labels)
    return found, strangers


def scraped_as(series: Sequence[Labels], by: PodLabels, scope: SeriesScope) -> Scraped | None:
    """How pods with these series are scraped. None where they are no known model server's."""
    own = [labels for labels in series if labels.get("__name__") not in _APART]
    once, message = _once(own, by)
    server = pick(Exports(tuple(own)), scope.profiles)
    profile, beside, told = _beside(server, own, series, by, once)
    if profile is None:
        return None
    series = [*own, *({name: value for name, value in labels.items() if name != _OF_CLIENTS} for labels in beside)]
    counted = {profile.requests[0].metric if profile.requests else "", *(f"{name}_bucket" for name in profile.latency)}
    mine = [labels for labels in series if labels.get("__name__") in counted]
    by = replace(by, matchers=",".join(scope.matchers))
    clusters = {label: values for label, values in _clusters(series).items() if len(values) > 1}
    several = tuple(_several(label, sorted(values)) for label, values in sorted(clusters.items()))
    mixed = _within_one_pod(mine, by, tuple(clusters))
    if several or server is None:
        once = message = ""
    unknown = _unknown(profile, series, scope) if server is not None and not profile.of_sidecar else ()
    notes = (*unknown, *told, *((message,) if message else ()))
    matchers = ",".join(part for part in (by.matchers, once) if part)
    return Scraped(profile, replace(by, matchers=matchers), several, mixed, notes)


def _beside(
    server: Profile | None, own: Sequence[Labels], series: Sequence[Labels], by: PodLabels, once: str
) -> tuple[Profile | None, Sequence[Labels], tuple[str, ...]]:
    """(the server's profile with what a sidecar tells in its place, the sidecar's series that are asked for, what there is to say)."""
    exports = Exports(tuple(own))
    chosen = server.requests_by if server is not None else ""
    if server is not None and (chosen == SERVER or not (chosen or incomplete(server, exports))):
        return server, (), ()
    for sidecar in SIDECARS:
        mine = sidecar.of(series, "" if by.by_address else by.pod)
        if chosen not in ("", sidecar.key) or not any(labels.get("__name__") in sidecar.profile.probes for labels in mine):
            continue
        if server is not None and once:
            return server if not chosen else unmeasured(server), (), (f"{sidecar.profile.name} is not asked: {_TWICE}",)
        matcher, twice = _once(mine, by)
        counting = sidecar.counting(mine, matcher)
        mixed = () if counting.errors else (f"errors are not known: {sidecar.profile.name} counts gRPC beside HTTP, or tells no status",)
        notes = (*mixed, *((twice,) if twice else ()))
        if server is None:
            return counting, mine, notes
        found = joined(server, counting, exports)
        taken = [what for what, source in (("requests", found.requests_source), ("latency", found.latency_source)) if source]
        told = f"{' and '.join(taken)}: as {counting.name} beside the pods tells, scrapes that pass it included" if taken else ""
        return found, mine if taken else (), (*(notes if found.requests_source else ()), *((told,) if told else ()))
    if server is not None and chosen:
        return unmeasured(server), (), (f"{chosen} exports nothing of these pods, which is to count their requests",)
    return server, (), ()


def _clusters(series: Sequence[Labels]) -> dict[str, set[str]]:
    """The values of labels in CLUSTERS that most metrics of these series have: what a scraper or a Prometheus puts on stands on all of
    them, a server's own label (requests by tenant) on one or two."""
    names: dict[tuple[str, str], set[str]] = defaultdict(set)
    for each in series:
        for label in each.keys() & _CLUSTERS:
            names[label, each[label]].add(each.get("__name__", ""))
    most = len({each.get("__name__", "") for each in series}) / 2
    found: dict[str, set[str]] = defaultdict(set)
    for (label, value), having in names.items():
        if len(having) > most:
            found[label].add(value)
    return found


def _several(label: str, values: Iterable[str]) -> str:
    chosen = list(values)
    return f"series with {label} {', '.join(chosen[:4])} are summed: name one in prometheus.matchers ({label}={quoted(chosen[0])})"


def _within_one_pod(series: Iterable[Labels], by: PodLabels, clusters: Sequence[str]) -> bool:
    seen: dict[tuple[str, ...], tuple[str, ...]] = {}
    return any(
        seen.setdefault(_pod(labels, by), value) != value
        for labels in series
        if (value := tuple(labels.get(label, "") for label in clusters))
    )


def _pod(labels: Labels, by: PodLabels) -> tuple[str, ...]:
    return labels.get(by.namespace, ""), labels.get(by.pod, "")


def _by_stem(series: Iterable[Labels]) -> Mapping[str, list[Labels]]:
    """Series of pods that are not the fleet's, by the key of the Deployment after which such pods are named."""
    found: dict[str, list[Labels]] = defaultdict(list)
    for labels in series:
        stems = {labels[label].rsplit("-", 2)[0] for label in PODS if label in labels}
        for namespace in {labels[label] for label in NAMESPACES if label in labels}:
            for stem in stems:
                found[f"{namespace}/{stem}"].append(labels)
    return found


def _others(alike: Sequence[Labels], series: Sequence[Labels]) -> tuple[str, ...]:
    """Pods that are called as if they were this Deployment's, and come with another value of a label in CLUSTERS."""
    ours, theirs = _clusters(series), _clusters(alike)
    foreign = {label: values - ours.get(label, set()) for label, values in theirs.items()}
    return tuple(_several(label, (*sorted(ours.get(label, ())), *sorted(values))) for label, values in sorted(foreign.items()) if values)


def _once(series: Sequence[Labels], by: PodLabels) -> tuple[str, str]:
    """A matcher that leaves one scrape where the same container is scraped twice, and the words for it; "" where each is scraped once.

    Several containers of a pod, and scrapes that export different metrics, may each count requests of their own: these are summed.
    """
    first: dict[tuple[str, ...], tuple[str, ...]] = {}
    targets = ((labels, tuple(_of_target(labels, label) for label in (INSTANCE, "job", "endpoint", "service"))) for labels in series)
    if all(first.setdefault((*_pod(labels, by), labels.get("container", "")), target) == target for labels, target in targets):
        return "", ""
    for label in ("port", "job", "endpoint", "service"):
        containers: dict[tuple[str, ...], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for labels in series:
            value = _port(labels.get(INSTANCE, "")) if label == "port" else _of_target(labels, label)
            containers[(*_pod(labels, by), labels.get("container", ""))][value].add(labels.get("__name__", ""))
        seen = list(containers.values())
        twins = any(len(by_value) > 1 for by_value in seen) and all(len({*map(frozenset, by_value.values())}) == 1 for by_value in seen)
        common = set.intersection(*(set(by_value) for by_value in seen)) - {""} if twins else set()
        if common:
            kept = min(common)
            left = sorted({value for by_value in seen for value in by_value} - {kept, ""})
            matcher = f"instance=~{quoted(f'.+:{literal(kept)}')}" if label == "port" else f"{label}={quoted(kept)}"
            return matcher, f"pods are scraped several times: of {label} {', '.join((kept, *left))} only {kept} counts"
    return "", ""


def _of_target(labels: Labels, label: str) -> str:
    """What a scraper calls the target. A path is the server's own: BentoML has its routes under `endpoint`, a scraper a port's name."""
    value = labels.get(label, "")
    return "" if value.startswith("/") else value


def _port(instance: str) -> str:
    return instance.rpartition(":")[2] if ":" in instance else ""


def _unknown(profile: Profile, series: Sequence[Labels], scope: SeriesScope) -> tuple[str, ...]:
    if profile.blind_to:
        return (f"0 failed requests are no proof: {profile.name} leaves out {profile.blind_to}",)
    if profile.errors:
        return ()
    asked = next(each for each in candidates(scope.profiles) if each.name == profile.name).errors
    for counter in asked:
        of_counter = [labels for labels in series if labels.get("__name__") == counter.metric]
        missing = [label for label in counter.carried if of_counter and not carries(of_counter, label)]
        if missing:
            return (f"errors are not known: series of {counter.metric} have no label {', '.join(missing)}",)
        if counter.status and of_counter:
            carried = sorted({label for labels in of_counter for label in labels if label in counter.status})
            what = f"label {', '.join(carried)} does not tell" if carried else "labels do not tell"
            return (f"errors are not known: of {counter.metric}, the {what} failed requests apart",)
    return (f"{profile.name} exports no counter of failed requests here",)
