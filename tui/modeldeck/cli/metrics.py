"""`modeldeck metrics check`: what is found of each deployment's metrics, which queries are asked, and what they answer."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from modeldeck.backends import Backends, connect
from modeldeck.cli.output import exit_code_of, put, put_json, say
from modeldeck.cli.snapshot import Told, answer_of, told
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Failure, NotFound
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.check import CheckedCounter, CheckedDeployment, CheckedQuery, check
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.saturation import Gauge
from modeldeck.domain.metrics.samples import Matrix, ServingStats, Vector
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.live.clock import SystemClock
from modeldeck.live.fleet_metrics import FleetMetrics, chart_queries, exports, fleet_scrapes
from modeldeck.operations.common.clients import not_configured
from modeldeck.ports import Metrics

T = TypeVar("T")

CHART, STEP = 900.0, 15.0
"""Seconds: of the charts' window, and between two of its points."""


@dataclass
class _Asked:
    """Asks on where one question is not answered, and keeps why."""

    metrics: Metrics
    refused: dict[str, Failure] = field(default_factory=dict)

    @property
    def scope(self) -> SeriesScope:
        return self.metrics.scope

    async def query(self, promql: str) -> Vector:
        answer = await told(lambda: self.metrics.query(promql), "Prometheus")
        return self._value(promql, answer, Vector(()))

    async def over_time(self, promql: str, *, end: float) -> Matrix:
        answer = await told(lambda: self.metrics.query_range(promql, start=end - CHART, end=end, step=STEP), "Prometheus")
        return self._value(promql, answer, Matrix(()))

    def _value(self, promql: str, answer: Told[T], empty: T) -> T:
        if answer.failure is not None:
            self.refused[promql] = answer.failure
        return answer.value if answer.value is not None else empty


async def metrics(environment: Environment, given: argparse.Namespace) -> ExitCode:
    """0 where every question was answered, 3 where Prometheus refuses one or there is no such deployment, 6 where a backend cannot be
    reached."""
    backends = connect(environment)
    try:
        if backends.clients.metrics is None:
            raise not_configured("Prometheus", "PROMETHEUS_URL or --prometheus")
        asked = _Asked(backends.clients.metrics)
        checked, charts = await _check(backends, asked, environment, given.deployment)
    finally:
        await backends.close()
    if given.output == "json":
        put_json({"environment": environment.name, "deployments": [_json(one, charts) for one in checked]})
    else:
        put("\n\n".join("\n".join(_text(one, charts)) for one in checked) if checked else "no deployments")
    for promql, failure in asked.refused.items():
        say(f"modeldeck: {failure} ({promql})")
    return max((exit_code_of(failure) for failure in asked.refused.values()), default=ExitCode.DONE)


async def _check(
    backends: Backends, asked: _Asked, environment: Environment, named: str | None
) -> tuple[tuple[CheckedDeployment, ...], tuple[CheckedQuery, ...]]:
    """The deployments, and what the charts ask of the one that is named."""
    namespaces = await backends.namespaces()
    if named is not None and "/" in named:
        namespaces = (named.partition("/")[0],)
    fleet = answer_of(await told(lambda: backends.clients.need_cluster().fleet(namespaces), "Kubernetes"))
    wanted = [one.key for one in fleet.deployments if named is None or named in (one.key, one.name)]
    if named is not None and not wanted:
        raise NotFound(f"no deployment {named} in {', '.join(namespaces)}", hint="modeldeck status", backend="Kubernetes")
    answers = answer_of(await told(lambda: exports(asked.metrics, namespaces), "Prometheus"))
    scrapes = await fleet_scrapes(answers, fleet, asked.scope)
    stats = await FleetMetrics(asked, environment.patterns, retry=True).stats(scrapes, fleet, namespaces)
    scraped = scrapes.by_deployment
    charts = await _charts(asked, scraped.get(wanted[0]), fleet, wanted[0]) if named is not None else ()
    refused = {promql: failure.message for promql, failure in asked.refused.items()}
    checked = check(answers, scraped, stats.groups, fleet, asked.scope, refused=refused)
    return tuple(one for one in checked if one.key in wanted), charts


async def _charts(asked: _Asked, scraped: Scraped | None, fleet: Fleet, key: str) -> tuple[CheckedQuery, ...]:
    if scraped is None:
        return ()
    namespace, _, name = key.partition("/")
    queries = chart_queries(scraped, fleet, namespace, name, step=STEP)
    end = SystemClock().now() // STEP * STEP
    matrices = await asyncio.gather(*(asked.over_time(promql, end=end) for promql in queries.values()))
    return tuple(
        CheckedQuery(f"chart {line}", promql, *_came(asked, promql, matrix), matrix.warnings)
        for (line, promql), matrix in zip(queries.items(), matrices, strict=True)
    )


def _came(asked: _Asked, promql: str, matrix: Matrix) -> tuple[int | None, str]:
    return (None, asked.refused[promql].message) if promql in asked.refused else (len(matrix.series), "")


# ── for people ──


def _text(one: CheckedDeployment, charts: Sequence[CheckedQuery]) -> Iterator[str]:
    scraped = one.scraped
    yield f"{one.key}: {scraped.profile.name if scraped is not None else 'no known model server'}"
    if scraped is not None:
        also = f", of series with {scraped.labels.matchers}" if scraped.labels.matchers else ""
        yield _line("pods", f"named by {scraped.labels.message}{also}")
        counted = f", as {scraped.profile.requests_source} counts" if scraped.profile.requests_source else ""
        measured = f", as {scraped.profile.latency_source} measures" if scraped.profile.latency_source else ""
        yield _line("requests", _counter(one.requests) + counted)
        yield _line("failed", _counter(one.errors) + counted)
        yield _line("latency", (", ".join(scraped.profile.latency) or "not known") + measured)
        if scraped.profile.versions:
            yield _line("version", f"{scraped.profile.versions[0]}, label {scraped.profile.versions[1]}")
        if scraped.profile.predictions:
            yield _line("predictions", scraped.profile.predictions)
        for metric in scraped.profile.first_token:
            yield _line("first token", metric)
        for gauge in scraped.profile.saturation:
            yield _line(gauge.kind.replace("_", " "), f"{_selector(gauge)}  ({gauge.kind.unit}, {gauge.aggregation})")
        yield _line("now", _values(one.stats))
    for message in one.not_known:
        yield f"  ? {message}"
    for query in (*one.queries, *charts):
        answer = query.error or f"{query.series} series"
        yield _line(query.name, f"{query.promql}  → {answer}{''.join(f', warning: {each}' for each in query.warnings)}")


def _line(head: str, text: str) -> str:
    return f"  {head:<15} {text}"


def _counter(counter: CheckedCounter | None) -> str:
    if counter is None:
        return "not known"
    told = "; ".join(f"{label}: {', '.join(values)}" for label, values in counter.labels.items())
    return counter.selector + (f"  ({told})" if told else "")


def _selector(gauge: Gauge) -> str:
    return f"{gauge.metric}{{{gauge.matchers}}}" if gauge.matchers else gauge.metric


def _values(stats: ServingStats) -> str:
    told = [
        f"{name} {value * 1000:.1f} ms" for name, value in (("p50", stats.p50), ("p90", stats.p90), ("p99", stats.p99)) if value is not None
    ]
    told += [f"errors {stats.error_ratio:.2%}"] if stats.error_ratio is not None else []
    told += [f"{stats.requests_per_second:.2f} requests/s"] if stats.requests_per_second is not None else []
    return ", ".join(told) or "nothing is known"


# ── for scripts ──


def _json(one: CheckedDeployment, charts: Sequence[CheckedQuery]) -> Mapping[str, Any]:
    scraped, stats = one.scraped, one.stats
    profile, labels = (scraped.profile, scraped.labels) if scraped is not None else (None, None)
    return {
        "deployment": one.key,
        "profile": profile.name if profile is not None else None,
        "pod_labels": _labels_json(labels) if labels is not None else None,
        "requests": _counter_json(one.requests),
        "errors": _counter_json(one.errors),
        "latency": next(iter(profile.latency), None) if profile is not None else None,
        "requests_source": (profile.requests_source or None) if profile is not None else None,
        "latency_source": (profile.latency_source or None) if profile is not None else None,
        "versions": dict([profile.versions]) if profile is not None and profile.versions else None,
        "predictions": (profile.predictions or None) if profile is not None else None,
        "first_token": next(iter(profile.first_token), None) if profile is not None else None,
        "saturation": [
            {"kind": gauge.kind, "selector": _selector(gauge), "unit": gauge.kind.unit}
            for gauge in (profile.saturation if profile is not None else ())
        ],
        "values": {
            "p50": stats.p50,
            "p90": stats.p90,
            "p99": stats.p99,
            "error_ratio": stats.error_ratio,
            "requests_per_second": stats.requests_per_second,
        },
        "not_known": list(one.not_known),
        "queries": [_query_json(query) for query in (*one.queries, *charts)],
    }


def _labels_json(labels: PodLabels) -> Mapping[str, Any]:
    return {"pod": labels.pod, "namespace": labels.namespace or None, "matchers": labels.matchers}


def _counter_json(counter: CheckedCounter | None) -> Mapping[str, Any] | None:
    if counter is None:
        return None
    return {"selector": counter.selector, "labels": {label: list(values) for label, values in counter.labels.items()}}


def _query_json(query: CheckedQuery) -> Mapping[str, Any]:
    return {
        "name": query.name,
        "query": query.promql,
        "series": query.series,
        "error": query.error or None,
        "warnings": list(query.warnings),
    }
