"""What one kind of model server exports, narrowed to what is really there."""

from __future__ import annotations

from dataclasses import dataclass, replace

from modeldeck.domain.metrics import status_labels
from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.profiles.saturation import Gauge, exported_gauges

SERVER = "server"
"""As `requests_by` names the server itself."""


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
    carried: tuple[str, ...] = ()
    """Labels that its matchers want a value of: where one of its series lacks one, nothing that fails may match, and it tells nothing."""
    blind_to: str = ""
    """Failures that it leaves out, in words: it can show that requests fail, but its 0 does not show that none do."""

    def resolved(self, exports: Exports) -> Counter | None:
        """The same with the matcher that these pods need; None where it cannot be told what it counts there."""
        series = exports.of(self.metric)
        if series and not all(status_labels.carries(series, label) for label in self.carried):
            return None
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
    saturation: tuple[Gauge, ...] = ()
    """Candidates: of each kind the first that exists."""
    first_token: tuple[str, ...] = ()
    """Histograms, without `_bucket`, of the time until a language model answers its first token: candidates."""
    first_token_scale: float = 1.0
    """Times the histogram's unit gives seconds."""
    requests_by: str = ""
    """Who is to count the requests and their latency, as a configuration says: the server itself, or a sidecar beside it. "": the server,
    and a sidecar what it does not tell."""
    requests_source: str = ""
    """The sidecar that counts them, by name; "": the server."""
    latency_source: str = ""

    @property
    def blind_to(self) -> str:
        """What its counter of failed requests leaves out; "" where it counts all."""
        return self.errors[0].blind_to if self.errors else ""

    @property
    def of_sidecar(self) -> bool:
        """Whether a configuration has a sidecar count, so that what the server itself tells of its requests is no matter."""
        return self.requests_by not in ("", SERVER)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric name that it may ask for."""
        counters = (*self.requests, *self.errors)
        vouchers = (name for counter in self.errors for name in counter.vouchers)
        histograms = (f"{name}_bucket" for name in (*self.latency, *self.first_token, self.predictions) if name)
        bare = self.latency
        gauges = (gauge.probe for gauge in self.saturation)
        versions = self.versions[:1] if self.versions else ()
        return (*self.probes, *self.signs, *(c.metric for c in counters), *vouchers, *histograms, *bare, *versions, *gauges)

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
            saturation=exported_gauges(self.saturation, names),
            first_token=tuple(m for m in self.first_token if f"{m}_bucket" in names)[:1],
        )


MODEL_INFO = ("model_info", "version")


def _stated_versions(exports: Exports) -> tuple[str, str] | None:
    return MODEL_INFO if MODEL_INFO[0] in exports.names else None
