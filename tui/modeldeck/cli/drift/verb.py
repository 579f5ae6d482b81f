"""`modeldeck drift [NS/NAME]`: how far inputs and predictions have moved, against what, and what the counts can tell of it."""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace
from typing import TypeVar

from modeldeck.backends import Backends, connect
from modeldeck.cli.drift.output import drift_json, drift_text
from modeldeck.cli.output import exit_code_of, put, put_json, say
from modeldeck.cli.snapshot import Told, told
from modeldeck.domain.drift.findings import DeploymentDrift
from modeldeck.domain.drift.settings import DriftRules, DriftSettings
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import NotFound
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.live.clock import SystemClock
from modeldeck.live.drift.reader import DriftReader
from modeldeck.live.drift.subject import DriftSubject, drift_subject
from modeldeck.live.drift.training_baseline import TrainingBaseline, training_baseline
from modeldeck.live.fleet_metrics import exports, fleet_scrapes
from modeldeck.operations.common.clients import not_configured

T = TypeVar("T")


async def drift(environment: Environment, given: argparse.Namespace) -> ExitCode:
    """0 where every question was answered, whatever the drift; 3 where one is refused or there is no such deployment, 6 where a backend
    cannot be reached."""
    backends = connect(environment)
    try:
        found = await _read(backends, environment, given)
    finally:
        await backends.close()
    if given.output == "json":
        put_json({"environment": environment.name, "deployments": [drift_json(one) for one in found]})
    else:
        put(drift_text(found))
    failures = [one.failure for deployment in found for one in deployment.histograms if one.failure is not None]
    for message in dict.fromkeys(map(str, failures)):
        say(f"modeldeck: {message}")
    return max(map(exit_code_of, failures), default=ExitCode.DONE)


async def _read(backends: Backends, environment: Environment, given: argparse.Namespace) -> tuple[DeploymentDrift, ...]:
    metrics = backends.clients.metrics
    if metrics is None:
        raise not_configured("Prometheus", "PROMETHEUS_URL or --prometheus")
    named = given.deployment
    namespaces = (named.partition("/")[0],) if named is not None and "/" in named else await backends.namespaces()
    fleet = _answer(await told(lambda: backends.clients.need_cluster().fleet(namespaces), "Kubernetes"))
    wanted = sorted(one.key for one in fleet.deployments if named is None or named in (one.key, one.name))
    if named is not None and not wanted:
        raise NotFound(f"no deployment {named} in {', '.join(namespaces)}", hint="modeldeck status", backend="Kubernetes")
    answers = _answer(await told(lambda: exports(metrics, namespaces), "Prometheus"))
    scrapes = await fleet_scrapes(answers, fleet, metrics.scope)
    rules = environment.drift or DriftRules()
    clients = backends.clients

    async def training(subject: DriftSubject) -> TrainingBaseline:
        return await training_baseline(subject.link, clients.registry, clients.tracking)

    reader, now = DriftReader(metrics, training), SystemClock().now()

    async def one(key: str) -> DeploymentDrift:
        settings = _settings(rules.of(key), given)
        subject = drift_subject(fleet, key, scrapes.by_deployment.get(key), settings, metrics.scope, environment.patterns)
        return await reader.read(subject, settings, now)

    return tuple(await asyncio.gather(*map(one, wanted)))


def _settings(configured: DriftSettings, given: argparse.Namespace) -> DriftSettings:
    """What is said now comes before what is configured."""
    said = {name: value for name in ("baseline", "window") if (value := getattr(given, name)) is not None}
    return replace(configured, **said)


def _answer(answer: Told[T]) -> T:
    if answer.failure is not None:
        raise answer.failure
    assert answer.value is not None
    return answer.value
