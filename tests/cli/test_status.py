"""`modeldeck status`: the contract, and what it goes on without."""

from __future__ import annotations

from modeldeck.domain.failures import Unreachable
from modeldeck.domain.kubernetes.workloads import Container, EnvVar, OtherWorkload, PodTemplate
from tests.cli.conftest import Shell


def test_status_is_the_contract(shell: Shell) -> None:
    body = shell("status", "--output", "json").json
    (row,) = body["rows"]
    assert row == {
        "environment": "default",
        "namespace": "serving",
        "deployment": "iris",
        "model": "iris",
        "link": {"how": "env-uri", "where": "/spec/template/spec/containers/0/env/1/value"},
        "references": [{"how": "env-uri", "places": ["server/env/MODEL_URI"], "text": "models:/iris/1"}],
        "unread": [],
        "server_calls_it": [],
        "spec_version": "1",
        "alias": {"name": "champion", "version": "1"},
        "live_versions": [{"version": "1", "pods": 2, "ready": 2}],
        "replicas": {"desired": 2, "updated": 2, "ready": 2, "available": 2},
        "rollout": 'deployment "iris" successfully rolled out',
        "latency": {"p50": None, "p99": None},
        "error_ratio": None,
        "requests_per_second": None,
        "disagreements": [],
        "operation": None,
    }
    assert {name: source["state"] for name, source in body["sources"].items()} == {
        "mlflow": "live",
        "kubernetes": "live",
        "prometheus": "unavailable",
    }


def test_status_names_what_is_not_handled(shell: Shell) -> None:
    server = Container("server", "x", env=(EnvVar("MODEL_URI", "models:/iris/1"),))
    shell.fake.cluster.others += [
        OtherWorkload("StatefulSet", "serving", "iris-sts", PodTemplate(containers=(server,))),
        OtherWorkload("DaemonSet", "serving", "logs", PodTemplate()),
    ]
    body = shell("status", "-o", "json").json
    assert body["not_handled"] == [{"kind": "StatefulSet", "namespace": "serving", "name": "iris-sts"}]
    said = shell("status", "serving/iris-sts")
    assert said.code == 3
    assert "serving/iris-sts is a StatefulSet, which is not handled yet" in said.err
    assert "is called" not in said.err


def test_status_flags_what_disagrees(shell: Shell) -> None:
    shell.fake.registry.aliases["iris"]["champion"] = "3"
    said = shell("status")
    assert said.code == 0
    assert said.out.splitlines()[1].startswith("!  serving/iris")
    assert "! serving/iris: alias champion says v3, the template says v1" in said.out
    (row,) = shell("status", "iris", "-o", "json").json["rows"]
    assert [found["code"] for found in row["disagreements"]] == ["alias-differs"]


def test_status_without_mlflow_goes_on_without_its_part(shell: Shell) -> None:
    shell.fake.traps.fail("registry", Unreachable("connection refused", backend="MLflow"), times=9)
    said = shell("status", "-o", "json")
    assert said.code == 0
    assert said.json["sources"]["mlflow"] == {"state": "unavailable", "age": None, "message": "MLflow: connection refused"}
    assert said.json["rows"][0]["alias"]["version"] is None
    assert "connection refused" in said.err


def test_status_without_the_cluster_ends_with_6(shell: Shell) -> None:
    shell.fake.traps.fail("fleet", Unreachable("connection refused", backend="Kubernetes"))
    said = shell("status", "-o", "json")
    assert said.code == 6
    assert said.json["rows"] == []
    assert said.json["error"]["code"] == "unreachable"


def test_status_of_nobody(shell: Shell) -> None:
    said = shell("status", "serving/nobody")
    assert said.code == 3
    assert "nobody" in said.err
