"""ConfigMaps, Secrets, nodes and autoscalers: who wrote them when, and how they stand. Of a ConfigMap or Secret nothing but metadata is
asked for, so that no value of theirs ever comes over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from urllib.parse import quote

import msgspec

from modeldeck.domain.failures import Failure, Forbidden, NotFound
from modeldeck.domain.kubernetes.surroundings import ClusterNode, ConfigObject, FieldWrite, HorizontalScaling
from modeldeck.domain.kubernetes.workloads import Condition
from modeldeck.sources.common.bounds import MIB
from modeldeck.sources.http.transport import Transport
from modeldeck.sources.kubernetes.convert import epoch
from modeldeck.sources.kubernetes.responses import ScaleTarget
from modeldeck.sources.kubernetes.surroundings.templates import ConfigReference
from modeldeck.sources.kubernetes.wire import ConditionWire, Int, ListMeta, Meta, Moment, Wire

MOST = 30
"""Of each kind that are looked at."""
_BODY = 4 * MIB
_METADATA = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
_CORDONED = "node.kubernetes.io/unschedulable"
_PLACES = {"ConfigMap": "configmaps", "Secret": "secrets"}


class WriteWire(Wire):
    manager: str = ""
    time: Moment | None = None


class WrittenMeta(Meta):
    managed_fields: list[WriteWire] | None = None


class WrittenWire(Wire):
    metadata: WrittenMeta


class TimedTaint(Wire):
    key: str = ""
    time_added: Moment | None = None


class CordonSpec(Wire):
    unschedulable: bool = False
    taints: list[TimedTaint] | None = None


class NodeConditions(Wire):
    conditions: list[ConditionWire] | None = None


class ClusterNodeWire(Wire):
    metadata: Meta
    spec: CordonSpec = msgspec.field(default_factory=CordonSpec)
    status: NodeConditions = msgspec.field(default_factory=NodeConditions)


class ScalerSpec(Wire):
    scale_target_ref: ScaleTarget | None = None


class ScalerStatus(Wire):
    last_scale_time: Moment | None = None
    current_replicas: Int = 0
    desired_replicas: Int = 0


class ScalerWire(Wire):
    metadata: Meta
    spec: ScalerSpec = msgspec.field(default_factory=ScalerSpec)
    status: ScalerStatus = msgspec.field(default_factory=ScalerStatus)


class ScalerList(Wire):
    metadata: ListMeta
    items: list[ScalerWire] | None = None


async def configs(
    transport: Transport, namespace: str, references: Sequence[ConfigReference]
) -> tuple[tuple[ConfigObject, ...], tuple[str, ...]]:
    """(metadata of those that may be read, what is not known)."""
    found: list[ConfigObject] = []
    not_known: list[str] = []
    asked = references[:MOST]
    for one, answer in zip(asked, await asyncio.gather(*(_config(transport, namespace, one) for one in asked)), strict=True):
        if isinstance(answer, Failure):
            missing = "does not exist" if isinstance(answer, NotFound) else f"may have changed: {answer.message}"
            not_known.append(f"{one.kind} {one.name} {missing}")
        else:
            found.append(answer)
    if len(references) > MOST:
        not_known.append(f"{len(references) - MOST} further ConfigMaps and Secrets were not looked at")
    return tuple(found), tuple(not_known)


async def _config(transport: Transport, namespace: str, one: ConfigReference) -> ConfigObject | Failure:
    path = f"/api/v1/namespaces/{quote(namespace, safe='')}/{_PLACES[one.kind]}/{quote(one.name, safe='')}"
    try:
        meta = transport.decode(await transport.get(path, headers=_METADATA, most=_BODY), WrittenWire).metadata
    except Failure as failure:
        return failure
    writes = tuple(_writes(meta.managed_fields or ()))
    return ConfigObject(one.kind, one.name, meta.resource_version, epoch(meta.creation_timestamp), writes, one.as_files)


def _writes(entries: Iterable[WriteWire]) -> Iterable[FieldWrite]:
    for entry in entries:
        at = epoch(entry.time)
        if at is not None:
            yield FieldWrite(entry.manager, at)


async def nodes(transport: Transport, names: Sequence[str]) -> tuple[tuple[ClusterNode, ...], tuple[str, ...]]:
    """(those that may be read, what is not known). One that does not exist any more is not known either."""
    found: list[ClusterNode] = []
    not_known: list[str] = []
    for name, answer in zip(names[:MOST], await asyncio.gather(*(_node(transport, name) for name in names[:MOST])), strict=True):
        if isinstance(answer, ClusterNode):
            found.append(answer)
        elif isinstance(answer, Forbidden):
            not_known.append(f"how nodes stand: {answer.message}")
            break  # the same of all others
        else:
            not_known.append(f"node {name}: {answer.message}")
    if len(names) > MOST:
        not_known.append(f"{len(names) - MOST} further nodes were not looked at")
    return tuple(found), tuple(not_known)


async def _node(transport: Transport, name: str) -> ClusterNode | Failure:
    try:
        body = transport.decode(await transport.get(f"/api/v1/nodes/{quote(name, safe='')}", most=_BODY), ClusterNodeWire)
    except Failure as failure:
        return failure
    conditions = tuple(
        Condition(c.type, c.status, c.reason or "", c.message or "", epoch(c.last_transition_time)) for c in body.status.conditions or ()
    )
    # Writes of nodes are not tracked everywhere: when one was cordoned the taint tells that its controller adds.
    times = (epoch(taint.time_added) for taint in body.spec.taints or () if taint.key == _CORDONED)
    cordoned_at = max((at for at in times if at is not None), default=None)
    return ClusterNode(name, epoch(body.metadata.creation_timestamp), body.spec.unschedulable, cordoned_at, conditions)


async def autoscalers(transport: Transport, namespace: str, deployment: str) -> tuple[tuple[HorizontalScaling, ...], str]:
    """(those of the deployment, what is not known)."""
    path = f"/apis/autoscaling/v2/namespaces/{quote(namespace, safe='')}/horizontalpodautoscalers"
    try:
        answer = transport.decode(await transport.get(path, params={"limit": 500}), ScalerList)
    except NotFound:
        return (), ""  # no such API: there are none
    except Failure as failure:
        return (), f"autoscalers: {failure.message}"
    targets = ((one, one.spec.scale_target_ref) for one in answer.items or ())
    mine = [one for one, target in targets if target is not None and (target.kind, target.name) == ("Deployment", deployment)]
    return tuple(
        HorizontalScaling(one.metadata.name, epoch(one.status.last_scale_time), one.status.current_replicas, one.status.desired_replicas)
        for one in mine
    ), ""
