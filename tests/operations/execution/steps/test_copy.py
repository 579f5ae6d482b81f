"""A copy that MLflow has not ready at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.steps import StepName
from tests.operations.conftest import Bench
from tests.operations.planning.test_multi_deployment import COPYING, container, planned


@pytest.mark.parametrize(("takes", "outcome"), [(30.0, Outcome.DONE), (90.0, Outcome.UNDONE)])
async def test_it_is_waited_for_a_minute(bench: Bench, takes: float, outcome: Outcome) -> None:
    registry, clock = bench.fake.registry, bench.fake.clock
    for model in ("dev.iris", "prod.iris"):
        registry.add(model, "1", "2")
        registry.aliases[model]["champion"] = "1"
    bench.fake.cluster.add("serving", "staging", container("models:/dev.iris/1"))
    bench.fake.cluster.edit("serving/iris", lambda raw: raw["spec"]["template"]["spec"].update(containers=container("models:/prod.iris/1")))
    bench.fake.cluster.roll_out("serving/iris")
    made = await planned(bench, COPYING)
    begun: list[float] = []

    def pending() -> None:
        copy = registry.versions.get(("prod.iris", made.last.to_version))
        if copy is not None:
            begun.append(clock.monotonic())
            ready = clock.monotonic() - begun[0] >= takes
            registry.versions[copy.model, copy.version] = replace(copy, status="READY" if ready else "PENDING_REGISTRATION")

    bench.fake.traps.before("copy_version", lambda: clock.on_sleep.append(pending))
    copying = registry.copy_version

    async def copy(*given: object) -> object:
        made = await copying(*given)  # type: ignore[arg-type]
        pending()
        return made

    registry.copy_version = copy  # type: ignore[method-assign, assignment]
    operation = await bench.run(made)
    assert operation.outcome is outcome, operation.message
    (step,) = (step for step in operation.steps if step.name is StepName.COPY_VERSION)
    assert ("is READY" in step.message) is (outcome is Outcome.DONE)
    assert (clock.monotonic() - begun[0] >= min(takes, 60.0)) is True
