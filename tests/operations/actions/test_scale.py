"""Scaling: one request, guarded as every change is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.failures import Conflict, Rejected
from modeldeck.operations.actions.scale import MOST, scale
from modeldeck.operations.common.guard import ReadOnly
from tests.operations.conftest import Bench


def replicas_of(bench: Bench) -> object:
    return bench.fake.cluster.deployments["serving/iris"]["spec"]["replicas"]


@pytest.mark.parametrize("replicas", [0, 1, MOST])
@pytest.mark.parametrize("autoscaled", [False, None])
async def test_scaling(bench: Bench, replicas: int, autoscaled: bool | None) -> None:
    """Also where autoscalers may not be looked at."""
    bench.fake.cluster.hpa = autoscaled
    await scale(bench.fake.clients, "serving", "iris", replicas)
    assert replicas_of(bench) == replicas
    assert bench.fake.traps.calls[-2:] == ["autoscaled", "scale"]


@pytest.mark.parametrize("replicas", [-1, MOST + 1])
async def test_a_slip_of_the_hand_scales_nothing(bench: Bench, replicas: int) -> None:
    with pytest.raises(Rejected, match=f"^{replicas} replicas: choose 0 to 1000$"):
        await scale(bench.fake.clients, "serving", "iris", replicas)
    assert bench.fake.traps.calls == []


async def test_what_an_autoscaler_would_set_back_is_not_set(bench: Bench) -> None:
    bench.fake.cluster.hpa = True
    with pytest.raises(Conflict, match=r"^an autoscaler owns the replica count and would set it back$") as refused:
        await scale(bench.fake.clients, "serving", "iris", 5)
    assert refused.value.hint == "change the autoscaler's minimum and maximum"
    assert replicas_of(bench) == 2
    assert "scale" not in bench.fake.traps.calls


async def test_where_nothing_may_be_changed_it_is_not_tried(bench: Bench) -> None:
    bench.fake.environment = replace(bench.fake.environment, read_only=True)
    with pytest.raises(ReadOnly):
        await scale(bench.fake.clients, "serving", "iris", 2)
    assert bench.fake.traps.calls == []
