"""Plans of one operation over several Deployments in order (staging, then production), and of a version that first moves to another
registered model. Each Deployment is planned by itself, then the steps of all are put in order: locks, then target after target
with its gate, then the aliases, then the evidence. What fails in a later target takes the earlier ones back, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from modeldeck.domain.failures import Failure
from modeldeck.domain.links.resolving import resolve
from modeldeck.domain.mlflow.registry import ModelVersion, Registry
from modeldeck.domain.operations import targets as parts
from modeldeck.domain.operations.checks import Check
from modeldeck.domain.operations.intent import Intent, Kind
from modeldeck.domain.operations.plan import Plan, Refusal, Target
from modeldeck.domain.operations.steps import EVIDENCE, Step, StepName
from modeldeck.operations.common.clients import Clients
from modeldeck.operations.common.text import new_id
from modeldeck.operations.planning.certain_link import certain_link
from modeldeck.operations.planning.plan import plan
from modeldeck.ports import Clock, Journal


async def plan_for(intent: Intent, clients: Clients, journal: Journal, clock: Clock) -> Plan | Refusal:
    """The plan of whatever is wanted; a Refusal where there is nothing to plan."""
    if not intent.then and intent.copy_to is None:
        return await plan(intent, clients, journal, clock)
    wrong = _usage(intent)
    if wrong is not None:
        return wrong
    try:
        copy = await _copy(intent, clients) if intent.copy_to is not None else None
    except Failure as failure:
        return Refusal(failure.code, str(failure), failure.hint, failure=failure)
    if isinstance(copy, Refusal):
        return copy
    operation_id = new_id(clock.now())
    plans: list[Plan] = []
    for key in parts.keys(intent):
        made = await _plan_of_one(intent, key, copy, operation_id, clients, journal, clock)
        if isinstance(made, Refusal):
            return replace(made, message=f"{key}: {made.message}")
        plans.append(made)
    if copy is not None and not any(made.last.model == intent.copy_to for made in plans):
        message = f"none of these deployments serves {intent.copy_to}, so that a copy there would serve nowhere"
        return Refusal("copy_unused", message, f"name a deployment that serves {intent.copy_to}")
    return _joined(intent, plans, copy)


@dataclass(frozen=True, slots=True)
class _Copy:
    version: ModelVersion
    number: str
    """That the copy has, or that MLflow will give it."""
    exists: bool
    registry: Registry


def _usage(intent: Intent) -> Refusal | None:
    keys = parts.keys(intent)
    if intent.kind is not Kind.PROMOTE:
        return Refusal("usage", parts.ONE_ONLY, "roll back one after the other")
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        return Refusal("usage", f"named twice: {', '.join(twice)}")
    if intent.copy_to is not None and (intent.model is None or intent.copy_to == intent.model):
        return Refusal("usage", "a version is copied from one registered model to another one", "--copy-to OTHER-MODEL")
    return None


async def _copy(intent: Intent, clients: Clients) -> _Copy | Refusal:
    registry: Registry = await clients.need_registry().registry()
    model, wanted, target = intent.model or "", intent.to_version or "", intent.copy_to or ""
    known = registry.model(model)
    number = (known.aliases.get(wanted[1:]) if known else None) if wanted.startswith("@") else wanted
    version = registry.version(model, number or "")
    if version is None:
        return Refusal("version_not_found", f"version {wanted} of {model} does not exist", "the versions pane shows those that do")
    made = next((one for one in registry.of(target) if one.source == version.uri and one.status == "READY"), None)
    return _Copy(version, made.version if made else registry.next_version(target), made is not None, registry)


async def _plan_of_one(
    intent: Intent, key: str, copy: _Copy | None, operation_id: str, clients: Clients, journal: Journal, clock: Clock
) -> Plan | Refusal:
    namespace, _, name = key.rpartition("/")
    own = replace(intent, namespace=namespace or intent.namespace, deployment=name, then=(), copy_to=None)
    if copy is None:
        return await plan(own, clients, journal, clock, operation_id=operation_id, together=parts.keys(intent))
    try:
        link = certain_link(await clients.need_cluster().deployment(own.namespace, name), clients)
    except Failure as failure:
        return Refusal(failure.code, str(failure), failure.hint, failure=failure)
    if isinstance(link, Refusal) or resolve(link, copy.registry).model != intent.copy_to:
        return await plan(own, clients, journal, clock, operation_id=operation_id, together=parts.keys(intent))
    own = replace(own, model=intent.copy_to, to_version=copy.number)
    copied = None if copy.exists else copy.version
    return await plan(own, clients, journal, clock, operation_id=operation_id, copied=copied, together=parts.keys(intent))


_CHANGES = (StepName.MARK, StepName.PATCH_TEMPLATE, StepName.RESTART, StepName.AWAIT_ROLLOUT, StepName.JUDGE_GATE)


def _joined(intent: Intent, plans: Sequence[Plan], copy: _Copy | None) -> Plan:
    """One plan of those of all Deployments."""
    targets = tuple(made.last for made in plans)
    mine = [replace(step, target=number) for number, made in enumerate(plans) for step in made.steps]
    copying = _copy_steps(targets, copy)
    changes: list[Step] = []
    for number, target in enumerate(targets):
        if copying and copying[0].target == number:
            changes += copying
        in_turn = (*_CHANGES, StepName.MOVE_ALIAS) if target.by_alias else _CHANGES
        changes += [step for step in mine if step.target == number and step.name in in_turn]
    steps = (
        *[step for step in mine if step.name is StepName.AWAIT_APPROVAL][:1],
        *[step for step in mine if step.name is StepName.LOCK],
        *changes,
        *_aliases(mine, targets),
        *[step for step in mine if step.name in EVIDENCE],
    )
    return replace(plans[-1], intent=intent, targets=targets, steps=steps, checks=_checks(plans))


def _copy_steps(targets: Iterable[Target], copy: _Copy | None) -> list[Step]:
    """Right before the first target that needs it: a version that fails its gate in staging is never copied."""
    if copy is None or copy.exists:
        return []
    number, target = next((number, target) for number, target in enumerate(targets) if target.copied_from)
    command = f'python -c "from mlflow import MlflowClient; MlflowClient().copy_model_version({copy.version.uri!r}, {target.model!r})"'
    return [Step(StepName.COPY_VERSION, copy.version.uri, f"version {copy.number} of {target.model}", command, target=number)]


def _aliases(steps: Iterable[Step], targets: Sequence[Target]) -> list[Step]:
    """Each alias moves once, after everything has been judged; those that pods follow have moved in their own target's turn."""
    found: dict[tuple[str, str], Step] = {}
    for step in steps:
        target = targets[step.target]
        if step.name is StepName.MOVE_ALIAS and not target.by_alias:
            found.setdefault((target.model, target.alias), step)
    return list(found.values())


def _checks(plans: Sequence[Plan]) -> tuple[Check, ...]:
    """What is said of every target in the same words is said once."""
    if len(plans) == 1:
        return plans[0].checks
    told: dict[tuple[str, str], list[str]] = {}
    by_words: dict[tuple[str, str], Check] = {}
    for made in plans:
        for check in made.checks:
            told.setdefault((check.name, check.message), []).append(made.last.key)
            by_words[check.name, check.message] = check
    names = list(dict.fromkeys(check.name for made in plans for check in made.checks))
    found = [check if len(told[at]) == len(plans) else replace(check, deployments=tuple(told[at])) for at, check in by_words.items()]
    return tuple(sorted(found, key=lambda check: names.index(check.name)))
