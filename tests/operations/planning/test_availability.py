"""What the plan says of the pods that serve while the new ones come."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.scheduling import Fit, NodeInfo, Placement, PodInfo, SchedulerSnapshot
from modeldeck.domain.kubernetes.workloads import Deployment, Pod, Strategy
from modeldeck.domain.operations.checks import Verdict
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.planning import availability
from modeldeck.operations.planning.availability import surging
from tests.domain.links.templates import container, deployment, template
from tests.operations.conftest import Bench

LACK = "0/2 nodes are available: 2 Insufficient nvidia.com/gpu"
GPU = "nvidia.com/gpu"


@pytest.mark.parametrize(
    ("desired", "unavailable", "found", "verdict", "message"),
    [
        (1, 0, Placement(Fit.FITS), Verdict.OK, "a node has room for one more pod now: the old pod serves meanwhile"),
        (3, 0, Placement(Fit.FITS), Verdict.OK, "a node has room for one more pod now: all 3 pods serve meanwhile"),
        (4, 1, Placement(Fit.FITS), Verdict.OK, "a node has room for one more pod now: at least 3 of 4 pods serve meanwhile"),
        (
            2,
            0,
            Placement(Fit.NO_ROOM, LACK),
            Verdict.WARN,
            f"no node has room for the pod that the rollout begins with: it gets nowhere, and ends at its deadline ({LACK})",
        ),
        (
            1,
            0,
            Placement(Fit.NO_ROOM, "0/0", "Karpenter"),
            Verdict.WARN,
            "no node has room for the pod that the rollout begins with, unless Karpenter adds a node: "
            "it gets nowhere, and ends at its deadline (0/0)",
        ),
        (
            4,
            1,
            Placement(Fit.NO_ROOM, LACK),
            Verdict.WARN,
            f"no node has room for one more pod: old pods end first, and at least 3 of 4 pods serve meanwhile ({LACK})",
        ),
        (
            2,
            0,
            Placement(Fit.NO_QUOTA, "exceeded quota: gpus"),
            Verdict.WARN,
            "the namespace has no quota for the pod that the rollout begins with: "
            "it gets nowhere, and ends at its deadline (exceeded quota: gpus)",
        ),
        (
            2,
            1,
            Placement(Fit.NO_QUOTA, "exceeded quota: gpus", "Karpenter"),
            Verdict.WARN,
            "the namespace has no quota for one more pod, unless Karpenter adds a node: "
            "old pods end first, and at least 1 of 2 pods serve meanwhile (exceeded quota: gpus)",
        ),
        (
            1,
            0,
            Placement(Fit.PREEMPTS, LACK, "Karpenter"),
            Verdict.WARN,
            f"one more pod gets a node only if pods of a lower priority end for it, unless Karpenter adds a node: {LACK}",
        ),
        (
            2,
            0,
            Placement(Fit.PREEMPTS, LACK),
            Verdict.WARN,
            f"one more pod gets a node only if pods of a lower priority end for it: {LACK}",
        ),
    ],
)
def test_what_follows_from_the_room_there_is(desired: int, unavailable: int, found: Placement, verdict: Verdict, message: str) -> None:
    (check,) = surging(deployment(counts=desired), unavailable, found)
    assert (check.verdict, check.message) == (verdict, message)


@pytest.mark.parametrize(("desired", "fewer"), [(1, "no pod would serve"), (3, "2 of 3 pods would serve")])
def test_the_way_out_of_a_rollout_that_cannot_begin(desired: int, fewer: str) -> None:
    (check,) = surging(deployment(counts=desired), 0, Placement(Fit.NO_ROOM, LACK))
    assert f"maxSurge 0, maxUnavailable 1 ({fewer} meanwhile)" in check.hint


def test_where_nobody_can_tell_only_devices_are_worth_a_word() -> None:
    unknown = Placement(Fit.UNKNOWN, "nodes and pods may not be listed")
    assert surging(deployment(), 0, unknown) == ()
    (check,) = surging(deployment(of=template(container(devices=("1 nvidia.com/gpu",)))), 0, unknown)
    assert "where none is free it cannot be scheduled" in check.message
    assert check.message.endswith("(whether one is free is not known: nodes and pods may not be listed)")


def said(made: object) -> list[str]:
    assert isinstance(made, Plan)
    return [check.message for check in made.checks if check.name == "availability"]


async def test_the_plan_looks_at_the_nodes(bench: Bench) -> None:
    like = PodInfo("serving", "iris", {GPU: 1}, node="gpu-1")
    nodes = (NodeInfo("gpu-1", {GPU: 1, "pods": 10}), NodeInfo("cpu-1", {"pods": 10}))
    bench.fake.cluster.snapshot = SchedulerSnapshot(like, nodes, (like,))
    assert said(await bench.plan("2")) == [
        f"no node has room for the pod that the rollout begins with: it gets nowhere, and ends at its deadline ({LACK})"
    ]
    bench.fake.cluster.snapshot = SchedulerSnapshot(like, nodes, ())
    assert said(await bench.plan("2")) == ["a node has room for one more pod now: all 2 pods serve meanwhile"]


async def test_nothing_is_read_where_no_pod_is_added(bench: Bench) -> None:
    made = await bench.good_plan("1")
    assert not made.steps
    assert "scheduling" not in bench.fake.traps.calls


async def gpus(bench: Bench) -> None:
    """Every pod of the deployment has one."""
    real = bench.fake.cluster.deployment

    async def read(namespace: str, name: str) -> Deployment:
        found = await real(namespace, name)
        server = replace(found.template.containers[0], devices=("1 nvidia.com/gpu",))
        return replace(found, template=replace(found.template, containers=(server,)))

    bench.fake.cluster.deployment = read  # type: ignore[method-assign]


async def test_a_cluster_that_cannot_be_asked_is_no_hindrance(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await gpus(bench)
    assert said(await bench.good_plan("2"))[0].endswith("is not known: nodes and pods may not be listed: nodes is forbidden)")
    bench.fake.traps.fail("scheduling", Unreachable("gone", backend="Kubernetes"))
    assert "gone" in said(await bench.good_plan("2"))[0]

    async def never(pod: Pod) -> SchedulerSnapshot:
        await asyncio.Event().wait()
        raise AssertionError

    bench.fake.cluster.scheduling = never  # type: ignore[method-assign]
    monkeypatch.setattr(availability, "_TIMEOUT", 0.0)
    assert "were not read in" in said(await bench.good_plan("2"))[0]


async def test_a_template_that_names_its_node_asks_no_scheduler(bench: Bench) -> None:
    await gpus(bench)
    read = bench.fake.cluster.deployment

    async def pinned(namespace: str, name: str) -> Deployment:
        found = await read(namespace, name)
        return replace(found, template=replace(found.template, node="gpu-1"))

    bench.fake.cluster.deployment = pinned  # type: ignore[method-assign]
    assert said(await bench.good_plan("2"))[0].endswith("its template names node gpu-1, so that no scheduler is asked)")
    assert "scheduling" not in bench.fake.traps.calls


async def test_a_pod_that_ends_is_no_model_for_the_next(bench: Bench) -> None:
    await gpus(bench)
    bench.fake.cluster.report = lambda pod: replace(pod, terminating=True)
    assert said(await bench.good_plan("2"))[0].endswith("none of its pods runs)")
    assert "scheduling" not in bench.fake.traps.calls


RECREATE = "the strategy is Recreate: all old pods end before the first new one starts, so no pod serves until it is ready"


@pytest.mark.parametrize(
    ("desired", "strategy", "expected"),
    [
        (2, Strategy(recreate=True), [(Verdict.WARN, RECREATE, "choose a time without traffic, or strategy RollingUpdate")]),
        (
            *(1, Strategy(max_surge="0", max_unavailable="1")),
            [
                (
                    Verdict.WARN,
                    "maxUnavailable lets the only pod end first: it may be that no pod serves until a new one is ready",
                    "a smaller maxUnavailable keeps some",
                )
            ],
        ),
        (
            *(3, Strategy(max_surge="1", max_unavailable="100%")),
            [
                (
                    Verdict.WARN,
                    "maxUnavailable lets all 3 pods end first: it may be that no pod serves until a new one is ready",
                    "a smaller maxUnavailable keeps some",
                )
            ],
        ),
        (
            *(3, Strategy(max_surge="0", max_unavailable="1")),
            [(Verdict.OK, "old pods end first, as maxSurge is 0: at least 2 of 3 pods serve meanwhile", "")],
        ),
        (0, Strategy(recreate=True), []),
    ],
)
async def test_what_the_strategy_alone_decides(
    bench: Bench, desired: int, strategy: Strategy, expected: list[tuple[Verdict, str, str]]
) -> None:
    about = await bench.subject(deployment=deployment(counts=desired, strategy=strategy))
    edits = {"/spec/template/spec/containers/0/env/0/value": ("a", "b")}
    found = await availability.availability(about, edits, bench.fake.clients)
    assert [(check.verdict, check.message, check.hint) for check in found] == expected
    assert await availability.availability(about, {"/metadata/annotations/x": (None, "y")}, bench.fake.clients) == ()
    assert "scheduling" not in bench.fake.traps.calls


@pytest.mark.parametrize(("unavailable", "then"), [(0, "nothing changes"), (1, "the rollout goes on only with pods that end")])
def test_devices_that_nobody_counts_are_worth_a_word(unavailable: int, then: str) -> None:
    devices = template(container(devices=("1 nvidia.com/gpu",)), container("side", devices=("1 amd.com/gpu", "1 nvidia.com/gpu")))
    (check,) = surging(deployment(of=devices), unavailable, Placement(Fit.UNKNOWN))
    assert check.verdict is Verdict.WARN
    assert check.message == (
        "a new pod needs 1 amd.com/gpu, 1 nvidia.com/gpu while the old ones still hold theirs: where none is free it cannot be scheduled, "
        f"and {then} until the deadline"
    )
    assert check.hint == "see that a node has one free, or set maxSurge to 0 (fewer pods serve meanwhile)"
