"""What pods export, as the rules about profiles read it."""

from __future__ import annotations

from modeldeck.domain.metrics.exports import Exports
from modeldeck.domain.metrics.profiles.picking import pick
from modeldeck.domain.metrics.profiles.profile import Profile

NAMES = ("http_request_duration_highr_seconds_bucket", "model_prediction_value_bucket", "model_info", "python_info")
FASTAPI = ("http_requests_total", "status", "2xx")


def exports(*names: str, counted: tuple[str, str, str] | None = None) -> Exports:
    """Metrics without labels, and a counter with a label and its value."""
    series = [{"__name__": counted[0], counted[1]: counted[2]}] if counted else []
    return Exports((*Exports.named(names).series, *series))


def picked(*names: str, counted: tuple[str, str, str] | None = None) -> Profile:
    profile = pick(exports(*names, counted=counted))
    assert profile is not None
    return profile
