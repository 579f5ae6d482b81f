"""Whose an address is, and from when to when."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest

from modeldeck.domain.kubernetes.pod_addresses import MOST, PodAddress, followed, pod_addresses, serving_addresses, with_host
from modeldeck.domain.kubernetes.workloads import ContainerState, Pod
from modeldeck.domain.metrics.pod_labels import PodIndex, PodLabels
from tests.support.sample import FLEET

POD = next(pod for pod in FLEET.pods if pod.ready)
BY_ADDRESS = PodLabels("instance", "", by_address=True)


def pod(name: str = "iris-1", ip: str = "10.0.0.1", **more: object) -> Pod:
    return replace(POD, name=name, ip=ip, terminating=False, phase="Running", **more)  # type: ignore[arg-type]


def container(started_at: float, restarts: int = 0) -> ContainerState:
    return ContainerState("app", "image", True, restarts, "running", "", "", started_at=started_at)


def told(*pods: Pod) -> dict[str, str]:
    return {one.address: one.pod for one in pod_addresses(pods)}


def test_an_address_of_ones_own_is_meant_with_any_port() -> None:
    (one,) = pod_addresses([pod()])
    assert [one.had(text) for text in ("10.0.0.1", "10.0.0.1:8080", "10.0.0.11:8080")] == [True, True, False]


def test_pods_on_their_nodes_network_are_told_by_their_ports() -> None:
    ports: Mapping[str, tuple[int, ...]] = {"iris-1": (8080, 8081), "iris-2": (9090,), "iris-3": ()}
    pods = [pod(name, on_host_network=True, host_ports=mine) for name, mine in ports.items()]
    assert told(*pods) == {
        "10.0.0.1:8080": f"{POD.namespace}/iris-1",
        "10.0.0.1:8081": f"{POD.namespace}/iris-1",
        "10.0.0.1:9090": f"{POD.namespace}/iris-2",
    }
    index = PodIndex(replace(FLEET, pods=tuple(pods)))
    found = {port: index.pod_of({"instance": f"10.0.0.1:{port}"}, BY_ADDRESS) for port in (8081, 9090, 9100)}
    assert found == {8081: f"{POD.namespace}/iris-1", 9090: f"{POD.namespace}/iris-2", 9100: None}
    assert told(replace(pods[0], ip="fd00::1")) == {
        "[fd00::1]:8080": f"{POD.namespace}/iris-1",
        "[fd00::1]:8081": f"{POD.namespace}/iris-1",
    }


def test_what_two_pods_have_is_nobodys_and_an_ended_ones_is_free_for_the_next() -> None:
    assert told(pod(), pod("iris-2")) == {}
    assert told(pod(), replace(pod("iris-2"), phase="Failed")) == {"10.0.0.1": f"{POD.namespace}/iris-1"}


@pytest.mark.parametrize(
    ("containers", "since"),
    [([container(70.0), container(60.0)], 60.0), ([container(900.0, restarts=1)], 40.0), ([], 40.0)],
    ids=["its first container", "the pod, where that has restarted", "the pod, where none has started"],
)
def test_an_address_is_a_pods_from_its_first_container_on(containers: list[ContainerState], since: float) -> None:
    (one,) = pod_addresses([pod(containers=tuple(containers), started_at=40.0)])
    assert one.since == since
    assert (one.held(since - 1), one.held(since)) == (False, True)


def test_only_pods_that_serve_are_noted_and_not_too_many() -> None:
    many = [pod(f"iris-{number:04}", f"10.0.{number // 200}.{number % 200}") for number in range(MOST + 50)]
    assert len(serving_addresses(many)) == MOST
    assert serving_addresses([pod(ready=False), replace(pod("iris-2", "10.0.0.2"), terminating=True)]) == ()


def test_a_pod_that_goes_is_remembered_until_it_was_last_seen() -> None:
    one, two, three = (PodAddress(f"serving/{name}", f"10.0.0.{at}") for at, name in enumerate("abc"))
    again = PodAddress("serving/d", one.address, since=120.0)
    known = followed((one, two), (two, again), seen=100.0, since=0.0)
    assert known == (two, again, replace(one, until=100.0))
    assert followed(known, (two, three), seen=200.0, since=150.0) == (two, three, replace(again, until=200.0))


def test_a_query_names_each_address_exactly() -> None:
    addresses = [PodAddress("a", "10.0.0.1"), PodAddress("b", "fd00::1"), PodAddress("c", "10.0.0.2:8080")]
    matcher = r'instance=~"(10\\.0\\.0\\.1|\\[fd00\\:\\:1\\])(:[0-9]+)?|10\\.0\\.0\\.2\\:8080"'
    assert BY_ADDRESS.of_pods("", "", addresses) == matcher
    assert BY_ADDRESS.of_pods("", "", [addresses[2]]) == r'instance=~"10\\.0\\.0\\.2\\:8080"'
    assert BY_ADDRESS.of_pods("", "", []) == 'instance=~"no-such-address"'


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("10.0.0.1:80", "10.0.0.1:80"),
        ("fd00::1", "[fd00::1]"),
        ("[fd00::1]", "[fd00::1]"),
        ("[fd00::1]:80", "[fd00::1]:80"),
    ],
)
def test_only_an_ipv6_address_needs_brackets_before_a_port(address: str, host: str) -> None:
    assert with_host(address) == host


def test_an_address_has_been_a_pods_since_the_best_known_time() -> None:
    (unknown,) = pod_addresses([pod(containers=(), started_at=None, created_at=None)])
    (made,) = pod_addresses([pod(containers=(), started_at=None, created_at=30.0)])
    assert (unknown.since, made.since, unknown.until) == (0.0, 30.0, math.inf)
    assert [replace(made, until=60.0).held(at) for at in (29.0, 30.0, 60.0, 61.0)] == [False, True, True, False]
