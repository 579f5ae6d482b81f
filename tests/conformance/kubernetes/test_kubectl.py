"""kubectl, as operators use it: the same words from the simulator as from a real cluster. Every kubectl at hand is tried."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conformance.clusters import Cluster, skip, until
from tests.conformance.controlplane import launch
from tests.conformance.kubernetes.api import Api
from tests.conformance.kubernetes.workloads import CAUSE, Workloads, deployment, rolling


def binaries() -> dict[str, Path]:
    """The one that the recipe builds and another one on PATH, when they are two: CI puts the built ones first on PATH."""
    built = launch.binary("kubectl")
    elsewhere = os.pathsep.join(place for place in os.get_exec_path() if built is None or Path(place) != built.parent)
    found = shutil.which("kubectl", path=elsewhere)
    both = {"built": built, "path": Path(found) if found else None}
    return {name: each for name, each in both.items() if each is not None and not (name == "path" and each == built)}


@dataclass(frozen=True)
class Kubectl:
    """One binary on one cluster and namespace."""

    binary: Path
    cluster: Cluster
    namespace: str
    cache: Path

    def command(self, *arguments: str, user: str = "admin") -> list[str]:
        return [
            str(self.binary),
            f"--kubeconfig={self.cluster.kubeconfig(user)}",
            f"--cache-dir={self.cache}",
            "-n",
            self.namespace,
            *arguments,
        ]

    def run(self, *arguments: str, user: str = "admin", given: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*arguments, user=user), input=given, capture_output=True, text=True, timeout=60)

    def __call__(self, *arguments: str, given: str | None = None) -> str:
        done = self.run(*arguments, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(params=sorted(binaries()) or ["none"])
def kubectl(request: pytest.FixtureRequest, cluster: Cluster, namespace: str, workloads: Workloads, tmp_path: Path) -> Kubectl:
    found = binaries().get(request.param)
    if found is None:
        skip("no kubectl on PATH, and none built by tests/conformance/controlplane/build.py")
    return Kubectl(found, cluster, namespace, tmp_path / "cache")


def columns(text: str) -> list[list[str]]:
    return [re.split(r"\s{2,}", line.strip()) for line in text.strip().splitlines()]


def test_create_get_and_delete(kubectl: Kubectl, workloads: Workloads) -> None:
    assert kubectl("create", "deployment", "web", "--image=ready:1", "--replicas=2") == "deployment.apps/web created\n"
    workloads.rolled_out()
    head, row = columns(kubectl("get", "deploy", "web"))
    assert head == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row[:4] == ["web", "2/2", "2", "2"]
    head, row = columns(kubectl("get", "deploy", "web", "-o", "wide"))
    assert head[5:] == ["CONTAINERS", "IMAGES", "SELECTOR"]
    assert row[5:] == ["ready", "ready:1", "app=web"]
    head, *rows = columns(kubectl("get", "pods", "-o", "wide"))
    assert head == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES"]
    assert {(row[1], row[2], row[5]) for row in rows} == {("1/1", "Running", "127.0.0.1")}
    assert kubectl("get", "deploy", "-o", "name") == "deployment.apps/web\n"
    assert {each.partition("/")[0] for each in kubectl("get", "all", "-o", "name").split()} == {"pod", "deployment.apps", "replicaset.apps"}
    assert kubectl("delete", "deploy", "web").startswith('deployment.apps "web" deleted')
    assert kubectl.run("get", "deploy", "web").stderr == 'Error from server (NotFound): deployments.apps "web" not found\n'


def test_describe(kubectl: Kubectl, workloads: Workloads) -> None:
    workloads.create(deployment(image="ready:1"))
    text = kubectl("describe", "deploy", "web")
    name = workloads.sets()[0]["metadata"]["name"]
    for message in (
        "Replicas:               2 desired | 2 updated | 2 total | 2 available | 0 unavailable",
        "RollingUpdateStrategy:  25% max unavailable, 25% max surge",
        "Available      True    MinimumReplicasAvailable",
        "Progressing    True    NewReplicaSetAvailable",
        f"NewReplicaSet:   {name} (2/2 replicas created)",
        f"Scaled up replica set {name} from 0 to 2",
    ):
        assert message in text
    pod = workloads.pods()[0]["metadata"]["name"]
    text = kubectl("describe", "pod", pod)
    assert f"Controlled By:  ReplicaSet/{name}" in text
    assert re.search(rf"Normal\s+Scheduled\s+\S+\s+default-scheduler\s+Successfully assigned {workloads.namespace}/{pod} to ", text)


def test_scale_and_set_image_and_status(kubectl: Kubectl, workloads: Workloads) -> None:
    workloads.create()
    assert kubectl("scale", "deploy", "web", "--replicas=3") == "deployment.apps/web scaled\n"
    assert kubectl.run("scale", "deploy", "web", "--current-replicas=7", "--replicas=9").returncode == 1
    assert kubectl("set", "image", "deploy/web", "main=ready:2") == "deployment.apps/web image updated\n"
    assert kubectl("rollout", "status", "deploy/web", "--timeout=30s").splitlines()[-1] == 'deployment "web" successfully rolled out'
    assert workloads.get()["spec"]["replicas"] == 3
    assert workloads.revisions() == {"1": "ready:1", "2": "ready:2"}


def test_status_of_a_stuck_rollout(kubectl: Kubectl, workloads: Workloads) -> None:
    workloads.create(deployment(replicas=1, strategy=rolling(1, 0), progressDeadlineSeconds=1))
    workloads.set_image("stuck:2")
    done = kubectl.run("rollout", "status", "deploy/web", "--timeout=30s")
    assert done.returncode == 1
    assert done.stderr == 'error: deployment "web" exceeded its progress deadline\n'


def test_history_and_undo(kubectl: Kubectl, workloads: Workloads) -> None:
    body = deployment(replicas=1)
    body["metadata"]["annotations"] = {CAUSE: "first words"}
    workloads.create(body)
    kubectl("set", "image", "deploy/web", "main=ready:2")
    kubectl("annotate", "deploy/web", f"{CAUSE}=second words", "--overwrite")
    workloads.rolled_out()
    until("the second cause", lambda: "second words" in kubectl("rollout", "history", "deploy/web"))
    assert columns(kubectl("rollout", "history", "deploy/web")) == [
        ["deployment.apps/web"],
        ["REVISION", "CHANGE-CAUSE"],
        ["1", "first words"],
        ["2", "second words"],
    ]
    assert "ready:1" in kubectl("rollout", "history", "deploy/web", "--revision=1")
    assert kubectl("rollout", "undo", "deploy/web") == "deployment.apps/web rolled back\n"
    workloads.rolled_out()
    assert columns(kubectl("rollout", "history", "deploy/web"))[2:] == [["2", "second words"], ["3", "first words"]]
    assert kubectl("rollout", "undo", "deploy/web", "--to-revision=2") == "deployment.apps/web rolled back\n"
    workloads.rolled_out()
    assert workloads.revisions() == {"3": "ready:1", "4": "ready:2"}
    assert "skipped rollback" in kubectl("rollout", "undo", "deploy/web", "--to-revision=4")


def test_pause_resume_and_restart(kubectl: Kubectl, workloads: Workloads) -> None:
    workloads.create(deployment(replicas=1))
    workloads.set_image("ready:2")
    workloads.rolled_out()
    assert kubectl("rollout", "pause", "deploy/web") == "deployment.apps/web paused\n"
    assert "paused" in kubectl.run("rollout", "undo", "deploy/web").stderr
    assert kubectl("rollout", "resume", "deploy/web") == "deployment.apps/web resumed\n"
    assert kubectl("rollout", "restart", "deploy/web") == "deployment.apps/web restarted\n"
    workloads.rolled_out()
    assert len(workloads.revisions()) == 3


@pytest.mark.parametrize(
    ("kind", "patch", "image"),
    [
        ("strategic", {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "ready:s"}]}}}}, "ready:s"),
        ("merge", {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "ready:m"}]}}}}, "ready:m"),
        ("json", [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "ready:j"}], "ready:j"),
    ],
)
def test_patch(kubectl: Kubectl, workloads: Workloads, kind: str, patch: object, image: str) -> None:
    workloads.create(deployment(replicas=1))
    assert kubectl("patch", "deploy", "web", f"--type={kind}", "-p", json.dumps(patch)) == "deployment.apps/web patched\n"
    assert workloads.get()["spec"]["template"]["spec"]["containers"][0]["image"] == image
    workloads.rolled_out()
    assert kubectl("patch", "deploy", "web", f"--type={kind}", "-p", json.dumps(patch)) == "deployment.apps/web patched (no change)\n"


@pytest.mark.parametrize("flags", [(), ("--server-side",)])
def test_apply_and_diff(kubectl: Kubectl, workloads: Workloads, flags: tuple[str, ...]) -> None:
    body = deployment(replicas=1)
    word = "serverside-applied" if flags else "created"
    assert kubectl("apply", *flags, "-f", "-", given=json.dumps(body)) == f"deployment.apps/web {word}\n"
    workloads.rolled_out()
    assert kubectl.run("diff", *flags, "-f", "-", given=json.dumps(body)).returncode == 0
    body["spec"]["template"]["spec"]["containers"] = [{"name": "main", "image": "ready:2"}, {"name": "side", "image": "ready:3"}]
    changed = kubectl.run("diff", *flags, "-f", "-", given=json.dumps(body))
    assert changed.returncode == 1
    assert re.search(r"^\+\s+- image: ready:2|^\+\s+image: ready:2|^\+.*ready:2", changed.stdout, re.MULTILINE)
    kubectl("apply", *flags, "-f", "-", given=json.dumps(body))
    workloads.rolled_out()
    body["spec"]["template"]["spec"]["containers"] = [{"name": "main", "image": "ready:2"}]
    kubectl("apply", *flags, "-f", "-", given=json.dumps(body))
    assert [each["name"] for each in workloads.get()["spec"]["template"]["spec"]["containers"]] == ["main"]
    again = "serverside-applied" if flags else "unchanged"
    assert kubectl("apply", *flags, "-f", "-", given=json.dumps(body)) == f"deployment.apps/web {again}\n"


def test_apply_refuses_what_the_server_does_not_know(kubectl: Kubectl) -> None:
    done = kubectl.run("apply", "-f", "-", given=json.dumps(deployment(replica=2)))
    assert done.returncode == 1
    assert 'strict decoding error: unknown field "spec.replica"' in done.stderr
    done = kubectl.run("apply", "--dry-run=server", "-f", "-", given=json.dumps(deployment(replicas=-1)))
    assert "spec.replicas: Invalid value: -1: must be greater than or equal to 0" in done.stderr
    assert (
        kubectl("apply", "--dry-run=server", "-f", "-", given=json.dumps(deployment())) == "deployment.apps/web created (server dry run)\n"
    )


def test_delete_pod_and_wait(kubectl: Kubectl, workloads: Workloads) -> None:
    workloads.create()
    victim = workloads.pods()[0]["metadata"]["name"]
    assert kubectl("delete", "pod", victim).startswith(f'pod "{victim}" deleted')
    assert "condition met" in kubectl("wait", "--for=condition=Available", "deploy/web", "--timeout=20s")
    assert victim not in {each["metadata"]["name"] for each in workloads.pods()}


@pytest.fixture
def following(kubectl: Kubectl) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Commands that run until the case ends."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        started.append(subprocess.Popen(kubectl.command(*arguments), stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.wait()
        assert each.stdout
        each.stdout.close()


def test_get_watch(kubectl: Kubectl, workloads: Workloads, following: Callable[..., subprocess.Popen[str]]) -> None:
    workloads.create(deployment(replicas=1))
    follow = following("get", "deploy", "-w")
    assert follow.stdout
    assert columns(follow.stdout.readline())[0] == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert columns(follow.stdout.readline())[0][:2] == ["web", "1/1"]
    workloads.patch({"spec": {"replicas": 2}})
    seen = [columns(follow.stdout.readline())[0][1]]
    while seen[-1] != "2/2":
        seen.append(columns(follow.stdout.readline())[0][1])
    assert seen[0] == "1/2"


def test_auth_can_i(kubectl: Kubectl, api: Api) -> None:
    assert kubectl("auth", "can-i", "create", "deployments") == "yes\n"
    assert kubectl.run("auth", "can-i", "create", "deployments", user="view").stdout == "no\n"
    kubectl("create", "role", "look", "--verb=get,list", "--resource=deployments.apps,pods")
    kubectl("create", "rolebinding", "look", "--role=look", "--user=viewer")
    until("the role to hold", lambda: kubectl.run("auth", "can-i", "list", "pods", user="view").stdout == "yes\n")
    assert kubectl.run("auth", "can-i", "delete", "pods", user="view").stdout == "no\n"
    assert re.search(
        r"^deployments\.apps\s+\[\]\s+\[\]\s+\[get list\]$", kubectl.run("auth", "can-i", "--list", user="view").stdout, re.MULTILINE
    )
    assert re.search(r"Username\s+viewer", kubectl.run("auth", "whoami", user="view").stdout)
    assert "cannot delete resource" in kubectl.run("delete", "pod", "x", user="view").stderr


def test_what_is_served(kubectl: Kubectl) -> None:
    rows = {row[0]: row for row in columns(kubectl("api-resources"))}
    assert rows["deployments"][1:] == ["deploy", "apps/v1", "true", "Deployment"]
    assert rows["nodes"][1:] == ["no", "v1", "false", "Node"]
    assert "apps/v1" in kubectl("api-versions").split()
    assert "Server Version: v1." in kubectl("version")
    assert "replicas" in kubectl("explain", "deployment.spec")
    assert kubectl("get", "--raw", "/readyz") == "ok"


def test_events_of_one_object(kubectl: Kubectl, workloads: Workloads) -> None:
    workloads.create(deployment(replicas=1))
    until("the event", lambda: "ScalingReplicaSet" in kubectl("events", "--for", "deployment/web"))
    head, *rows = columns(kubectl("get", "events", "--field-selector", "involvedObject.kind=Deployment"))
    assert head == ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert [row[1:4] for row in rows] == [["Normal", "ScalingReplicaSet", "deployment/web"]]


def test_other_kinds(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "cm", "--from-literal=a=b")
    kubectl("create", "secret", "generic", "s", "--from-literal=a=b")
    kubectl("create", "service", "clusterip", "svc", "--tcp=80:8080")
    kubectl("create", "serviceaccount", "sa")
    assert columns(kubectl("get", "cm", "cm"))[1][:2] == ["cm", "1"]
    assert columns(kubectl("get", "secret", "s"))[1][:3] == ["s", "Opaque", "1"]
    row = columns(kubectl("get", "svc", "svc"))[1]
    assert (row[1], row[3], row[4]) == ("ClusterIP", "<none>", "80/TCP")
    assert kubectl("label", "cm", "cm", "x=y") == "configmap/cm labeled\n"
    assert kubectl("get", "cm", "-l", "x=y", "-o", "name") == "configmap/cm\n"
    assert kubectl("get", "cm", "cm", "-o", "jsonpath={.data.a}") == "b"
