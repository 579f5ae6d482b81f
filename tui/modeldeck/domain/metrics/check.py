"""What is known of each Deployment's metrics: what its pods export, what is asked, what that answers, and what is not known and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from modeldeck.domain.kubernetes.workloads import Deployment, Fleet
from modeldeck.domain.metrics.exports import Labels
from modeldeck.domain.metrics.measured import Group, measured_fleet
from modeldeck.domain.metrics.pod_labels import PodIndex, PodLabels
from modeldeck.domain.metrics.profiles.picking import candidates
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.profiles.servers import PROFILES
from modeldeck.domain.metrics.profiles.sidecars import SIDECARS
from modeldeck.domain.metrics.samples import NOTHING_KNOWN, ServingStats, Vector
from modeldeck.domain.metrics.scraping import QUANTILE, Scraped, series_by_deployment
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.domain.metrics.status_labels import LABELS

_BUCKETS = frozenset(f"{name}_bucket" for profile in PROFILES for name in profile.latency)


@dataclass(frozen=True, slots=True)
class CheckedCounter:
    """A counter with its matchers as PromQL has them, and what tells its requests' ends apart: label → its values."""

    selector: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """One question. `series`: how many came back of this Deployment's pods; None: it was not answered, and `error` says why."""

    name: str
    promql: str
    series: int | None
    error: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedDeployment:
    key: str
    scraped: Scraped | None
    """None: its pods export nothing that a profile knows."""
    requests: CheckedCounter | None = None
    errors: CheckedCounter | None = None
    queries: tuple[CheckedQuery, ...] = ()
    stats: ServingStats = NOTHING_KNOWN
    not_known: tuple[str, ...] = ()


def check(
    answers: Iterable[Vector],
    scraped: Mapping[str, Scraped],
    groups: Sequence[Group],
    fleet: Fleet,
    scope: SeriesScope,
    *,
    refused: Mapping[str, str],
) -> tuple[CheckedDeployment, ...]:
    """Sorted by key. `answers` tell which series there are (`scraping.questions`), `groups` hold what was asked in bulk, and `refused`
    says of PromQL that was not answered why."""
    index = PodIndex(fleet)
    found, _ = series_by_deployment(answers, index, scope)
    stats, _ = measured_fleet(groups, fleet)
    asked: dict[str, list[CheckedQuery]] = {}
    for group in groups:
        for name, promql in group.queries.items():
            counts = _series_by_deployment(group.vectors[name], index, group)
            for key in group.deployments:
                answer = None if promql in refused else counts.get(key, 0)
                checked = CheckedQuery(name, promql, answer, refused.get(promql, ""), group.vectors[name].warnings)
                asked.setdefault(key, []).append(checked)
    return tuple(
        _checked(
            deployment,
            scraped.get(deployment.key),
            [labels for series in found.get(deployment.key, {}).values() for labels in series],
            tuple(asked.get(deployment.key, ())),
            stats.get(deployment.key, NOTHING_KNOWN),
            scope,
        )
        for deployment in sorted(fleet.deployments, key=lambda each: each.key)
    )


def _series_by_deployment(vector: Vector, index: PodIndex, group: Group) -> dict[str, int]:
    counts: dict[str, int] = {}
    for sample in vector.samples:
        pod = index.pod_of(sample.labels, group.labels)
        if pod is not None and (key := index.owners.get(pod)) is not None:
            counts[key] = counts.get(key, 0) + 1
    return counts


def _checked(
    deployment: Deployment,
    scraped: Scraped | None,
    series: Sequence[Labels],
    queries: tuple[CheckedQuery, ...],
    stats: ServingStats,
    scope: SeriesScope,
) -> CheckedDeployment:
    if scraped is None:
        return CheckedDeployment(deployment.key, None, queries=queries, not_known=(_unmeasured(deployment, series),))
    profile, latency = scraped.profile, _no_latency(scraped.profile, series, scope)
    names = {labels.get("__name__", "") for labels in series}
    return CheckedDeployment(
        deployment.key,
        scraped,
        _counter(profile.requests, series, scraped.labels),
        _counter(profile.errors, series, scraped.labels),
        queries,
        stats,
        tuple(dict.fromkeys((*scraped.several, *scraped.notes, *latency, *_gaps(profile, names, queries)))),
    )


def _unmeasured(deployment: Deployment, series: Sequence[Labels]) -> str:
    if not deployment.desired:
        return "no pods are wanted"
    if not series:
        return "none of the metrics that profiles know is scraped of its pods"
    seen = sorted({labels.get("__name__", "") for labels in series})
    bare = _without_buckets([name for name in seen if f"{name}_bucket" in _BUCKETS], series)
    if bare:
        return f"no profile knows its server without buckets of its latency: {bare}"
    return f"no profile knows its server by {', '.join(seen[:4])}{' …' if len(seen) > 4 else ''} alone"


def _counter(counters: Sequence[Counter], series: Sequence[Labels], by: PodLabels) -> CheckedCounter | None:
    """The counter that counts; one that is sure to come with the first request counts as well."""
    if not counters:
        return None
    counter = counters[0]
    selector = f"{counter.metric}{{{counter.matchers}}}" if counter.matchers else counter.metric
    sidecar = next((each for each in SIDECARS if counter.metric in each.profile.metrics), None)
    arriving = sidecar.of(series, "" if by.by_address else by.pod) if sidecar is not None else series
    values: dict[str, set[str]] = {}
    for labels in arriving:
        if labels.get("__name__") == counter.metric:
            for label in labels.keys() & {*LABELS, *counter.carried}:
                values.setdefault(label, set()).add(labels[label])
    return CheckedCounter(selector, {label: tuple(sorted(values[label])) for label in sorted(values)})


def _no_latency(profile: Profile, series: Sequence[Labels], scope: SeriesScope) -> Iterable[str]:
    """Why no latency is known."""
    if profile.latency or (profile.of_sidecar and not profile.requests_source):
        return
    if profile.of_sidecar:
        yield f"latency is not known: {profile.requests_source} exports no histogram of it here"
        return
    wanted = next((each.latency for each in candidates(scope.profiles) if each.name == profile.name), ())
    missing = f"{profile.name} exports no histogram of it here{' with buckets up to infinity (le=+Inf)' if wanted else ''}"
    yield f"latency is not known: {_without_buckets(wanted, series) or f'{missing}, and a mean is no quantile'}"


def _without_buckets(histograms: Iterable[str], series: Sequence[Labels]) -> str:
    """Of what is not exported in buckets, the histogram's own name is there. "" where none is."""
    for metric in histograms:
        mine = [labels for labels in series if labels.get("__name__") == metric]
        if mine and all(QUANTILE in labels for labels in mine):
            return f"{metric} is a summary here, and of several pods quantiles make none of all"
        if mine:
            return f"{metric} is a native histogram here: have its buckets scraped as well (always_scrape_classic_histograms)"
    return ""


def _gaps(profile: Profile, names: Collection[str], queries: Sequence[CheckedQuery]) -> Iterable[str]:
    """What the row shows nothing of, beside what `scraped` notes."""
    if not profile.requests:
        yield "requests are not known: no counter of them is named"
    elif profile.requests[0].metric not in names:
        yield f"requests are not known: {profile.requests[0].metric} is not exported yet"
    for query in queries:
        if query.error:
            yield f"{query.name}: Prometheus answers: {query.error}"
        elif query.series == 0 and query.name in ("buckets", "requests"):
            yield f"{query.name}: no answer: of its pods, no two scrapes lie within the window"
