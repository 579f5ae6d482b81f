"""Whose metrics are judged: by the names of pods, as Kubernetes makes and cuts them; and how far back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.gates import Gate
from modeldeck.domain.kubernetes.pod_addresses import PodAddress
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.operations.gate.judging import own_ask, window_of
from modeldeck.operations.gate.target import GateTarget
from modeldeck.operations.gate.today import todays_target
from tests.domain.links.templates import container, deployment, pod, replica_set, template


@pytest.mark.parametrize(("length", "apart"), [(57, True), (58, True), (59, False), (70, False)])
def test_of_very_long_names_kubernetes_cuts_off_what_tells_versions_apart(length: int, apart: bool) -> None:
    one, other = ("a" * (length - 1) + end for end in "xy")
    assert GateTarget("serving", "iris", (one,), (other,)).told_apart is apart
    assert GateTarget("serving", "iris", (one,), (one,)).told_apart
    assert GateTarget("serving", "iris", (one,)).told_apart
    assert not GateTarget("serving", "iris", (one, "z"), (one,)).told_apart


def test_what_serves_today_are_ready_pods_by_their_sets() -> None:
    of = deployment(of=template(container(env={"MODEL_URI": "models:/iris/7"})))
    sets = (replica_set(of, 1, name="iris-1"), replica_set(of, 2, name="iris-2"), replica_set(of, 3, name="iris-3"))
    pods = (
        pod(sets[1], "iris-2-aaaaa", ip="10.0.0.2"),
        pod(sets[1], "iris-2-bbbbb", ip="10.0.0.3"),
        pod(sets[0], "iris-1-aaaaa", ip="10.0.0.1"),
        pod(sets[2], "iris-3-aaaaa", ready=False),
        pod(sets[2], "iris-3-bbbbb", terminating=True),
    )
    found = todays_target(of, Fleet((of,), sets, pods))
    assert (found.key, found.current, found.baseline, found.model, found.version) == ("serving/iris", ("iris-2", "iris-1"), (), "iris", "7")
    assert [one.address for one in found.addresses] == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]
    hidden = todays_target(
        of, Fleet((of,), (), tuple(replace(each, template=replace(of.template, labels={"app": "iris"})) for each in pods))
    )
    assert hidden.current == ("iris-2", "iris-1")
    bare = deployment(of=template())
    nothing = todays_target(bare, Fleet((bare,), (), ()))
    assert (nothing.current, nothing.model, nothing.version, nothing.addresses) == ((), "", "", ())


@pytest.mark.parametrize(
    ("elapsed", "window"),
    [(None, 3600), (0.0, 1), (40.0, 40), (60.0, 60), (60.4, 1), (61.6, 2), (360.0, 300), (3660.0, 3600), (90_000.0, 3600)],
)
def test_everything_since_the_warm_up_is_looked_at_and_no_further_than_the_gate_does_by_itself(elapsed: float | None, window: int) -> None:
    assert window_of(Gate(), elapsed) == window
    assert window_of(Gate(timeout=7200.0), 90_000.0) == 7200
    assert window_of(Gate(baseline=0.2), None) == 1


def test_a_query_of_ones_own_is_filled_with_whose_it_is() -> None:
    target = GateTarget("serving", "iris", ("iris-5d4f",), model="iris", version="3", addresses=(PodAddress("a", "b"),))
    asked = own_ask('x{ns="{namespace}",d="{deployment}",pod=~"{pods}",m="{model}",v="{version}"}[{window}]', target, 90, 5.0)
    assert asked.promql == 'x{ns="serving",d="iris",pod=~"iris-5d4f-[a-z0-9]{5}",m="iris",v="3"}[90s]'
    assert (asked.at, asked.seconds) == (5.0, 0)
