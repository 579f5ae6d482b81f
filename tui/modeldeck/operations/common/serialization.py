"""Operations and plans as JSON: the contract of `--output json` (schema 1), and what the journal keeps. Both directions are tolerant:
fields of a newer modeldeck are left alone, missing ones have their defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from modeldeck.domain.gates import Gate, Judgement, gate_from_json, gate_to_json, judgement_to_json
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.domain.operations.history_entry import HistoryEntry
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.operation import Operation, Waiting
from modeldeck.domain.operations.plan import Fingerprint, Plan, Target
from modeldeck.domain.operations.steps import Step, StepName
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.operations.common.text import iso

SCHEMA = 1

Json = dict[str, Any]


def operation_json(operation: Operation) -> Json:
    """One operation as `promote`, `rollback` and `operations show` print it: times ISO 8601 in UTC, unknown is null."""
    last = operation.last
    return {
        "id": operation.id,
        "kind": operation.kind.value,
        "actor": operation.actor or None,
        "environment": operation.environment or None,
        "cluster": operation.cluster.text() or None,
        "model": last.model or None,
        "namespace": last.namespace,
        "deployment": last.deployment,
        "deployments": list(operation.keys),
        "changes": [change_json(change) for change in operation.changes],
        "alias": last.alias or None,
        "from_version": last.from_version,
        "to_version": last.to_version or None,
        "reason": operation.reason or None,
        "state": operation.state.value,
        "outcome": operation.outcome.value if operation.outcome else None,
        "started_at": iso(operation.started_at),
        "finished_at": iso(operation.finished_at),
        "runner_pid": operation.runner_pid,
        "heard_at": iso(operation.heartbeat_at),
        "steps": [step_json(step, operation.keys) for step in operation.steps],
        "gate": judgement_json(operation.judged) if operation.judged is not None else None,
        "waiting": _waiting_json(operation.waiting),
        "next_commands": list(operation.next_commands),
        "message": operation.message or None,
        "log": [{"at": iso(said.at), "message": said.message} for said in operation.log],
    }


def history_json(entry: HistoryEntry) -> Json:
    """One move of the past as `history` prints it."""
    last = entry.last
    return {
        "id": entry.id,
        "kind": entry.kind.value,
        "actor": entry.actor or None,
        "environment": entry.environment or None,
        "cluster": entry.cluster.text() or None,
        "model": last.model or None,
        "namespace": last.namespace or None,
        "deployment": last.deployment or None,
        "deployments": list(entry.keys),
        "changes": [change_json(change) for change in entry.changes if change.key],
        "alias": last.alias or None,
        "from_version": last.from_version,
        "to_version": last.to_version or None,
        "reason": entry.reason or None,
        "state": entry.state.value,
        "outcome": entry.outcome.value if entry.outcome else None,
        "started_at": iso(entry.started_at),
        "finished_at": iso(entry.finished_at),
        "message": entry.message or None,
        "source": entry.source,
    }


def judgement_json(judgement: Judgement) -> Json:
    """As the journal keeps it, with its time in ISO 8601 UTC; what is not known is null."""
    return {**judgement_to_json(judgement), "at": iso(judgement.at)}


def change_json(change: VersionChange) -> Json:
    return {
        "deployment": change.key,
        "model": change.model or None,
        "from_version": change.from_version,
        "to_version": change.to_version or None,
    }


def step_json(step: Step, keys: Sequence[str]) -> Json:
    """`keys`: `namespace/name` of the Deployments, in order."""
    return {
        "name": step.name.value,
        "deployment": keys[step.target] if step.target < len(keys) else None,
        "state": step.state.value,
        "before": step.before,
        "after": step.after,
        "started_at": iso(step.started_at),
        "finished_at": iso(step.finished_at),
        "message": step.message or None,
        "command": step.command or None,
    }


def _waiting_json(waiting: Waiting | None) -> Json | None:
    if waiting is None:
        return None
    return {"message": waiting.message, "details": waiting.details or None, "commands": list(waiting.commands)}


def check_json(check: Check) -> Json:
    return {
        "name": check.name.value,
        "verdict": check.verdict.value,
        "message": check.message,
        "hint": check.hint or None,
        "deployments": list(check.deployments),
    }


def plan_json(plan: Plan) -> Json:
    """A plan as `--plan --output json` prints it."""
    last = plan.last
    keys = [target.key for target in plan.targets]
    return {
        "id": plan.id,
        "kind": plan.intent.kind.value,
        "actor": plan.intent.actor,
        "environment": plan.environment or None,
        "model": last.model,
        "namespace": last.namespace,
        "deployment": last.deployment,
        "deployments": keys,
        "changes": [change_json(change) for change in plan.changes],
        "alias": last.alias,
        "from_version": last.from_version,
        "to_version": last.to_version,
        "reason": plan.intent.reason or None,
        "already_there": plan.already_there,
        "refused": bool(plan.refused),
        "steps": [step_json(step, keys) for step in plan.steps],
        "checks": [check_json(check) for check in plan.checks],
        "edits": [
            {"deployment": target.key, "where": where, "before": before, "after": after}
            for target in plan.targets
            for where, (before, after) in target.slot_edits.items()
        ],
        "gate": gate_to_json(last.gate) if last.gate is not None else None,
    }


def plan_to_journal(plan: Plan) -> Json:
    """The whole plan: whoever reads it back can carry it out, or undo it, without asking anybody."""
    return asdict(plan)


def plan_from_journal(body: Mapping[str, Any]) -> Plan:
    """Raises KeyError, TypeError or ValueError where the body is no plan that this modeldeck can read."""
    intent = dict(_known(Intent, body["intent"]))
    intent["kind"] = Kind(intent["kind"])
    intent["gate"] = _gate(intent.get("gate"))
    intent["then"] = tuple(intent.get("then", ()))
    targets = tuple(_target(target) for target in body["targets"])
    steps = tuple(_step(step) for step in body["steps"])
    if not targets or any(not 0 <= step.target < len(targets) for step in steps):
        raise ValueError("a step is about a Deployment that the plan does not have")
    return Plan(
        intent=Intent(**intent),
        targets=targets,
        steps=steps,
        checks=tuple(_check(check) for check in body.get("checks", ())),
        id=str(body.get("id", "")),
        environment=str(body.get("environment", "")),
        cluster=ClusterId(**_known(ClusterId, body.get("cluster") or {})),
        registry=str(body.get("registry", "")),
    )


def _target(body: Mapping[str, Any]) -> Target:
    return Target(
        namespace=str(body["namespace"]),
        deployment=str(body["deployment"]),
        model=str(body["model"]),
        alias=str(body["alias"]),
        from_version=body.get("from_version"),
        to_version=str(body["to_version"]),
        fingerprint=Fingerprint(**_known(Fingerprint, body["fingerprint"])),
        slot_edits={str(where): (before, after) for where, (before, after) in body.get("slot_edits", {}).items()},
        by_alias=bool(body.get("by_alias", False)),
        run_id=body.get("run_id"),
        copied_from=body.get("copied_from"),
        gate=_gate(body.get("gate")),
        serving_sets=tuple(str(name) for name in body.get("serving_sets", ())),
    )


def _gate(body: object) -> Gate | None:
    """Raises ValueError where it cannot be understood: an operation must not go on with less than was asked for."""
    return gate_from_json(body) if isinstance(body, Mapping) else None


def _step(body: Mapping[str, Any]) -> Step:
    try:
        name = StepName(body["name"])
    except ValueError:
        # The place is kept, because entries name a step by its place.
        name = StepName.OTHER
    target = body.get("target", 0)
    return Step(
        name,
        str(body.get("before", "")),
        str(body.get("after", "")),
        str(body.get("command", "")),
        target=target if isinstance(target, int) else 0,
    )


def _check(body: Mapping[str, Any]) -> Check:
    verdict = next((one for one in Verdict if one == body.get("verdict")), Verdict.UNKNOWN)
    name = next((one for one in CheckName if one == body.get("name")), CheckName.OTHER)
    deployments = tuple(str(key) for key in body.get("deployments") or ())
    return Check(name, verdict, str(body.get("message", "")), str(body.get("hint", "")), deployments)


def _known(kind: type[Any], body: Mapping[str, Any]) -> Json:
    return {name: value for name, value in body.items() if name in kind.__dataclass_fields__}
