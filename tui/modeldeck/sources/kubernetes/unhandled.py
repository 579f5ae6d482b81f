"""Workloads that serve models and that modeldeck does not handle yet: looked for only to be named."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.workloads import OtherWorkload
from modeldeck.sources.http.transport import Transport
from modeldeck.sources.kubernetes import convert, wire
from modeldeck.sources.kubernetes.listing import listed
from modeldeck.sources.kubernetes.resources import ResourceKind


class _Spec(wire.Wire):
    template: wire.Template | None = None


class _Workload(wire.Wire):
    metadata: wire.Meta
    spec: _Spec = msgspec.field(default_factory=_Spec)


def _stateful_set(body: _Workload) -> OtherWorkload:
    return OtherWorkload("StatefulSet", body.metadata.namespace, body.metadata.name, convert.template_of(body.spec.template))


def _daemon_set(body: _Workload) -> OtherWorkload:
    return OtherWorkload("DaemonSet", body.metadata.namespace, body.metadata.name, convert.template_of(body.spec.template))


_KINDS: tuple[ResourceKind[OtherWorkload], ...] = (
    ResourceKind("statefulsets", "/apis/apps/v1", msgspec.json.Decoder(_Workload), _stateful_set),
    ResourceKind("daemonsets", "/apis/apps/v1", msgspec.json.Decoder(_Workload), _daemon_set),
)


async def unhandled(transport: Transport, scope: Sequence[str]) -> tuple[OtherWorkload, ...]:
    """Those of each namespace that may be listed. The right is not needed for anything else: where it is missing, nothing is said."""
    found: list[OtherWorkload] = []
    for kind in _KINDS:
        for namespace in scope:
            try:
                found.extend(await listed(transport, kind, namespace))
            except Failure:
                continue
    return tuple(sorted(found, key=lambda one: (one.namespace, one.name)))
