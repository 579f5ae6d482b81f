"""Pods by the names of their ReplicaSets, as Kubernetes makes and cuts them."""

from __future__ import annotations

from collections.abc import Iterable

from modeldeck.domain.gates.promql import escaped

_GENERATED = 58
"""Kubernetes cuts the part of a pod's name before its five random characters at so many."""


def pods_of(replica_sets: Iterable[str]) -> str:
    """An expression for the names of these ReplicaSets' pods. Nothing matches that of none."""
    return "|".join(f"{escaped(_stem(name))}[a-z0-9]{{5}}" for name in replica_sets) or "no-such-pod"


def told_apart(some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether pods' names tell these ReplicaSets from those: of very long names, Kubernetes cuts off what does."""
    return {_stem(name) for name in some}.isdisjoint(_stem(name) for name in others)


def _stem(replica_set: str) -> str:
    return f"{replica_set}-"[:_GENERATED]
