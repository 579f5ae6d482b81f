"""Which charts there are of a deployment, and what each of them has to be asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum

from modeldeck.domain.metrics.profiles.profile import Profile
from modeldeck.domain.metrics.profiles.saturation import Gauge, SaturationKind


class ChartKind(StrEnum):
    """In the order in which they are shown."""

    LATENCY = "latency"
    REQUESTS = "requests"
    ERRORS = "errors"
    SATURATION = "saturation"
    QUEUE = "queue"
    QUEUE_TIME = "queue time"
    FIRST_TOKEN = "first token"
    MEMORY = "memory"
    PREDICTIONS = "predictions"


ALL_CHARTS = frozenset(ChartKind)
NAMES = {
    ChartKind.LATENCY: ("p99", "p90", "p50"),
    ChartKind.REQUESTS: ("requests",),
    ChartKind.ERRORS: ("errors",),
    ChartKind.SATURATION: (SaturationKind.KV_CACHE.value, SaturationKind.GPU.value, SaturationKind.UTILIZATION.value),
    ChartKind.QUEUE: (SaturationKind.QUEUE.value, SaturationKind.IN_PROGRESS.value),
    ChartKind.QUEUE_TIME: (SaturationKind.QUEUE_TIME.value,),
    ChartKind.FIRST_TOKEN: ("first_token_p99", "first_token_p90", "first_token_p50"),
    ChartKind.MEMORY: ("highest memory", "mean memory"),
    ChartKind.PREDICTIONS: ("predicted p90", "predicted p50", "predicted p10", "predicted mean"),
}
"""The names of the queries whose answers a chart draws, in the order of its lines."""
EXPECTED = (ChartKind.LATENCY, ChartKind.REQUESTS, ChartKind.ERRORS)
"""Where pods do not export what these need, the chart says so in its place."""


def charts_of(promql: Collection[str]) -> tuple[ChartKind, ...]:
    """Which charts there are of a deployment with these queries, by name."""
    return tuple(kind for kind in ChartKind if kind in EXPECTED or any(name in promql for name in NAMES[kind]))


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
    if profile.first_token_scale != 1.0:
        found[ChartKind.FIRST_TOKEN] = f"each × {profile.first_token_scale:g}, for seconds"
    for kind, names in NAMES.items():
        told = (_gauge(gauge) for gauge in profile.saturation if gauge.kind in names)
        if message := "; ".join(dict.fromkeys(told)):
            found[kind] = message
    return found


def _gauge(gauge: Gauge) -> str:
    scaled = f"× {gauge.scale:g}, " if gauge.scale != 1.0 else ""
    return f"{gauge.kind.replace('_', ' ')} {scaled}{gauge.aggregation}"
