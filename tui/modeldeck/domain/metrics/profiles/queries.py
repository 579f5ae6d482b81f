"""The PromQL that is asked of a profile.

The queries stay inside a small part of PromQL (rate, sum/max by, histogram_quantile, matchers; no `offset`, no `or`), so that stand-ins for
Prometheus can answer them. Ratios are divided here rather than there: an error series that does not exist yet must read as 0, once it is
sure that it would exist if anything had failed.
"""

from __future__ import annotations

from collections.abc import Sequence

from modeldeck.domain.metrics.pod_labels import PodLabels, literal
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.statements import statement_key


def rate_window(*, step: float = 0.0, scrape: float = 15.0) -> int:
    """Seconds that a rate looks back: max(step + scrape, 4 × scrape), so that every window holds scrapes and no spike falls between."""
    return max(1, round(max(step + scrape, 4 * scrape)))


WIDE_WINDOW = 300
"""Seconds of the rate window where the usual one came back empty."""
PLAIN = PodLabels()
_QUANTILES = {"p50": "0.5", "p90": "0.9", "p99": "0.99"}


def bulk_queries(
    profile: Profile,
    namespaces: Sequence[str],
    *,
    labels: PodLabels = PLAIN,
    window: int | None = None,
    stated: Sequence[tuple[str, str]] = (),
) -> dict[str, str]:
    """One instant query each for the whole fleet: `buckets` by pod and le, `requests` and `errors` by pod, `versions` by pod and version,
    and the metrics of `statements.known_metrics` whole, as they name the model beside the version.

    No namespaces, or `*`, is all of them. Names that the profile cannot answer are left out. Pods are told by `labels`.
    """
    seconds = window if window is not None else rate_window()
    where, by = labels.of_namespaces(namespaces), labels.by
    queries = pod_queries(profile, where, by=by, window=seconds)
    queries |= {statement_key(metric): _selector(metric, where) for metric, _ in stated}
    if profile.versions and profile.versions[0] not in dict(stated):
        metric, label = profile.versions
        queries["versions"] = f"max by ({by}, {label}) ({_selector(metric, where)})"
    return queries


def pod_queries(profile: Profile, where: str, *, by: str, window: int) -> dict[str, str]:
    """`buckets`, `requests` and `errors` of each pod that `where` selects, told apart by the labels `by`."""
    queries: dict[str, str] = {}
    if profile.latency:
        queries["buckets"] = f"sum by ({by}, le) ({_buckets(profile, where, window)})"
    if profile.requests:
        queries["requests"] = _sum_of(profile.requests[0], where, window, by=by)
    if profile.errors:
        queries["errors"] = _sum_of(profile.errors[0], where, window, by=by)
    return queries


def deployment_queries(profile: Profile, where: str, *, step: float, scrape: float = 15.0) -> dict[str, str]:
    """Range queries for one deployment's charts: `p50`, `p90`, `p99` (in the histogram's unit), `requests` and `errors` a second; what is
    exported of saturation, by its kind (`queue`, `kv_cache`, …), and `first_token_p50` to `first_token_p99`, each in its own unit.

    `where` selects its pods: `PodLabels.of_pods(namespace, pod_pattern(name))`.
    """
    seconds = rate_window(step=step, scrape=scrape)
    queries: dict[str, str] = {}
    if profile.latency:
        buckets = _buckets(profile, where, seconds)
        queries |= {name: f"histogram_quantile({q}, sum by (le) ({buckets}))" for name, q in _QUANTILES.items()}
    if profile.requests:
        queries["requests"] = _sum_of(profile.requests[0], where, seconds)
    if profile.errors:
        queries["errors"] = _sum_of(profile.errors[0], where, seconds)
    queries |= {gauge.kind.value: gauge.promql(where, seconds) for gauge in profile.saturation}
    if profile.first_token:
        buckets = f"rate({_selector(f'{profile.first_token[0]}_bucket', where)}[{seconds}s])"
        queries |= {f"first_token_{name}": f"histogram_quantile({q}, sum by (le) ({buckets}))" for name, q in _QUANTILES.items()}
    return queries


def pod_pattern(deployment: str) -> str:
    """An expression for the names of a Deployment's pods: name, template hash, five random characters.

    Kubernetes cuts the part before the random characters at 58, so that of a long name only a prefix is sure.
    """
    if len(deployment) + 12 > 58:
        return f"{literal((deployment + '-')[:58])}[a-z0-9-]{{5,}}"
    return f"{literal(deployment)}-[a-z0-9]+-[a-z0-9]{{5}}"


def _selector(metric: str, *matchers: str) -> str:
    inside = ",".join(m for m in matchers if m)
    return f"{metric}{{{inside}}}" if inside else metric


def _buckets(profile: Profile, where: str, seconds: int) -> str:
    return f"rate({_selector(f'{profile.latency[0]}_bucket', where, profile.latency_matchers)}[{seconds}s])"


def _sum_of(counter: Counter, where: str, seconds: int, *, by: str = "") -> str:
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate({_selector(counter.metric, where, counter.matchers)}[{seconds}s]))"
