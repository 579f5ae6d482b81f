from __future__ import annotations

import json
import os
from collections.abc import Callable

from modeldeck.config import Flags
from tests.config.conftest import Machine

FILE = """
[environments.prod]
protected = true
theme = "dark"
[environments.prod.mlflow]
uri = "https://mlflow.file"
token = "token-of-the-file"
insecure_tls = true
[environments.prod.prometheus]
url = "https://prometheus.file"
"""


def test_a_flag_beats_a_variable_beats_the_file(machine: Machine) -> None:
    machine.write(FILE)
    only_file = machine.good().environment
    with_variable = machine.good(variables={"PROMETHEUS_URL": "http://variable:9090"}).environment
    with_flag = machine.good(Flags(prometheus_url="http://flag:9090"), {"PROMETHEUS_URL": "http://variable:9090"}).environment
    urls = [each.prometheus.url for each in (only_file, with_variable, with_flag) if each.prometheus]
    assert urls == ["https://prometheus.file", "http://variable:9090", "http://flag:9090"]
    assert only_file.origins["prometheus.url"] == "config.toml:10"
    assert with_variable.origins["prometheus.url"] == "environment variable PROMETHEUS_URL"
    assert with_flag.origins["prometheus.url"] == "--prometheus"


def test_an_empty_variable_is_unset(machine: Machine) -> None:
    machine.write(FILE)
    mlflow = machine.good(variables={"MLFLOW_TRACKING_URI": ""}).environment.mlflow
    assert mlflow is not None
    assert mlflow.uri == "https://mlflow.file"


def test_overriding_the_file_is_said(machine: Machine) -> None:
    machine.write(FILE)
    warnings = machine.good(variables={"PROMETHEUS_URL": "http://variable:9090"}).warnings
    assert [(each.where, each.key) for each in warnings] == [(f"{machine.config}:10", "prometheus.url")]
    assert "environment variable PROMETHEUS_URL" in warnings[0].message


def test_the_files_token_does_not_travel_to_another_server(machine: Machine) -> None:
    machine.write(FILE)
    elsewhere = machine.good(variables={"MLFLOW_TRACKING_URI": "https://other.host"}).environment.mlflow
    same = machine.good(variables={"MLFLOW_TRACKING_URI": "https://mlflow.file/"}).environment.mlflow
    assert elsewhere is not None
    assert (elsewhere.token, elsewhere.insecure_tls) == (None, False)
    assert same is not None
    assert same.token is not None
    assert same.token.reveal() == "token-of-the-file"


def test_a_variables_token_goes_with_the_files_address(machine: Machine) -> None:
    machine.write(FILE)
    mlflow = machine.good(variables={"MLFLOW_TRACKING_TOKEN": "from-variable"}).environment.mlflow
    assert mlflow is not None
    assert mlflow.uri == "https://mlflow.file"
    assert mlflow.token is not None
    assert mlflow.token.reveal() == "from-variable"


def test_one_kind_of_credential_and_the_strongest_layers(machine: Machine) -> None:
    machine.write(FILE)
    variables = {"MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": "word"}
    mlflow = machine.good(variables=variables).environment.mlflow
    assert mlflow is not None
    assert (mlflow.username, mlflow.token) == ("me", None)
    both = machine.good(variables={**variables, "MLFLOW_TRACKING_TOKEN": "t"}).environment.mlflow
    assert both is not None
    assert (both.username, both.token) == ("me", None), "MLflow's own client prefers user name and password"


def test_userinfo_is_taken_out_of_addresses(machine: Machine) -> None:
    environment = machine.good(
        variables={"MLFLOW_TRACKING_URI": "https://me:p%40ss@host:5000/base/", "PROMETHEUS_URL": "http://you@prometheus:9090"}
    ).environment
    assert environment.mlflow is not None
    assert environment.prometheus is not None
    assert (environment.mlflow.uri, environment.mlflow.username) == ("https://host:5000/base", "me")
    assert environment.mlflow.password is not None
    assert environment.mlflow.password.reveal() == "p@ss"
    assert (environment.prometheus.url, environment.prometheus.username) == ("http://prometheus:9090", "you")


def test_a_database_uri_keeps_its_shape_without_its_password(machine: Machine) -> None:
    mlflow = machine.good(variables={"MLFLOW_TRACKING_URI": "postgresql://me:word@db/mlflow"}).environment.mlflow
    assert mlflow is not None
    assert (mlflow.uri, mlflow.username) == ("postgresql://db/mlflow", "me")
    assert mlflow.password is not None


def test_without_anything_the_default_addresses_are_tried_and_marked(machine: Machine) -> None:
    environment = machine.good().environment
    assert environment.name == "default"
    assert environment.mlflow is not None
    assert environment.prometheus is not None
    assert (environment.mlflow.uri, environment.prometheus.url) == ("http://127.0.0.1:5000", "http://127.0.0.1:9090")
    assert environment.cluster is None
    assert all(environment.origins[key].startswith("discovered") for key in ("mlflow.uri", "prometheus.url"))


def test_what_a_named_environment_leaves_out_is_not_guessed(machine: Machine, kubeconfig: Callable[[str], str]) -> None:
    kubeconfig(".kube/config")
    machine.write('[environments.prod.mlflow]\nuri = "https://mlflow.file"\n')
    environment = machine.good().environment
    assert environment.cluster is None
    assert environment.prometheus is None


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


def test_which_environment_is_opened(machine: Machine) -> None:
    machine.write("[environments.first]\n[environments.second]\n[environments.third]\n")
    assert machine.good().current == "first"
    machine.write('default = "second"\n[environments.first]\n[environments.second]\n[environments.third]\n')
    assert machine.good().current == "second"
    assert machine.good(variables={"MODELDECK_ENVIRONMENT": "third"}).current == "third"
    chosen = machine.good(Flags(environment="first"), {"MODELDECK_ENVIRONMENT": "third"})
    assert chosen.current == chosen.environment.name == "first"
    assert [each.name for each in chosen.environments] == ["first", "second", "third"]


def test_settings_at_the_top_of_the_file_are_for_all_environments(machine: Machine) -> None:
    machine.write('theme = "light"\nrefresh = 10\n[environments.prod]\n[environments.stage]\nrefresh = 2.5\n')
    prod, stage = machine.good().environments
    assert (prod.theme, prod.refresh, stage.theme, stage.refresh) == ("light", 10.0, "light", 2.5)


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


def test_no_color(machine: Machine) -> None:
    assert machine.good(variables={"NO_COLOR": "1"}).no_color
    assert not machine.good(variables={"NO_COLOR": ""}).no_color
