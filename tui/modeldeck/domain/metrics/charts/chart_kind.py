"""Which charts there are of a deployment, and what each of them has to be asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

from modeldeck.domain.metrics.profiles.profile import Profile


class ChartKind(StrEnum):
    """In the order in which they are shown."""

    LATENCY = "latency"
    REQUESTS = "requests"
    ERRORS = "errors"
    MEMORY = "memory"
    PREDICTIONS = "predictions"


ALL_CHARTS = frozenset(ChartKind)
NAMES = {
    ChartKind.LATENCY: ("p99", "p90", "p50"),
    ChartKind.REQUESTS: ("requests",),
    ChartKind.ERRORS: ("errors",),
    ChartKind.MEMORY: ("highest memory", "mean memory"),
    ChartKind.PREDICTIONS: ("predicted p90", "predicted p50", "predicted p10", "predicted mean"),
}
"""The names of the queries whose answers a chart draws, in the order of its lines."""
_EXPECTED = (ChartKind.LATENCY, ChartKind.REQUESTS, ChartKind.ERRORS)
"""Where pods do not export what these need, the chart says so in its place."""


def charts_of(promql: Collection[str]) -> tuple[ChartKind, ...]:
    """Which charts there are of a deployment with these queries, by name."""
    return tuple(kind for kind in ChartKind if kind in _EXPECTED or any(name in promql for name in NAMES[kind]))


def queries_of(kinds: Iterable[ChartKind], profile: Profile) -> frozenset[str]:
    """The names of what those charts are computed from."""
    wanted: set[str] = set()
    for kind in kinds:
        wanted |= {*NAMES[kind]}
        if kind is ChartKind.ERRORS:
            wanted.add("requests")
        elif kind is ChartKind.REQUESTS and profile.errors_apart:
            wanted.add("errors")
    return frozenset(wanted)


def computed(profile: Profile) -> dict[ChartKind, str]:
    """How a chart comes from the answers, by their names; of a chart that is not there, they are drawn as they are."""
    found: dict[ChartKind, str] = {}
    scaled = f"each × {profile.latency_scale:g}, for seconds" if profile.latency_scale != 1.0 else ""
    measured = f"as {profile.latency_source} measures it beside the pods" if profile.latency_source else ""
    if scaled or measured:
        found[ChartKind.LATENCY] = "; ".join(filter(None, (scaled, measured)))
    if profile.requests_source:
        found[ChartKind.REQUESTS] = f"as {profile.requests_source} counts them beside the pods"
    if profile.errors_apart:
        found[ChartKind.REQUESTS] = "requests + errors, as the failed ones are counted apart"
    if profile.errors:
        found[ChartKind.ERRORS] = "errors ÷ (requests + errors)" if profile.errors_apart else "errors ÷ requests"
    return found
