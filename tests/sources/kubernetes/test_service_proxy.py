"""A real Prometheus behind a real API server's proxy: who may ask it, and what is told of a service that cannot be reached."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from modeldeck.backends import Backends, connect
from modeldeck.domain.environments import Environment, PrometheusTarget
from modeldeck.domain.failures import Faulty, Forbidden, InvalidQuery, NotFound
from modeldeck.ports import Metrics
from modeldeck.sandbox.prometheus import installed
from tests.conformance.clusters import skip
from tests.conformance.controlplane import launch
from tests.sources.conftest import wait_for
from tests.sources.kubernetes.conftest import Hand
from tests.support.eventually import eventually_true
from tests.support.ports import free_port

CORE = "/api/v1/namespaces/{}/{}"


@pytest.fixture(autouse=True)
def real(hand: Hand) -> None:
    if hand.served.name != "real":
        pytest.skip("the simulator has no Services")


def own_address() -> str:
    """An address of this machine that is not loopback, which an endpoint must not be. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return ""
        found: str = probe.getsockname()[0]
    return "" if found.startswith(("127.", "169.254.")) else found


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    binary, host, port = installed.find() or launch.binary("prometheus"), own_address(), free_port()
    if binary is None:
        skip("no prometheus on PATH or in MODELDECK_PROMETHEUS_BIN, and none built by tests/conformance/controlplane/build.py")
    if not host:
        skip("this machine has no address but loopback, which the API server takes for no endpoint")
    folder = tmp_path_factory.mktemp("proxied")
    (folder / "prometheus.yml").write_text(installed.configuration(folder / "targets.json"))
    command = [part.replace("127.0.0.1", host) for part in installed.command(str(binary), folder, port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(f"http://{host}:{port}/-/ready", process, folder / "log")
        yield host, port
    finally:
        process.kill()
        process.wait(30)


async def serve(hand: Hand, name: str, host: str, port: int) -> None:
    """A Service with one endpoint, or none. The API server passes on only to pods that have the endpoint's address."""
    ports = [{"name": "web", "port": 9090, "targetPort": port or 9090}]
    await hand.post(CORE.format(hand.namespace, "services"), body("Service", name, spec={"ports": ports, "clusterIP": "None"}))
    subsets = []
    if host:
        container = {"name": "prometheus", "image": "prometheus"}
        pod = body("Pod", name, spec={"automountServiceAccountToken": False, "containers": [container]})
        await hand.post(CORE.format(hand.namespace, "pods"), pod)
        transport = await hand.cluster.connection.transport()
        status = {"status": {"phase": "Running", "podIP": host, "podIPs": [{"ip": host}]}}
        merge = {"Content-Type": "application/merge-patch+json"}
        await transport.patch(CORE.format(hand.namespace, f"pods/{name}/status"), status, headers=merge)
        addresses = [{"ip": host, "targetRef": {"kind": "Pod", "name": name, "namespace": hand.namespace}}]
        subsets = [{"addresses": addresses, "ports": [{"name": "web", "port": port}]}]
    await hand.post(CORE.format(hand.namespace, "endpoints"), body("Endpoints", name, subsets=subsets))


def body(kind: str, name: str, **parts: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **parts}


@pytest.fixture
async def metrics(hand: Hand) -> AsyncIterator[Any]:
    opened: list[Backends] = []

    def make(service: str, *, user: str = "admin") -> Metrics:
        environment = Environment("prod", None, hand.target(user), PrometheusTarget(f"kubernetes://{hand.namespace}/{service}"))
        opened.append(connect(environment))
        metrics = opened[-1].clients.metrics
        assert metrics is not None
        return metrics

    yield make
    for one in opened:
        await one.close()


async def test_its_answers_and_its_own_words(hand: Hand, prometheus: tuple[str, int], metrics: Any) -> None:
    await serve(hand, "prometheus", *prometheus)
    for port in ("9090", "web"):
        found = metrics(f"prometheus:{port}")
        assert (await found.ping())[0].isdecimal()
        assert [sample.value for sample in (await found.query("vector(42)")).samples] == [42.0]
    with pytest.raises(InvalidQuery, match="parse error"):
        await found.query("sum(")


async def test_a_role_that_may_get_is_enough_and_without_one_verb_and_resource_are_told(
    hand: Hand, prometheus: tuple[str, int], metrics: Any
) -> None:
    await serve(hand, "prometheus", *prometheus)
    found = metrics("prometheus:9090", user="view")
    with pytest.raises(Forbidden, match='cannot get resource "services/proxy"') as told:
        await found.query("vector(1)")
    assert "services/proxy" in told.value.hint
    await hand.allow("viewer", {"apiGroups": [""], "resources": ["services/proxy"], "verbs": ["get"]})

    async def may() -> bool:
        try:
            return bool((await found.query("vector(1)")).samples)
        except Forbidden:
            return False

    await eventually_true(may, within=30)


async def test_no_such_service_and_no_endpoints(hand: Hand, metrics: Any) -> None:
    with pytest.raises(NotFound, match='services "missing" not found') as told:
        await metrics("missing:9090").ping()
    assert "kubectl get services" in told.value.hint
    await serve(hand, "empty", "", 0)
    with pytest.raises(Faulty, match="no endpoints available") as told_empty:
        await metrics("empty:9090").ping()
    assert "kubectl describe service empty" in told_empty.value.hint


async def test_a_pod_that_does_not_listen(hand: Hand, prometheus: tuple[str, int], metrics: Any, tmp_path: Path) -> None:
    await serve(hand, "deaf", prometheus[0], free_port())
    with pytest.raises(Faulty, match=r"through the API server: .*connection refused"):
        await metrics("deaf:9090").query("vector(1)")
