"""`modeldeck status`: the truth rows of an environment, for people as a table, for pipelines as JSON."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from modeldeck.backends import connect
from modeldeck.cli.output import exit_code_of, fail, put, put_json, say, table
from modeldeck.cli.snapshot import Snapshot, Told, snapshot
from modeldeck.domain.environments import Environment
from modeldeck.domain.kubernetes.workloads import OtherWorkload
from modeldeck.domain.links.linking import find_links
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.domain.status.serving_row import ServingRow

_HEAD = ("", "DEPLOYMENT", "MODEL", "PODS", "SPEC", "ALIAS", "LIVE", "P99", "ERRORS", "REQ/S")


async def status(environment: Environment, given: argparse.Namespace) -> int:
    backends = connect(environment)
    try:
        seen = await snapshot(environment, backends)
    finally:
        await backends.close()
    as_json = given.output == "json"
    rows = [row for row in seen.rows() if _wanted(row, given.subject)]
    failure = seen.fleet.failure
    if failure is not None:
        if as_json:
            error = {"code": failure.code, "message": str(failure), "hint": failure.hint or None}
            put_json({"environment": environment.name, "rows": [], "sources": _sources(seen), "error": error})
        return fail(failure.code, str(failure), failure.hint, exit_code_of(failure), as_json=False)
    if as_json:
        put_json(
            {
                "environment": environment.name,
                "rows": [row_json(environment.name, row) for row in rows],
                "not_handled": [{"kind": one.kind, "namespace": one.namespace, "name": one.name} for one in _others(seen, given.subject)],
                "sources": _sources(seen),
                "warnings": list(_mixed_up(seen)),
            }
        )
    else:
        put(table(_HEAD, [_cells(row) for row in rows]) if rows else "no deployments")
        for row in rows:
            for disagreement in row.disagreements:
                put(f"! {row.key}: {disagreement.message}")
    for told in (seen.registry, seen.measured):
        if told.failure is not None:
            say(f"modeldeck: {told.failure}" + (f" ({told.failure.hint})" if told.failure.hint else ""))
    for message in _mixed_up(seen):
        say(f"modeldeck: {message}")
    for gap in seen.fleet.value.gaps if seen.fleet.value else ():
        say(f"modeldeck: {gap}")
    others = _others(seen, given.subject)
    for other in others:
        say(f"modeldeck: {other.key} is a {other.kind}, which is not handled yet: only Deployments are")
    if given.subject and not rows and not others:
        say(f"modeldeck: nothing here is called {given.subject!r}: a model, or NAMESPACE/NAME of a deployment")
        return ExitCode.REFUSED
    return ExitCode.DONE if rows or not given.subject else ExitCode.REFUSED


def _others(seen: Snapshot, subject: str | None) -> tuple[OtherWorkload, ...]:
    """Workloads of other kinds that were asked for by name, or that name a model."""
    found = seen.others.value or ()
    if subject is not None and "/" in subject:
        return tuple(one for one in found if one.key == subject)
    named = {one.key: {link.model for link in find_links(one.template, seen.environment.patterns)} for one in found}
    return tuple(one for one in found if (subject is None and named[one.key]) or subject == one.name or subject in named[one.key])


def _mixed_up(seen: Snapshot) -> tuple[str, ...]:
    """Whose figures are doubtful, as series that do not belong together are summed."""
    scraped = (seen.measured.value.scraped if seen.measured.value is not None else None) or {}
    return tuple(f"{key}: {message}" for key, one in sorted(scraped.items()) for message in one.several)


def _wanted(row: ServingRow, subject: str | None) -> bool:
    return subject is None or subject in (row.key, row.model) or ("/" not in subject and subject == row.deployment)


def row_json(environment: str, row: ServingRow) -> Mapping[str, Any]:
    """One row of the contract: what is not known is null, never 0."""
    stats = row.stats
    return {
        "environment": environment,
        "namespace": row.namespace,
        "deployment": row.deployment,
        "model": row.model,
        "link": {"how": row.link.how.value, "where": row.link.slot.where} if row.link else None,
        "references": [{"how": one.how.value, "places": list(one.places), "text": one.text} for one in row.references],
        "unread": list(row.unread),
        "server_calls_it": list(row.called),
        "spec_version": row.spec_version,
        "alias": {"name": row.alias, "version": row.alias_version} if row.alias else None,
        "live_versions": [{"version": live.version, "pods": live.pods, "ready": live.ready} for live in row.live],
        "replicas": {"desired": row.desired, "updated": row.updated, "ready": row.ready, "available": row.available},
        "rollout": row.rollout.message,
        "latency": {"p50": stats.p50, "p99": stats.p99},
        "error_ratio": stats.error_ratio,
        "requests_per_second": stats.requests_per_second,
        "disagreements": [{"code": found.code.value, "message": found.message} for found in row.disagreements],
        "operation": row.operation,
    }


def _sources(seen: Snapshot) -> dict[str, Any]:
    return {"mlflow": _source(seen.registry), "kubernetes": _source(seen.fleet), "prometheus": _source(seen.measured)}


def _source(told: Told[Any]) -> dict[str, Any]:
    if told.failure is not None:
        return {"state": "unavailable", "age": None, "message": str(told.failure)}
    return {"state": "live", "age": 0.0, "message": f"answered in {told.took:.3f} s"}


def _cells(row: ServingRow) -> tuple[str, ...]:
    stats = row.stats
    return (
        "!" if row.disagreements else "",
        row.key,
        row.model or "(unlinked)",
        f"{row.ready}/{row.desired}",
        _version(row.spec_version),
        f"{row.alias} {_version(row.alias_version)}" if row.alias else "–",
        " ".join(_version(live.version) for live in row.live) or "–",
        f"{stats.p99 * 1000:.0f} ms" if stats.p99 is not None else "–",
        f"{stats.error_ratio:.1%}" if stats.error_ratio is not None else "–",
        f"{stats.requests_per_second:.1f}" if stats.requests_per_second is not None else "–",
    )


def _version(version: str | None) -> str:
    if version is None:
        return "?"
    return f"v{version}" if version.isdigit() else version
