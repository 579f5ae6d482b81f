from __future__ import annotations

from collections.abc import Callable

import pytest

from modeldeck.config import Flags, Severity, check
from tests.config.conftest import Machine


def test_every_wrong_value_is_named_at_once(machine: Machine) -> None:
    machine.write(
        """\
defualt = "prod"
refresh = "2"

[environments.prod]
protected = 1
mlflow = { uri = "localhost:5000", tokn = "a" }

[environments.prod.kubernetes]
contxt = "prod-eu"
namespaces = [
  "Serving",
]
[environments.prod.prometheus]
url = "ftp://me:word@host"
token = 5
[environments."a b"]
"""
    )
    found = {(int(each.where.rpartition(":")[2]), each.key): each for each in machine.bad()}
    assert set(found) == {
        (1, "defualt"),
        (2, "refresh"),
        (5, "environments.prod.protected"),
        (6, "environments.prod.mlflow.uri"),
        (6, "environments.prod.mlflow.tokn"),
        (9, "environments.prod.kubernetes.contxt"),
        (10, "environments.prod.kubernetes.namespaces"),
        (14, "environments.prod.prometheus.url"),
        (15, "environments.prod.prometheus.token"),
        (16, "environments.a b"),
    }
    assert found[1, "defualt"].hint == "did you mean `default`?"
    assert found[9, "environments.prod.kubernetes.contxt"].hint == "did you mean `context`?"
    assert "http://localhost:5000" in found[6, "environments.prod.mlflow.uri"].message
    assert "'ftp://host'" in found[14, "environments.prod.prometheus.url"].message
    assert str(found[2, "refresh"]) == f"{machine.config}:2: refresh: expected a number of seconds, found a string"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = \n", 1),
        ("[environments.prod]\nprotected = yes\n", 2),
        ("[environments.prod]\n[environments.prod]\n", 2),
        ('[environments.prod]\ntheme = "unclosed\n', 2),
        ('theme = """\n\nunclosed\n', 3),
    ],
)
def test_broken_toml_names_its_line(machine: Machine, text: str, line: int) -> None:
    machine.write(text)
    (problem,) = machine.bad()
    assert problem.where == f"{machine.config}:{line}"
    assert problem.message.startswith("expected valid TOML: ")


def test_bytes_that_are_no_text(machine: Machine) -> None:
    machine.config.write_bytes(b'theme = "dark"\n# \xff\n')
    (problem,) = machine.bad()
    assert (problem.where, problem.message) == (f"{machine.config}:2", "expected UTF-8 text")


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("MLFLOW_TRACKING_URI", "http://", "mlflow.uri"),
        ("MLFLOW_TRACKING_INSECURE_TLS", "maybe", "mlflow.insecure_tls"),
        ("PROMETHEUS_URL", "host:9090", "prometheus.url"),
        ("PROMETHEUS_URL", "http://host:99999", "prometheus.url"),
        ("MODELDECK_REFRESH", "soon", "refresh"),
        ("MODELDECK_REFRESH", "0", "refresh"),
        ("MODELDECK_REFRESH", "nan", "refresh"),
        ("MODELDECK_NAMESPACES", "a,B", "kubernetes.namespaces"),
    ],
)
def test_a_wrong_variable_is_named(machine: Machine, variable: str, value: str, key: str) -> None:
    (problem,) = machine.bad(variables={variable: value})
    assert (problem.where, problem.key) == (f"environment variable {variable}", key)
    assert problem.message.startswith("expected ")


def test_a_wrong_flag_is_named(machine: Machine) -> None:
    problems = machine.bad(Flags(tracking_uri="http://", namespaces=("Bad Name",), prometheus_url="prom"))
    assert {problem.where for problem in problems} == {"--mlflow", "--namespace", "--prometheus"}


def test_an_unknown_environment_says_what_there_is(machine: Machine) -> None:
    machine.write("[environments.prod]\n[environments.staging]\n")
    (problem,) = machine.bad(Flags(environment="stagin"))
    assert problem.message == "expected one of prod, staging, found 'stagin'"
    assert problem.hint == "did you mean `staging`?"
    machine.write('default = "porduction"\n[environments.production]\n')
    assert {problem.where for problem in machine.bad()} == {f"{machine.config}:1"}


def test_a_file_asked_for_must_be_there(machine: Machine) -> None:
    (problem,) = machine.bad(Flags(config=str(machine.home / "none.toml")))
    assert problem.where == str(machine.home / "none.toml")


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


def test_relative_files_are_beside_the_configuration(machine: Machine, kubeconfig: Callable[[str], str]) -> None:
    path = kubeconfig("clusters/prod")
    machine.write('[environments.prod.kubernetes]\nkubeconfig = "clusters/prod"\n')
    cluster = machine.good().environment.cluster
    assert cluster is not None
    assert cluster.kubeconfig == path


def test_a_theme_is_a_name_or_a_file(machine: Machine) -> None:
    machine.write('theme = "mine.toml"\n[environments.a]\n[environments.b]\ntheme = "dark"\n')
    assert [each.theme for each in machine.good().environments] == [str(machine.home / "mine.toml"), "dark"]


def test_misspelt_variables_are_noticed(machine: Machine) -> None:
    (warning,) = machine.good(variables={"MODELDECK_ENVIROMENT": "prod"}).warnings
    assert (warning.severity, warning.hint) == (Severity.WARNING, "did you mean `MODELDECK_ENVIRONMENT`?")


def test_check_finds_nothing_wrong_with_a_good_file(machine: Machine) -> None:
    machine.write('[environments.prod.mlflow]\nuri = "https://host"\ntoken_env = "HOST_TOKEN"\n')
    assert check(Flags(), machine.environ({"HOST_TOKEN": "t"}), home=machine.home) == ()
