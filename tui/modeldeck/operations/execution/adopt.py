"""An operation as its Deployment tells it: what a colleague needs who has not got the journal of the machine that began it.

The mark holds what was changed in the pod template and what the alias pointed at before: enough to take it back. It does not hold what
was checked, so that it cannot be gone on with. Once the version's tags tell of it, it had come past its commit: then it is only finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from modeldeck.domain.failures import Conflict, Failure, NotFound
from modeldeck.domain.identity import ClusterId
from modeldeck.domain.kubernetes.annotations import OPERATION, OPERATION_TAG, OperationAnnotation, under_way
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.plan import Fingerprint, Plan, Target
from modeldeck.domain.operations.steps import EVIDENCE, Step, StepName
from modeldeck.operations.common import patch
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.ownership import newest
from modeldeck.operations.common.retry import LATE_ANSWER
from modeldeck.operations.common.serialization import plan_to_journal
from modeldeck.operations.common.text import host
from modeldeck.operations.planning.preconditions import annotations_digest, digests
from modeldeck.ports import Clock, Journal, ModelRegistry


async def adopt(operation_id: str, clients: Clients, journal: Journal, clock: Clock, *, finish: bool = False) -> Plan:
    """Write the operation into this journal as one that was cut off: to be taken back, or to be finished.

    Raises NotFound where no Deployment that can be seen carries its mark, Conflict where it has come too far to be taken back, or not far
    enough to be finished.
    """
    namespaces = clients.environment.cluster.namespaces if clients.environment.cluster else ()
    fleet = await clients.need_cluster().fleet(namespaces)
    marked = [(under_way(deployment.annotations), deployment) for deployment in fleet.deployments]
    cluster = await clients.need_cluster().identity()
    name = clients.environment.name
    plans = [plan_of(mark, on, name, cluster) for mark, on in marked if mark and mark.id == operation_id and mark.to_version]
    if not plans:
        hint = "modeldeck operations list; -n NAMESPACE where it is another one"
        raise NotFound(f"no operation {operation_id}, neither in this journal nor on a deployment", hint=hint)
    committed = any([await told_by_tags(operation_id, plan.last, clients, clock) for plan in plans])
    if committed and not finish:
        raise past_commit(operation_id, plans[0].last.key)
    if finish and not committed:
        raise not_from_here(operation_id)
    plan = _joined(plans, committed=committed)
    _write(plan, journal, clock, committed=committed)
    return plan


def past_commit(operation_id: str, key: str) -> Conflict:
    """Why it cannot be taken back."""
    hint = f"modeldeck operations resume {operation_id} finishes it; then modeldeck rollback {key}"
    return Conflict(f"operation {operation_id} had moved the alias and the pods: taking it back is a roll-back", hint=hint)


def not_from_here(operation_id: str) -> Conflict:
    """Why it cannot be gone on with."""
    message = f"operation {operation_id} was begun on another machine, whose journal is not here: it can be taken back, not gone on with"
    return Conflict(message, hint=f"modeldeck operations undo {operation_id}")


async def told_by_tags(operation_id: str, target: Target, clients: Clients, clock: Clock) -> bool:
    """Whether it had come past its commit: tags are written right after it, and this one first.

    Raises a Failure where the registry must be asked, and cannot be."""
    try:
        registry = clients.need_registry()
        if await _tagged(operation_id, target, registry):
            return True
        if await registry.version_of_alias(target.model, target.alias) != target.to_version:
            return False
        # It came as far as the alias: the tag may have been sent, and still be on its way.
        await clock.sleep(LATE_ANSWER)
        return await _tagged(operation_id, target, registry)
    except NotFound:
        return False
    except Failure:
        if target.fingerprint.alias_known:
            raise
        return False  # it was away before the operation began, too


async def _tagged(operation_id: str, target: Target, registry: ModelRegistry) -> bool:
    return (await registry.version(target.model, target.to_version)).tags.get(OPERATION_TAG) == operation_id


def _joined(plans: Sequence[Plan], *, committed: bool) -> Plan:
    """One plan of all its Deployments."""
    targets = tuple(plan.last for plan in plans)
    steps = [replace(step, target=number) for number, plan in enumerate(plans) for step in plan.steps]
    if committed:
        steps += [Step(name, "–", "as the mark tells", target=number) for number in range(len(targets)) for name in EVIDENCE]
    return replace(plans[0], targets=targets, steps=tuple(steps))


def plan_of(mark: OperationAnnotation, deployment: Deployment, environment: str, cluster: ClusterId) -> Plan:
    """What was planned, as far as the mark tells."""
    by_alias = mark.alias != "" and any(text and f"@{mark.alias}" in text for text in _texts(deployment))
    patching = StepName.RESTART if by_alias else StepName.PATCH_TEMPLATE
    change = Step(patching, "as before", f"version {mark.to_version}") if mark.edits else None
    alias = Step(StepName.MOVE_ALIAS, f"{mark.alias} at {mark.previous or 'nothing'}", f"{mark.alias} at {mark.to_version}")
    marking = Step(StepName.MARK, "no operation", mark.id)
    steps = (marking, alias, *((change,) if change else ())) if by_alias else ((change or marking), alias)
    own = patch.own_annotation(OPERATION)
    target = Target(
        namespace=deployment.namespace,
        deployment=deployment.name,
        model=mark.model,
        alias=mark.alias,
        from_version=mark.from_version,
        to_version=mark.to_version or "",
        fingerprint=Fingerprint(
            deployment_uid=deployment.uid,
            generation=deployment.generation,
            template_hash=deployment.template_hash,
            alias_version=mark.previous,
            version_status="",
            alias_known=mark.previous_known,
            replicas=deployment.desired,
            places=digests(deployment.template),
            annotations=annotations_digest(deployment),
            last_operation=last.id if (last := newest(deployment)) else "",
            tagged=mark.tagged,
        ),
        slot_edits={**mark.edits, own: (None, deployment.annotations[OPERATION])},
        by_alias=by_alias,
    )
    return Plan(
        intent=Intent(
            kind=Kind.ROLLBACK if mark.kind == Kind.ROLLBACK else Kind.PROMOTE,
            namespace=deployment.namespace,
            deployment=deployment.name,
            model=mark.model,
            to_version=mark.to_version,
            actor=mark.actor,
            reason=mark.reason,
            alias=mark.alias,
        ),
        targets=(target,),
        steps=steps,
        checks=(),
        id=mark.id,
        environment=environment,
        cluster=cluster,
    )


def _texts(deployment: Deployment) -> list[str | None]:
    containers = deployment.template.containers
    return [text for one in containers for text in (*one.args, *one.command, *(variable.value for variable in one.env))]


def _write(plan: Plan, journal: Journal, clock: Clock, *, committed: bool) -> None:
    """As if it had been cut off in each step: nobody here knows how far it came, so that every one of them is looked at. Past the commit
    all of it but the evidence is done."""
    at = clock.now()
    journal.append(plan.id, "planned", {"at": at, "plan": plan_to_journal(plan), "host": host(), "adopted": True})
    for index, step in enumerate(plan.steps):
        if step.name in EVIDENCE:
            continue
        message = f"{step.name}: as the mark on the deployment tells"
        journal.append(plan.id, "trying", {"at": at, "step": index})
        journal.append(plan.id, "request", {"at": at, "step": index, "message": message})
        if committed:
            journal.append(plan.id, "done", {"at": at, "step": index, "message": message})
