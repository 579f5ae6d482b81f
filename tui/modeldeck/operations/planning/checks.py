"""What must hold before a plan is carried out: each check with a verdict, words and a hint. All are asked at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Iterable, Mapping

from modeldeck.domain.failures import Conflict, Failure, Forbidden, NotFound, Rejected
from modeldeck.domain.kubernetes import rollout
from modeldeck.domain.kubernetes.annotations import under_way
from modeldeck.domain.kubernetes.leases import held_words, lock_name, looks_live, note_of
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.links.slots import Edits
from modeldeck.domain.mlflow.announcements import Announcement
from modeldeck.domain.mlflow.registry import ModelAccess
from modeldeck.domain.operations.checks import Check, CheckName, Verdict
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.plan import Plan, Target
from modeldeck.domain.operations.steps import StepName
from modeldeck.operations.common import patch
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.liveness import holder_is_dead, is_abandoned
from modeldeck.operations.gate import GateTarget, forecast
from modeldeck.operations.planning.alerts import alerts
from modeldeck.operations.planning.announced import is_over, midst_words
from modeldeck.operations.planning.availability import availability
from modeldeck.operations.planning.consequences import consequences, others
from modeldeck.operations.planning.owner_check import ownership
from modeldeck.operations.planning.plan_inputs import PlanInputs, alias_of
from modeldeck.operations.planning.repeated_variables import repeated

_METRICS_PATIENCE = 5.0
"""Seconds that a plan waits for Prometheus: it can be made without."""


async def run_checks(
    inputs: PlanInputs, clients: Clients, draft: Plan, past: Iterable[Operation], now: float, together: Collection[str] = ()
) -> tuple[Check, ...]:
    """In the order in which people read them. The first hint of those that refuse is what a refused plan tells: another operation comes
    before the rollout that it began, because it is the operation that has to be waited for or taken back. `together`: keys of all the
    deployments that the operation changes."""
    target = draft.last
    asked: tuple[Awaitable[Check], ...] = (
        artifacts(inputs, clients),
        may_patch(inputs, clients),
        dry_run(inputs, clients, target.slot_edits),
        ownership(inputs, clients, target),
        autoscaler(inputs, clients),
        gate(inputs, target, clients, now),
        lock(inputs, clients, now),
        moving(inputs, clients, together),
        may_move_alias(inputs, clients),
    )
    serving = asyncio.create_task(availability(inputs, target.slot_edits, clients))
    moves = any(step.name is StepName.MOVE_ALIAS for step in draft.steps)
    alerting = asyncio.create_task(alerts(inputs, clients, now))
    told = asyncio.create_task(others(inputs, target.alias, clients, together) if moves else _nothing())
    found, patching, trial, owned, scaling, judged, locked, announced, allowed = await asyncio.gather(*asked)
    here = other_operations(inputs, past)
    return (
        environment(clients),
        *reason(inputs, clients),
        version(inputs),
        found,
        patching,
        allowed,
        here if here.verdict is Verdict.REFUSE or announced.verdict is Verdict.OK else announced,
        rolling(inputs),
        *await serving,
        *consequences(inputs, target.slot_edits),
        trial,
        owned,
        scaling,
        *await told,
        locked,
        *await alerting,
        judged,
    )


def environment(clients: Clients) -> Check:
    name = clients.environment.name
    if clients.environment.read_only:
        return Check(CheckName.ENVIRONMENT, Verdict.REFUSE, f"{name} is read-only", "choose another environment, or unset its read_only")
    if clients.environment.approval:
        return Check(CheckName.ENVIRONMENT, Verdict.WARN, f"in {name} somebody else has to approve a change", "nothing is touched before")
    return Check(CheckName.ENVIRONMENT, Verdict.OK, f"{name} may be changed")


def reason(inputs: PlanInputs, clients: Clients) -> tuple[Check, ...]:
    """Only where one is needed."""
    if not clients.environment.protected:
        return ()
    if inputs.intent.reason.strip():
        return (Check(CheckName.REASON, Verdict.OK, inputs.intent.reason),)
    return (
        Check(
            CheckName.REASON, Verdict.REFUSE, f"{clients.environment.name} is protected: a change needs a reason", "--reason TEXT, or `r`"
        ),
    )


def version(inputs: PlanInputs) -> Check:
    named = f"version {inputs.to_version} of {inputs.model}"
    if inputs.registry_failure is not None:
        return Check(CheckName.VERSION, Verdict.UNKNOWN, f"{inputs.registry_failure}", "the roll-back goes ahead without asking")
    if inputs.version is None:
        return Check(CheckName.VERSION, Verdict.REFUSE, f"{named} does not exist", "the versions pane shows those that do")
    if inputs.version.status != "READY":
        said = f": {inputs.version.status_message}" if inputs.version.status_message else ""
        return Check(
            CheckName.VERSION, Verdict.REFUSE, f"{named} is {inputs.version.status}{said}", "wait until it is READY, or register it anew"
        )
    if inputs.copied is not None:
        return Check(CheckName.VERSION, Verdict.OK, f"{named} is made as a copy of {inputs.copied.uri}, which is READY")
    return Check(CheckName.VERSION, Verdict.OK, f"{named} is READY")


async def artifacts(inputs: PlanInputs, clients: Clients) -> Check:
    if inputs.version is None or clients.registry is None:
        return Check(CheckName.ARTIFACTS, Verdict.UNKNOWN, "cannot be looked at")
    try:
        model, number = (inputs.copied.model, inputs.copied.version) if inputs.copied else (inputs.model, inputs.to_version)
        message = await clients.registry.artifacts_answer(model, number)
    except NotFound as failure:
        return Check(CheckName.ARTIFACTS, Verdict.REFUSE, f"its artifacts are gone: {failure.message}", "register it anew")
    except Failure as failure:
        return Check(CheckName.ARTIFACTS, Verdict.UNKNOWN, str(failure), failure.hint)
    return Check(CheckName.ARTIFACTS, Verdict.OK, message)


async def may_patch(inputs: PlanInputs, clients: Clients) -> Check:
    deployment = inputs.deployment
    try:
        access = await clients.need_cluster().access("patch", "deployments", deployment.namespace, name=deployment.name, group="apps")
    except Failure as failure:
        return Check(CheckName.PERMISSION, Verdict.UNKNOWN, str(failure), failure.hint)
    if access.allowed is None:
        return Check(CheckName.PERMISSION, Verdict.UNKNOWN, access.reason or "the access review failed", "it will show when it is tried")
    if not access.allowed:
        message = f"patching deployments in {deployment.namespace} is not allowed" + (f": {access.reason}" if access.reason else "")
        return Check(CheckName.PERMISSION, Verdict.REFUSE, message, "ask for a role with `patch` on deployments.apps")
    return Check(CheckName.PERMISSION, Verdict.OK, f"patching {deployment.key} is allowed")


async def may_move_alias(inputs: PlanInputs, clients: Clients) -> Check:
    if inputs.registry_failure is not None:
        return Check(
            CheckName.ALIAS,
            Verdict.WARN,
            f"MLflow cannot be asked ({inputs.registry_failure}): the alias is tried after the rollout, and left open where that fails",
            "run the same roll-back again when MLflow is back: it then only moves the alias",
        )
    access = await _access(inputs, clients)
    if access.may_edit is False:
        verdict = Verdict.WARN if inputs.alias_version == inputs.to_version else Verdict.REFUSE
        message = f"moving an alias of {inputs.model} needs EDIT on it, and MLflow grants {access.permission}"
        return Check(CheckName.ALIAS, verdict, message, f"ask an MLflow admin, or whoever made {inputs.model}, for EDIT on it")
    asked = inputs.intent.alias
    if inputs.link.alias is not None and inputs.link.alias != asked:
        message = f"the pods follow alias {inputs.link.alias}, so that one moves, not {asked}"
        return Check(CheckName.ALIAS, Verdict.WARN, message)
    if access.may_edit:
        return Check(CheckName.ALIAS, Verdict.OK, f"MLflow lets you move aliases of {inputs.model} ({access.permission})")
    unclear = f"MLflow grants {access.permission}, which is not known here"
    message = unclear if access.permission else "MLflow does not tell permissions beforehand"
    return Check(CheckName.ALIAS, Verdict.UNKNOWN, message, "a refusal is undone")


async def _access(inputs: PlanInputs, clients: Clients) -> ModelAccess:
    """Not known where it cannot be asked: the rest of the plan says what is wrong with MLflow."""
    try:
        return await clients.need_registry().access_to(inputs.model)
    except Failure:
        return ModelAccess(None)


def rolling(inputs: PlanInputs) -> Check:
    deployment = inputs.deployment
    if deployment.paused:
        hint = f"kubectl -n {deployment.namespace} rollout resume deployment {deployment.name}"
        return Check(CheckName.ROLLOUT, Verdict.REFUSE, "the deployment is paused: no rollout would begin", hint)
    status = rollout.status(deployment)
    if status.state == rollout.DONE:
        if deployment.desired == 0:
            return Check(CheckName.ROLLOUT, Verdict.WARN, "scaled to 0: nothing will serve", "scale it up to see the version serve")
        return Check(CheckName.ROLLOUT, Verdict.OK, status.message)
    if inputs.intent.kind is Kind.ROLLBACK or status.state == rollout.FAILED:
        return Check(CheckName.ROLLOUT, Verdict.WARN, status.message, "the new rollout replaces it")
    return Check(CheckName.ROLLOUT, Verdict.REFUSE, f"a rollout is under way: {status.message}", "wait for it, or roll back")


def other_operations(inputs: PlanInputs, past: Iterable[Operation]) -> Check:
    deployment = inputs.deployment
    mine = {operation.id: operation for operation in past if operation.is_about(deployment.key, deployment.uid)}
    mark = under_way(deployment.annotations)
    if mark is not None:
        return _marked(mark.id, mark.actor, mark.at, mine, deployment)
    for operation in mine.values():
        if operation.state is State.ENDED:
            continue
        if is_abandoned(operation):
            hint = f"modeldeck operations undo {operation.id}"
            return Check(CheckName.OTHER_OPERATIONS, Verdict.WARN, f"operation {operation.id} was cut off; its mark is gone", hint)
        message = f"operation {operation.id} of {operation.actor} is under way"
        return Check(CheckName.OTHER_OPERATIONS, Verdict.REFUSE, message, "wait for it, or cancel it")
    return Check(CheckName.OTHER_OPERATIONS, Verdict.OK, "none under way")


async def moving(inputs: PlanInputs, clients: Clients, together: Collection[str]) -> Check:
    """Whether another operation, on whichever Deployment, is in the midst of moving the alias: then nobody knows where it will point, be it
    to be moved or not. `together`: keys of all the deployments that the operation changes."""
    for other in inputs.moving:
        if not await _has_ended(other, inputs, clients, together):
            message, hint = midst_words(inputs.model, alias_of(inputs.intent, inputs.link), other)
            return Check(CheckName.OTHER_OPERATIONS, Verdict.REFUSE, message, hint)
    return Check(CheckName.OTHER_OPERATIONS, Verdict.OK, "the alias is at rest")


async def _has_ended(other: Announcement, inputs: PlanInputs, clients: Clients, together: Collection[str]) -> bool:
    own = inputs.deployment
    if other.deployment == own.key:
        return is_over(other, own, locked=True)  # as it will be, or the lock tells who is at work
    namespace, _, name = other.deployment.partition("/")
    try:
        found = await clients.need_cluster().deployment(namespace, name)
    except Failure:
        return False
    return is_over(other, found, locked=other.deployment in together)


def _marked(id: str, actor: str, at: str, mine: Mapping[str, Operation], deployment: Deployment) -> Check:
    who = f"operation {id}" + (f" of {actor}" if actor else "") + (f", started {at}" if at else "")
    known = mine.get(id)
    if known is not None and known.outcome is Outcome.NEEDS_ATTENTION:
        hint = f"this one takes its place; to take back first what is left of it: modeldeck operations undo {id}"
        return Check(CheckName.OTHER_OPERATIONS, Verdict.WARN, f"{who} ended with an open end", hint)
    if known is not None and known.state is State.ENDED:
        return Check(
            CheckName.OTHER_OPERATIONS, Verdict.WARN, f"the mark of {who} was left behind; it ended {known.outcome}", "it is replaced"
        )
    if known is not None and is_abandoned(known):
        return Check(
            CheckName.OTHER_OPERATIONS, Verdict.REFUSE, f"{who} was cut off: its process is gone", f"modeldeck operations undo {id}"
        )
    take_off = f"kubectl -n {deployment.namespace} annotate deployment {deployment.name} modeldeck.dev/operation-"
    return Check(CheckName.OTHER_OPERATIONS, Verdict.REFUSE, f"{who} is under way", f"wait for it; where it surely is dead: {take_off}")


async def dry_run(inputs: PlanInputs, clients: Clients, wanted: Edits) -> Check:
    """The server's own judgement of the very patch that will be sent; and whether admission lets our values stand."""
    deployment = inputs.deployment
    if not wanted:
        return Check(CheckName.DRY_RUN, Verdict.OK, "nothing to patch")
    try:
        body = patch.patch(wanted, deployment, guarded=False)
        answer = await clients.need_cluster().patch_deployment(deployment.namespace, deployment.name, body, dry_run=True)
    except (Rejected, Conflict) as failure:
        return Check(CheckName.DRY_RUN, Verdict.REFUSE, f"the server rejects the patch: {failure.message}", failure.hint)
    except Forbidden as failure:
        return Check(CheckName.DRY_RUN, Verdict.REFUSE, f"the server forbids the patch: {failure.message}", failure.hint)
    except Failure as failure:
        return Check(CheckName.DRY_RUN, Verdict.UNKNOWN, str(failure), failure.hint)
    if not patch.stand(wanted, answer):
        if twice := next(repeated(deployment, wanted), None):
            message = f"the server merges variables by name, so that the patch does not do what it should: {twice.name} stands twice"
            return Check(CheckName.DRY_RUN, Verdict.REFUSE, message, twice.hint)
        message = "something in the cluster changes the patch on its way in (an admission webhook?)"
        return Check(CheckName.DRY_RUN, Verdict.REFUSE, message, "; ".join(patch.strays(wanted, answer)))
    return Check(CheckName.DRY_RUN, Verdict.OK, "accepted by the server")


async def _nothing() -> tuple[Check, ...]:
    return ()


async def autoscaler(inputs: PlanInputs, clients: Clients) -> Check:
    deployment = inputs.deployment
    try:
        scaled = await clients.need_cluster().autoscaled(deployment.namespace, deployment.name)
    except Failure as failure:
        return Check(CheckName.AUTOSCALER, Verdict.UNKNOWN, str(failure))
    if scaled is None:
        return Check(CheckName.AUTOSCALER, Verdict.UNKNOWN, "whether an autoscaler owns the replica count is not known")
    if scaled:
        return Check(CheckName.AUTOSCALER, Verdict.WARN, "an autoscaler owns the replica count: it may change during the rollout")
    return Check(CheckName.AUTOSCALER, Verdict.OK, "no autoscaler")


async def gate(inputs: PlanInputs, target: Target, clients: Clients, now: float) -> Check:
    """Whether the new pods can be judged, told before anything moves."""
    if inputs.intent.ungated:
        return Check(CheckName.GATE, Verdict.WARN, f"no gate, as asked: {inputs.intent.reason}", "whether it behaves is for you to watch")
    if not patch.of_template(target.slot_edits):
        return Check(CheckName.GATE, Verdict.OK, "no pod changes: there is nothing to judge")
    if target.gate is None:
        message = "no Prometheus is configured: nothing judges how the new pods behave"
        return Check(CheckName.GATE, Verdict.WARN, message, "set PROMETHEUS_URL, and they are judged before the alias moves")
    serving = GateTarget(
        target.namespace,
        target.deployment,
        target.serving_sets,
        model=target.model,
        version=target.from_version or "",
        addresses=inputs.addresses,
    )
    try:
        async with asyncio.timeout(_METRICS_PATIENCE):
            return await forecast(target.gate, serving, clients.metrics, now=now)
    except TimeoutError:
        message = f"Prometheus has not answered in {_METRICS_PATIENCE:.0f} s: whether the gate can be judged is not known"
        return Check(CheckName.GATE, Verdict.UNKNOWN, message, "it holds for a person where Prometheus stays away")


async def lock(inputs: PlanInputs, clients: Clients, now: float) -> Check:
    """Who has the lock now, and whether we may take it."""
    deployment, cluster = inputs.deployment, clients.need_cluster()
    try:
        held = await cluster.lease(deployment.namespace, lock_name(deployment.name))
        access = await cluster.access("create", "leases", deployment.namespace, group="coordination.k8s.io")
    except Forbidden as failure:
        return Check(CheckName.LOCK, Verdict.WARN, f"leases may not be used here ({failure.message}): the mark is the only sign for others")
    except Failure as failure:
        return Check(CheckName.LOCK, Verdict.UNKNOWN, str(failure), failure.hint)
    if held is not None and held.holder and not holder_is_dead(note_of(held)):
        if looks_live(held, now):
            return Check(CheckName.LOCK, Verdict.REFUSE, held_words(held), "wait for it, or cancel it where it is yours")
        return Check(
            CheckName.LOCK, Verdict.WARN, f"{held_words(held)}, which has not renewed it", "it is watched for a while, then taken over"
        )
    if access.allowed is False:
        return Check(CheckName.LOCK, Verdict.WARN, "leases may not be created here: the mark is the only sign for others", access.reason)
    return Check(CheckName.LOCK, Verdict.OK, "free")
