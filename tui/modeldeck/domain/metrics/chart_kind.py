"""Which charts there are of a deployment, and what each of them has to be asked."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from modeldeck.domain.metrics.profiles.profile import Profile


class ChartKind(StrEnum):
    """In the order in which they are shown."""

    LATENCY = "latency"
    REQUESTS = "requests"
    ERRORS = "errors"


ALL_CHARTS = frozenset(ChartKind)


def queries_of(kinds: Iterable[ChartKind], profile: Profile) -> frozenset[str]:
    """The names, as `profiles.deployment_queries` has them, of what those charts are computed from."""
    wanted: set[str] = set()
    for kind in kinds:
        if kind is ChartKind.LATENCY:
            wanted |= {"p50", "p90", "p99"}
        else:
            wanted.add("requests")
            if kind is ChartKind.ERRORS or profile.errors_apart:
                wanted.add("errors")
    return frozenset(wanted)


def computed(profile: Profile) -> dict[ChartKind, str]:
    """How a chart comes from the answers, by their names; of a chart that is not there, they are drawn as they are."""
    found: dict[ChartKind, str] = {}
    if profile.latency_scale != 1.0:
        found[ChartKind.LATENCY] = f"each × {profile.latency_scale:g}, for seconds"
    if profile.errors_apart:
        found[ChartKind.REQUESTS] = "requests + errors, as the failed ones are counted apart"
    if profile.errors:
        found[ChartKind.ERRORS] = "errors ÷ (requests + errors)" if profile.errors_apart else "errors ÷ requests"
    return found
