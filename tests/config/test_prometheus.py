"""Prometheus behind the API server, its headers and certificates, as the configuration gives them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from modeldeck.config.report import show, show_text
from modeldeck.domain.environments import Secret
from tests.config.conftest import Machine

SERVICE = "kubernetes://monitoring/prometheus:9090"


def test_a_service_completes_the_cluster_that_it_is_reached_through(machine: Machine, kubeconfig: Callable[[str], str]) -> None:
    path = kubeconfig(".kube/config")
    machine.write(f'[environments.prod]\nprometheus = "{SERVICE}/"\n')
    found = machine.good().environment
    assert found.prometheus is not None
    assert found.cluster is not None
    assert (found.prometheus.url, found.cluster.kubeconfig) == (SERVICE, path)


def test_a_service_by_variable(machine: Machine, kubeconfig: Callable[[str], str]) -> None:
    found = machine.good(variables={"PROMETHEUS_URL": SERVICE, "KUBECONFIG": kubeconfig("c")}).environment.prometheus
    assert found is not None
    assert found.url == SERVICE


@pytest.mark.parametrize("wrong", ["kubernetes://monitoring", "kubernetes://m/p:9090/../x", "kubernetes+https://m/p"])
def test_a_service_that_is_none_is_told_with_its_line(machine: Machine, wrong: str) -> None:
    machine.write(f'[environments.prod]\nprometheus.url = "{wrong}"\n')
    (problem,) = machine.bad()
    assert problem.where.endswith("config.toml:2")
    assert "expected a service as kubernetes://NAMESPACE/NAME:PORT" in problem.message


def test_what_no_api_server_passes_on_is_told(machine: Machine, kubeconfig: Callable[[str], str]) -> None:
    kubeconfig(".kube/config")
    machine.write(f'[environments.prod]\nprometheus = {{ url = "{SERVICE}", token_env = "T", headers = {{ X-Scope-OrgID = "a" }} }}\n')
    (warning,) = machine.good(variables={"T": "hush"}).warnings
    assert (warning.key, "the kubeconfig's login" in warning.message) == ("prometheus.token", True)


def test_headers_may_be_kept_elsewhere_and_are_shown_nowhere(machine: Machine) -> None:
    (machine.home / "key").write_text("hush-1\n")
    machine.write(
        '[environments.prod.prometheus]\nurl = "https://p"\n'
        'headers = { X-Scope-OrgID = "team-a", A = { file = "key" }, B = { env = "KEY" }, C = { command = "echo hush-3" } }\n'
    )
    resolved = machine.good(variables={"KEY": "hush-2", "PATH": "/usr/bin:/bin"})
    found = resolved.environment.prometheus
    assert found is not None
    assert found.headers == {"X-Scope-OrgID": Secret("team-a"), "A": Secret("hush-1"), "B": Secret("hush-2"), "C": Secret("hush-3")}
    assert "hush" not in f"{json.dumps(show(resolved))} {show_text(resolved)} {found!r}"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ('{ env = "MISSING" }', "the environment variable MISSING is not set"),
        ('{ file = "none" }', "cannot read"),
        ('{ vault = "x" }', 'expected { file = "…" }'),
        ('{ file = "x", env = "X" }', 'expected { file = "…" }'),
        ('{ env = "LINES" }', "one printable line"),
    ],
)
def test_a_header_that_cannot_be_had_is_named(machine: Machine, header: str, message: str) -> None:
    machine.write(f'[environments.prod.prometheus]\nurl = "https://p"\nheaders = {{ X-Api-Key = {header} }}\n')
    (problem,) = machine.bad(variables={"LINES": "hush\nX-Other: 1"})
    assert message in problem.message
    assert "X-Api-Key" in f"{problem.key} {problem.message}"
    assert "hush" not in str(problem)


def test_a_key_in_a_file_that_others_may_read_is_told_and_a_tenant_is_not(machine: Machine) -> None:
    machine.write('[environments.prod.prometheus]\nurl = "https://p"\nheaders = { X-Scope-OrgID = "a", X-Api-Key = "hush" }\n')
    assert machine.good().warnings == ()
    machine.config.chmod(0o644)
    (warning,) = machine.good().warnings
    assert warning.key.endswith("headers.X-Api-Key")
    assert "hush" not in str(warning)


def test_certificates_that_are_not_there_are_told(machine: Machine) -> None:
    machine.write('[environments.prod.prometheus]\nurl = "https://p"\nclient_cert_path = "me.pem"\nclient_key_path = "key.pem"\n')
    assert [problem.key for problem in machine.bad()] == ["prometheus.client_cert_path", "prometheus.client_key_path"]
    for name in ("me.pem", "key.pem"):
        (machine.home / name).write_text("x")
    found = machine.good().environment.prometheus
    assert found is not None
    assert (found.client_cert_path, found.client_key_path) == (str(machine.home / "me.pem"), str(machine.home / "key.pem"))
