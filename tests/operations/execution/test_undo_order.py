"""In which order steps are taken back, and what a person types where one cannot be."""

from __future__ import annotations

from dataclasses import replace

from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.operations.steps import Step, StepName
from modeldeck.operations.execution.undo import undo_order
from tests.support.operations import PLAN, STAGED


def named(plan: Plan) -> list[tuple[StepName, int]]:
    return [(plan.steps[index].name, plan.steps[index].target) for index in undo_order(plan)]


def test_in_reverse_and_only_what_can_be() -> None:
    assert named(PLAN) == [(StepName.MOVE_ALIAS, 0), (StepName.PATCH_TEMPLATE, 0)]
    assert named(STAGED) == [(StepName.MOVE_ALIAS, 0), (StepName.PATCH_TEMPLATE, 1), (StepName.PATCH_TEMPLATE, 0)]
    assert undo_order(replace(PLAN, steps=())) == ()


def test_where_pods_read_the_alias_as_they_start_it_goes_back_first() -> None:
    names = (StepName.LOCK, StepName.MARK, StepName.MOVE_ALIAS, StepName.RESTART, StepName.AWAIT_ROLLOUT, StepName.RELEASE)
    steps = tuple(Step(name, "", "") for name in names)
    assert named(replace(PLAN, steps=steps)) == [(StepName.MOVE_ALIAS, 0), (StepName.RESTART, 0), (StepName.MARK, 0)]
    copied = (Step(StepName.COPY_VERSION, "", "", target=1), *(replace(step, target=1) for step in steps), *steps)
    assert named(replace(PLAN, steps=copied)) == [
        (StepName.MOVE_ALIAS, 0),
        (StepName.RESTART, 0),
        (StepName.MARK, 0),
        (StepName.MOVE_ALIAS, 1),
        (StepName.RESTART, 1),
        (StepName.MARK, 1),
        (StepName.COPY_VERSION, 1),
    ]
