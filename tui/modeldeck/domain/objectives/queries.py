"""The PromQL of objectives, built from a deployment's profile. `where` selects its pods (tui/modeldeck/domain/metrics/pod_labels.py)."""

from __future__ import annotations

from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.profiles.profile import Counter, Profile

SERVER_TIME = "1"
"""Any number: its answer tells what time it is there."""


def present(profile: Profile, where: str) -> str:
    """Over time, whether anything is known of the pods. "" where the profile has nothing to ask for."""
    if profile.requests:
        return f"sum({_counter(profile.requests[0], where)})"
    return f"sum({_selector(f'{profile.latency[0]}_count', where)})" if profile.latency else ""


def grown(counter: Counter, where: str, seconds: int) -> str:
    """As a person would ask for it."""
    return f"sum(increase({_counter(counter, where)}[{seconds}s]))"


def begun_with(counter: Counter, where: str, seconds: int, before: int) -> str:
    """What series that came into being in so many seconds had when they were first seen: `increase` leaves it out, and a series of failed
    requests mostly comes with the first of them. Those are old that were seen in the seconds `before`."""
    selected = _counter(counter, where)
    return f"sum(min_over_time({selected}[{seconds}s]) unless max_over_time({selected}[{before}s] offset {seconds}s))"


def buckets(profile: Profile, where: str, labels: PodLabels, seconds: int) -> str:
    """By pod, as pods of different versions may have different buckets."""
    selected = _selector(f"{profile.latency[0]}_bucket", where, profile.latency_matchers)
    return f"sum by ({labels.by}, le) (increase({selected}[{seconds}s]))"


def _counter(counter: Counter, where: str) -> str:
    return _selector(counter.metric, where, counter.matchers)


def _selector(metric: str, *matchers: str) -> str:
    return f"{metric}{{{','.join(one for one in matchers if one)}}}"
