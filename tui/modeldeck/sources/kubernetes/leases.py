"""Leases on the wire: `coordination.k8s.io/v1`, guarded by resourceVersion, so that of two writers exactly one succeeds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from msgspec import field

from modeldeck.domain.kubernetes.leases import Lease
from modeldeck.sources.kubernetes.wire import Int, Meta, Moment, Wire

MERGE = "application/merge-patch+json"


class LeaseSpec(Wire):
    holder_identity: str | None = None
    lease_duration_seconds: Int | None = None
    acquire_time: Moment | None = None
    renew_time: Moment | None = None
    lease_transitions: Int | None = None


class LeaseWire(Wire):
    metadata: Meta
    spec: LeaseSpec = field(default_factory=LeaseSpec)


def path(namespace: str, name: str = "") -> str:
    parts = ["/apis/coordination.k8s.io/v1/namespaces", quote(namespace, safe=""), "leases", *([quote(name, safe="")] if name else [])]
    return "/".join(parts)


def lease_of(body: LeaseWire) -> Lease:
    meta, spec = body.metadata, body.spec
    return Lease(
        namespace=meta.namespace,
        name=meta.name,
        holder=spec.holder_identity or "",
        duration=float(spec.lease_duration_seconds or 0),
        acquired_at=spec.acquire_time.timestamp() if spec.acquire_time else None,
        renewed_at=spec.renew_time.timestamp() if spec.renew_time else None,
        transitions=spec.lease_transitions or 0,
        annotations=meta.annotations or {},
        resource_version=meta.resource_version,
    )


def body_of(lease: Lease) -> dict[str, Any]:
    """What is sent: a whole lease where it is new, else a merge patch that carries the resourceVersion it was read at."""
    spec = {
        "holderIdentity": lease.holder,
        "leaseDurationSeconds": max(1, round(lease.duration)),
        "acquireTime": _micro(lease.acquired_at),
        "renewTime": _micro(lease.renewed_at),
        "leaseTransitions": lease.transitions,
    }
    if lease.resource_version:
        annotations = {key: text or None for key, text in lease.annotations.items()}
        return {"metadata": {"resourceVersion": lease.resource_version, "annotations": annotations}, "spec": spec}
    metadata: dict[str, Any] = {"name": lease.name, "namespace": lease.namespace, "annotations": dict(lease.annotations)}
    if lease.owner is not None:
        name, uid = lease.owner
        metadata["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": uid}]
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def _micro(at: float | None) -> str | None:
    """The API's MicroTime."""
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
