"""What each known server writes, and what must be told of it: recorded from the server itself, or where none can be run here, as its
documentation gives it. Each has served 12 requests well and failed in 2 more, beside probes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from modeldeck.domain.metrics.samples import ServingStats

EXPOSITIONS = Path(__file__).parents[1] / "domain" / "metrics" / "profiles" / "expositions"
RECORDED = {
    "bentoml": "BentoML 1.4.40",
    "fastapi_instrumentator": "prometheus-fastapi-instrumentator 8.1.0",
    "fastapi_instrumentator_codes": "the same with should_group_status_codes=False",
    "kserve": "KServe SDK 0.21.0, without Knative",
    "mlserver": "MLServer 1.7.1",
    "mlserver_parallel": "the same with a scikit-learn model in two worker processes",
    "ray_serve": "Ray 2.60.0",
    "starlette_exporter": "starlette_exporter 0.24.0",
    "triton": "the tritonserver of nvidia-pytriton 0.7.0, on a CPU, with its Python backend",
}
DOCUMENTED = {
    "istio": "the sidecar of Istio 1.24, whose pod asks another one, too",
    "knative_queue_proxy": "Knative Serving before 1.19",
    "knative_queue_proxy_otel": "Knative Serving from 1.19 on",
    "linkerd": "the proxy of Linkerd 2.16, whose pod asks another one, too",
    "seldon_v2": "Seldon Core 2, as its agent's /metrics is shown in its examples",
    "tf_serving": "TensorFlow Serving 2",
    "torchserve": "TorchServe 0.11, which writes a comma behind the last label, and no Requests5XX before the first one",
    "vllm": "vLLM V1, with what its API server's instrumentator adds",
}
POD = {"namespace": "serving", "pod": "iris-5d4f8c7b9-x2x4z"}
MINUTE = 60
"""Seconds in which as much is counted as was recorded."""


@dataclass(frozen=True)
class Told:
    """What must be told of a server; None: not known. `p50` in seconds, within a bucket."""

    profile: str
    requests: float | None = 14.0
    failed: float | None = 2.0
    p50: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


BLIND = "0 failed requests are no proof: Triton leaves out errors that a Python or BLS model returns, which Triton counts as successes"
BY_SIDECAR = "{} beside the pods tells, scrapes that pass it included"
CASES: Mapping[tuple[str, ...], Told] = {
    ("bentoml",): Told("BentoML", p50=(0, 0.005)),
    # A path that does not exist is asked for, too.
    ("fastapi_instrumentator",): Told("FastAPI instrumentator", requests=15, p50=(0, 0.01)),
    ("fastapi_instrumentator_codes",): Told("FastAPI instrumentator", requests=15, p50=(0, 0.01)),
    ("kserve",): Told("KServe", failed=None, p50=(0, 0.005), notes=("KServe exports no counter of failed requests here",)),
    ("kserve", "knative_queue_proxy"): Told("KServe", p50=(0, 0.005)),
    ("kserve", "knative_queue_proxy_otel"): Told("KServe", p50=(0, 0.005)),
    ("mlserver",): Told("MLServer", p50=(0, 0.005)),
    ("mlserver_parallel",): Told("MLServer", p50=(0, 0.005)),
    ("ray_serve",): Told("Ray Serve", p50=(0, 0.001)),
    ("seldon_v2",): Told("Seldon v2"),
    ("starlette_exporter",): Told("starlette_exporter", p50=(0, 0.01)),
    ("tf_serving",): Told("TF Serving", p50=(0.0019, 0.0036)),
    ("torchserve",): Told("TorchServe", failed=0),
    ("triton",): Told("Triton", notes=(BLIND,)),
    ("vllm",): Told("vLLM", p50=(0.3, 0.5)),
    ("istio",): Told("Istio", p50=(0.005, 0.01)),
    ("linkerd",): Told("Linkerd", p50=(0.005, 0.01)),
    ("knative_queue_proxy",): Told("Knative"),
    ("knative_queue_proxy_otel",): Told("Knative", p50=(0, 0.005)),
    ("triton", "istio"): Told("Triton", p50=(0.005, 0.01), notes=(BY_SIDECAR.format("requests and latency: as Istio"),)),
    ("torchserve", "linkerd"): Told("TorchServe", failed=0, p50=(0.005, 0.01), notes=(BY_SIDECAR.format("latency: as Linkerd"),)),
    ("kserve", "linkerd"): Told("KServe", p50=(0, 0.005), notes=(BY_SIDECAR.format("requests: as Linkerd"),)),
    ("mlserver", "istio"): Told("MLServer", p50=(0, 0.005)),
    ("istio", "linkerd"): Told("Istio", p50=(0.005, 0.01)),
}
"""The expositions of one pod's containers."""


def grown(exposition: str, share: float) -> str:
    """The same when only a share had been counted."""
    lines = (re.fullmatch(r"([^#].*) (\S+)", line) for line in exposition.splitlines())
    return "".join(f"{found[1]} {float(found[2]) * share}\n" for found in lines if found is not None)


def held(got: ServingStats, told: Told, *, within: float = 1e-6) -> None:
    """Fails where something else is told; `within`: by which share rates may be off."""
    assert got.requests_per_second == (None if told.requests is None else pytest.approx(told.requests / MINUTE, rel=within))
    if told.failed is None or told.requests is None:
        assert got.error_ratio is None
    else:
        assert got.error_ratio == pytest.approx(told.failed / told.requests, rel=within)
    if told.p50 is None:
        assert got.p50 is None
    else:
        assert got.p50 is not None
        assert told.p50[0] <= got.p50 <= told.p50[1]
