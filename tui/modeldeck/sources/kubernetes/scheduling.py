"""What the scheduler decides by (domain/kubernetes/scheduling.py), read only while a plan is made: nodes, and the pods that run on them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

import msgspec

from modeldeck.domain.failures import Failure, Forbidden, NotFound
from modeldeck.domain.kubernetes.quantities import amount
from modeldeck.domain.kubernetes.scheduling import (
    AntiAffinity,
    HostPort,
    LabelRequirement,
    NodeInfo,
    NodeTerm,
    PodInfo,
    Quota,
    SchedulerSnapshot,
    Selector,
    Taint,
    Toleration,
)
from modeldeck.domain.kubernetes.workloads import Pod
from modeldeck.sources.common import bounds
from modeldeck.sources.http.transport import Transport
from modeldeck.sources.kubernetes import wire
from modeldeck.sources.kubernetes.listing import listed
from modeldeck.sources.kubernetes.resources import PODS, ResourceKind
from modeldeck.sources.kubernetes.wire import Int, Meta, Wire

K = TypeVar("K")

Amounts = dict[str, str | int | float]
_HASH = "pod-template-hash"
_RUNNING = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"
_DEFAULT_SCHEDULER = "default-scheduler"
_OPERATORS = ("Equal", "Exists")
_CLUSTER_AUTOSCALER = "the cluster autoscaler"
_STATUS = "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status"
# Where the cluster autoscaler tells what it does, unless it is told not to.
_AUTOSCALERS = (
    ("karpenter.sh/", "Karpenter"),
    ("cluster-autoscaler.kubernetes.io/", _CLUSTER_AUTOSCALER),
    ("ToBeDeletedByClusterAutoscaler", _CLUSTER_AUTOSCALER),
    ("DeletionCandidateOfClusterAutoscaler", _CLUSTER_AUTOSCALER),
)
"""How labels, annotations and taints of nodes begin that tell who adds and removes them."""


class TaintWire(Wire):
    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(Wire):
    taints: list[TaintWire] | None = None
    unschedulable: bool = False


class NodeStatus(Wire):
    allocatable: Amounts | None = None


class NodeWire(Wire):
    metadata: Meta
    spec: NodeSpec = msgspec.field(default_factory=NodeSpec)
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)


class Requirement(Wire):
    key: str = ""
    operator: str = ""
    values: list[str] | None = None


class LabelSelector(Wire):
    match_labels: dict[str, str] | None = None
    match_expressions: list[Requirement] | None = None


class NodeSelectorTerm(Wire):
    match_expressions: list[Requirement] | None = None
    match_fields: list[Requirement] | None = None


class NodeSelector(Wire):
    node_selector_terms: list[NodeSelectorTerm] | None = None


class NodeAffinity(Wire):
    required: NodeSelector | None = msgspec.field(name="requiredDuringSchedulingIgnoredDuringExecution", default=None)


class PodTerm(Wire):
    topology_key: str = ""
    label_selector: LabelSelector | None = None
    namespaces: list[str] | None = None
    namespace_selector: LabelSelector | None = None
    match_label_keys: list[str] | None = None
    mismatch_label_keys: list[str] | None = None


class PodAffinity(Wire):
    required: list[PodTerm] | None = msgspec.field(name="requiredDuringSchedulingIgnoredDuringExecution", default=None)


class Affinity(Wire):
    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAffinity | None = None


class TolerationWire(Wire):
    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""


class HostPortWire(Wire):
    host_port: Int = 0
    protocol: str = "TCP"
    host_ip: str = msgspec.field(name="hostIP", default="")


class Requested(Wire):
    requests: Amounts | None = None
    limits: Amounts | None = None


class ScheduledContainer(Wire):
    resources: Requested | None = None
    ports: list[HostPortWire] | None = None
    restart_policy: str = ""


class TopologySpreadConstraint(Wire):
    when_unsatisfiable: str = ""


class Volume(Wire):
    persistent_volume_claim: wire.Present | None = None
    ephemeral: wire.Present | None = None


class ScheduledSpec(Wire):
    node_name: str = ""
    scheduler_name: str = _DEFAULT_SCHEDULER
    priority: Int = 0
    preemption_policy: str = ""
    node_selector: dict[str, str] | None = None
    affinity: Affinity | None = None
    tolerations: list[TolerationWire] | None = None
    topology_spread_constraints: list[TopologySpreadConstraint] | None = None
    containers: list[ScheduledContainer] | None = None
    init_containers: list[ScheduledContainer] | None = None
    resources: Requested | None = None
    overhead: Amounts | None = None
    volumes: list[Volume] | None = None
    resource_claims: list[wire.Present] | None = None


class ScheduledPod(Wire):
    metadata: Meta
    spec: ScheduledSpec


class QuotaSpec(Wire):
    scopes: list[str] | None = None
    scope_selector: wire.Present | None = None


class QuotaStatus(Wire):
    hard: Amounts | None = None
    used: Amounts | None = None


class QuotaWire(Wire):
    metadata: Meta
    spec: QuotaSpec = msgspec.field(default_factory=QuotaSpec)
    status: QuotaStatus = msgspec.field(default_factory=QuotaStatus)


def _amounts(found: Mapping[str, str | int | float] | None) -> dict[str, int]:
    amounts = {}
    for name, text in (found or {}).items():
        number = amount(name, str(text))
        if number is None:
            raise msgspec.ValidationError(f"{text!r} of {name} is no quantity")
        amounts[name] = number
    return amounts


def _plus(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}


def _most(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in {**one, **other}}


def _requests(asked: Requested | None) -> dict[str, int]:
    return _amounts(asked.requests) if asked is not None else {}


def _limits(asked: Requested | None) -> dict[str, int]:
    return _amounts(asked.limits) if asked is not None else {}


def _whole(spec: ScheduledSpec, of: Callable[[Requested | None], dict[str, int]]) -> dict[str, int]:
    """What the pod takes: its containers and sidecars together, or what its init containers need before, whichever is more."""
    together: dict[str, int] = {}
    for container in spec.containers or ():
        together = _plus(together, of(container.resources))
    sidecars: dict[str, int] = {}
    before: dict[str, int] = {}
    for container in spec.init_containers or ():
        if container.restart_policy == "Always":
            together, sidecars = _plus(together, of(container.resources)), _plus(sidecars, of(container.resources))
            before = _most(before, sidecars)
        else:
            before = _most(before, _plus(sidecars, of(container.resources)))
    # What the pod itself asks for stands in place of its containers'.
    return _plus({**_most(together, before), **of(spec.resources)}, _amounts(spec.overhead))


def _selector(found: Iterable[Requirement] | None) -> Selector:
    return tuple(LabelRequirement(one.key, one.operator, tuple(one.values or ())) for one in found or ())


def _label_selector(found: LabelSelector) -> Selector:
    equal = tuple(LabelRequirement(key, "In", (text,)) for key, text in (found.match_labels or {}).items())
    return (*equal, *_selector(found.match_expressions))


def _anti_affinity(found: PodTerm, namespace: str) -> AntiAffinity | None:
    """None for one that means nobody."""
    if found.label_selector is None:
        return None
    selector = _label_selector(found.label_selector)
    chosen = found.namespace_selector
    everywhere = chosen is not None and not chosen.match_labels and not chosen.match_expressions
    # Whom a selector of namespaces means is not read; and a new pod's template hash is not that of the pod that was looked at.
    certain = (chosen is None or everywhere) and not found.match_label_keys and not found.mismatch_label_keys
    certain = certain and all(one.key != _HASH for one in selector)
    named = frozenset(found.namespaces or (() if chosen is not None else (namespace,)))
    return AntiAffinity(found.topology_key, selector, None if chosen is not None else named, certain)


def _node_terms(affinity: Affinity) -> tuple[NodeTerm, ...] | None:
    required = affinity.node_affinity.required if affinity.node_affinity is not None else None
    if required is None:
        return None
    return tuple(NodeTerm(_selector(term.match_expressions), _selector(term.match_fields)) for term in required.node_selector_terms or ())


def _open(spec: ScheduledSpec, affinity: Affinity) -> tuple[str, ...]:
    found = []
    if spec.scheduler_name != _DEFAULT_SCHEDULER:
        found.append(f"scheduler {spec.scheduler_name}")
    if any(spread.when_unsatisfiable == "DoNotSchedule" for spread in spec.topology_spread_constraints or ()):
        found.append("topology spread")
    if affinity.pod_affinity is not None and affinity.pod_affinity.required:
        found.append("affinity to other pods")
    if any(volume.persistent_volume_claim or volume.ephemeral for volume in spec.volumes or ()):
        found.append("volumes")
    if spec.resource_claims:
        found.append("resource claims")
    if any((one.operator or "Equal") not in _OPERATORS for one in spec.tolerations or ()):
        found.append("tolerations")
    return tuple(found)


def pod_info_of(body: ScheduledPod) -> PodInfo:
    meta, spec = body.metadata, body.spec
    affinity = spec.affinity or Affinity()
    anti = affinity.pod_anti_affinity.required if affinity.pod_anti_affinity is not None else None
    terms = (_anti_affinity(term, meta.namespace) for term in anti or ())
    return PodInfo(
        namespace=meta.namespace,
        name=meta.name,
        requests=_whole(spec, _requests),
        labels={key: text for key, text in (meta.labels or {}).items() if key != _HASH},
        node=spec.node_name,
        priority=spec.priority,
        preempts=spec.preemption_policy != "Never",
        node_selector=spec.node_selector or {},
        node_terms=_node_terms(affinity),
        tolerations=tuple([Toleration(t.key, t.operator or "Equal", t.value, t.effect) for t in spec.tolerations or ()]),
        host_ports=tuple(
            [
                HostPort(port.host_port, port.protocol, port.host_ip or "0.0.0.0")
                for container in (*(spec.containers or ()), *(spec.init_containers or ()))
                for port in container.ports or ()
                if port.host_port
            ]
        ),
        anti_affinity=tuple([term for term in terms if term is not None]),
        open=_open(spec, affinity),
    )


class _Node(msgspec.Struct, frozen=True):
    info: NodeInfo
    autoscaler: str


def _node_of(body: NodeWire) -> _Node:
    meta, spec = body.metadata, body.spec
    taints = tuple(Taint(taint.key, taint.effect, taint.value) for taint in spec.taints or ())
    marks = (*(meta.labels or {}), *(meta.annotations or {}), *(taint.key for taint in taints))
    autoscaler = next((name for start, name in _AUTOSCALERS for mark in marks if mark.startswith(start)), "")
    return _Node(NodeInfo(meta.name, _amounts(body.status.allocatable), meta.labels or {}, taints, spec.unschedulable), autoscaler)


_NODES: ResourceKind[_Node] = ResourceKind("nodes", "/api/v1", msgspec.json.Decoder(NodeWire), _node_of)


def _quota_of(body: QuotaWire) -> Quota | None:
    """None for one of some pods only."""
    if body.spec.scopes or body.spec.scope_selector is not None:
        return None
    hard, used = body.status.hard or {}, body.status.used or {}
    texts = ({name: str(text) for name, text in hard.items()}, {name: str(text) for name, text in used.items()})
    return Quota(body.metadata.name, *texts)


_QUOTAS: ResourceKind[Quota | None] = ResourceKind("resourcequotas", "/api/v1", msgspec.json.Decoder(QuotaWire), _quota_of)
_SCHEDULED: ResourceKind[PodInfo] = ResourceKind("pods", "/api/v1", msgspec.json.Decoder(ScheduledPod), pod_info_of)


async def scheduler_snapshot(transport: Transport, pod: Pod) -> SchedulerSnapshot:
    """Raises a Failure where nodes may not be listed. Where only the pods of the one namespace may be, the others are a gap."""
    body, nodes, (pods, gaps), quotas, told = await asyncio.gather(
        transport.get(PODS.path(pod.namespace, pod.name)),
        listed(transport, _NODES, "", most=bounds.SCHEDULING),
        _running(transport, pod.namespace),
        _quotas(transport, pod.namespace),
        _autoscaler_tells(transport),
    )
    found = transport.decode(body, ScheduledPod)
    wanted = replace(pod_info_of(found), limits=_whole(found.spec, _limits))
    seen = next((node.autoscaler for node in nodes if node.autoscaler), _CLUSTER_AUTOSCALER if told else "")
    return SchedulerSnapshot(wanted, tuple(node.info for node in nodes), pods, seen, gaps, quotas)


async def _running(transport: Transport, namespace: str) -> tuple[tuple[PodInfo, ...], tuple[str, ...]]:
    try:
        return await listed(transport, _SCHEDULED, "", fields=_RUNNING, most=bounds.SCHEDULING), ()
    except Forbidden:
        own = await listed(transport, _SCHEDULED, namespace, fields=_RUNNING, most=bounds.SCHEDULING)
        return own, ("the pods of other namespaces, which may not be listed",)


async def _quotas(transport: Transport, namespace: str) -> tuple[Quota, ...]:
    """None where they may not be listed, or a server has none: most namespaces have none either, and the plan goes on without."""
    try:
        found = await listed(transport, _QUOTAS, namespace, most=bounds.BODY)
    except (Forbidden, NotFound):
        return ()
    return tuple(quota for quota in found if quota is not None)


async def _autoscaler_tells(transport: Transport) -> bool:
    """A hint only: whoever may not read it sees nothing of it."""
    try:
        await transport.get(_STATUS)
    except Failure:
        return False
    return True
