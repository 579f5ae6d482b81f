"""Sidecars that count the requests to the server that they stand beside: a mesh's proxy, Knative's queue-proxy.

Their series name the pod as the server's own do, so that they tell pods and versions apart. They count what the pod asks of others as
well, and the client's sidecar counts the same request once more: only what arrives at the pod counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from modeldeck.domain.metrics.exports import Exports, Labels
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.profiles.queries import pod_pattern

_WORKLOAD, _GRPC = "destination_workload", "grpc_response_status"
_GRPC_FAILED = f'{_GRPC}=~"2|4|12|13|14|15"'
LABELS = ("reporter", "direction", "target_port", "route_name", "classification", _WORKLOAD, _GRPC)
"""What of their labels anything is decided by."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    key: str
    """As a configuration names it."""
    profile: Profile
    """What it exports, without the matchers of what arrives."""
    arriving: tuple[tuple[str, str], ...] = ()
    """(label, value) of the series of requests that arrive at the pod."""
    leave_out: tuple[tuple[str, str], ...] = ()
    """(label, value) of those that are no requests to the server: probes, scrapes of the sidecar itself."""

    @property
    def matchers(self) -> str:
        wanted = (f'{name}="{value}"' for name, value in self.arriving)
        return ",".join((*wanted, *(f'{name}!="{value}"' for name, value in self.leave_out)))

    def of(self, series: Iterable[Labels], pod: str) -> list[Labels]:
        """Its series of what arrives. `pod` is the label that names the pod; "" where an address does."""
        names = set(self.profile.metrics)
        return [labels for labels in series if labels.get("__name__") in names and self._arrives(labels) and _is_own(labels, pod)]

    def _arrives(self, labels: Labels) -> bool:
        return all(labels.get(name) == value for name, value in self.arriving) and all(
            labels.get(name) != value for name, value in self.leave_out
        )

    def counting(self, series: Sequence[Labels], matchers: str) -> Profile:
        """Its profile, narrowed to these series and selecting only them. `matchers`: what else its selectors need."""
        found = self.profile.within(Exports(tuple(series)))
        told = ",".join(part for part in (self.matchers, matchers) if part)
        return replace(
            found,
            latency_matchers=told,
            requests=tuple(_also(counter, told) for counter in found.requests),
            errors=tuple(_also(counter, told) for counter in _errors(found.errors, series)),
        )


def _is_own(labels: Labels, pod: str) -> bool:
    """A gateway or waypoint counts in its own pod what arrives at another workload."""
    workload = labels.get(_WORKLOAD, "unknown")
    return not pod or workload == "unknown" or re.fullmatch(pod_pattern(workload), labels.get(pod, "")) is not None


def _errors(errors: tuple[Counter, ...], series: Sequence[Labels]) -> tuple[Counter, ...]:
    """Of gRPC another label than the HTTP status tells how a call ended, and no one matcher selects the failed ones of both."""
    calls = [bool(labels.get(_GRPC)) for labels in series if labels.get("__name__") in {counter.metric for counter in errors}]
    if not any(calls):
        return errors
    return tuple(Counter(counter.metric, _GRPC_FAILED) for counter in errors) if all(calls) else ()


def _also(counter: Counter, matchers: str) -> Counter:
    return replace(counter, matchers=",".join(part for part in (counter.matchers, matchers) if part))


def _sidecar(name: str, counter: str, latency: str, status: str, failed: str, scale: float = 1e-3) -> Profile:
    requests = Counter(counter)
    errors = Counter(counter, status=(status,), failed=failed)
    return Profile(name, (counter,), latency=(latency,), latency_scale=scale, requests=(requests,), errors=(errors,))


_STATUS = '=~"5.."'
SIDECARS = (
    Sidecar(
        "knative",
        _sidecar("Knative", "revision_app_request_count", "revision_app_request_latencies", "response_code", _STATUS),
    ),
    Sidecar(
        "knative",
        _sidecar(
            *("Knative", "kn_serving_invocation_duration_seconds_count", "kn_serving_invocation_duration_seconds"),
            *("http_response_status_code", _STATUS, 1.0),
        ),
    ),
    Sidecar(
        "istio",
        _sidecar("Istio", "istio_requests_total", "istio_request_duration_milliseconds", "response_code", _STATUS),
        arriving=(("reporter", "destination"),),
    ),
    Sidecar(
        "linkerd",
        _sidecar("Linkerd", "response_total", "response_latency_ms", "classification", '="failure"'),
        arriving=(("direction", "inbound"),),
        leave_out=(("route_name", "probe"), ("target_port", "4191")),
    ),
)
"""The nearest to the server first."""
KEYS = tuple(dict.fromkeys(sidecar.key for sidecar in SIDECARS))
METRICS = tuple(dict.fromkeys(name for sidecar in SIDECARS for name in sidecar.profile.metrics))


def incomplete(profile: Profile, exports: Exports) -> bool:
    """Whether the server itself does not tell all of its requests, its failed ones and how long they take."""
    counted = bool(profile.requests) and profile.requests[0].metric in exports.names
    return not (counted and profile.errors and not profile.blind_to and profile.latency)


def joined(profile: Profile, sidecar: Profile, exports: Exports) -> Profile:
    """The server's profile, and of the sidecar what the server does not tell: its latency where it has no histogram, and its requests with
    their failed ones, which belong together, where it does not tell both. As a configuration says, all of the sidecar."""
    counted = bool(profile.requests) and profile.requests[0].metric in exports.names
    found = profile
    if profile.of_sidecar or not profile.latency:
        found = replace(
            found,
            latency=sidecar.latency,
            latency_matchers=sidecar.latency_matchers,
            latency_of_all="",
            latency_scale=sidecar.latency_scale,
            latency_source=sidecar.name if sidecar.latency else "",
        )
    told = bool(profile.errors) and not profile.blind_to
    if profile.of_sidecar or not counted or (sidecar.errors and not told):
        found = replace(found, requests=sidecar.requests, errors=sidecar.errors, errors_apart=False, requests_source=sidecar.name)
    return found


def unmeasured(profile: Profile) -> Profile:
    """The same where a configuration names a sidecar that exports nothing of these pods: nothing is taken in its place."""
    return replace(profile, latency=(), requests=(), errors=())
