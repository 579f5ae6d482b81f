"""What outlives what: requests are served while the API server is away, and nothing outlives the agent."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from tests.conformance.clusters import NAMES, Cluster, running, until
from tests.conformance.node.conftest import Node, Registry, agent
from tests.conformance.node.serving import ask, container, deployment, pods, service, traffic

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "serving"}}


def deploy(cluster: Cluster, replicas: int) -> None:
    cluster.apply(NAMESPACE, service("iris"), deployment("iris", "models:/iris/1", replicas))
    cluster.kubectl("rollout", "status", "deployment/iris", "--timeout=180s")


@pytest.mark.parametrize("name", NAMES)
def test_requests_are_served_while_the_api_server_is_away_and_work_goes_on_when_it_is_back(
    name: str, registry: Registry, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        with running(name, tmp_path / "cluster") as cluster:
            (tmp_path / "node").mkdir()
            proxy = stack.enter_context(agent(cluster, registry, tmp_path / "node"))
            deploy(cluster, 2)
            node = Node(cluster, tmp_path / "node", proxy)
            before = {each["metadata"]["uid"] for each in pods(cluster, "iris")}
        with traffic(node, registry, "iris") as answers:
            until("pods answer without an API server", lambda: answers["iris/1"] > 20)
            with running(name, tmp_path / "cluster") as cluster:
                assert {each["metadata"]["uid"] for each in pods(cluster, "iris")} == before
                cluster.kubectl("scale", "deployment/iris", "--replicas=3")
                cluster.kubectl("rollout", "status", "deployment/iris", "--timeout=180s")
                assert all(container(each)["restartCount"] == 0 for each in pods(cluster, "iris"))
                cluster.kubectl("scale", "deployment/iris", "--replicas=1")
                until("one pod is left", lambda: len(pods(cluster, "iris")) == 1)
        assert set(answers) == {"iris/1"}, answers


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_agent_takes_its_model_servers_along_and_the_next_one_starts_them_again(
    name: str, registry: Registry, tmp_path: Path
) -> None:
    folder = tmp_path / "node"
    folder.mkdir()
    with running(name, tmp_path / "cluster") as cluster:
        with agent(cluster, registry, folder):
            deploy(cluster, 2)
            (found,) = (each for each in psutil.Process().children() if str(folder) in each.cmdline())
            family = [found, *found.children(recursive=True)]
            assert len(family) >= 4, "the agent, its zygote and two model servers"
            found.send_signal(signal.SIGKILL)
            until("all of them ended", lambda: not psutil.wait_procs(family, timeout=0)[1])
        with agent(cluster, registry, folder) as proxy, httpx.Client(timeout=60) as http:
            until("both pods were restarted", lambda: _restarts(cluster) == [1, 1])
            cluster.kubectl("wait", "--for=condition=Ready", "pod", "-l", "app=iris", "--timeout=180s")
            ended = container(pods(cluster, "iris")[0])["lastState"]["terminated"]
            assert (ended["exitCode"], ended["reason"]) == (255, "Unknown")
            assert ask(http, Node(cluster, folder, proxy), registry, "iris") == "iris/1"


def _restarts(cluster: Cluster) -> list[int]:
    return [container(each)["restartCount"] for each in pods(cluster, "iris")]
