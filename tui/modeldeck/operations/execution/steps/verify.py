"""The serving row after everything: alias, template and pods must now say the same version. A template only says what was asked for: where
pods state what they serve, it is their statement that counts, and it is waited for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.owners import changed_by
from modeldeck.domain.kubernetes.pod_owners import pods_by_deployment
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.statements import Statement
from modeldeck.domain.mlflow.registry import Registry
from modeldeck.domain.status.joining import serving_rows
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.operations.common.retry import AWAY, retry
from modeldeck.operations.execution.execution import Execution
from modeldeck.operations.execution.steps.stated import Stated, Statements

_PATIENCE = 10.0
"""Seconds in which the last old pods may end and statuses may settle."""
_STATEMENT_PATIENCE = 90.0
"""Seconds in which pods that state their version are scraped for the first time: an interval of 60 s is the longest that is usual."""
_POLL = 0.4
_SLOW_POLL = 3.0


class NotTrue(Failure):
    """Everything was done, and still the row does not say what it should."""

    code: ClassVar[str] = "not_true"
    default_hint: ClassVar[str] = "somebody may have changed it again at once: `modeldeck status` shows where it stands"


class Verify:
    async def do(self, execution: Execution) -> str:
        began = execution.clock.monotonic()
        asked = Statements(execution)
        while True:
            fleet = await _fleet(execution)
            stated = await asked.now(fleet)
            seen = await _seen(execution, fleet, stated)
            wrong = _wrong(execution, fleet, seen.row)
            waited = execution.clock.monotonic() + _POLL - began
            if wrong and waited > _PATIENCE:
                raise NotTrue("; ".join(wrong))
            if not wrong and (not seen.silent or not (stated.expected or seen.spoken) or waited > _STATEMENT_PATIENCE):
                return _agreed(execution, seen, stated)
            await execution.clock.sleep(_POLL if waited < _PATIENCE else _SLOW_POLL)

    async def undo(self, execution: Execution) -> str:
        return "nothing to undo"


@dataclass(frozen=True, slots=True)
class _Seen:
    """The row, and how many of its running pods have stated which version of the model they serve."""

    row: ServingRow | None
    spoken: int
    silent: int


def _agreed(execution: Execution, seen: _Seen, stated: Stated) -> str:
    said = f"{execution.target.model} {execution.target.to_version}: alias, template and pods agree"
    if not seen.silent:
        return f"{said}, as the pods themselves state" if seen.spoken else said
    if stated.expected or seen.spoken:
        count = f"{seen.silent} of {seen.silent + seen.spoken} pods have not stated what they serve in {_STATEMENT_PATIENCE:.0f} s"
        return f"{execution.target.model} {execution.target.to_version}: alias and template agree, but {count}" + (
            f": {stated.failure}" if stated.failure else ""
        )
    why = f"what they state is not known: {stated.failure}" if stated.failure else "they state no version"
    return f"{execution.target.model} {execution.target.to_version}: alias and template agree, and so do the pods by their templates; {why}"


async def _fleet(execution: Execution) -> Fleet:
    """Of the deployments of its namespace, the one alone."""
    cluster = execution.clients.need_cluster()
    namespace, name = execution.key
    fleet = await execution.retry(lambda: cluster.fleet((namespace,)))
    chosen = tuple(d for d in fleet.deployments if d.name == name and d.namespace == namespace)
    return Fleet(chosen, fleet.replica_sets, fleet.pods)


async def _seen(execution: Execution, mine: Fleet, stated: Stated) -> _Seen:
    rows = serving_rows(
        mine,
        await _registry(execution),
        champion=execution.target.alias,
        patterns=execution.clients.environment.patterns,
        observed=stated.by_pod,
    )
    owned = (pod for found in mine.deployments for pod in pods_by_deployment(mine)[found.key])
    pods = [pod for pod in owned if pod.phase == "Running" and not pod.terminating]
    said = [stated.by_pod.get(f"{pod.namespace}/{pod.name}", Statement()).version(execution.target.model) for pod in pods]
    return _Seen(rows[0] if rows else None, sum(one is not None for one in said), sum(one is None for one in said))


async def _registry(execution: Execution) -> Registry | None:
    """None while MLflow is away, which a roll-back survives: the row is then only held against the cluster."""
    if execution.clients.registry is None:
        return None
    try:
        return await retry(execution.clients.registry.registry, execution.clock, patience=2.0)
    except AWAY:
        return None


def _wrong(execution: Execution, mine: Fleet, row: ServingRow | None) -> list[str]:
    target = execution.target
    if row is None:
        return ["the deployment is gone"]
    wrong = []
    if not target.by_alias and row.spec_version not in (None, target.to_version):
        who = ", ".join(changed_by(deployment) for deployment in mine.deployments)
        wrong.append(f"the template names version {row.spec_version}, as {who} has written it")
    strangers = [live for live in row.live if live.version not in (None, target.to_version)]
    wrong += [f"{live.pods} pods serve version {live.version}" for live in strangers]
    if row.desired and not any(live.ready for live in row.live):
        wrong.append("no pod is ready")
    if row.alias == target.alias and row.alias_version not in (None, target.to_version):
        wrong.append(f"alias {row.alias} points at {row.alias_version}")
    return wrong
