"""From an intent to a plan: everything is read, nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace

from modeldeck.domain.failures import Failure
from modeldeck.domain.gates import Gate
from modeldeck.domain.gates.summary import gate_words
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.kubernetes.annotations import (
    CHANGE_CAUSE,
    OPERATION,
    OPERATION_TAG,
    RESTARTED_AT,
    OperationAnnotation,
    mark_of,
    mark_text,
)
from modeldeck.domain.kubernetes.pod_addresses import serving_addresses
from modeldeck.domain.links.slots import ANNOTATIONS, Edits, escape, slot_edits
from modeldeck.domain.mlflow.registry import ModelVersion
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.plan import Fingerprint, Plan, Refusal, Target
from modeldeck.domain.operations.steps import Step, StepName
from modeldeck.operations.common import patch
from modeldeck.operations.common.change_cause import ChangeCause
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.ownership import newest
from modeldeck.operations.common.replicasets import serving_sets
from modeldeck.operations.common.text import has_orders, iso, new_id
from modeldeck.operations.planning.checks import run_checks
from modeldeck.operations.planning.commands import Commands
from modeldeck.operations.planning.plan_inputs import PlanInputs, alias_of, find_subject, logged_source
from modeldeck.operations.planning.preconditions import annotations_digest, digests
from modeldeck.ports import Clock, Journal

REASON_LIMIT = 500


async def plan(
    intent: Intent,
    clients: Clients,
    journal: Journal,
    clock: Clock,
    *,
    operation_id: str = "",
    copied: ModelVersion | None = None,
    together: Collection[str] = (),
) -> Plan | Refusal:
    """The plan for one Deployment with all its checks, refusing ones included; a Refusal where there is nothing to plan.

    `copied`: the version that is wanted does not exist yet, and will be a copy of this one. `together`: keys of all the
    deployments that the operation changes.
    """
    wrong = _usage(intent)
    if wrong is not None:
        return wrong
    subject = await find_subject(intent, clients, journal, clock, copied)
    if isinstance(subject, Refusal):
        return subject
    subject = replace(subject, intent=replace(intent, alias=alias_of(intent, subject.link)))
    try:
        template = _template_edits(subject, now := clock.now())
    except ValueError as error:
        return Refusal("slot", str(error), f"set {subject.link.slot.where} by hand once, so that it names {subject.model}")
    try:
        past = journal.operations()
    except Failure as failure:
        return Refusal(failure.code, str(failure), failure.hint, failure=failure)
    try:
        pods = await clients.need_cluster().pods_of(subject.deployment)
    except Failure as failure:
        return Refusal(failure.code, str(failure), failure.hint, failure=failure)
    serving = serving_sets(pods)
    subject = replace(subject, pods=pods, addresses=serving_addresses(pods))
    gate = chosen_gate(subject.intent, clients, subject.model) if await metrics_there(clients) else None
    cluster, registry = await _identities(subject, clients)
    draft = _draft(subject, clients, template, now, _Choices(operation_id or new_id(now), gate, serving, cluster, registry))
    checks = await run_checks(replace(subject, intent=intent), clients, draft, past, now, together)
    target = replace(draft.last, fingerprint=replace(draft.last.fingerprint, autoscaled=_autoscaled(checks)))
    return replace(draft, checks=checks, targets=(target,))


def _usage(intent: Intent) -> Refusal | None:
    for name, text in (("reason", intent.reason), ("alias", intent.alias), ("version", intent.to_version or "")):
        if has_orders(text):
            return Refusal("usage", f"the {name} holds control characters", "write it as one plain line of text")
    if intent.ungated and not intent.reason.strip():
        return Refusal("usage", "to go on without a gate needs a reason", "--reason TEXT")
    if len(intent.reason) > REASON_LIMIT:
        return Refusal("usage", f"the reason has {len(intent.reason)} characters, {REASON_LIMIT} is the most")
    return None


def _template_edits(inputs: PlanInputs, now: float) -> Edits:
    """Empty where the template needs no change: that it lacks our annotations alone is no reason to restart anybody's pods."""
    source = logged_source(inputs.version)
    found = dict(slot_edits(inputs.link, inputs.to_version, model=inputs.model, run_id=inputs.run_id, source=source))
    if inputs.by_alias:
        moved = inputs.alias_version != inputs.to_version
        if not found and not moved:
            return {}
        key = f"{ANNOTATIONS}/{escape(RESTARTED_AT)}"
        found[key] = (inputs.deployment.template.annotations.get(RESTARTED_AT), iso(now))
        return found
    named = inputs.link.slot.where in found
    disagrees = any(before is not None for before, _ in found.values())
    return found if named or disagrees else {}


_GUESS_PATIENCE = 1.5


async def metrics_there(clients: Clients) -> bool:
    """Whether there is a Prometheus to judge by. One that somebody named is there even while it is down: the gate then holds. Where nobody
    named any, the usual address counts only if it answers: else every change would wait for a person."""
    if clients.metrics is None:
        return False
    target = clients.environment.prometheus
    if target is None or not target.guessed:
        return True
    try:
        async with asyncio.timeout(_GUESS_PATIENCE):
            await clients.metrics.ping()
    except (Failure, TimeoutError):
        return False
    return True


def chosen_gate(intent: Intent, clients: Clients, model: str) -> Gate | None:
    """What was asked for, else the environment's own for the model; None where none was asked for."""
    if intent.ungated:
        return None
    gate = intent.gate or clients.environment.gate_for(model)
    return gate.for_rollback if intent.kind is Kind.ROLLBACK else gate


@dataclass(frozen=True, slots=True)
class _Choices:
    """What a plan stands on beside its subject."""

    id: str
    gate: Gate | None
    serving_sets: tuple[str, ...]
    cluster: ClusterId
    registry: str


async def _identities(inputs: PlanInputs, clients: Clients) -> tuple[ClusterId, str]:
    """Where this is, for those who look back at it later. Nothing of the plan depends on it, so that nobody who cannot tell stops it."""
    cluster, registry = ClusterId(), ""
    with suppress(Failure):
        cluster = await clients.need_cluster().identity()
    if inputs.registry_failure is None:
        with suppress(Failure):
            registry = await clients.need_registry().identity()
    return cluster, registry


def _draft(inputs: PlanInputs, clients: Clients, template: Edits, now: float, chosen: _Choices) -> Plan:
    """The plan without its checks."""
    deployment, intent = inputs.deployment, inputs.intent
    alias_moves = inputs.registry_failure is not None or inputs.alias_version != inputs.to_version
    target = Target(
        namespace=intent.namespace,
        deployment=intent.deployment,
        model=inputs.model,
        alias=intent.alias,
        from_version=inputs.from_version,
        to_version=inputs.to_version,
        fingerprint=Fingerprint(
            deployment_uid=deployment.uid,
            generation=deployment.generation,
            template_hash=deployment.template_hash,
            alias_version=inputs.alias_version,
            version_status=inputs.version.status if inputs.version else "",
            alias_known=inputs.registry_failure is None,
            replicas=deployment.desired,
            places=digests(deployment.template),
            annotations=annotations_digest(deployment),
            last_operation=last.id if (last := newest(deployment)) else "",
            tagged=_tagged(inputs),
        ),
        by_alias=inputs.by_alias,
        run_id=inputs.run_id,
        copied_from=inputs.copied.uri if inputs.copied is not None else None,
        gate=chosen.gate if patch.of_template(template) else None,
        serving_sets=chosen.serving_sets,
    )
    steps: tuple[Step, ...] = ()
    if template or alias_moves:
        target = replace(target, slot_edits={**template, **_own_edits(inputs, target, chosen.id, template, now)})
        steps = _steps(inputs, target, chosen.id, alias_moves)
        if clients.environment.approval:
            steps = (Step(StepName.AWAIT_APPROVAL, "not approved", f"approved by somebody other than {intent.actor}"), *steps)
    environment = clients.environment.name
    return Plan(intent, (target,), steps, (), chosen.id, environment, chosen.cluster, chosen.registry)


def _own_edits(inputs: PlanInputs, target: Target, operation_id: str, template: Edits, now: float) -> Edits:
    """The mark; and the change cause, which Kubernetes shows in the rollout's history, where there is a rollout."""
    intent, annotations = inputs.intent, inputs.deployment.annotations
    own: dict[str, tuple[str | None, str | None]] = {}
    if template:
        cause = ChangeCause(operation_id, intent.kind, target.model, target.from_version, target.to_version, intent.actor, intent.reason)
        own[patch.own_annotation(CHANGE_CAUSE)] = (annotations.get(CHANGE_CAUSE), cause.text())
    mark = OperationAnnotation(
        id=operation_id,
        kind=intent.kind.value,
        actor=intent.actor,
        model=target.model,
        from_version=target.from_version,
        to_version=target.to_version,
        alias=intent.alias,
        previous=inputs.alias_version,
        previous_known=inputs.registry_failure is None,
        tagged=_tagged(inputs),
        reason=intent.reason,
        at=iso(now) or "",
        edits={**template, **own},
    )
    return {patch.own_annotation(OPERATION): (annotations.get(OPERATION), mark_text(mark)), **own}


def _tagged(inputs: PlanInputs) -> str | None:
    """A copy has no tags of its own yet."""
    return None if inputs.version is None or inputs.copied is not None else inputs.version.tags.get(OPERATION_TAG, "")


def stamped(plan: Plan, now: float) -> Plan:
    """The plan with the time at which it is carried out in its marks: a person may think about it for a while."""
    return replace(plan, targets=tuple(_stamped(target, now) for target in plan.targets))


def _stamped(target: Target, now: float) -> Target:
    where = patch.own_annotation(OPERATION)
    before, after = target.slot_edits.get(where, (None, None))
    mark = mark_of({OPERATION: after}) if after else None
    if mark is None:
        return target
    return replace(target, slot_edits={**target.slot_edits, where: (before, mark_text(replace(mark, at=iso(now) or "")))})


def _steps(inputs: PlanInputs, target: Target, operation_id: str, alias_moves: bool) -> tuple[Step, ...]:
    """The alias last, because batch jobs and notebooks follow it; but first where the pods read it as they start."""
    commands = Commands(target, operation_id, inputs.deployment)
    rollout = [_rollout(inputs, commands), *_judged(target)] if patch.of_template(target.slot_edits) else []
    alias = [_alias(inputs, target, commands)] if alias_moves else []
    mark = Step(StepName.MARK, "no operation", operation_id, commands.mark())
    announced = f", alias {target.alias} announced as moving" if alias_moves else ""
    lock = Step(StepName.LOCK, "free", f"held by {operation_id}{announced}")
    if target.by_alias:
        change = [mark, *alias, Step(StepName.RESTART, *_template_words(inputs, target), commands.restart()), *rollout]
    elif rollout:
        change = [Step(StepName.PATCH_TEMPLATE, *_template_words(inputs, target), commands.patch()), *rollout, *alias]
    else:
        change = [mark, *alias]
    return (lock, *change, *_evidence(target, inputs.intent.kind, operation_id, commands))


def _template_words(inputs: PlanInputs, target: Target) -> tuple[str, str]:
    """Before and after, as the slot reads."""
    if target.by_alias:
        return f"pods started with {target.from_version or 'an unknown version'}", f"pods started with {target.to_version}"
    before, after = target.slot_edits.get(inputs.link.slot.where, (inputs.link.slot.text, inputs.link.slot.text))
    return before or "–", after or "–"


def _rollout(inputs: PlanInputs, commands: Commands) -> Step:
    deployment = inputs.deployment
    replicas = "replica" if deployment.desired == 1 else "replicas"
    before = f"revision {deployment.revision}, {deployment.available} of {deployment.desired} available"
    return Step(StepName.AWAIT_ROLLOUT, before, f"{deployment.desired} {replicas} rolled out", commands.rollout_status())


def _judged(target: Target) -> tuple[Step, ...]:
    gate = target.gate
    if gate is None:
        return ()
    return (Step(StepName.JUDGE_GATE, "not judged", f"passed: {gate_words(gate)}"),)


def _alias(inputs: PlanInputs, target: Target, commands: Commands) -> Step:
    known = inputs.registry_failure is None
    before = f"{target.alias} at {(inputs.alias_version or 'nothing') if known else 'nobody knows what'}"
    return Step(StepName.MOVE_ALIAS, before, f"{target.alias} at {target.to_version}", commands.move_alias())


def _evidence(target: Target, kind: Kind, operation_id: str, commands: Commands) -> tuple[Step, ...]:
    left = f" and {target.from_version}" if target.from_version and target.from_version != target.to_version else ""
    verb = "RolledBack" if kind is Kind.ROLLBACK else "Promoted"
    return (
        Step(StepName.TAG_VERSION, "–", f"modeldeck.* on version {target.to_version}{left}", commands.tag()),
        Step(StepName.WRITE_EVENT, "–", f"{verb} on the deployment"),
        Step(StepName.VERIFY, "–", "alias, template and pods agree", commands.verify()),
        Step(StepName.RELEASE, operation_id, "no operation, no lock", commands.release()),
    )


def _autoscaled(checks: tuple[Check, ...]) -> bool:
    return any(check.name is CheckName.AUTOSCALER and check.verdict is Verdict.WARN for check in checks)
