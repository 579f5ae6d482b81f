"""Plans and operations as text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.cli.telling import operation_story, operation_text, plan_text, progress_teller
from modeldeck.domain.operations.plan import Target
from tests.support import operations as ops


def test_a_plan_tells_each_deployment_with_its_own_model_and_versions() -> None:
    def target(name: str, model: str, before: str, after: str) -> Target:
        return replace(ops.TARGET, deployment=name, model=model, from_version=before, to_version=after)

    each = (target("dev", "dev.iris", "7", "9"), target("staging", "dev.iris", "7", "9"), target("iris", "prod.iris", "4", "5"))
    told = plan_text(replace(ops.PLAN, targets=each)).splitlines()[0]
    assert told == "plan: promote dev.iris v7 → v9 on serving/dev, then serving/staging, then as prod.iris v4 → v5 on serving/iris (prod)"


def test_an_operation_tells_each_deployment_and_when_each_line_of_its_log_was_said() -> None:
    head, state, *_ = operation_text(ops.ROLLING_NEXT).splitlines()
    assert head == f"{ops.ID}  promote iris v8 → v9 on serving/iris-staging, then v7 → v9 on serving/iris"
    assert state.startswith("running")
    assert f"  2027-01-15T07:58:25.000Z  the lock of serving/iris is held by {ops.ID}" in operation_story(ops.ROLLING, ops.NOW).splitlines()


def test_progress_tells_the_words_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    progress_teller()(ops.ROLLING)
    told = capsys.readouterr().err.splitlines()
    assert [f"    {line.message}" for line in ops.ROLLING.log] == told[: len(ops.ROLLING.log)]
