"""What `modeldeck doctor` says about Prometheus: asked in the very way in which figures and gates are asked for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from modeldeck.backends import Backends
from modeldeck.cli.doctor.findings import Finding, failed
from modeldeck.cli.snapshot import told
from modeldeck.domain.kubernetes.pod_owners import pods_by_deployment
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics import clock_skew
from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.profiles.picking import pick
from modeldeck.domain.metrics.samples import Vector
from modeldeck.domain.metrics.scraping import scraped_by_deployment
from modeldeck.domain.metrics.series_scope import SeriesScope
from modeldeck.live.fleet_metrics import exports
from modeldeck.ports import Metrics

_SHOWN = 6
"""Deployments that are named of a kind."""


async def scraping(backends: Backends, metrics: Metrics) -> list[Finding]:
    """Which Deployments' pods are scraped, as which servers, by which labels, and what is doubtful or not known of them."""
    namespaces = await told(backends.namespaces, "Kubernetes")
    answer = await told(lambda: exports(metrics, namespaces.value or ()), "Prometheus")
    if answer.value is None:
        return [failed("metrics", answer.failure)] if answer.failure is not None else []
    fleet = None
    cluster = backends.clients.cluster
    # One that hangs is told by its first answer; a whole fleet would be waited for much longer.
    if cluster is not None and namespaces.value is not None and (await told(cluster.ping, "Kubernetes")).failure is None:
        chosen = namespaces.value
        fleet = (await told(lambda: cluster.fleet(chosen), "Kubernetes")).value
    if fleet is None:
        return [_without_pods(answer.value, metrics.scope)]
    return _by_deployment(answer.value, fleet, metrics)


async def clock(metrics: Metrics) -> list[Finding]:
    """Whether its clock is another than ours; nothing where it is not."""
    begun = time.time()
    answer = await told(lambda: metrics.query("time()"), "Prometheus")
    message = clock_skew.told(clock_skew.skew([answer.value], begun, time.time())) if answer.value is not None else ""
    hint = "set both clocks (NTP): what is asked for ends at this machine's time, so that data seem old or missing, and gates wait"
    return [Finding("clock", False, message, hint)] if message else []


def _without_pods(answers: Iterable[Vector], scope: SeriesScope) -> Finding:
    profile = pick(Exports(tuple(sample.labels for answer in answers for sample in answer.samples)), scope.profiles)
    found = f"among others {profile.name}" if profile is not None else "none of a known model server"
    return Finding("metrics", None, f"{found}; whose they are is not known without the cluster's pods")


def _by_deployment(answers: Iterable[Vector], fleet: Fleet, metrics: Metrics) -> list[Finding]:
    scraped = scraped_by_deployment(answers, fleet, metrics.scope)
    silent = [deployment.key for deployment in fleet.deployments if deployment.key not in scraped and deployment.desired]
    if not scraped:
        message = "no deployment's pods export metrics of a known model server: latency and errors are not known"
        hint = "are the model servers scraped? If their series name pods by other labels, say which: prometheus.labels"
        return [Finding("metrics", False if fleet.deployments else None, message, hint)]
    servers = _listed({key: one.profile.name for key, one in scraped.items()})
    findings = [
        Finding("metrics", True, servers),
        Finding("pod labels", True, f"{_listed({k: one.labels.message for k, one in scraped.items()})} {_how(metrics.scope)}"),
    ]
    if silent:
        message = f"no metrics of a known model server: {_some(silent)}"
        findings.append(Finding("not measured", None, message, "are they model servers, and scraped?"))
    untold = [
        key
        for key, mine in pods_by_deployment(fleet).items()
        if key in silent or (key in scraped and scraped[key].labels.by_address)
        if any(pod.on_host_network and not pod.host_ports and not pod.ended for pod in mine)
    ]
    if untold:
        message = f"pods share their node's address and name no port of their own: {_some(untold)}"
        findings.append(Finding("not told apart", None, message, "declare the ports of their containers, or have series name their pods"))
    for message, keys in _said({key: one.several for key, one in scraped.items()}).items():
        about = "the same pods" if any(scraped[key].mixed for key in keys) else "summed"
        findings.append(Finding(about, False, f"{_some(keys)}: {message}", "until then, no gate passes on these figures"))
    for message, keys in _said({key: one.notes for key, one in scraped.items()}).items():
        findings.append(Finding("figures", None, f"{_some(keys)}: {message}"))
    return findings


def _how(scope: SeriesScope) -> str:
    """Where the labels are from, and what says otherwise."""
    chosen = (
        "as prometheus.labels says"
        if scope.pod or scope.namespace or scope.instance
        else "found by looking: prometheus.labels overrides it"
    )
    return f"— {chosen}" + (f"; of series with {', '.join(scope.matchers)}, as prometheus.matchers says" if scope.matchers else "")


def _said(by_key: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, said in by_key.items():
        for message in said:
            found.setdefault(message, []).append(key)
    return found


def _listed(by_key: Mapping[str, str]) -> str:
    """ "FastAPI instrumentator (serving/iris, serving/wine); Triton (serving/ranker)"."""
    return "; ".join(f"{message} ({_some(keys)})" for message, keys in _said({key: (message,) for key, message in by_key.items()}).items())


def _some(keys: list[str]) -> str:
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(sorted(keys)[:_SHOWN]) + more
