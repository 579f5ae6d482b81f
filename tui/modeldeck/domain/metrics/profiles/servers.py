"""The model servers that are known, each with what it exports. tests/domain/metrics/profiles/expositions has what each really writes."""

from __future__ import annotations

from collections.abc import Mapping

from modeldeck.domain.metrics import status_labels
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.profiles.saturation import Gauge, SaturationKind

_PROBES = "|".join(
    (
        *("/metrics/?", "(/v1|/v2|/api)?/health(z|y|check)?(/(live|ready|startup)(z|ness)?)?/?", "/v2/models/.+/ready"),
        *("/(live|ready|startup)(z|ness)?/?", "/-/(healthy|ready|routes)", "/ping", "/version", "/docs", "/redoc", "/openapi.json"),
    )
)
"""Paths that kubelets, scrapers and the curious ask for. Of few requests they are most, all of them quick and none of them failing."""
_NO_PROBE_PATHS = f'path!~"{_PROBES}"'
_NO_PROBE_ENDPOINTS = f'endpoint!~"{_PROBES}",exported_endpoint!~"{_PROBES}"'
"""A scraper that has an `endpoint` of its own renames the server's."""
_NO_PROBES = f'handler!~"{_PROBES}",{_NO_PROBE_PATHS}'
"""By the label that the instrumentator has, and by that of counters that services write themselves. Series without a label are selected."""

_NO_SCRAPES = 'method!="GET"'
"""Of what is in progress while Prometheus asks, one is its own question."""


def failed_of(metric: str, matchers: str = "", *, status: tuple[str, ...] = status_labels.LABELS, failed: str = "") -> Counter:
    """The failed ones among all requests that a counter counts."""
    return Counter(metric, matchers, status=status, failed=failed)


_RETURNED_ERRORS = "errors that a Python or BLS model returns, which Triton counts as successes"
_KNATIVE = ("revision_app_request_count", "kn_serving_invocation_duration_seconds_count")
"""What Knative's queue-proxy beside the server counts; the second since it speaks OpenTelemetry (1.19)."""
_RAY_REQUESTS = ("ray_serve_deployment_request_counter_total", "ray_serve_deployment_request_counter")
_RAY_ERRORS = ("ray_serve_deployment_error_counter_total", "ray_serve_deployment_error_counter")
_PYTHON = (
    *("http_request_duration_highr_seconds_bucket", "model_prediction_value_bucket"),
    *("python_info", "python_gc_objects_collected_total"),
)
"""`http_request_duration_seconds` is what servers in Go or JavaScript call theirs, too."""

BUILT_IN: Mapping[str, Profile] = {
    "vllm": Profile(
        "vLLM",
        ("vllm:request_success_total",),
        latency=("vllm:e2e_request_latency_seconds",),
        requests=(Counter("http_requests_total", _NO_PROBES), Counter("vllm:request_success_total")),
        errors=(failed_of("http_requests_total", _NO_PROBES),),
        saturation=(
            Gauge(SaturationKind.QUEUE, "vllm:num_requests_waiting"),
            Gauge(SaturationKind.IN_PROGRESS, "vllm:num_requests_running"),
            *(Gauge(SaturationKind.KV_CACHE, name) for name in ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc")),
        ),
        first_token=("vllm:time_to_first_token_seconds",),
    ),
    "kserve": Profile(
        "KServe",
        ("request_predict_seconds_count",),
        latency=("request_predict_seconds",),
        requests=(*(Counter(name) for name in _KNATIVE), Counter("request_predict_seconds_count")),
        errors=tuple(failed_of(name) for name in _KNATIVE),
        saturation=tuple(Gauge(SaturationKind.QUEUE, name) for name in ("revision_queue_depth", "kn_serving_queue_depth")),
    ),
    "seldon": Profile(
        "Seldon v2",
        ("seldon_model_infer_total",),
        requests=(Counter("seldon_model_infer_total"),),
        errors=(failed_of("seldon_model_infer_total", status=("code",), failed='!~"2..|0|OK"'),),
    ),
    "mlserver": Profile(
        "MLServer",
        # Counters of inferences come with the first of them, the other with the first probe.
        ("model_infer_request_success_total", "rest_server_requests_total"),
        latency=("rest_server_request_duration_seconds",),
        latency_matchers=_NO_PROBE_PATHS,
        requests=(Counter("model_infer_request_success_total"),),
        errors=(Counter("model_infer_request_failure_total"),),
        errors_apart=True,
        versions=("model_infer_request_success_total", "version"),
        saturation=(
            Gauge(SaturationKind.QUEUE, "parallel_request_queue", observed=True),
            Gauge(SaturationKind.IN_PROGRESS, "rest_server_requests_in_progress"),
        ),
    ),
    "triton": Profile(
        "Triton",
        ("nv_inference_request_success",),
        requests=(Counter("nv_inference_request_success"),),
        errors=(Counter("nv_inference_request_failure", blind_to=_RETURNED_ERRORS),),
        errors_apart=True,
        versions=("nv_inference_request_success", "version"),
        saturation=(
            Gauge(SaturationKind.QUEUE, "nv_inference_pending_request_count"),
            Gauge(SaturationKind.GPU, "nv_gpu_utilization"),
        ),
    ),
    "tf-serving": Profile(
        "TF Serving",
        (":tensorflow:serving:request_count",),
        latency=(":tensorflow:serving:request_latency",),
        latency_scale=1e-6,
        requests=(Counter(":tensorflow:serving:request_count"),),
        errors=(failed_of(":tensorflow:serving:request_count", status=("status",), failed='!="OK"'),),
    ),
    "torchserve": Profile(
        "TorchServe",
        ("ts_inference_requests_total",),
        requests=(Counter("ts_inference_requests_total"),),
        errors=(Counter("Requests5XX", vouchers=("Requests2XX", "Requests4XX")),),
        versions=("ts_inference_requests_total", "model_version"),
        saturation=(Gauge(SaturationKind.QUEUE_TIME, "QueueTime", scale=1e-3),),
    ),
    "bentoml": Profile(
        "BentoML",
        ("bentoml_service_request_total",),
        latency=("bentoml_service_request_duration_seconds",),
        latency_matchers=_NO_PROBE_ENDPOINTS,
        requests=(Counter("bentoml_service_request_total", _NO_PROBE_ENDPOINTS),),
        errors=(failed_of("bentoml_service_request_total", _NO_PROBE_ENDPOINTS),),
        versions=("bentoml_service_request_total", "service_version"),
        saturation=(Gauge(SaturationKind.IN_PROGRESS, "bentoml_service_request_in_progress", _NO_PROBE_ENDPOINTS),),
    ),
    "ray-serve": Profile(
        "Ray Serve",
        _RAY_REQUESTS,
        latency=("ray_serve_deployment_processing_latency_ms",),
        latency_scale=1e-3,
        requests=tuple(Counter(name) for name in _RAY_REQUESTS),
        errors=tuple(Counter(name, vouchers=(total,)) for name, total in zip(_RAY_ERRORS, _RAY_REQUESTS, strict=True)),
        errors_apart=True,
        saturation=(
            Gauge(SaturationKind.QUEUE, "ray_serve_deployment_queued_queries"),
            Gauge(SaturationKind.IN_PROGRESS, "ray_serve_replica_processing_queries"),
        ),
    ),
    "starlette-exporter": Profile(
        "starlette_exporter",
        ("starlette_requests_total",),
        latency=("starlette_request_duration_seconds",),
        latency_matchers=_NO_PROBE_PATHS,
        requests=(Counter("starlette_requests_total", _NO_PROBE_PATHS),),
        errors=(failed_of("starlette_requests_total", _NO_PROBE_PATHS),),
        saturation=(Gauge(SaturationKind.IN_PROGRESS, "starlette_requests_in_progress", _NO_SCRAPES),),
    ),
    "fastapi": Profile(
        "FastAPI instrumentator",
        ("http_request_duration_highr_seconds_bucket", "http_request_duration_seconds_bucket"),
        signs=_PYTHON,
        latency=("http_request_duration_highr_seconds", "http_request_duration_seconds"),
        latency_of_all="http_request_duration_highr_seconds",
        latency_matchers=_NO_PROBES,
        requests=(Counter("http_requests_total", _NO_PROBES),),
        errors=(failed_of("http_requests_total", _NO_PROBES),),
        predictions="model_prediction_value",
    ),
}
"""By the name that a configuration extends them by. Special servers before general ones: a vLLM server exports the instrumentator's metrics
too."""
PROFILES = tuple(BUILT_IN.values())
