"""The invariant: alias, template, pods, tags, annotations, lock and journal tell one story, old or new, never a mix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from modeldeck.domain.kubernetes.annotations import OPERATION_TAG
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.steps import StepName, StepState
from tests.crash.cases import Scenario
from tests.crash.world import Standing

_LEFT = "modeldeck.left"


def wrong(
    scenario: Scenario, model: str, operation: Operation, before: Standing, after: Standing, answering: Iterable[str], target: int = 0
) -> list[str]:
    """What does not fit, in words. `answering`: who answers requests now, asked a few times; `target`: the deployment, as steps name it."""
    old, new = scenario.versions
    done = operation.outcome is Outcome.DONE
    now = new if done else old
    found = [*_of_any(operation, after, now)]
    strangers = {answer for answer in answering if answer != f"{model}/{now}"}
    found += [f"{', '.join(sorted(strangers))} answers where {model}/{now} should"] if strangers else []
    return found + (_of_done(scenario, model, operation, before, after) if done else _of_undone(operation, before, after, target))


def _of_any(operation: Operation, after: Standing, now: str) -> Iterable[str]:
    if operation.state is not State.ENDED:
        yield f"the journal has it as {operation.state}"
    if operation.outcome not in (Outcome.DONE, Outcome.UNDONE):
        yield f"it ended {operation.outcome}: {operation.message}"
    if after.mark is not None:
        yield f"the mark stands: {after.mark}"
    if after.holder:
        yield f"the lock is held by {after.holder}"
    if after.announced:
        yield f"still announced: {', '.join(after.announced)}"
    if after.alias != now:
        yield f"the alias points at {after.alias}"
    if after.ready != after.desired:
        yield f"{after.ready} of {after.desired} pods are ready"
    if [line["id"] for line in after.history].count(operation.id) > 1:
        yield "the history tells it twice"


def _of_done(scenario: Scenario, model: str, operation: Operation, before: Standing, after: Standing) -> list[str]:
    old, new = scenario.versions
    found = [f"step {step.name} is {step.state}" for step in operation.steps if step.state not in (StepState.DONE, StepState.SKIPPED)]
    serving = [each["value"] for each in after.template["spec"]["containers"][0]["env"] if each["name"] == "MODEL_URI"]
    if serving != [f"models:/{model}@champion" if scenario.by_alias else f"models:/{model}/{new}"]:
        found.append(f"the template serves {serving}")
    if after.template == before.template:
        found.append("the template is the old one")
    found += _told(operation, after, Outcome.DONE)
    told = after.template["metadata"].get("annotations", {})
    if told.get("modeldeck.dev/version") != new and not scenario.by_alias:
        found.append(f"the template is annotated with version {told.get('modeldeck.dev/version')}")
    if after.tags[new].get(OPERATION_TAG) != operation.id:
        found.append(f"version {new} is tagged with operation {after.tags[new].get(OPERATION_TAG)}")
    if after.tags[new].get("modeldeck.from") != old or "modeldeck.evidence" not in after.tags[new]:
        found.append(f"version {new} is tagged {after.tags[new]}")
    if operation.id not in after.tags[old].get(_LEFT, ""):
        found.append(f"version {old} is tagged {after.tags[old].get(_LEFT)}")
    reason = "RolledBack" if scenario.kind is Kind.ROLLBACK else "Promoted"
    if after.events.count(reason) != 1:
        found.append(f"events: {after.events}")
    return found


def _of_undone(operation: Operation, before: Standing, after: Standing, target: int) -> list[str]:
    # What tells of the operation itself may differ; everything else is as it was.
    same = replace(after, history=before.history, holder=before.holder, mark=before.mark)
    found = [
        f"{name} is {getattr(same, name)}, and was {getattr(before, name)}"
        for name in ("template", "annotations", "alias", "tags")
        if getattr(same, name) != getattr(before, name)
    ]
    touched = any(step.requests for step in operation.steps if step.target == target and step.name is not StepName.LOCK)
    if after.history != before.history or touched:
        found += _told(operation, after, Outcome.UNDONE)
    return found


def _told(operation: Operation, after: Standing, outcome: Outcome) -> list[str]:
    last = after.history[0] if after.history else {}
    if (last.get("id"), last.get("outcome")) == (operation.id, outcome.value):
        return []
    return [f"the history says {last.get('id')} {last.get('outcome')} of {operation.id} {outcome}"]
