"""The arithmetic of a rollout, on plain numbers (pkg/controller/deployment: rolling.go, sync.go, util/deployment_util.go)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kubesim.api.int_or_percent import scaled


@dataclass(frozen=True, slots=True)
class RollingUpdateLimits:
    """How far a rolling update may go: pods above and pods below the wished number."""

    surge: int
    unavailable: int


@dataclass(frozen=True, slots=True)
class Size:
    """One replica set in numbers: `maximum` is its max-replicas annotation, None when missing."""

    name: str
    replicas: int
    available: int = 0
    created: str = ""
    maximum: int | None = None


def fences(surge: int | str, unavailable: int | str, wanted: int) -> RollingUpdateLimits:
    """Resolve both fences. When both come to 0, one pod may be missing: otherwise nothing could ever move."""
    above = scaled(surge, wanted, up=True)
    below = scaled(unavailable, wanted, up=False)
    if above == 0 and below == 0:
        below = 1
    return RollingUpdateLimits(above, min(below, wanted))


def grown(wanted: int, surge: int, total: int, new: int) -> int:
    """The size that the new replica set may have now, given the total of all sets."""
    room = wanted + surge - total
    return new if room <= 0 else new + min(room, wanted - new)


def shrunk(wanted: int, unavailable: int, new: Size, old: Sequence[Size]) -> dict[str, int]:
    """New sizes of the active old sets, those that change only: first their unhealthy pods, then what availability allows."""
    minimum = wanted - unavailable
    total = new.replicas + sum(size.replicas for size in old)
    spare = total - minimum - (new.replicas - new.available)
    if spare <= 0 or not any(size.replicas for size in old):
        return {}
    oldest_first = sorted(old, key=lambda size: (size.created, size.name))
    sizes = {size.name: size.replicas for size in oldest_first}
    cleaned = 0
    for size in oldest_first:
        unhealthy = min(spare - cleaned, size.replicas - size.available)
        if cleaned < spare and size.replicas and unhealthy > 0:
            sizes[size.name] -= unhealthy
            cleaned += unhealthy
    budget = new.available + sum(size.available for size in old) - minimum
    for size in oldest_first:
        step = min(sizes[size.name], max(budget, 0))
        sizes[size.name] -= step
        budget -= step
    return {size.name: sizes[size.name] for size in oldest_first if sizes[size.name] != size.replicas}


def proportional(wanted: int, surge: int, active: Sequence[Size], replicas_in_status: int) -> dict[str, int]:
    """Sizes of all active sets after the wished number changed in the middle of a rollout, in proportion to what they have."""
    allowed = wanted + surge if wanted > 0 else 0
    to_add = allowed - sum(size.replicas for size in active)
    # Larger first; among equals the newer one when growing, the older one when shrinking.
    ordered = sorted(active, key=lambda size: size.created, reverse=to_add > 0)
    ordered.sort(key=lambda size: size.replicas, reverse=True)
    sizes: dict[str, int] = {}
    added = 0
    for size in ordered:
        share = _share(wanted, surge, size, replicas_in_status, to_add, added)
        sizes[size.name] = size.replicas + share
        added += share
    if ordered and to_add:
        first = ordered[0].name
        sizes[first] = max(sizes[first] + to_add - added, 0)
    return sizes


def _share(wanted: int, surge: int, size: Size, replicas_in_status: int, to_add: int, added: int) -> int:
    if size.replicas == 0 or to_add in (0, added):
        return 0
    if wanted == 0:
        fraction = -size.replicas
    else:
        before = size.maximum or replicas_in_status
        if before == 0:
            return 0
        # Go rounds half away from zero; all numbers here are positive.
        fraction = int(size.replicas * (wanted + surge) / before + 0.5) - size.replicas
    left = to_add - added
    return min(fraction, left) if to_add > 0 else max(fraction, left)
