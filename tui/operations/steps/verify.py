"""The truth row after everything: alias, template and pods must now say the same version."""

from __future__ import annotations

from typing import ClassVar

from tui.domain.failures import Failure
from tui.domain.joining import truth_rows
from tui.domain.registry import Registry
from tui.domain.serving import Fleet
from tui.domain.truth import TruthRow
from tui.operations.patience import AWAY, patiently
from tui.operations.run import Run

_PATIENCE = 10.0
"""Seconds in which the last old pods may end and statuses may settle."""
_POLL = 0.4


class NotTrue(Failure):
    """Everything was done, and still the row does not say what it should."""

    code: ClassVar[str] = "not_true"
    default_hint: ClassVar[str] = "somebody may have changed it again at once: `modeldeck status` shows where it stands"


class Verify:
    async def do(self, run: Run) -> str:
        until = run.clock.monotonic() + _PATIENCE
        while True:
            wrong = _wrong(run, await _row(run))
            if not wrong:
                return f"{run.plan.model} {run.plan.to_version}: alias, template and pods agree"
            if run.clock.monotonic() + _POLL > until:
                raise NotTrue("; ".join(wrong))
            await run.clock.sleep(_POLL)

    async def undo(self, run: Run) -> str:
        return "nothing to undo"


async def _row(run: Run) -> TruthRow | None:
    cluster = run.world.need_cluster()
    environment = run.world.environment
    namespace, name = run.key
    fleet = await run.patiently(lambda: cluster.fleet((namespace,)))
    chosen = tuple(d for d in fleet.deployments if d.name == name and d.namespace == namespace)
    rows = truth_rows(
        Fleet(chosen, fleet.replica_sets, fleet.pods),
        await _registry(run),
        champion=run.plan.intent.alias,
        patterns=environment.patterns,
    )
    return rows[0] if rows else None


async def _registry(run: Run) -> Registry | None:
    """None while MLflow is away, which a roll-back survives: the row is then only held against the cluster."""
    if run.world.registry is None:
        return None
    try:
        return await patiently(run.world.registry.registry, run.clock, patience=2.0)
    except AWAY:
        return None


def _wrong(run: Run, row: TruthRow | None) -> list[str]:
    plan = run.plan
    if row is None:
        return ["the deployment is gone"]
    wrong = []
    if not plan.by_alias and row.spec_version not in (None, plan.to_version):
        wrong.append(f"the template names version {row.spec_version}")
    strangers = [live for live in row.live if live.version not in (None, plan.to_version)]
    wrong += [f"{live.pods} pods serve version {live.version}" for live in strangers]
    if row.desired and not any(live.ready for live in row.live):
        wrong.append("no pod is ready")
    if row.alias == plan.intent.alias and row.alias_version not in (None, plan.to_version):
        wrong.append(f"alias {row.alias} points at {row.alias_version}")
    return wrong
