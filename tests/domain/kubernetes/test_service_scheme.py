"""Which addresses want the API server's proxy, rightly written or not."""

from __future__ import annotations

from modeldeck.domain.kubernetes.service_scheme import is_service


def test_what_wants_to_be_one_is_known_where_it_is_written_wrongly() -> None:
    assert is_service("Kubernetes://x")
    assert is_service("kubernetes+https:monitoring/prometheus:9090")
    assert not is_service("https://kubernetes:9090")
