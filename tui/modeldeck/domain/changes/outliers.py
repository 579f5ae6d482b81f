"""Pods that differ from their siblings in what they measure.

Each pod is compared with all others of its deployment: with their median, and with how far they lie from it themselves. So two bad pods of
six stand out, of four they do not. What a pod without enough requests measures says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from modeldeck.domain.changes.change_event import ChangeEvent, ChangeKind
from modeldeck.domain.gates.formatting import shown, span
from modeldeck.domain.kubernetes.workloads import Pod
from modeldeck.domain.metrics.samples import ServingStats

LEAST_PODS = 3
LEAST_REQUESTS = 20.0
"""Of each pod that is compared by its latency or errors, in the time that was measured."""
LEAST_FAILED = 3.0
DEVIATIONS = 5.0
"""So many standard deviations of the siblings a value lies from their median at least."""
_NORMAL = 1.4826
_P99_FLOOR, _RATE_FLOOR = 0.2, 0.1
# Of the median, by which siblings differ without a reason: with DEVIATIONS, twice the p99 and half the requests stand out.
_ERRORS_FLOOR = 0.004
# As a share of all requests: two per cent stand out.
_LATER = 600.0
# Seconds.


def outliers(pods: Sequence[Pod], stats: Mapping[str, ServingStats], at: float, seconds: float) -> tuple[ChangeEvent, ...]:
    """`stats` by `namespace/pod`, measured over so many seconds up to `at` (since the epoch)."""
    by_key = {f"{pod.namespace}/{pod.name}": pod for pod in pods}
    known = {key: one for key, one in stats.items() if key in by_key}
    found: list[ChangeEvent] = []
    for key, pod in by_key.items():
        told = list(_told(key, known, seconds)) if key in known else []
        if told:
            siblings = [each for each in pods if each is not pod]
            found.append(
                ChangeEvent(
                    ChangeKind.OUTLIER,
                    at - seconds,
                    f"pod {pod.name}",
                    "; ".join(told),
                    "Prometheus",
                    until=at,
                    details=tuple(_traits(pod, siblings)),
                )
            )
    return tuple(found)


def _told(key: str, stats: Mapping[str, ServingStats], seconds: float) -> Iterator[str]:
    busy = {one: s for one, s in stats.items() if (s.requests_per_second or 0.0) * seconds >= LEAST_REQUESTS}
    p99 = {one: s.p99 for one, s in busy.items() if s.p99 is not None}
    errors = {one: s.error_ratio for one, s in busy.items() if s.error_ratio is not None}
    rates = {one: s.requests_per_second for one, s in stats.items() if s.requests_per_second is not None}
    if (usual := _odd(key, p99, share=_P99_FLOOR)) is not None and p99[key] > usual:
        yield _compared("p99", p99[key], usual, len(p99), "s")
    failed = errors.get(key, 0.0) * (stats[key].requests_per_second or 0.0) * seconds
    if failed >= LEAST_FAILED and (usual := _odd(key, errors, floor=_ERRORS_FLOOR)) is not None and errors[key] > usual:
        yield _compared("errors", errors[key], usual, len(errors), "ratio")
    if (usual := _odd(key, rates, share=_RATE_FLOOR)) is not None and max(usual, rates[key]) * seconds >= LEAST_REQUESTS:
        yield _compared("requests", rates[key], usual, len(rates), "/s")


def _compared(name: str, value: float, usual: float, count: int, unit: str) -> str:
    return f"{name} {shown(value, unit)}, its {count - 1} siblings {shown(usual, unit)}"


def _odd(key: str, values: Mapping[str, float], *, share: float = 0.0, floor: float = 0.0) -> float | None:
    """The median of the others where this one stands out of them."""
    if key not in values or len(values) < LEAST_PODS:
        return None
    others = [value for one, value in values.items() if one != key]
    usual = median(others)
    noise = _NORMAL * median(abs(value - usual) for value in others) + share * usual + floor
    return usual if abs(values[key] - usual) > DEVIATIONS * noise else None


def _traits(pod: Pod, siblings: Sequence[Pod]) -> Iterator[str]:
    """What else it has of its own."""
    if pod.node:
        alone = bool(siblings) and all(one.node != pod.node for one in siblings)
        yield f"on node {pod.node}, as the only one of them" if alone else f"on node {pod.node}"
    if siblings and all(one.owner_uid != pod.owner_uid for one in siblings):
        yield "the only one of its template"
    starts = [one.started_at for one in siblings if one.started_at is not None]
    if pod.started_at is not None and starts and pod.started_at - max(starts) > _LATER:
        yield f"started {span(pod.started_at - max(starts))} after all others"
    if pod.restarts and not any(one.restarts for one in siblings):
        yield f"restarted {pod.restarts} times, the others never"
