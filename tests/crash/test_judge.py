"""The judge of the matrix sees each way in which a story can be mixed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.steps import StepState
from modeldeck.domain.operations.version_change import VersionChange
from tests.crash.cases import Scenario
from tests.crash.judge import wrong
from tests.crash.world import Standing
from tests.support.operations import ID, STEPS

MODEL = "crash-0001"
SCENARIO = Scenario(Kind.PROMOTE, by_alias=False)


def template(version: str) -> Any:
    env = [{"name": "MODEL_URI", "value": f"models:/{MODEL}/{version}"}]
    told = {"modeldeck.dev/version": version} if version == "2" else {}
    return {"metadata": {"annotations": told}, "spec": {"containers": [{"env": env}]}}


BEFORE = Standing(template("1"), {}, None, [], "", "1", (), {"1": {}, "2": {}}, [], 1, 1)
DONE = Standing(
    template("2"),
    {"kubernetes.io/change-cause": "promoted"},
    None,
    [{"id": ID, "outcome": "done"}],
    "",
    "2",
    (),
    {
        "1": {"modeldeck.left": f"replaced by 2 ({ID})"},
        "2": {"modeldeck.operation": ID, "modeldeck.from": "1", "modeldeck.evidence": "no gate"},
    },
    ["Promoted"],
    1,
    1,
)
UNDONE = replace(BEFORE, history=[{"id": ID, "outcome": "undone"}])


def operation(ended: Outcome, **changes: Any) -> Operation:
    state = StepState.DONE if ended is Outcome.DONE else StepState.UNDONE
    steps = tuple(replace(step, state=state, requests=1) for step in STEPS)
    given: dict[str, Any] = {
        "id": ID,
        "kind": Kind.PROMOTE,
        "actor": "crash@matrix",
        "reason": "",
        "changes": (VersionChange(f"serving/{MODEL}", MODEL, "1", "2"),),
        "state": State.ENDED,
        "outcome": ended,
        "started_at": 1.0,
        "finished_at": 2.0,
        "runner_pid": 1,
        "steps": steps,
        **changes,
    }
    return Operation(**given)


def test_one_story_is_right() -> None:
    assert wrong(SCENARIO, MODEL, operation(Outcome.DONE), BEFORE, DONE, [f"{MODEL}/2"]) == []
    assert wrong(SCENARIO, MODEL, operation(Outcome.UNDONE), BEFORE, UNDONE, [f"{MODEL}/1"]) == []


MIXES: dict[str, Callable[[Standing], Standing]] = {
    "announcement": lambda it: replace(it, announced=("modeldeck.moving.champion.id",)),
    "alias": lambda it: replace(it, alias="2" if it.alias == "1" else "1"),
    "template": lambda it: replace(it, template=template("2" if it.alias == "1" else "1")),
    "mark": lambda it: replace(it, mark='{"id":"x"}'),
    "lock": lambda it: replace(it, holder="box-1"),
    "no line in the history": lambda it: replace(it, history=[]),
    "two lines in the history": lambda it: replace(it, history=it.history * 2),
    "another end in the history": lambda it: replace(it, history=[{"id": ID, "outcome": "needs attention"}]),
    "tag of another operation": lambda it: replace(
        it, tags={**it.tags, "2": {**it.tags["2"], "modeldeck.operation": "20260101-000000-beef"}}
    ),
    "tag left behind": lambda it: replace(it, tags={**it.tags, "1": {"modeldeck.left": "replaced by 2 (20260101-000000-beef)"}}),
    "pods": lambda it: replace(it, ready=0),
}


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.UNDONE])
@pytest.mark.parametrize("mix", MIXES)
def test_a_mix_is_seen(outcome: Outcome, mix: str) -> None:
    right, version = (DONE, "2") if outcome is Outcome.DONE else (UNDONE, "1")
    assert wrong(SCENARIO, MODEL, operation(outcome), BEFORE, MIXES[mix](right), [f"{MODEL}/{version}"])


@pytest.mark.parametrize("events", [[], ["Promoted", "Promoted"]])
def test_the_event_is_there_once(events: list[str]) -> None:
    assert wrong(SCENARIO, MODEL, operation(Outcome.DONE), BEFORE, replace(DONE, events=events), [f"{MODEL}/2"])


def test_pods_of_the_other_version_are_seen() -> None:
    assert wrong(SCENARIO, MODEL, operation(Outcome.DONE), BEFORE, DONE, [f"{MODEL}/2", f"{MODEL}/1"])


@pytest.mark.parametrize("changes", [{"state": State.RUNNING}, {"outcome": Outcome.NEEDS_ATTENTION}])
def test_an_operation_without_a_clear_end_is_seen(changes: dict[str, Any]) -> None:
    assert wrong(SCENARIO, MODEL, operation(Outcome.DONE, **changes), BEFORE, DONE, [f"{MODEL}/2"])
