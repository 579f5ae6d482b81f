"""At which addresses pods are scraped, and from when to when each address was one pod's: the next pod may have it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from modeldeck.domain.kubernetes.workloads import Pod

MOST = 200
"""Addresses of one version that are kept and asked for: as many pods tell as much as all of them, and a query has its limits."""


@dataclass(frozen=True, slots=True)
class PodAddress:
    """`address` with a port (`10.0.0.7:8080`) where the pod shares it with others, else without one: all ports of it are the pod's."""

    pod: str
    """`namespace/name`."""
    address: str
    since: float = 0.0
    """Seconds since the epoch, as `until`: what was scraped there before is another pod's."""
    until: float = math.inf
    """When the pod was last seen to be there, once it is gone."""

    def had(self, host_and_port: str) -> bool:
        """Whether a scrape of this went to the address."""
        return self.address in (host_and_port, host_of(host_and_port))

    def held(self, at: float) -> bool:
        return self.since <= at <= self.until


def pod_addresses(pods: Iterable[Pod]) -> tuple[PodAddress, ...]:
    """Those that tell one of these pods from the others. A pod on its node's own network has only its containers' ports there, and none
    where these are not declared. One that has ended keeps its address in its status, and another one may have it by now."""
    found: dict[str, PodAddress | None] = {}
    for pod in pods:
        for address in () if pod.ended else _addresses(pod):
            one = PodAddress(f"{pod.namespace}/{pod.name}", address, _since(pod))
            found[address] = one if address not in found else None
    return tuple(one for one in found.values() if one is not None)


def serving_addresses(pods: Iterable[Pod]) -> tuple[PodAddress, ...]:
    """The same of pods of one Deployment that are ready and not about to end, at most MOST."""
    ready = [pod for pod in pods if pod.ready and not pod.terminating]
    return tuple(sorted(pod_addresses(ready), key=lambda one: one.pod)[:MOST])


def followed(known: Sequence[PodAddress], now: Sequence[PodAddress], *, seen: float, since: float) -> tuple[PodAddress, ...]:
    """`known` and those that are there now. One that is not any more was last there at `seen`; what ended before `since` is left out."""
    there = {(one.pod, one.address) for one in now}
    gone = [replace(one, until=min(one.until, seen)) for one in known if (one.pod, one.address) not in there]
    return (*now, *(one for one in gone if one.until >= since))[:MOST]


def host_of(address: str) -> str:
    """`10.0.0.7` of `10.0.0.7:8080`, `fd00::7` of `[fd00::7]:8080`."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def with_host(address: str) -> str:
    """An IPv6 address in brackets, as it stands before a port."""
    return f"[{address}]" if address.count(":") > 1 and not address.startswith("[") else address


def _addresses(pod: Pod) -> tuple[str, ...]:
    if not pod.ip:
        return ()
    return tuple(f"{with_host(pod.ip)}:{port}" for port in pod.host_ports) if pod.on_host_network else (pod.ip,)


def _since(pod: Pod) -> float:
    """A pod has its address a while before its first container starts, and some time after the node took it: the container tells it best,
    unless it has been started anew since."""
    starts = [each.started_at for each in pod.containers if each.started_at is not None and not each.restarts]
    return min(starts, default=pod.started_at or pod.created_at or 0.0)
