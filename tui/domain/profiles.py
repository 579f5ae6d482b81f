"""What model servers export, as data, and the PromQL that is asked of it.

The queries stay inside a small part of PromQL (rate, sum/max by, histogram_quantile, matchers; no `offset`, no `or`), so that stand-ins for
Prometheus can answer them. Ratios are divided here rather than there: an error series that does not exist yet must read as 0.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from tui.domain.statements import statement_key

_PROBES = "/metrics|/healthz?|/livez|/readyz?|/ping|/version|/docs|/openapi.json"
_NO_PROBES = f'handler!~"{_PROBES}"'


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter with the matchers that select what is meant, e.g. `status="5xx"`."""

    metric: str
    matchers: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of model server. Tuples of candidates are in order of preference, as servers rename their metrics."""

    name: str
    probes: tuple[str, ...]
    """Any of these metric names tells that such a server is scraped."""
    latency: tuple[str, ...] = ()
    """Histograms without `_bucket`; none where the server only exports a mean, which is never shown as a quantile."""
    latency_matchers: str = ""
    latency_scale: float = 1.0
    """Times the histogram's unit gives seconds."""
    requests: tuple[Counter, ...] = ()
    """Candidates: the first that exists counts the requests."""
    errors: tuple[Counter, ...] = ()
    """Candidates likewise; none: errors are not known, which is not 0."""
    errors_apart: bool = False
    """Whether the requests' counter leaves the failed ones out (success and failure counted apart)."""
    versions: tuple[str, str] | None = None
    """A metric that is exported for each served version, and its label that names the version."""
    predictions: str = ""
    """A histogram of predicted values, for drift."""

    def within(self, metric_names: Collection[str]) -> Profile:
        """The same, narrowed to what is exported. Counters may appear with the first request only, so that one candidate is always kept,

        unless errors are a part of a counter that is not there: then they are not known.
        """
        base = {counter.metric for counter in self.requests}
        errors = tuple(c for c in self.errors if c.metric in metric_names or c.metric not in base or base.isdisjoint(metric_names))
        return replace(
            self,
            latency=tuple(m for m in self.latency if f"{m}_bucket" in metric_names)[:1],
            requests=(tuple(c for c in self.requests if c.metric in metric_names) or self.requests)[:1],
            errors=errors[:1],
            versions=self.versions if self.versions and self.versions[0] in metric_names else _stated_versions(metric_names),
            predictions=self.predictions if f"{self.predictions}_bucket" in metric_names else "",
        )


_MODEL_INFO = ("model_info", "version")


def _stated_versions(metric_names: Collection[str]) -> tuple[str, str] | None:
    return _MODEL_INFO if _MODEL_INFO[0] in metric_names else None


PROFILES: tuple[Profile, ...] = (
    Profile(
        "vLLM",
        ("vllm:request_success_total",),
        latency=("vllm:e2e_request_latency_seconds",),
        requests=(Counter("http_requests_total", _NO_PROBES), Counter("vllm:request_success_total")),
        errors=(Counter("http_requests_total", f'status="5xx",{_NO_PROBES}'),),
    ),
    Profile(
        "KServe",
        ("request_predict_seconds_count",),
        latency=("request_predict_seconds",),
        requests=(Counter("revision_app_request_count"), Counter("request_predict_seconds_count")),
        errors=(Counter("revision_app_request_count", 'response_code_class="5xx"'),),
    ),
    Profile(
        "Seldon v2",
        ("seldon_model_infer_total",),
        requests=(Counter("seldon_model_infer_total"),),
        errors=(Counter("seldon_model_infer_total", 'code!~"2..|0|OK"'),),
    ),
    Profile(
        "MLServer",
        ("model_infer_request_success_total",),
        latency=("rest_server_request_duration_seconds",),
        requests=(Counter("model_infer_request_success_total"),),
        errors=(Counter("model_infer_request_failure_total"),),
        errors_apart=True,
        versions=("model_infer_request_success_total", "version"),
    ),
    Profile(
        "Triton",
        ("nv_inference_request_success",),
        requests=(Counter("nv_inference_request_success"),),
        errors=(Counter("nv_inference_request_failure"),),
        errors_apart=True,
        versions=("nv_inference_request_success", "version"),
    ),
    Profile(
        "TF Serving",
        (":tensorflow:serving:request_count",),
        latency=(":tensorflow:serving:request_latency",),
        latency_scale=1e-6,
        requests=(Counter(":tensorflow:serving:request_count"),),
        errors=(Counter(":tensorflow:serving:request_count", 'status!="OK"'),),
    ),
    Profile(
        "TorchServe",
        ("ts_inference_requests_total",),
        requests=(Counter("ts_inference_requests_total"),),
        errors=(Counter("Requests5XX"),),
        versions=("ts_inference_requests_total", "model_version"),
    ),
    Profile(
        "BentoML",
        ("bentoml_service_request_total",),
        latency=("bentoml_service_request_duration_seconds",),
        requests=(Counter("bentoml_service_request_total"),),
        errors=(Counter("bentoml_service_request_total", 'http_response_code=~"5.."'),),
        versions=("bentoml_service_request_total", "service_version"),
    ),
    Profile(
        "Ray Serve",
        ("ray_serve_deployment_request_counter_total", "ray_serve_deployment_request_counter"),
        latency=("ray_serve_deployment_processing_latency_ms",),
        latency_scale=1e-3,
        requests=(Counter("ray_serve_deployment_request_counter_total"),),
        errors=(Counter("ray_serve_deployment_error_counter_total"),),
    ),
    Profile(
        "starlette_exporter",
        ("starlette_requests_total",),
        latency=("starlette_request_duration_seconds",),
        requests=(Counter("starlette_requests_total"),),
        errors=(Counter("starlette_requests_total", 'status_code=~"5.."'),),
    ),
    Profile(
        "FastAPI instrumentator",
        ("http_request_duration_highr_seconds_bucket", "http_request_duration_seconds_bucket"),
        latency=("http_request_duration_highr_seconds", "http_request_duration_seconds"),
        requests=(Counter("http_requests_total", _NO_PROBES),),
        errors=(Counter("http_requests_total", f'status="5xx",{_NO_PROBES}'),),
        predictions="model_prediction_value",
    ),
)
"""Special servers before general ones: a vLLM server exports the instrumentator's metrics too."""


def pick(metric_names: Collection[str]) -> Profile | None:
    """The first profile whose metrics exist, narrowed to what is really exported. None: no known model server is scraped."""
    for profile in PROFILES:
        if any(probe in metric_names for probe in profile.probes):
            return profile.within(metric_names)
    return None


def rate_window(*, step: float = 0.0, scrape: float = 15.0) -> int:
    """Seconds that a rate looks back: max(step + scrape, 4 × scrape), so that every window holds scrapes and no spike falls between."""
    return max(1, round(max(step + scrape, 4 * scrape)))


def bulk_queries(
    profile: Profile, namespaces: Sequence[str], *, window: int | None = None, stated: Sequence[tuple[str, str]] = ()
) -> dict[str, str]:
    """One instant query each for the whole fleet: `buckets` by pod and le, `requests` and `errors` by pod, `versions` by pod and version,
    and the metrics of `statements.known_metrics` whole, as they name the model beside the version.

    No namespaces, or `*`, is all of them. Names that the profile cannot answer are left out.
    """
    seconds = window if window is not None else rate_window()
    where = "" if not namespaces or "*" in namespaces else f"namespace=~{quoted('|'.join(_literal(n) for n in namespaces))}"
    queries: dict[str, str] = {}
    if profile.latency:
        queries["buckets"] = f"sum by (namespace, pod, le) ({_buckets(profile, where, seconds)})"
    if profile.requests:
        queries["requests"] = _sum_of(profile.requests[0], where, seconds, by="namespace, pod")
    if profile.errors:
        queries["errors"] = _sum_of(profile.errors[0], where, seconds, by="namespace, pod")
    queries |= {statement_key(metric): _selector(metric, where) for metric, _ in stated}
    if profile.versions and profile.versions[0] not in dict(stated):
        metric, label = profile.versions
        queries["versions"] = f"max by (namespace, pod, {label}) ({_selector(metric, where)})"
    return queries


def deployment_queries(profile: Profile, namespace: str, deployment: str, *, step: float, scrape: float = 15.0) -> dict[str, str]:
    """Range queries for one deployment's charts: `p50`, `p90`, `p99` (in the histogram's unit), `requests` and `errors` a second."""
    seconds = rate_window(step=step, scrape=scrape)
    where = f"namespace={quoted(namespace)},pod=~{quoted(pod_pattern(deployment))}"
    queries: dict[str, str] = {}
    if profile.latency:
        for name, q in (("p50", "0.5"), ("p90", "0.9"), ("p99", "0.99")):
            queries[name] = f"histogram_quantile({q}, sum by (le) ({_buckets(profile, where, seconds)}))"
    if profile.requests:
        queries["requests"] = _sum_of(profile.requests[0], where, seconds)
    if profile.errors:
        queries["errors"] = _sum_of(profile.errors[0], where, seconds)
    return queries


def pod_pattern(deployment: str) -> str:
    """An expression for the names of a Deployment's pods: name, template hash, five random characters.

    Kubernetes cuts the part before the random characters at 58, so that of a long name only a prefix is sure.
    """
    if len(deployment) + 12 > 58:
        return f"{_literal((deployment + '-')[:58])}[a-z0-9-]{{5,}}"
    return f"{_literal(deployment)}-[a-z0-9]+-[a-z0-9]{{5}}"


def _literal(text: str) -> str:
    """The text as an RE2 expression. `-` needs no escape, so that shown queries stay readable."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda found: "\\" + found.group(), text)


def quoted(text: str) -> str:
    """A PromQL string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _selector(metric: str, *matchers: str) -> str:
    inside = ",".join(m for m in matchers if m)
    return f"{metric}{{{inside}}}" if inside else metric


def _buckets(profile: Profile, where: str, seconds: int) -> str:
    return f"rate({_selector(f'{profile.latency[0]}_bucket', where, profile.latency_matchers)}[{seconds}s])"


def _sum_of(counter: Counter, where: str, seconds: int, *, by: str = "") -> str:
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate({_selector(counter.metric, where, counter.matchers)}[{seconds}s]))"
