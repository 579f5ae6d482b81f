"""The label sets that pods export, by metric, and what is one process of a pod."""

from __future__ import annotations

from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.profiles.picking import pick


def series(name: str, **labels: str) -> dict[str, str]:
    return {"__name__": name, "namespace": "serving", "pod": "iris-5d4f8c7b9-abcde", **labels}


def test_a_sidecar_written_in_go_makes_no_fastapi_of_a_python_server() -> None:
    proxy = {"container": "proxy", "instance": "10.0.0.1:4191"}
    python = {"container": "server", "instance": "10.0.0.1:8080"}
    measured = (series("http_request_duration_seconds_bucket", **proxy), series("http_requests_total", code="200", **proxy))
    assert pick(Exports((*measured, series("python_info", **python)))) is None
    own = pick(Exports((*measured, series("python_info", **python), series("http_request_duration_seconds_bucket", **python))))
    assert own is not None
    assert own.name == "FastAPI instrumentator"


def test_label_sets_are_found_by_their_metric() -> None:
    up, first, second = {"__name__": "up"}, {"__name__": "requests", "code": "200"}, {"__name__": "requests", "code": "500"}
    exports = Exports((first, up, second, {"code": "404"}))
    assert exports.names == {"up", "requests", ""}
    assert exports.of("requests") == (first, second)
    assert exports.of("other") == ()


def test_names_alone_are_metrics_without_labels() -> None:
    exports = Exports.named(["up", "requests"])
    assert exports.names == {"up", "requests"}
    assert exports.of("up") == ({"__name__": "up"},)
