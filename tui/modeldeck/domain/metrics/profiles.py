"""What model servers export, as data, and the PromQL that is asked of it.

The queries stay inside a small part of PromQL (rate, sum/max by, histogram_quantile, matchers; no `offset`, no `or`), so that stand-ins for
Prometheus can answer them. Ratios are divided here rather than there: an error series that does not exist yet must read as 0, once it is
sure that it would exist if anything had failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from modeldeck.domain.metrics import status_labels
from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.pod_labels import PodLabels, literal
from modeldeck.domain.metrics.statements import statement_key

_PROBES = "|".join(
    (
        *("/metrics/?", "(/v1|/v2|/api)?/health(z|y|check)?(/(live|ready|startup)(z|ness)?)?/?", "/v2/models/.+/ready"),
        *("/(live|ready|startup)(z|ness)?/?", "/-/(healthy|ready|routes)", "/ping", "/version", "/docs", "/redoc", "/openapi.json"),
    )
)
"""Paths that kubelets, scrapers and the curious ask for. Of few requests they are most, all of them quick and none of them failing."""
_NO_PROBE_PATHS, _NO_PROBE_ENDPOINTS = f'path!~"{_PROBES}"', f'endpoint!~"{_PROBES}"'
_NO_PROBES = f'handler!~"{_PROBES}",{_NO_PROBE_PATHS}'
"""By the label that the instrumentator has, and by that of counters that services write themselves. Series without a label are selected."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter with the matchers that select what is meant, e.g. `handler="/invocations"`."""

    metric: str
    matchers: str = ""
    status: tuple[str, ...] = ()
    """For counters of failed requests that are series of a counter of all: the labels that may tell them apart, looked up among those
    that the counter carries (tui/modeldeck/domain/metrics/status_labels.py)."""
    failed: str = ""
    """How the label's values are matched, where this server has ones of its own: `!="OK"`."""
    vouchers: tuple[str, ...] = ()
    """Metrics whose presence shows that this one will be exported as soon as it counts something."""
    blind_to: str = ""
    """Failures that it leaves out, in words: it can show that requests fail, but its 0 does not show that none do."""

    def resolved(self, exports: Exports) -> Counter | None:
        """The same with the matcher that these pods need; None where it cannot be told what it counts there."""
        series = exports.of(self.metric)
        if not self.status:
            return self if series or any(name in exports.names for name in self.vouchers) else None
        if self.failed:
            label = next((label for label in self.status if status_labels.carries(series, label)), None)
            found = f"{label}{self.failed}" if label else None
        else:
            found = status_labels.failed_matcher(series, self.status)
        if found is None:
            return None
        return replace(self, matchers=",".join(part for part in (found, self.matchers) if part), status=(), failed="")


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of model server. Tuples of candidates are in order of preference, as servers rename their metrics."""

    name: str
    probes: tuple[str, ...]
    """Any of these metric names tells that such a server is scraped."""
    signs: tuple[str, ...] = ()
    """Where a probe is a name that servers of any make use, one of these must be exported beside it. () : the probes are enough."""
    latency: tuple[str, ...] = ()
    """Histograms without `_bucket`; none where the server only exports a mean, which is never shown as a quantile."""
    latency_matchers: str = ""
    latency_of_all: str = ""
    """The one of them that has no label of the path: probes and scrapes are in it as well."""
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

    @property
    def blind_to(self) -> str:
        """What its counter of failed requests leaves out; "" where it counts all."""
        return self.errors[0].blind_to if self.errors else ""

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric name that it may ask for."""
        counters = (*self.requests, *self.errors)
        vouchers = (name for counter in self.errors for name in counter.vouchers)
        histograms = (f"{name}_bucket" for name in (*self.latency, self.predictions) if name)
        versions = self.versions[:1] if self.versions else ()
        return (*self.probes, *self.signs, *(c.metric for c in counters), *vouchers, *histograms, *versions)

    def exported_in(self, exports: Exports) -> bool:
        if self.signs:
            return exports.together(self.probes, self.signs)
        return any(probe in exports.names for probe in self.probes)

    def within(self, exports: Exports) -> Profile:
        """The same, narrowed to what is exported. Counters may appear with the first request only, so that one candidate for the requests
        is always kept; failed requests are only known where a counter of them is there, or sure to come."""
        names = exports.names
        counted = (tuple(c for c in self.requests if c.metric in names) or self.requests)[:1]
        errors = (found for c in self.errors if (found := c.resolved(exports)) is not None)
        return replace(
            self,
            latency=tuple(m for m in self.latency if f"{m}_bucket" in names)[:1],
            requests=counted,
            errors=tuple(errors)[:1],
            versions=self.versions if self.versions and self.versions[0] in names else _stated_versions(exports),
            predictions=self.predictions if f"{self.predictions}_bucket" in names else "",
        )


_MODEL_INFO = ("model_info", "version")


def _stated_versions(exports: Exports) -> tuple[str, str] | None:
    return _MODEL_INFO if _MODEL_INFO[0] in exports.names else None


def _failed_of(metric: str, matchers: str = "", *, status: tuple[str, ...] = status_labels.LABELS, failed: str = "") -> Counter:
    """The failed ones among all requests that a counter counts."""
    return Counter(metric, matchers, status=status, failed=failed)


_RETURNED_ERRORS = "errors that a Python or BLS model returns, which Triton counts as successes"
_RAY_REQUESTS = ("ray_serve_deployment_request_counter_total", "ray_serve_deployment_request_counter")
_RAY_ERRORS = ("ray_serve_deployment_error_counter_total", "ray_serve_deployment_error_counter")
_PYTHON = (
    *("http_request_duration_highr_seconds_bucket", "model_prediction_value_bucket"),
    *("python_info", "python_gc_objects_collected_total"),
)
"""`http_request_duration_seconds` is what servers in Go or JavaScript call theirs, too."""

PROFILES: tuple[Profile, ...] = (
    Profile(
        "vLLM",
        ("vllm:request_success_total",),
        latency=("vllm:e2e_request_latency_seconds",),
        requests=(Counter("http_requests_total", _NO_PROBES), Counter("vllm:request_success_total")),
        errors=(_failed_of("http_requests_total", _NO_PROBES),),
    ),
    Profile(
        "KServe",
        ("request_predict_seconds_count",),
        latency=("request_predict_seconds",),
        requests=(Counter("revision_app_request_count"), Counter("request_predict_seconds_count")),
        errors=(_failed_of("revision_app_request_count"),),
    ),
    Profile(
        "Seldon v2",
        ("seldon_model_infer_total",),
        requests=(Counter("seldon_model_infer_total"),),
        errors=(_failed_of("seldon_model_infer_total", status=("code",), failed='!~"2..|0|OK"'),),
    ),
    Profile(
        "MLServer",
        ("model_infer_request_success_total",),
        latency=("rest_server_request_duration_seconds",),
        latency_matchers=_NO_PROBE_PATHS,
        requests=(Counter("model_infer_request_success_total"),),
        errors=(Counter("model_infer_request_failure_total"),),
        errors_apart=True,
        versions=("model_infer_request_success_total", "version"),
    ),
    Profile(
        "Triton",
        ("nv_inference_request_success",),
        requests=(Counter("nv_inference_request_success"),),
        errors=(Counter("nv_inference_request_failure", blind_to=_RETURNED_ERRORS),),
        errors_apart=True,
        versions=("nv_inference_request_success", "version"),
    ),
    Profile(
        "TF Serving",
        (":tensorflow:serving:request_count",),
        latency=(":tensorflow:serving:request_latency",),
        latency_scale=1e-6,
        requests=(Counter(":tensorflow:serving:request_count"),),
        errors=(_failed_of(":tensorflow:serving:request_count", status=("status",), failed='!="OK"'),),
    ),
    Profile(
        "TorchServe",
        ("ts_inference_requests_total",),
        requests=(Counter("ts_inference_requests_total"),),
        errors=(Counter("Requests5XX", vouchers=("Requests2XX", "Requests4XX")),),
        versions=("ts_inference_requests_total", "model_version"),
    ),
    Profile(
        "BentoML",
        ("bentoml_service_request_total",),
        latency=("bentoml_service_request_duration_seconds",),
        latency_matchers=_NO_PROBE_ENDPOINTS,
        requests=(Counter("bentoml_service_request_total", _NO_PROBE_ENDPOINTS),),
        errors=(_failed_of("bentoml_service_request_total", _NO_PROBE_ENDPOINTS),),
        versions=("bentoml_service_request_total", "service_version"),
    ),
    Profile(
        "Ray Serve",
        _RAY_REQUESTS,
        latency=("ray_serve_deployment_processing_latency_ms",),
        latency_scale=1e-3,
        requests=tuple(Counter(name) for name in _RAY_REQUESTS),
        errors=tuple(Counter(name, vouchers=(total,)) for name, total in zip(_RAY_ERRORS, _RAY_REQUESTS, strict=True)),
    ),
    Profile(
        "starlette_exporter",
        ("starlette_requests_total",),
        latency=("starlette_request_duration_seconds",),
        latency_matchers=_NO_PROBE_PATHS,
        requests=(Counter("starlette_requests_total", _NO_PROBE_PATHS),),
        errors=(_failed_of("starlette_requests_total", _NO_PROBE_PATHS),),
    ),
    Profile(
        "FastAPI instrumentator",
        ("http_request_duration_highr_seconds_bucket", "http_request_duration_seconds_bucket"),
        signs=_PYTHON,
        latency=("http_request_duration_highr_seconds", "http_request_duration_seconds"),
        latency_of_all="http_request_duration_highr_seconds",
        latency_matchers=_NO_PROBES,
        requests=(Counter("http_requests_total", _NO_PROBES),),
        errors=(_failed_of("http_requests_total", _NO_PROBES),),
        predictions="model_prediction_value",
    ),
)
"""Special servers before general ones: a vLLM server exports the instrumentator's metrics too."""


METRICS = tuple(dict.fromkeys((*(name for profile in PROFILES for name in profile.metrics), _MODEL_INFO[0])))
"""What is looked for when it is looked up what pods export."""


def pick(exports: Exports) -> Profile | None:
    """The first profile whose metrics exist, narrowed to what is really exported. None: no known model server is scraped."""
    for profile in PROFILES:
        if profile.exported_in(exports):
            return profile.within(exports)
    return None


def rate_window(*, step: float = 0.0, scrape: float = 15.0) -> int:
    """Seconds that a rate looks back: max(step + scrape, 4 × scrape), so that every window holds scrapes and no spike falls between."""
    return max(1, round(max(step + scrape, 4 * scrape)))


WIDE_WINDOW = 300
"""Seconds of the rate window where the usual one came back empty."""
PLAIN = PodLabels()


def bulk_queries(
    profile: Profile,
    namespaces: Sequence[str],
    *,
    labels: PodLabels = PLAIN,
    window: int | None = None,
    stated: Sequence[tuple[str, str]] = (),
) -> dict[str, str]:
    """One instant query each for the whole fleet: `buckets` by pod and le, `requests` and `errors` by pod, `versions` by pod and version,
    and the metrics of `statements.known_metrics` whole, as they name the model beside the version.

    No namespaces, or `*`, is all of them. Names that the profile cannot answer are left out. Pods are told by `labels`.
    """
    seconds = window if window is not None else rate_window()
    where, by = labels.of_namespaces(namespaces), labels.by
    queries: dict[str, str] = {}
    if profile.latency:
        queries["buckets"] = f"sum by ({by}, le) ({_buckets(profile, where, seconds)})"
    if profile.requests:
        queries["requests"] = _sum_of(profile.requests[0], where, seconds, by=by)
    if profile.errors:
        queries["errors"] = _sum_of(profile.errors[0], where, seconds, by=by)
    queries |= {statement_key(metric): _selector(metric, where) for metric, _ in stated}
    if profile.versions and profile.versions[0] not in dict(stated):
        metric, label = profile.versions
        queries["versions"] = f"max by ({by}, {label}) ({_selector(metric, where)})"
    return queries


def deployment_queries(profile: Profile, where: str, *, step: float, scrape: float = 15.0) -> dict[str, str]:
    """Range queries for one deployment's charts: `p50`, `p90`, `p99` (in the histogram's unit), `requests` and `errors` a second.

    `where` selects its pods: `PodLabels.of_pods(namespace, pod_pattern(name))`.
    """
    seconds = rate_window(step=step, scrape=scrape)
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
        return f"{literal((deployment + '-')[:58])}[a-z0-9-]{{5,}}"
    return f"{literal(deployment)}-[a-z0-9]+-[a-z0-9]{{5}}"


def _selector(metric: str, *matchers: str) -> str:
    inside = ",".join(m for m in matchers if m)
    return f"{metric}{{{inside}}}" if inside else metric


def _buckets(profile: Profile, where: str, seconds: int) -> str:
    return f"rate({_selector(f'{profile.latency[0]}_bucket', where, profile.latency_matchers)}[{seconds}s])"


def _sum_of(counter: Counter, where: str, seconds: int, *, by: str = "") -> str:
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate({_selector(counter.metric, where, counter.matchers)}[{seconds}s]))"
