"""`modeldeck doctor`: each backend, whether it answers, which version, what may be done there, and what will not work and why."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from functools import partial

from modeldeck.backends import Backends, connect, open_journal
from modeldeck.cli.doctor.findings import Finding, failed, hint_of
from modeldeck.cli.doctor.metrics import clock, scraping
from modeldeck.cli.output import lines, put, put_json
from modeldeck.cli.snapshot import Told, told
from modeldeck.config.kinds import shown
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.workloads import Access
from modeldeck.domain.mlflow.registry import ModelAccess
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.operations.common.clients import not_configured

NEEDS = (
    ("list", "deployments", "apps", "", "the deck and `status` show no deployments"),
    ("watch", "deployments", "apps", "", "deployments are polled instead of watched"),
    ("list", "replicasets", "apps", "", "history and roll-back candidates are missing"),
    ("list", "pods", "", "", "pods and the versions that they serve are missing"),
    ("get", "pods", "", "log", "logs cannot be read, nor a crashed pod's last words"),
    ("patch", "deployments", "apps", "", "promotions and roll-backs are refused"),
    ("patch", "deployments", "apps", "scale", "scaling is refused"),
    ("create", "events", "", "", "`kubectl describe` does not tell of promotions"),
    ("create", "leases", "coordination.k8s.io", "", "operations have no lock: the mark on the deployment is the only sign for others"),
    ("patch", "leases", "coordination.k8s.io", "", "operations have no lock: the mark on the deployment is the only sign for others"),
    ("list", "horizontalpodautoscalers", "autoscaling", "", "whether an autoscaler owns the replicas is not known"),
)
"""(verb, resource, API group, subresource, what it is like without), in each namespace."""
OPTIONAL = (("list", "resourcequotas", "", "", "a plan does not tell whether the quota has room for the pod that a rollout adds"),)
"""The same of what a plan can be made without."""
ASKED = 20
"""Models of which MLflow is asked what it grants, the first by name."""
CLUSTER_WIDE = (
    ("list", "nodes", "", "", "a plan does not tell whether a node has room for the pod that a rollout adds"),
    ("list", "pods", "", "", "a plan does not tell what the pods of other namespaces leave free on a node"),
)
"""Likewise, of the whole cluster."""


async def doctor(environment: Environment, given: argparse.Namespace) -> int:
    """0 where every configured backend answers and the journal can be read, 6 where one does not. One that nobody named, and that is not
    there, does not count."""
    backends = connect(environment)
    try:
        groups = await asyncio.gather(_mlflow(backends), _kubernetes(backends), _prometheus(backends), _alertmanager(backends))
    finally:
        await backends.close()
    found = {name: group for name, group in zip(("mlflow", "kubernetes", "prometheus", "alertmanager"), groups, strict=True) if group}
    found["journal"] = _journal(environment)
    if given.output == "json":
        shown = {name: [_json(finding) for finding in findings] for name, findings in found.items()}
        put_json({"environment": environment.name, "backends": shown})
    else:
        put(_text(environment, found))
    reached = all(findings[0].works is not False for findings in found.values())
    return ExitCode.DONE if reached else ExitCode.UNREACHABLE


async def _mlflow(backends: Backends) -> list[Finding]:
    clients, target = backends.clients, backends.clients.environment.mlflow
    if target is None:
        return [_absent(not_configured("MLflow", "MLFLOW_TRACKING_URI or --mlflow"))]
    answer = await told(lambda: clients.need_tracking().ping(), "MLflow")
    first = _reach("reachable", shown(target.uri), answer, guessed="MLFLOW_TRACKING_URI or --mlflow" if target.guessed else "")
    if answer.failure is not None:
        return [first, Finding("runs, versions, aliases", False, "not shown; promotions are refused, roll-backs leave the alias open")]
    models = await told(lambda: clients.need_registry().registry(), "MLflow")
    if models.failure is not None:
        return [first, failed("registry", models.failure)]
    registry = models.value
    count = f"{len(registry.models)} models, {len(registry.versions)} versions" if registry else ""
    names = sorted(model.name for model in registry.models)[:ASKED] if registry else []
    asked = await asyncio.gather(*(told(partial(clients.need_registry().access_to, name), "MLflow") for name in names))
    permission = alias_rights({name: answer.value for name, answer in zip(names, asked, strict=True)})
    return [first, Finding("registry", True, f"{count} in {models.took:.2f} s"), permission]


def alias_rights(found: Mapping[str, ModelAccess | None]) -> Finding:
    """What MLflow grants on these models; None where it did not answer."""
    about = "permission to move aliases"
    refused = [name for name, access in found.items() if access is not None and access.may_edit is False]
    if refused:
        message = f"no EDIT on {', '.join(refused)}: promotions that move an alias there are refused"
        return Finding(about, False, message, "ask an MLflow admin, or whoever made the model, for EDIT on it")
    if found and all(access is not None and access.may_edit for access in found.values()):
        return Finding(about, True, f"EDIT on {', '.join(found)}")
    return Finding(about, None, "MLflow does not tell beforehand", "a refusal is undone")


async def _kubernetes(backends: Backends) -> list[Finding]:
    clients, target = backends.clients, backends.clients.environment.cluster
    if target is None:
        return [_absent(not_configured("Kubernetes", "KUBECONFIG or --kubeconfig"))]
    cluster = clients.need_cluster()
    answer = await told(cluster.ping, "Kubernetes")
    where = target.context or target.kubeconfig or "in-cluster"
    first = _reach("reachable", where, answer)
    if answer.failure is not None:
        return [first, Finding("deployments, promotions, roll-backs", False, "do not work")]
    namespaces = await told(backends.namespaces, "Kubernetes")
    chosen = namespaces.value or ("default",)
    needs = [(namespace, f"in {namespace}", *need) for namespace in chosen for need in (*NEEDS, *OPTIONAL)]
    needs += [("*", "in the whole cluster", *need) for need in CLUSTER_WIDE]
    asked = [
        cluster.access(verb, resource, "" if namespace == "*" else namespace, group=group, subresource=sub)
        for namespace, _, verb, resource, group, sub, _ in needs
    ]
    findings = [first, Finding("namespaces", True, ", ".join(chosen))]
    for (_, where, verb, resource, _, sub, without), access in zip(needs, await asyncio.gather(*asked), strict=True):
        findings.append(_permission(f"{verb} {resource}{'/' + sub if sub else ''} {where}", without, access))
    return findings


def _permission(name: str, without: str, access: Access) -> Finding:
    if access.allowed is None:
        return Finding(name, None, f"not known: {access.reason or 'the access review failed'}", "it will show when it is tried")
    if access.allowed:
        return Finding(name, True, "allowed")
    return Finding(name, False, f"not allowed: {without}", "ask for a role that grants it")


async def _prometheus(backends: Backends) -> list[Finding]:
    metrics, target = backends.clients.metrics, backends.clients.environment.prometheus
    if metrics is None or target is None:
        return [_absent(not_configured("Prometheus", "PROMETHEUS_URL or --prometheus"))]
    answer = await told(metrics.ping, "Prometheus")
    first = _reach("reachable", shown(target.url), answer, guessed="PROMETHEUS_URL or --prometheus" if target.guessed else "")
    if answer.failure is not None:
        return [first, Finding("latency, errors, requests", False, "are not known: a gate that cannot ask holds, and waits for a person")]
    return [first, *await clock(metrics), *await scraping(backends, metrics)]


async def _alertmanager(backends: Backends) -> list[Finding]:
    """Only where one is configured: everything but silences works without."""
    target = backends.clients.environment.alertmanager
    if target is None:
        return []

    async def asked() -> str:
        return f"{len(await backends.clients.need_silences().silences())} silences of modeldeck's"

    answer = await told(asked, "Alertmanager")
    first = _reach("reachable", shown(target.url), answer)
    if answer.failure is not None:
        return [first, Finding("what is silenced", False, "is not known: operations go on, and silence nothing")]
    return [first]


def _journal(environment: Environment) -> list[Finding]:
    journal = open_journal(environment)
    try:
        found = [Finding("readable", True, f"{journal.path}, {len(journal.operations())} operations")]
    except Failure as failure:
        return [failed("readable", failure)]
    try:
        journal.refuse_unwritable()
    except Failure as failure:
        message = f"{failure.message}: promotions and roll-backs are refused"
        return [*found, Finding("writable", False, message, failure.hint)]
    return [*found, Finding("writable", True, "yes")]


def _reach(about: str, where: str, answer: Told[str], *, guessed: str = "") -> Finding:
    """`guessed`: nobody named this address; how to."""
    if guessed and answer.failure is not None:
        return Finding(about, None, f"not configured, and not at its default address {where}: {answer.failure.message}", f"set {guessed}")
    if answer.failure is not None:
        return Finding(about, False, f"{where}: {answer.failure.message}", hint_of(answer.failure))
    return Finding(about, True, f"{where}, {answer.value or 'version not told'}, {answer.took * 1000:.0f} ms")


def _absent(failure: Failure) -> Finding:
    return Finding("configured", None, "not configured", failure.hint)


def _json(finding: Finding) -> dict[str, object]:
    return {"about": finding.about, "works": finding.works, "message": finding.message, "hint": finding.hint or None}


def _text(environment: Environment, found: dict[str, list[Finding]]) -> str:
    marks = {True: "✔", False: "✘", None: "?"}
    text = [f"environment {environment.name}" + (" (read-only)" if environment.read_only else "")]
    for name, findings in found.items():
        text.append(name)
        for finding in findings:
            hint = f" — {finding.hint}" if finding.hint and finding.works is not True else ""
            text.append(f"  {marks[finding.works]} {finding.about}: {finding.message}{hint}")
    return lines("\n".join(text), keep_blanks=True)
