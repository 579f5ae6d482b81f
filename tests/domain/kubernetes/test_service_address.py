"""Addresses of Services: what is one, where it is on the API server, and what could lead elsewhere there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.service_address import service_address


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("kubernetes://monitoring/prometheus:9090", "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy"),
        ("kubernetes://monitoring/prometheus:9090/", "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy"),
        ("kubernetes+https://m/prom-k8s:web", "/api/v1/namespaces/m/services/https:prom-k8s:web/proxy"),
        ("kubernetes://m/vmselect:http/select/0/prometheus", "/api/v1/namespaces/m/services/vmselect:http/proxy/select/0/prometheus"),
    ],
)
def test_the_path_on_the_api_server(text: str, path: str) -> None:
    found = service_address(text)
    assert found is not None
    assert found.proxy_path == path


@pytest.mark.parametrize(
    "text",
    [
        "http://monitoring/prometheus:9090",
        "kubernetes://monitoring/prometheus",
        "kubernetes://monitoring",
        "kubernetes://monitoring/prometheus:0",
        "kubernetes://monitoring/prometheus:65536",
        "kubernetes://monitoring/prometheus:9090/../../../../secrets",
        "kubernetes://monitoring/prometheus:9090/%2e%2e/x",
        "kubernetes://monitoring/prometheus:9090?x=1",
        "kubernetes://me:word@monitoring/prometheus:9090",
        "kubernetes://Monitoring/prometheus:9090",
        "kubernetes:monitoring/prometheus:9090",
    ],
)
def test_what_is_none(text: str) -> None:
    assert service_address(text) is None


@given(st.text(alphabet="kubernetes:/.+-~%?#@mon9 \\é\n", max_size=60))
def test_no_text_leads_to_another_object(text: str) -> None:
    found = service_address("kubernetes://m/" + text)
    if found is not None:
        below = found.proxy_path.removeprefix(f"/api/v1/namespaces/m/services/{found.name}:{found.port}/proxy")
        assert below == found.prefix
        assert not {".", "..", ""} & set(below.split("/")[1:])
        assert below.isascii()
