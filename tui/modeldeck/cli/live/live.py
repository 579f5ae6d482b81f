"""`modeldeck live NS/NAME`: a deployment's figures as a stream, one line a reading; for scripts each line is one JSON object."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Mapping
from typing import Any

from modeldeck.backends import Backends, connect
from modeldeck.cli.live.reading import DeploymentFollower, DeploymentReading, SourceState, stats_of
from modeldeck.cli.output import exit_code_of, put, put_json, say
from modeldeck.cli.process import lost
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import NotFound
from modeldeck.domain.metrics.samples import NOTHING_KNOWN, ServingStats
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.live.clock import SystemClock
from modeldeck.operations.common.clients import not_configured
from modeldeck.operations.common.text import iso
from modeldeck.ports import Clock
from modeldeck.render import numbers

_COLUMNS = (11, 11, 11, 8, 0)
"""Cells of p50, p90, p99, rate and errors."""


async def live(environment: Environment, given: argparse.Namespace) -> ExitCode:
    """Until it is interrupted, its reader goes, or `--count` readings are told. What does not answer is told and asked again; the exit code
    is that of the last reading. 3 at once where there is no such deployment."""
    backends = connect(environment)
    try:
        if backends.clients.metrics is None:
            raise not_configured("Prometheus", "PROMETHEUS_URL or --prometheus")
        namespace, name = await _subject(backends, given.deployment)
        clock = SystemClock()
        follower = DeploymentFollower(environment, backends.clients, backends.clients.metrics, namespace, name, clock)
        return await _stream(follower, environment.name, f"{namespace}/{name}", given, clock)
    finally:
        await backends.close()


async def _subject(backends: Backends, named: str) -> tuple[str, str]:
    """Without a namespace, it is the one that is looked at."""
    namespace, _, name = named.rpartition("/")
    if not namespace:
        looked_at = await backends.namespaces()
        namespace = looked_at[0] if len(looked_at) == 1 and looked_at[0] != "*" else "default"
    return namespace, name


async def _stream(follower: DeploymentFollower, environment: str, key: str, given: argparse.Namespace, clock: Clock) -> ExitCode:
    said: tuple[str, ...] = ()
    for number in itertools.count(1):
        began = clock.monotonic()
        reading = await follower.read()
        failure = reading.failure
        if number == 1 and isinstance(failure, NotFound):
            raise failure
        if given.output == "json":
            put_json(reading_json(environment, key, reading))
        else:
            put(reading_line(reading))
        before, said = said, _troubles(reading)
        for trouble in said:
            if trouble not in before:
                say(f"modeldeck: {trouble}")
        if lost or number == given.count:
            return exit_code_of(failure) if failure is not None else ExitCode.DONE
        await clock.sleep(max(0.0, given.interval - (clock.monotonic() - began)))
    raise AssertionError("it goes on until it is ended")


def _troubles(reading: DeploymentReading) -> tuple[str, ...]:
    """In words, each said once for as long as it stays."""
    failures = [source.failure for source in reading.sources.values() if source.failure is not None]
    return (*(str(each) + (f" ({each.hint})" if each.hint else "") for each in failures), *reading.warnings)


def reading_json(environment: str, key: str, reading: DeploymentReading) -> Mapping[str, Any]:
    """One line of the contract: what is not known is null, never 0."""
    row, failure = reading.row, reading.failure
    namespace, _, name = key.partition("/")
    versions = [
        {"version": one.version, "pods": one.pods, "ready": one.ready, **_figures(reading.by_version.get(one.version or "", NOTHING_KNOWN))}
        for one in (row.live if row is not None else ())
    ]
    counts = {"desired": row.desired, "updated": row.updated, "ready": row.ready, "available": row.available} if row is not None else None
    error = {"code": failure.code, "message": str(failure), "hint": failure.hint or None} if failure is not None else None
    return {
        "time": iso(reading.at),
        "environment": environment,
        "namespace": namespace,
        "deployment": name,
        "model": row.model if row is not None else None,
        "live_versions": versions if row is not None else None,
        "replicas": counts,
        "rollout": row.rollout.message if row is not None else None,
        **_figures(stats_of(reading)),
        "sources": {backend.lower(): _source(source, reading.at) for backend, source in reading.sources.items()},
        "warnings": list(reading.warnings),
        "error": error,
    }


def _figures(stats: ServingStats) -> dict[str, Any]:
    return {
        "latency": {"p50": stats.p50, "p90": stats.p90, "p99": stats.p99},
        "requests_per_second": stats.requests_per_second,
        "error_ratio": stats.error_ratio,
    }


def _source(source: SourceState, now: float) -> dict[str, Any]:
    age = None if source.answered_at is None else round(max(0.0, now - source.answered_at), 3)
    return {"state": source.state, "age": age, "message": str(source.failure) if source.failure is not None else ""}


def reading_line(reading: DeploymentReading) -> str:
    """`2026-01-01T12:00:00Z  v7 3/3  p50 12 ms  p90 …`; a dash for what is not known."""
    row, stats = reading.row, stats_of(reading)
    moment = (iso(reading.at) or "")[:19] + "Z"
    served = "+".join(f"v{one.version}" if one.version is not None else "?" for one in row.live) if row is not None else ""
    pods = f"{row.ready}/{row.desired}" if row is not None else numbers.NONE
    figures = (
        f"p50 {numbers.duration(stats.p50)}",
        f"p90 {numbers.duration(stats.p90)}",
        f"p99 {numbers.duration(stats.p99)}",
        numbers.rate(stats.requests_per_second),
        f"errors {numbers.ratio(stats.error_ratio)}",
    )
    told = [figure.ljust(width) for figure, width in zip(figures, _COLUMNS, strict=True)]
    return "  ".join((moment, (served or numbers.NONE).ljust(5), pods.ljust(5), *told)).rstrip()
