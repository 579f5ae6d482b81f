"""Which environment is opened, and of which layer each setting is."""

from __future__ import annotations

from collections.abc import Callable

from modeldeck.config import Flags, check
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


def test_no_color(machine: Machine) -> None:
    assert machine.good(variables={"NO_COLOR": "1"}).no_color
    assert not machine.good(variables={"NO_COLOR": ""}).no_color


def test_an_unknown_environment_says_what_there_is(machine: Machine) -> None:
    machine.write("[environments.prod]\n[environments.staging]\n")
    (problem,) = machine.bad(Flags(environment="stagin"))
    assert problem.message == "expected one of prod, staging, found 'stagin'"
    assert problem.hint == "did you mean `staging`?"
    machine.write('default = "porduction"\n[environments.production]\n')
    assert {problem.where for problem in machine.bad()} == {f"{machine.config}:1"}


def test_files_that_are_named_must_be_there(machine: Machine) -> None:
    machine.write(
        """\
[environments.prod]
[environments.prod.mlflow]
uri = "https://host"
server_cert_path = "ca.pem"
[environments.prod.kubernetes]
kubeconfig = "kubeconfig"
[environments.other.prometheus]
url = "http://host"
ca_path = "missing.pem"
"""
    )
    lines = {(problem.where.rpartition(":")[2], problem.key) for problem in machine.bad()}
    assert lines == {("4", "mlflow.server_cert_path"), ("6", "kubernetes.kubeconfig")}, "only the one that is opened"
    everything = {problem.key for problem in check(Flags(), machine.environ(), home=machine.home)}
    assert everything == {"mlflow.server_cert_path", "kubernetes.kubeconfig", "prometheus.ca_path"}


def test_check_finds_nothing_wrong_with_a_good_file(machine: Machine) -> None:
    machine.write('[environments.prod.mlflow]\nuri = "https://host"\ntoken_env = "HOST_TOKEN"\n')
    assert check(Flags(), machine.environ({"HOST_TOKEN": "t"}), home=machine.home) == ()
