"""Restarting: one request, guarded as every change is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict
from modeldeck.domain.kubernetes.annotations import RESTARTED_AT
from modeldeck.operations.actions.restart import restart
from modeldeck.operations.common.guard import ReadOnly
from tests.operations.conftest import Bench

KEY = "serving/iris"


def spec(bench: Bench) -> dict[str, object]:
    found = bench.fake.cluster.deployments[KEY]["spec"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(("conflicts", "done"), [(0, True), (4, True), (5, False)])
async def test_a_restart_is_tried_five_times_against_other_writers(bench: Bench, conflicts: int, done: bool) -> None:
    bench.fake.traps.fail("patch_deployment", Conflict("the object has been modified"), times=conflicts)
    before = bench.fake.template()
    if done:
        await restart(bench.fake.clients, "serving", "iris", bench.fake.clock)
    else:
        with pytest.raises(Conflict):
            await restart(bench.fake.clients, "serving", "iris", bench.fake.clock)
    assert (RESTARTED_AT in bench.fake.template().get("metadata", {}).get("annotations", {})) is done
    assert bench.fake.template()["spec"] == before["spec"]
    assert bench.fake.traps.calls.count("patch_deployment") == min(conflicts + 1, 5)


async def test_a_paused_deployment_is_not_restarted(bench: Bench) -> None:
    spec(bench)["paused"] = True
    with pytest.raises(Conflict, match="is paused"):
        await restart(bench.fake.clients, "serving", "iris", bench.fake.clock)
    assert "patch_deployment" not in bench.fake.traps.calls


async def test_where_nothing_may_be_changed_it_is_not_tried(bench: Bench) -> None:
    bench.fake.environment = replace(bench.fake.environment, read_only=True)
    with pytest.raises(ReadOnly):
        await restart(bench.fake.clients, "serving", "iris", bench.fake.clock)
    assert bench.fake.traps.calls == []
