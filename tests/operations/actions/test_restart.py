"""Restarting and scaling: single requests, guarded as every change is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict, Rejected
from modeldeck.domain.kubernetes.annotations import RESTARTED_AT
from modeldeck.operations.actions.restart import restart
from modeldeck.operations.actions.scale import MOST, scale
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


@pytest.mark.parametrize("replicas", [0, 1, MOST])
async def test_scaling(bench: Bench, replicas: int) -> None:
    await scale(bench.fake.clients, "serving", "iris", replicas)
    assert spec(bench)["replicas"] == replicas


@pytest.mark.parametrize("replicas", [-1, MOST + 1])
async def test_a_slip_of_the_hand_scales_nothing(bench: Bench, replicas: int) -> None:
    with pytest.raises(Rejected, match=f"{replicas} replicas: choose 0 to 1000"):
        await scale(bench.fake.clients, "serving", "iris", replicas)
    assert bench.fake.traps.calls == []


async def test_where_nothing_may_be_changed_neither_is_tried(bench: Bench) -> None:
    clients = replace(bench.fake.clients, environment=replace(bench.fake.clients.environment, read_only=True))
    with pytest.raises(ReadOnly):
        await scale(clients, "serving", "iris", 2)
    with pytest.raises(ReadOnly):
        await restart(clients, "serving", "iris", bench.fake.clock)
    assert bench.fake.traps.calls == []
