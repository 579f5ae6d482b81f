"""`modeldeck slo`: what is left of each deployment's error budget, and how fast it burns."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from typing import Any

from modeldeck.backends import Backends, connect
from modeldeck.cli.output import exit_code_of, put, put_json, say, table
from modeldeck.cli.snapshot import PATIENCE, Told, answer_of, told
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import NotFound
from modeldeck.domain.objectives.burn import RULES, Burn, BurnRule, Standing
from modeldeck.domain.objectives.formatting import left, length, notes_of, promise
from modeldeck.domain.objectives.objective import Indicator, objective_of
from modeldeck.domain.objectives.status import IndicatorStatus, ObjectiveStatus, assessment
from modeldeck.domain.operations.exit_code import ExitCode
from modeldeck.live.fleet_metrics import exports, fleet_scrapes, where_of
from modeldeck.live.objective_status import objective_status
from modeldeck.operations.common.clients import not_configured
from modeldeck.operations.common.text import iso

_AT_ONCE = 2
"""Deployments that are asked about: each is some thirty questions."""
_HOW = 'add [objectives."NAMESPACE/NAME"] to the configuration: docs/objectives.md'


async def slo(environment: Environment, given: argparse.Namespace) -> ExitCode:
    """0 where every question was answered, whatever the answers; 3 where Prometheus refuses one or there is no such deployment, 6 where a
    backend cannot be reached."""
    backends = connect(environment)
    try:
        found = await _ask(backends, environment, given.deployment)
    finally:
        await backends.close()
    statuses = [one.value for one in found.values() if one.value is not None]
    if given.output == "json":
        put_json({"environment": environment.name, "deployments": [_json(one) for one in statuses]})
    elif statuses:
        put(_text(statuses))
    elif not found:
        put(f"no objectives{f' for {given.deployment}' if given.deployment else ''}: {_HOW}")
    for key, one in found.items():
        if one.failure is not None:
            say(f"modeldeck: {key}: {one.failure}" + (f" ({one.failure.hint})" if one.failure.hint else ""))
    return max((exit_code_of(one.failure) for one in found.values() if one.failure is not None), default=ExitCode.DONE)


async def _ask(backends: Backends, environment: Environment, named: str | None) -> dict[str, Told[ObjectiveStatus]]:
    """By key of the deployments that have an objective."""
    metrics, namespaces = backends.clients.metrics, await backends.namespaces()
    if named is not None and "/" in named:
        namespaces = (named.partition("/")[0],)
    fleet = answer_of(await told(lambda: backends.clients.need_cluster().fleet(namespaces), "Kubernetes"))
    keys = [one.key for one in fleet.deployments if named is None or named in (one.key, one.name)]
    if named is not None and not keys:
        raise NotFound(f"no deployment {named} in {', '.join(namespaces)}", hint="modeldeck status", backend="Kubernetes")
    promised = ((key, objective_of(environment.objectives, key)) for key in keys)
    wanted = {key: objective for key, objective in promised if objective is not None}
    if not wanted:
        return {}
    if metrics is None:
        raise not_configured("Prometheus", "PROMETHEUS_URL or --prometheus")
    prometheus, turn = metrics, asyncio.Semaphore(_AT_ONCE)
    answers = answer_of(await told(lambda: exports(prometheus, namespaces), "Prometheus"))
    scraped = (await fleet_scrapes(answers, fleet, prometheus.scope)).by_deployment

    async def status(key: str) -> Told[ObjectiveStatus]:
        found = scraped.get(key)
        where = where_of(found, fleet, *key.split("/", 1)) if found is not None else ""
        async with turn:
            return await told(lambda: objective_status(key, wanted[key], found, where, prometheus), "Prometheus", patience=4 * PATIENCE)

    return dict(zip(wanted, await asyncio.gather(*(status(key) for key in wanted)), strict=True))


# ── for people ──


def _text(statuses: list[ObjectiveStatus]) -> str:
    head = ("DEPLOYMENT", "OBJECTIVE", "BUDGET LEFT", *(f"BURN {_windows(rule)}" for rule in RULES), "")
    rows = [
        (status.key, promise(status.objective, one.indicator), *_figures(one), assessment(one).value)
        for status in statuses
        for one in status.indicators
    ]
    return "\n".join((table(head, rows), *(f"  {line}" for status in statuses for line in notes_of(status))))


def _windows(rule: BurnRule) -> str:
    return f"{length(rule.long)}/{length(rule.short)}"


def _figures(one: IndicatorStatus) -> tuple[str, ...]:
    burns = {burn.rule: burn for burn in one.burns}
    return (left(one.budget), *(_burn(burns.get(rule)) for rule in RULES))


def _burn(burn: Burn | None) -> str:
    """`0.4/0.2`, with `!` where both are too fast, `?` where that cannot be told."""
    if burn is None or burn.standing is Standing.UNREACHABLE:
        return "never" if burn is not None else ""
    signs = {Standing.BREACHED: "!", Standing.INSUFFICIENT: "?"}
    return "/".join("–" if rate is None else f"{rate:.2g}" for rate in (burn.long, burn.short)) + signs.get(burn.standing, "")


# ── for scripts ──


def _json(status: ObjectiveStatus) -> Mapping[str, Any]:
    return {
        "deployment": status.key,
        "window_seconds": status.objective.window,
        "covered_seconds": status.covered,
        "at": iso(status.at),
        "objectives": [_indicator_json(status, one) for one in status.indicators],
        "queries": dict(status.queries),
    }


def _indicator_json(status: ObjectiveStatus, one: IndicatorStatus) -> Mapping[str, Any]:
    latency, count = status.objective.latency, one.budget.count
    is_latency = one.indicator is Indicator.LATENCY
    return {
        "objective": one.indicator.value,
        "target": one.target,
        "below_seconds": latency.below if is_latency and latency is not None else None,
        "counted_below_seconds": one.bound,
        "assessment": assessment(one).value,
        "not_known": one.not_known or None,
        "requests": count.requests if count is not None else None,
        "bad": count.bad if count is not None else None,
        "perhaps_bad": count.unsure if count is not None else None,
        "budget_left": one.budget.left,
        "budget_left_at_least": one.budget.left_at_least,
        "budget": one.budget.standing.value,
        "burn_rates": [
            {
                "limit": burn.rule.rate,
                "long_seconds": burn.rule.long,
                "short_seconds": burn.rule.short,
                "long": burn.long,
                "short": burn.short,
                "standing": burn.standing.value,
            }
            for burn in one.burns
        ],
        "notes": list(one.notes),
    }
