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
from modeldeck.domain.operations.promotions import Check, Kind, Operation, Outcome, Plan, State, StepName, Verdict
from modeldeck.operations.common import patch
from modeldeck.operations.common.clients import World
from modeldeck.operations.common.liveness import holder_is_dead, is_abandoned
from modeldeck.operations.gate import Target, forecast
from modeldeck.operations.planning.announced import is_over, midst_words
from modeldeck.operations.planning.availability import availability
from modeldeck.operations.planning.consequences import consequences, others
from modeldeck.operations.planning.owner_check import ownership
from modeldeck.operations.planning.plan_inputs import Subject, alias_of
from modeldeck.operations.planning.repeated_variables import repeated

_METRICS_PATIENCE = 5.0
"""Seconds that a plan waits for Prometheus: it can be made without."""


async def run_checks(
    subject: Subject, world: World, draft: Plan, past: Iterable[Operation], now: float, together: Collection[str] = ()
) -> tuple[Check, ...]:
    """In the order in which people read them. The first hint of those that refuse is what a refused plan tells: another operation comes
    before the rollout that it began, because it is the operation that has to be waited for or taken back. `together`: keys of all the
    deployments that the operation changes."""
    asked: tuple[Awaitable[Check], ...] = (
        artifacts(subject, world),
        may_patch(subject, world),
        dry_run(subject, world, draft.slot_edits),
        ownership(subject, world, draft),
        autoscaler(subject, world),
        gate(subject, draft, world, now),
        lock(subject, world, now),
        moving(subject, world, together),
        may_move_alias(subject, world),
    )
    serving = asyncio.create_task(availability(subject, draft.slot_edits, world))
    moves = any(step.name is StepName.MOVE_ALIAS for step in draft.steps)
    told = asyncio.create_task(others(subject, draft.intent.alias, world, together) if moves else _nothing())
    found, patching, trial, owned, scaling, judged, locked, announced, allowed = await asyncio.gather(*asked)
    here = other_operations(subject, past)
    return (
        environment(world),
        *reason(subject, world),
        version(subject),
        found,
        patching,
        allowed,
        here if here.verdict is Verdict.REFUSE or announced.verdict is Verdict.OK else announced,
        rolling(subject),
        *await serving,
        *consequences(subject, draft.slot_edits),
        trial,
        owned,
        scaling,
        *await told,
        locked,
        judged,
    )


def environment(world: World) -> Check:
    name = world.environment.name
    if world.environment.read_only:
        return Check("environment", Verdict.REFUSE, f"{name} is read-only", "choose another environment, or unset its read_only")
    if world.environment.approval:
        return Check("environment", Verdict.WARN, f"in {name} somebody else has to approve a change", "nothing is touched before")
    return Check("environment", Verdict.OK, f"{name} may be changed")


def reason(subject: Subject, world: World) -> tuple[Check, ...]:
    """Only where one is needed."""
    if not world.environment.protected:
        return ()
    if subject.intent.reason.strip():
        return (Check("reason", Verdict.OK, subject.intent.reason),)
    return (Check("reason", Verdict.REFUSE, f"{world.environment.name} is protected: a change needs a reason", "--reason TEXT, or `r`"),)


def version(subject: Subject) -> Check:
    named = f"version {subject.to_version} of {subject.model}"
    if subject.registry_failure is not None:
        return Check("version", Verdict.UNKNOWN, f"{subject.registry_failure}", "the roll-back goes ahead without asking")
    if subject.version is None:
        return Check("version", Verdict.REFUSE, f"{named} does not exist", "the versions pane shows those that do")
    if subject.version.status != "READY":
        said = f": {subject.version.status_message}" if subject.version.status_message else ""
        return Check("version", Verdict.REFUSE, f"{named} is {subject.version.status}{said}", "wait until it is READY, or register it anew")
    if subject.copied is not None:
        return Check("version", Verdict.OK, f"{named} is made as a copy of {subject.copied.uri}, which is READY")
    return Check("version", Verdict.OK, f"{named} is READY")


async def artifacts(subject: Subject, world: World) -> Check:
    if subject.version is None or world.registry is None:
        return Check("artifacts", Verdict.UNKNOWN, "cannot be looked at")
    try:
        model, number = (subject.copied.model, subject.copied.version) if subject.copied else (subject.model, subject.to_version)
        words = await world.registry.artifacts_answer(model, number)
    except NotFound as failure:
        return Check("artifacts", Verdict.REFUSE, f"its artifacts are gone: {failure.words}", "register it anew")
    except Failure as failure:
        return Check("artifacts", Verdict.UNKNOWN, str(failure), failure.hint)
    return Check("artifacts", Verdict.OK, words)


async def may_patch(subject: Subject, world: World) -> Check:
    deployment = subject.deployment
    try:
        access = await world.need_cluster().access("patch", "deployments", deployment.namespace, name=deployment.name, group="apps")
    except Failure as failure:
        return Check("permission to patch", Verdict.UNKNOWN, str(failure), failure.hint)
    if access.allowed is None:
        return Check("permission to patch", Verdict.UNKNOWN, access.reason or "the access review failed", "it will show when it is tried")
    if not access.allowed:
        words = f"patching deployments in {deployment.namespace} is not allowed" + (f": {access.reason}" if access.reason else "")
        return Check("permission to patch", Verdict.REFUSE, words, "ask for a role with `patch` on deployments.apps")
    return Check("permission to patch", Verdict.OK, f"patching {deployment.key} is allowed")


async def may_move_alias(subject: Subject, world: World) -> Check:
    if subject.registry_failure is not None:
        return Check(
            "alias",
            Verdict.WARN,
            f"MLflow cannot be asked ({subject.registry_failure}): the alias is tried after the rollout, and left open where that fails",
            "run the same roll-back again when MLflow is back: it then only moves the alias",
        )
    access = await _access(subject, world)
    if access.may_edit is False:
        verdict = Verdict.WARN if subject.alias_version == subject.to_version else Verdict.REFUSE
        words = f"moving an alias of {subject.model} needs EDIT on it, and MLflow grants {access.permission}"
        return Check("alias", verdict, words, f"ask an MLflow admin, or whoever made {subject.model}, for EDIT on it")
    asked = subject.intent.alias
    if subject.link.alias is not None and subject.link.alias != asked:
        words = f"the pods follow alias {subject.link.alias}, so that one moves, not {asked}"
        return Check("alias", Verdict.WARN, words)
    if access.may_edit:
        return Check("alias", Verdict.OK, f"MLflow lets you move aliases of {subject.model} ({access.permission})")
    unclear = f"MLflow grants {access.permission}, which is not known here"
    words = unclear if access.permission else "MLflow does not tell permissions beforehand"
    return Check("alias", Verdict.UNKNOWN, words, "a refusal is undone")


async def _access(subject: Subject, world: World) -> ModelAccess:
    """Not known where it cannot be asked: the rest of the plan says what is wrong with MLflow."""
    try:
        return await world.need_registry().access_to(subject.model)
    except Failure:
        return ModelAccess(None)


def rolling(subject: Subject) -> Check:
    deployment = subject.deployment
    if deployment.paused:
        hint = f"kubectl -n {deployment.namespace} rollout resume deployment {deployment.name}"
        return Check("rollout", Verdict.REFUSE, "the deployment is paused: no rollout would begin", hint)
    status = rollout.status(deployment)
    if status.state == rollout.DONE:
        if deployment.desired == 0:
            return Check("rollout", Verdict.WARN, "scaled to 0: nothing will serve", "scale it up to see the version serve")
        return Check("rollout", Verdict.OK, status.words)
    if subject.intent.kind is Kind.ROLLBACK or status.state == rollout.FAILED:
        return Check("rollout", Verdict.WARN, status.words, "the new rollout replaces it")
    return Check("rollout", Verdict.REFUSE, f"a rollout is under way: {status.words}", "wait for it, or roll back")


def other_operations(subject: Subject, past: Iterable[Operation]) -> Check:
    deployment = subject.deployment
    mine = {operation.id: operation for operation in past if operation.is_about(deployment.key, deployment.uid)}
    mark = under_way(deployment.annotations)
    if mark is not None:
        return _marked(mark.id, mark.actor, mark.at, mine, deployment)
    for operation in mine.values():
        if operation.state is State.ENDED:
            continue
        if is_abandoned(operation):
            hint = f"modeldeck operations undo {operation.id}"
            return Check("other operations", Verdict.WARN, f"operation {operation.id} was cut off; its mark is gone", hint)
        words = f"operation {operation.id} of {operation.actor} is under way"
        return Check("other operations", Verdict.REFUSE, words, "wait for it, or cancel it")
    return Check("other operations", Verdict.OK, "none under way")


async def moving(subject: Subject, world: World, together: Collection[str]) -> Check:
    """Whether another operation, on whichever Deployment, is in the midst of moving the alias: then nobody knows where it will point, be it
    to be moved or not. `together`: keys of all the deployments that the operation changes."""
    for other in subject.moving:
        if not await _has_ended(other, subject, world, together):
            words, hint = midst_words(subject.model, alias_of(subject.intent, subject.link), other)
            return Check("other operations", Verdict.REFUSE, words, hint)
    return Check("other operations", Verdict.OK, "the alias is at rest")


async def _has_ended(other: Announcement, subject: Subject, world: World, together: Collection[str]) -> bool:
    own = subject.deployment
    if other.deployment == own.key:
        return is_over(other, own, locked=True)  # as it will be, or the lock tells who is at work
    namespace, _, name = other.deployment.partition("/")
    try:
        found = await world.need_cluster().deployment(namespace, name)
    except Failure:
        return False
    return is_over(other, found, locked=other.deployment in together)


def _marked(id: str, actor: str, at: str, mine: Mapping[str, Operation], deployment: Deployment) -> Check:
    who = f"operation {id}" + (f" of {actor}" if actor else "") + (f", started {at}" if at else "")
    known = mine.get(id)
    if known is not None and known.outcome is Outcome.NEEDS_ATTENTION:
        hint = f"this one takes its place; to take back first what is left of it: modeldeck operations undo {id}"
        return Check("other operations", Verdict.WARN, f"{who} ended with an open end", hint)
    if known is not None and known.state is State.ENDED:
        return Check("other operations", Verdict.WARN, f"the mark of {who} was left behind; it ended {known.outcome}", "it is replaced")
    if known is not None and is_abandoned(known):
        return Check("other operations", Verdict.REFUSE, f"{who} was cut off: its process is gone", f"modeldeck operations undo {id}")
    take_off = f"kubectl -n {deployment.namespace} annotate deployment {deployment.name} modeldeck.dev/operation-"
    return Check("other operations", Verdict.REFUSE, f"{who} is under way", f"wait for it; where it surely is dead: {take_off}")


async def dry_run(subject: Subject, world: World, wanted: Edits) -> Check:
    """The server's own judgement of the very patch that will be sent; and whether admission lets our values stand."""
    deployment = subject.deployment
    if not wanted:
        return Check("dry run", Verdict.OK, "nothing to patch")
    try:
        body = patch.patch(wanted, deployment, guarded=False)
        answer = await world.need_cluster().patch_deployment(deployment.namespace, deployment.name, body, dry_run=True)
    except (Rejected, Conflict) as failure:
        return Check("dry run", Verdict.REFUSE, f"the server rejects the patch: {failure.words}", failure.hint)
    except Forbidden as failure:
        return Check("dry run", Verdict.REFUSE, f"the server forbids the patch: {failure.words}", failure.hint)
    except Failure as failure:
        return Check("dry run", Verdict.UNKNOWN, str(failure), failure.hint)
    if not patch.stand(wanted, answer):
        if twice := next(repeated(deployment, wanted), None):
            words = f"the server merges variables by name, so that the patch does not do what it should: {twice.name} stands twice"
            return Check("dry run", Verdict.REFUSE, words, twice.hint)
        words = "something in the cluster changes the patch on its way in (an admission webhook?)"
        return Check("dry run", Verdict.REFUSE, words, "; ".join(patch.strays(wanted, answer)))
    return Check("dry run", Verdict.OK, "accepted by the server")


async def _nothing() -> tuple[Check, ...]:
    return ()


async def autoscaler(subject: Subject, world: World) -> Check:
    deployment = subject.deployment
    try:
        scaled = await world.need_cluster().autoscaled(deployment.namespace, deployment.name)
    except Failure as failure:
        return Check("autoscaler", Verdict.UNKNOWN, str(failure))
    if scaled is None:
        return Check("autoscaler", Verdict.UNKNOWN, "whether an autoscaler owns the replica count is not known")
    if scaled:
        return Check("autoscaler", Verdict.WARN, "an autoscaler owns the replica count: it may change during the rollout")
    return Check("autoscaler", Verdict.OK, "no autoscaler")


async def gate(subject: Subject, draft: Plan, world: World, now: float) -> Check:
    """Whether the new pods can be judged, told before anything moves."""
    if draft.intent.ungated:
        return Check("gate", Verdict.WARN, f"no gate, as asked: {draft.intent.reason}", "whether it behaves is for you to watch")
    if not patch.of_template(draft.slot_edits):
        return Check("gate", Verdict.OK, "no pod changes: there is nothing to judge")
    if draft.gate is None:
        words = "no Prometheus is configured: nothing judges how the new pods behave"
        return Check("gate", Verdict.WARN, words, "set PROMETHEUS_URL, and they are judged before the alias moves")
    intent = draft.intent
    target = Target(
        intent.namespace,
        intent.deployment,
        draft.serving_sets,
        model=draft.model,
        version=draft.from_version or "",
        addresses=subject.addresses,
    )
    try:
        async with asyncio.timeout(_METRICS_PATIENCE):
            return await forecast(draft.gate, target, world.metrics, now=now)
    except TimeoutError:
        words = f"Prometheus has not answered in {_METRICS_PATIENCE:.0f} s: whether the gate can be judged is not known"
        return Check("gate", Verdict.UNKNOWN, words, "it holds for a person where Prometheus stays away")


async def lock(subject: Subject, world: World, now: float) -> Check:
    """Who has the lock now, and whether we may take it."""
    deployment, cluster = subject.deployment, world.need_cluster()
    try:
        held = await cluster.lease(deployment.namespace, lock_name(deployment.name))
        access = await cluster.access("create", "leases", deployment.namespace, group="coordination.k8s.io")
    except Forbidden as failure:
        return Check("lock", Verdict.WARN, f"leases may not be used here ({failure.words}): the mark is the only sign for others")
    except Failure as failure:
        return Check("lock", Verdict.UNKNOWN, str(failure), failure.hint)
    if held is not None and held.holder and not holder_is_dead(note_of(held)):
        if looks_live(held, now):
            return Check("lock", Verdict.REFUSE, held_words(held), "wait for it, or cancel it where it is yours")
        return Check("lock", Verdict.WARN, f"{held_words(held)}, which has not renewed it", "it is watched for a while, then taken over")
    if access.allowed is False:
        return Check("lock", Verdict.WARN, "leases may not be created here: the mark is the only sign for others", access.reason)
    return Check("lock", Verdict.OK, "free")
