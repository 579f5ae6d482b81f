"""From Prometheus' answers to what is shown: statistics of the whole fleet, the versions that pods state, and the points of charts.

The answers are keyed as `queries.bulk_queries` and `queries.deployment_queries` name them. A missing answer is a missing value, never 0.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.pod_labels import PodIndex, PodLabels, usual
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.saturation import SaturationKind
from modeldeck.domain.metrics.quantiles import stats_by
from modeldeck.domain.metrics.samples import Matrix, Sample, ServingStats, Vector
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.domain.metrics.statements import Statement, statements

K = TypeVar("K", bound=Hashable)
Points = tuple[tuple[float, float], ...]
FIRST_TOKEN = ("first_token_p50", "first_token_p90", "first_token_p99")
_NO_PATTERNS = LinkPatterns()


def pod_key(labels: Mapping[str, str]) -> str | None:
    """`namespace/pod`, where the scraped series say so."""
    namespace, pod = labels.get("namespace"), labels.get("pod")
    return f"{namespace}/{pod}" if namespace and pod else None


def fleet_stats(profile: Profile, vectors: Mapping[str, Vector], owners: Mapping[str, K]) -> dict[K, ServingStats]:
    """Statistics per owner from one bulk answer. `owners`: `namespace/pod` → whatever to group by, such as `joining.owners` gives."""

    def owner_of(labels: Mapping[str, str]) -> K | None:
        return owners.get(pod_key(labels) or "")

    found = stats_by(
        owner_of,
        buckets=_samples(vectors, "buckets"),
        requests=_samples(vectors, "requests"),
        errors=_samples(vectors, "errors") if "errors" in vectors else None,
        errors_apart=profile.errors_apart,
        scale=profile.latency_scale,
    )
    if not profile.blind_to:
        return found
    return {owner: replace(stats, error_ratio=stats.error_ratio or None) for owner, stats in found.items()}


@dataclass(frozen=True, slots=True)
class Group:
    """Deployments whose series are asked for in the same way, and the bulk answers about them."""

    profile: Profile
    labels: PodLabels
    deployments: frozenset[str]
    vectors: Mapping[str, Vector]
    queries: Mapping[str, str] = field(default_factory=dict)
    """The PromQL that these are the answers of, by the same names."""


def grouped(scraped: Mapping[str, Scraped]) -> dict[tuple[Profile, PodLabels], frozenset[str]]:
    """One entry for each different way to ask: usually one, seldom more than three. Deployments whose series are mixed up are left out."""
    found: dict[tuple[Profile, PodLabels], set[str]] = {}
    for key, one in scraped.items():
        if not one.mixed:
            found.setdefault((one.profile, one.labels), set()).add(key)
    return {way: frozenset(keys) for way, keys in found.items()}


_NO_SERVER = Profile("", ())


def unmeasured(scraped: Mapping[str, Scraped], fleet: Fleet, scope: SeriesScope) -> dict[tuple[Profile, PodLabels], frozenset[str]]:
    """One more way to ask, for the Deployments whose pods are no known model server's: these may state their version all the same. Their
    series are taken to name pods as most others do."""
    rest = frozenset(deployment.key for deployment in fleet.deployments) - scraped.keys()
    if not rest:
        return {}
    alike = Counter(replace(one.labels, matchers=",".join(scope.matchers)) for one in scraped.values()).most_common(1)
    return {(_NO_SERVER, alike[0][0] if alike else usual(scope)): rest}


def measured_fleet(
    groups: Collection[Group], fleet: Fleet, patterns: LinkPatterns = _NO_PATTERNS
) -> tuple[dict[str, ServingStats], dict[str, Statement]]:
    """(statistics by Deployment key, `namespace/pod` → what it states about its version)."""
    if not groups:
        return {}, {}
    index = PodIndex(fleet)
    stats: dict[str, ServingStats] = {}
    observed: dict[str, Statement] = {}
    for group in groups:
        mine = {pod: key for pod, key in index.owners.items() if key in group.deployments}
        vectors = {name: index.canonical(vector, group.labels) for name, vector in group.vectors.items()}
        stats |= fleet_stats(group.profile, vectors, mine)
        stated = observed_versions(group.profile, vectors, patterns)
        observed |= {pod: one for pod, one in stated.items() if pod in mine}
    return stats, observed


def _samples(vectors: Mapping[str, Vector], name: str) -> tuple[Sample, ...]:
    return vectors[name].samples if name in vectors else ()


def observed_versions(profile: Profile, vectors: Mapping[str, Vector], patterns: LinkPatterns) -> dict[str, Statement]:
    """`namespace/pod` → what the pod itself states in its metrics."""
    return statements(vectors, profile.versions, patterns, pod_key)


@dataclass(frozen=True, slots=True)
class ChartPoints:
    """(time, value) of each line: quantiles in seconds, requests a second, errors as a share 0–1. Only finite values."""

    p50: Points = ()
    p90: Points = ()
    p99: Points = ()
    requests: Points = ()
    error_ratio: Points = ()
    saturation: Mapping[SaturationKind, Points] = field(default_factory=dict)
    """In the unit of each kind."""
    first_token_p50: Points = ()
    first_token_p90: Points = ()
    first_token_p99: Points = ()


def chart_points(profile: Profile, matrices: Mapping[str, Matrix]) -> ChartPoints:
    """Each query answers at most one series; several would mean that the query is wrong, and nothing is drawn of it."""
    errors = only_line(matrices.get("errors"))
    requests = only_line(matrices.get("requests"))
    if profile.errors_apart:
        requests = _added(requests, errors)
    p50, p90, p99 = (_scaled(matrices.get(name), profile.latency_scale) for name in ("p50", "p90", "p99"))
    ratios = ratio_points(errors, requests) if "errors" in matrices else ()
    if profile.blind_to:
        ratios = tuple((at, ratio) for at, ratio in ratios if ratio > 0)
    saturation = {gauge.kind: _scaled(matrices[gauge.kind], gauge.scale) for gauge in profile.saturation if gauge.kind in matrices}
    token = {name: _scaled(matrices.get(name), profile.first_token_scale) for name in FIRST_TOKEN}
    return ChartPoints(p50, p90, p99, requests, ratios, saturation, **token)


def _scaled(matrix: Matrix | None, scale: float) -> Points:
    return tuple((at, value * scale) for at, value in only_line(matrix))


def only_line(matrix: Matrix | None) -> Points:
    """The finite points of the one series; none where there are several, as the query is wrong then."""
    if matrix is None or len(matrix.series) != 1:
        return ()
    return tuple((at, value) for at, value in matrix.series[0].points if math.isfinite(value))


def _added(one: Points, other: Points) -> Points:
    sums = dict(one)
    for at, value in other:
        sums[at] = sums.get(at, 0.0) + value
    return tuple(sorted(sums.items()))


def ratio_points(errors: Sequence[tuple[float, float]], requests: Sequence[tuple[float, float]]) -> Points:
    """Errors ÷ requests at every time of `requests`: 0 where no error series has a point, left out where there were no requests."""
    failed = dict(errors)
    return tuple((at, failed.get(at, 0.0) / total) for at, total in requests if total > 0)
