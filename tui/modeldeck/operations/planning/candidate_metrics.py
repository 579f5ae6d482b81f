"""How the candidates of a roll-back behaved while they served, and when that was: from Prometheus, by the pods of their ReplicaSets, or,
where those are gone, by the version that pods state themselves."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.workloads import Deployment, Fleet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.pod_labels import PodLabels, quoted, usual
from modeldeck.domain.metrics.profiles.picking import pick
from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.queries import deployment_queries, pod_pattern
from modeldeck.domain.metrics.samples import Matrix, Vector
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.domain.metrics.statements import MODEL_LABELS, Metric, known_metrics, registered_version
from modeldeck.domain.operations.rollback_target import RollbackTarget
from modeldeck.operations.gate.looking import Pods, look
from modeldeck.ports import Clock, Metrics

_NO_PATTERNS = LinkPatterns()
PATIENCE = 3.0
"""Seconds that candidates wait for their figures."""
_CANDIDATES = 6
_WINDOW = 300.0
_LOOK_BACK = 14 * 86400.0
"""Seconds: Prometheus keeps 15 days unless it is told otherwise."""
_STEP = 600.0
# A version that served for less than these seconds may be missed.

Span = tuple[float, float]
"""First and last time at which something was seen."""


async def measured_spans(
    namespace: str, name: str, model: str, metrics: Metrics | None, clock: Clock, patterns: LinkPatterns = _NO_PATTERNS
) -> dict[str, Span]:
    """Version → when pods of this Deployment stated it, in a metric that is known to mean the registered version. Empty where none states
    any, or Prometheus cannot be asked. Never raises."""
    if metrics is None:
        return {}
    end = clock.now() // _STEP * _STEP
    try:
        async with asyncio.timeout(PATIENCE):
            labels = (await _way(namespace, pod_pattern(name), metrics, clock.now()))[1]
            where = labels.of_pods(namespace, pod_pattern(name))
            found: dict[str, Span] = {}
            for stated in known_metrics(await metrics.metric_names(), patterns):
                promql = _stated(stated, where, by=stated[1])
                seen = await metrics.query_range(promql, start=end - _LOOK_BACK, end=end, step=_STEP)
                found = {**_spans(seen, stated, model, patterns), **found}
            return found
    except (TimeoutError, Failure):
        return {}


async def _way(namespace: str, pattern: str, metrics: Metrics, at: float) -> tuple[Profile | None, PodLabels]:
    """How such pods are scraped. Where none were at that time, they are taken to be what Prometheus knows of any pods."""
    found = await look(Pods(namespace, pattern), metrics, at)
    if isinstance(found, Scraped):
        return found.profile, found.labels
    return pick(Exports.named(await metrics.metric_names()), metrics.scope.profiles), usual(metrics.scope)


def _stated(versions: Metric, where: str, *, by: str, version: str = "") -> str:
    metric, label = versions
    where += f",{label}={quoted(version)}" if version else ""
    return f"max by ({', '.join((*MODEL_LABELS, by))}) ({metric}{{{where}}})"


def _spans(matrix: Matrix, stated: Metric, model: str, patterns: LinkPatterns) -> dict[str, Span]:
    found: dict[str, Span] = {}
    for series in matrix.series:
        told = registered_version(*stated, series.labels, patterns)
        times = [at for at, value in series.points if value != 0]
        # A server may serve several models; one that names none serves the one that is meant.
        if told is None or not times or told[0] not in (None, model):
            continue
        version = told[1]
        first, last = found.get(version, (math.inf, 0.0))
        found[version] = (min(first, times[0]), max(last, times[-1]))
    return found


async def with_figures(
    targets: Sequence[RollbackTarget],
    deployment: Deployment,
    fleet: Fleet,
    metrics: Metrics | None,
    clock: Clock,
    patterns: LinkPatterns = _NO_PATTERNS,
) -> tuple[RollbackTarget, ...]:
    """The same candidates with `stats_words` where Prometheus knows: over the last minutes in which each served. Never raises."""
    if metrics is None or not targets:
        return tuple(targets)
    sets = {each.revision: each.name for each in fleet.replica_sets if each.owner_uid == deployment.uid}
    try:
        async with asyncio.timeout(PATIENCE):
            asked = targets[:_CANDIDATES]
            message = await asyncio.gather(
                *(_figures(one, sets.get(one.revision or 0), deployment, metrics, clock, patterns) for one in asked)
            )
    except (TimeoutError, Failure):
        return tuple(targets)
    found = [replace(target, stats_words=said) for target, said in zip(targets, message, strict=False)]
    return (*found, *targets[_CANDIDATES:])


async def _figures(
    target: RollbackTarget,
    replica_set: str | None,
    deployment: Deployment,
    metrics: Metrics,
    clock: Clock,
    patterns: LinkPatterns,
) -> str:
    # While the version still took all the traffic, as its successor's pods had not come up.
    at = (target.served_until or clock.now()) - 1.0
    namespace = deployment.namespace
    pattern = f"{re.escape(replica_set)}-[a-z0-9]{{5}}" if replica_set else pod_pattern(deployment.name)
    profile, labels = await _way(namespace, pattern, metrics, at)
    if profile is None:
        return ""
    if not replica_set:
        known = known_metrics(await metrics.metric_names(), patterns)
        pattern = await _pods_then(target, known, labels, deployment, metrics, at)
    if not pattern:
        return ""
    step = max(1.0, min(_WINDOW, at - (target.served_from or 0.0)))
    queries = {
        key: promql
        for key, promql in deployment_queries(profile, labels.of_pods(namespace, pattern), step=step).items()
        if key in ("p99", "requests", "errors")
    }
    answers = await asyncio.gather(*(metrics.query(promql, at=at) for promql in queries.values()))
    return _words(profile, dict(zip(queries, answers, strict=True)))


async def _pods_then(
    target: RollbackTarget, known: Sequence[Metric], labels: PodLabels, deployment: Deployment, metrics: Metrics, at: float
) -> str:
    """An expression for the pods that stated the version then; "" where nobody can tell."""
    pods: set[str] = set()
    where = labels.of_pods(deployment.namespace, pod_pattern(deployment.name))
    for metric in known if target.served_until is not None else ():
        stated = await metrics.query(_stated(metric, where, by=labels.pod, version=target.version), at=at)
        pods |= {one.labels.get(labels.pod, "") for one in stated.samples if one.value != 0 and _model_of(one.labels) in ("", target.model)}
    return "|".join(re.escape(pod) for pod in sorted(pods - {""}))


def _model_of(labels: Mapping[str, str]) -> str:
    return next((labels[name] for name in MODEL_LABELS if labels.get(name)), "")


def _words(profile: Profile, answers: Mapping[str, Vector]) -> str:
    p99, requests, errors = (_value(answers.get(key)) for key in ("p99", "requests", "errors"))
    message = []
    if p99 is not None:
        message.append(f"p99 {p99 * profile.latency_scale * 1000:.0f} ms")
    if requests is not None:
        total = requests + (errors or 0.0) if profile.errors_apart else requests
        if "errors" in answers and total > 0 and (errors or not profile.blind_to):
            message.append(f"errors {(errors or 0.0) / total:.1%}")
        message.append(f"{total:.1f} requests/s")
    return ", ".join(message)


def _value(vector: Vector | None) -> float | None:
    """The one finite value of an answer; several series mean that the query is wrong, and nothing is said."""
    if vector is None or len(vector.samples) != 1 or not math.isfinite(vector.samples[0].value):
        return None
    return vector.samples[0].value
