"""What this machine has without being told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from modeldeck.config import Flags
from tests.config.conftest import Machine


def test_kubeconfig_from_the_variable_then_from_home(machine: Machine, kubeconfig: Callable[[str], str]) -> None:
    default, named = kubeconfig(".kube/config"), kubeconfig("other")
    discovered = machine.good().environment
    said = machine.good(variables={"KUBECONFIG": named}).environment
    assert discovered.cluster is not None
    assert said.cluster is not None
    assert (discovered.cluster.kubeconfig, said.cluster.kubeconfig) == (default, named)
    assert discovered.origins["kubernetes.kubeconfig"].startswith("discovered")


def test_a_context_in_the_file_is_completed_by_the_default_kubeconfig(machine: Machine, kubeconfig: Callable[[str], str]) -> None:
    default = kubeconfig(".kube/config")
    machine.write('[environments.prod.kubernetes]\ncontext = "prod-eu"\nnamespaces = ["serving", "shadow"]\n')
    cluster = machine.good().environment.cluster
    assert cluster is not None
    assert (cluster.kubeconfig, cluster.context, cluster.namespaces) == (default, "prod-eu", ("serving", "shadow"))


def test_mlflows_own_credentials_file(machine: Machine) -> None:
    folder = machine.home / ".mlflow"
    folder.mkdir()
    (folder / "credentials").write_text("[mlflow]\nmlflow_tracking_username = me\nmlflow_tracking_password = 100%word\n")
    mlflow = machine.good(variables={"MLFLOW_TRACKING_URI": "https://host"}).environment.mlflow
    assert mlflow is not None
    assert mlflow.username == "me"
    assert mlflow.password is not None
    assert mlflow.password.reveal() == "100%word"
    local = machine.good(variables={"MLFLOW_TRACKING_URI": "sqlite:///mlflow.db"}).environment.mlflow
    assert local is not None
    assert local.username == ""


def sandbox(machine: Machine, pid: int) -> None:
    folder = machine.home / "sandbox"
    folder.mkdir()
    payload = {
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:4001",
        "KUBECONFIG": "/state/admin.kubeconfig",
        "PROMETHEUS_URL": "http://127.0.0.1:4002",
        "namespace": "serving",
        "pid": pid,
    }
    (folder / "environment.json").write_text(json.dumps(payload))


def test_a_running_sandbox_opens_by_itself_when_nothing_else_is_said(machine: Machine) -> None:
    sandbox(machine, os.getpid())
    environment = machine.good().environment
    assert environment.name == "sandbox"
    assert environment.mlflow is not None
    assert environment.cluster is not None
    assert environment.prometheus is not None
    assert environment.mlflow.uri == "http://127.0.0.1:4001"
    assert (environment.cluster.kubeconfig, environment.cluster.namespaces) == ("/state/admin.kubeconfig", ("serving",))


def test_a_variable_keeps_the_sandbox_away_but_its_name_opens_it_whole(machine: Machine) -> None:
    sandbox(machine, os.getpid())
    variables = {"MLFLOW_TRACKING_URI": "https://host"}
    assert machine.good(variables=variables).current == "default"
    chosen = machine.good(Flags(environment="sandbox"), variables).environment
    assert chosen.mlflow is not None
    assert chosen.mlflow.uri == "http://127.0.0.1:4001"


def test_a_sandbox_that_ended_is_not_there(machine: Machine) -> None:
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 0"], {})
    os.waitpid(pid, 0)
    sandbox(machine, pid)
    assert machine.good().current == "default"
    (problem,) = machine.bad(Flags(environment="sandbox"))
    assert problem.message == "no sandbox is running"
