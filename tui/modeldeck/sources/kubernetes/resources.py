"""The kinds that are listed and watched, and where they stand in the API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from modeldeck.domain.kubernetes.workloads import Deployment, Pod, ReplicaSet
from modeldeck.sources.kubernetes import convert, wire


class Item(Protocol):
    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...


T = TypeVar("T")
I_co = TypeVar("I_co", covariant=True, bound=Item)


@dataclass(frozen=True, slots=True)
class ResourceKind(Generic[T]):
    """One kind: its place, how one object is decoded, and what it becomes."""

    plural: str
    prefix: str
    decoder: msgspec.json.Decoder[Any]
    become: Callable[[Any], T]

    def path(self, namespace: str, name: str = "", subresource: str = "") -> str:
        """`namespace` "" is all of them."""
        parts = [self.prefix, *(("namespaces", quote(namespace, safe="")) if namespace else ()), self.plural]
        parts += [quote(part, safe="") for part in (name, subresource) if part]
        return "/".join(parts)


DEPLOYMENTS: ResourceKind[Deployment] = ResourceKind(
    "deployments", "/apis/apps/v1", msgspec.json.Decoder(wire.DeploymentWire), convert.deployment_of
)
REPLICA_SETS: ResourceKind[ReplicaSet] = ResourceKind(
    "replicasets", "/apis/apps/v1", msgspec.json.Decoder(wire.ReplicaSetWire), convert.replica_set_of
)
PODS: ResourceKind[Pod] = ResourceKind("pods", "/api/v1", msgspec.json.Decoder(wire.PodWire), convert.pod_of)
