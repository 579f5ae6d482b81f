"""No secret goes to a stranger, and no address keeps one."""

from __future__ import annotations

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
