"""Flags and environment variables as settings."""

from __future__ import annotations

import pytest

from modeldeck.config import Flags, Severity
from tests.config.conftest import Machine


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


def test_misspelt_variables_are_noticed(machine: Machine) -> None:
    (warning,) = machine.good(variables={"MODELDECK_ENVIROMENT": "prod"}).warnings
    assert (warning.severity, warning.hint) == (Severity.WARNING, "did you mean `MODELDECK_ENVIRONMENT`?")
