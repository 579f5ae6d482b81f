"""Tags on both versions, so that anybody who looks at the registry reads who moved what, when and why."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from modeldeck.domain.gates.formatting import shown
from modeldeck.domain.kubernetes.annotations import CLUSTER_TAG, OPERATION_TAG
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation
from modeldeck.domain.operations.steps import Step, StepName
from modeldeck.operations.common.text import iso, sanitize
from modeldeck.operations.execution.execution import Execution


class TagVersions:
    async def do(self, execution: Execution) -> str:
        """Both at the same time, each tag being a request of its own; but the operation's id before all others, so that it tells whoever
        has only the registry and the cluster that the commit is behind it."""
        target = execution.target
        registry = execution.clients.need_registry()
        tags = {target.to_version: arrived(execution)}
        if target.from_version not in (None, target.to_version):
            tags[target.from_version or ""] = left(execution)
        await execution.request(f"tag {target.model}: " + ", ".join(f"version {version}" for version in tags))

        async def tag(version: str, one: Mapping[str, str]) -> None:
            await execution.retry(lambda: registry.tag_version(target.model, version, one), allowed=False)

        await tag(target.to_version, {OPERATION_TAG: tags[target.to_version].pop(OPERATION_TAG)})
        known = (await execution.retry(lambda: registry.version(target.model, target.to_version))).tags
        # Where there is nothing to say, what an earlier operation said must not stay beside the name of this one.
        single = [(version, {key: text}) for version, wanted in tags.items() for key, text in wanted.items() if text or key in known]
        outcomes = await asyncio.gather(*(tag(version, one) for version, one in single), return_exceptions=True)
        for outcome in outcomes:
            # Told only after all have ended: nothing of this step is under way when the next one begins.
            if isinstance(outcome, BaseException):
                raise outcome
        return f"{'versions' if len(tags) > 1 else 'version'} {' and '.join(tags)} tagged"

    async def undo(self, execution: Execution) -> str:
        return "tags are evidence and stay"


_ELSEWHERE = "in the journal of the machine that began it: finished on another one"


def arrived(execution: Execution) -> dict[str, str]:
    """Tags of the version that serves now."""
    intent = execution.plan.intent
    return {
        OPERATION_TAG: execution.plan.id,
        "modeldeck.kind": intent.kind.value,
        "modeldeck.actor": intent.actor,
        "modeldeck.when": iso(execution.clock.now()) or "",
        "modeldeck.deployment": execution.target.key,
        "modeldeck.deployment-uid": execution.target.fingerprint.deployment_uid,
        CLUSTER_TAG: execution.plan.cluster.text(),
        "modeldeck.from": execution.target.from_version or "",
        "modeldeck.reason": intent.reason,
        "modeldeck.evidence": _ELSEWHERE if execution.now.adopted else evidence_words(execution.now, execution.step.target),
    }


def left(execution: Execution) -> dict[str, str]:
    """The tag of the version that served before: one sentence, as it is only read by people."""
    intent = execution.plan.intent
    how = "rolled back to" if intent.kind is Kind.ROLLBACK else "replaced by"
    where = execution.target.key
    when = iso(execution.clock.now()) or ""
    return {"modeldeck.left": f"{how} {execution.target.to_version} in {where} on {when} by {intent.actor} ({execution.plan.id})"}


def evidence_words(operation: Operation, target: int = 0) -> str:
    """Why the version was let in, in one line: how its pods came up, and what the gate said of them with which figures. `target`: which
    of the operation's deployments is meant."""
    steps = {step.name: step for step in operation.steps if step.target == target}
    rollout, gate = steps.get(StepName.AWAIT_ROLLOUT), steps.get(StepName.JUDGE_GATE)
    came_up = rollout.message if rollout is not None and rollout.message else "no rollout was needed"
    return sanitize(f"{came_up}; {_gate_words(gate)}", limit=_LONGEST)


_LONGEST = 2000
# MLflow takes tags of up to 5,000 characters.


def _gate_words(gate: Step | None) -> str:
    """ "gate PASS, passed 3 times in a row: error ratio 0.2 % ≤ 5 %, p99 41 ms ≤ 250 ms, over 240 requests"."""
    if gate is None or not gate.judgements:
        return "no gate"
    last = gate.judgements[-1]
    figures = [f"{one.name} {shown(one.value, one.unit)} {one.bound}".rstrip() for one in last.criteria]
    over = [f"over {last.requests} requests"] if last.requests is not None else []
    said = f"gate {last.verdict.name}" + (f", {gate.message}" if gate.message else "")
    return f"{said}: {', '.join([*figures, *over])}" if figures or over else said
