"""What may stand of a step."""

from __future__ import annotations

from typing import Any

import pytest

from modeldeck.domain.operations.steps import Step, StepName, StepState


def step(name: StepName, state: StepState = StepState.PLANNED, **parts: Any) -> Step:
    return Step(name, "", "", state=state, **parts)


@pytest.mark.parametrize(
    ("requests", "state", "stands"),
    [(0, StepState.TRYING, False), (1, StepState.TRYING, True), (1, StepState.DONE, True), (2, StepState.UNDONE, False)],
)
def test_a_step_may_stand_from_its_first_request_until_it_is_undone(requests: int, state: StepState, stands: bool) -> None:
    assert step(StepName.MOVE_ALIAS, state, requests=requests).may_stand is stands


def test_a_step_is_of_the_first_deployment_unless_it_says_so() -> None:
    plain = step(StepName.LOCK)
    assert (plain.target, plain.requests, plain.may_stand) == (0, 0, False)
