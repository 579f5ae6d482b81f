"""A deployment of a trained model is served by real processes, rolled without a lost request, and says why when it cannot be."""

from __future__ import annotations

import json
import subprocess

import httpx
import pytest

from tests.conformance.clusters import until
from tests.conformance.node.conftest import Node, Registry
from tests.conformance.node.serving import ask, asking, container, deployed, pods, question, traffic


def test_a_deployment_becomes_ready_and_answers_with_the_models_own_predictions(node: Node, registry: Registry) -> None:
    with deployed(node, "iris", "models:/iris/1", replicas=3), httpx.Client(timeout=60) as http:
        answer = http.post(asking(node, "iris"), json=question(registry))
        assert answer.json() == {"predictions": registry.predictions["1"]}
        assert answer.headers["x-model"] == "iris/1"
        served_by = {http.post(asking(node, "iris"), json=question(registry)).headers["x-pod"] for _ in range(9)}
        assert served_by == {pod["metadata"]["name"] for pod in pods(node.cluster, "iris")}

        targets = json.loads((node.folder / "targets.json").read_text())
        scraped = [http.get(f"http://{each['targets'][0]}/metrics").text for each in targets]
        assert len(scraped) == 3
        assert all('model_info{model="iris",version="1"} 1.0' in text for text in scraped)
        answered = 'http_requests_total{handler="/invocations",method="POST",status="2xx"}'
        counts = [float(line.split()[1]) for text in scraped for line in text.splitlines() if line.startswith(answered)]
        assert sum(counts) == 10


def test_an_alias_is_resolved_when_the_pod_starts(node: Node, registry: Registry) -> None:
    with deployed(node, "by-alias", "models:/iris@champion"), httpx.Client(timeout=60) as http:
        assert ask(http, node, registry, "by-alias") == "iris/2"


def test_a_rolling_update_and_its_undo_lose_no_request(node: Node, registry: Registry) -> None:
    with deployed(node, "rolled", "models:/iris/1", replicas=2), traffic(node, registry, "rolled") as answers:
        until("version 1 answers", lambda: answers["iris/1"] > 5)
        node.cluster.kubectl("set", "env", "deployment/rolled", "MODEL_URI=models:/iris/2")
        node.cluster.kubectl("rollout", "status", "deployment/rolled", "--timeout=180s")
        until("the old pods are gone", lambda: len(pods(node.cluster, "rolled")) == 2)
        by_first = answers["iris/1"]
        seen = answers["iris/2"]
        until("version 2 answers", lambda: answers["iris/2"] > seen + 5)
        assert answers["iris/1"] == by_first, "a pod of version 1 was asked after the rollout"
        node.cluster.kubectl("rollout", "undo", "deployment/rolled")
        until("version 1 answers again", lambda: answers["iris/1"] > by_first + 5)
        node.cluster.kubectl("rollout", "status", "deployment/rolled", "--timeout=180s")
    assert set(answers) <= {"iris/1", "iris/2"}, answers


def test_a_broken_version_crash_loops_with_its_own_words_while_the_old_one_serves(node: Node, registry: Registry) -> None:
    cluster = node.cluster
    with deployed(node, "broken", "models:/iris/1"), traffic(node, registry, "broken") as answers:
        cluster.kubectl("set", "env", "deployment/broken", "MODEL_URI=models:/iris/3")

        def crash_looping() -> object:
            waiting = (each for each in pods(cluster, "broken") if "waiting" in container(each).get("state", {}))
            return next((each for each in waiting if container(each)["state"]["waiting"]["reason"] == "CrashLoopBackOff"), None)

        pod = until("a pod is in CrashLoopBackOff", crash_looping)
        ended = container(pod)["lastState"]["terminated"]
        assert ended["exitCode"] == 1
        assert ended["reason"] == "Error"
        assert "model.skops" in ended["message"]
        assert container(pod)["restartCount"] >= 1
        name = pod["metadata"]["name"]
        # It goes on trying: the log of an attempt that has just begun is empty.
        until("its log tells", lambda: "Traceback" in cluster.kubectl("logs", name))
        assert "model.skops" in cluster.kubectl("logs", name, "--previous")

        def reasons() -> set[str]:
            return {each["reason"] for each in cluster.get("events", f"--field-selector=involvedObject.name={name}")["items"]}

        until("its events tell", lambda: reasons() >= {"Scheduled", "Pulled", "Created", "Started", "BackOff"})
        cluster.kubectl("rollout", "undo", "deployment/broken")
        cluster.kubectl("rollout", "status", "deployment/broken", "--timeout=180s")
    assert set(answers) == {"iris/1"}, answers


def test_an_unknown_image_is_not_pulled(node: Node) -> None:
    cluster = node.cluster
    cluster.kubectl("run", "elsewhere", "--image=nginx:1", "--restart=Never")
    try:
        waiting = {"ErrImagePull", "ImagePullBackOff"}
        pod = until(
            "the image is not found",
            lambda: next(
                (
                    each
                    for each in [cluster.get("pod/elsewhere")]
                    if container(each).get("state", {}).get("waiting", {}).get("reason") in waiting
                ),
                None,
            ),
        )
        assert pod["status"]["phase"] == "Pending"
        with pytest.raises(subprocess.CalledProcessError) as refused:
            cluster.kubectl("logs", "elsewhere")
        assert "trying and failing to pull image" in refused.value.stderr
    finally:
        cluster.kubectl("delete", "pod/elsewhere")


def test_logs_are_followed_limited_and_stamped(node: Node, registry: Registry) -> None:
    cluster = node.cluster
    with deployed(node, "logged", "models:/iris/1"):
        name = pods(cluster, "logged")[0]["metadata"]["name"]
        following = subprocess.Popen(cluster.command("logs", "-f", "--tail=0", name), stdout=subprocess.PIPE, text=True)
        try:
            assert following.stdout
            with traffic(node, registry, "logged"):  # lines come until one is seen, however late the stream opens
                line = following.stdout.readline()
            assert '"POST /invocations HTTP/1.1" 200' in line
        finally:
            following.terminate()
            following.wait(10)
            if following.stdout:
                following.stdout.close()
        assert len(cluster.kubectl("logs", name, "--tail=1").splitlines()) == 1
        assert cluster.kubectl("logs", name).startswith("Serving iris 1\n")
        stamp = cluster.kubectl("logs", name, "--timestamps", "--tail=1").split()[0]
        assert stamp.startswith("20")
        assert stamp.endswith("Z")
        assert cluster.kubectl("logs", name, "--limit-bytes=7") == "Serving"
        with pytest.raises(subprocess.CalledProcessError) as refused:
            cluster.kubectl("logs", name, "--previous")
        assert f'previous terminated container "server" in pod "{name}" not found' in refused.value.stderr


def test_a_deleted_pod_is_replaced_and_a_smaller_scale_ends_pods_without_a_lost_request(node: Node, registry: Registry) -> None:
    cluster = node.cluster
    with deployed(node, "scaled", "models:/iris/1", replicas=3), traffic(node, registry, "scaled") as answers:
        before = {each["metadata"]["uid"] for each in pods(cluster, "scaled")}
        cluster.kubectl("delete", "pod", pods(cluster, "scaled")[0]["metadata"]["name"])
        until("the pod is replaced", lambda: {each["metadata"]["uid"] for each in pods(cluster, "scaled")} - before)
        cluster.kubectl("rollout", "status", "deployment/scaled", "--timeout=180s")
        cluster.kubectl("scale", "deployment/scaled", "--replicas=1")
        until("one pod is left", lambda: len(pods(cluster, "scaled")) == 1)
        seen = answers["iris/1"]
        until("it answers", lambda: answers["iris/1"] > seen + 5)
    assert set(answers) == {"iris/1"}, answers


def test_without_a_ready_pod_the_service_says_so(node: Node, registry: Registry) -> None:
    with deployed(node, "empty", "models:/iris/1", replicas=0), httpx.Client(timeout=60) as http:
        assert ask(http, node, registry, "empty") == '503 {"message": "no pod of service empty in namespace serving is ready"}'
    with httpx.Client(timeout=60) as http:
        assert ask(http, node, registry, "empty").startswith("404 ")


def test_the_node_is_ready_and_renews_its_lease(node: Node) -> None:
    conditions = {each["type"]: each["status"] for each in node.cluster.get("node/node-1")["status"]["conditions"]}
    assert conditions["Ready"] == "True"
    lease = ("lease/node-1", "-n", "kube-node-lease")
    first = node.cluster.get(*lease)["spec"]["renewTime"]
    until("the lease is renewed", lambda: node.cluster.get(*lease)["spec"]["renewTime"] > first)
