"""Whether one more pod like a running one would get a node now: by the scheduler's plain rules, and in its words.

Decided: nodes that are closed, taints, node selectors and required node affinity, host ports, resources (extended ones too), required
anti-affinity of both sides, priority; and, before all of these, quotas, as the API server does. Not decided: topology spread, affinity to
other pods, volumes, resource claims. These can only forbid more, so that "no room" holds whatever they say; "fits" does not
(`PodInfo.open`). PodInfo and NodeInfo are called what the scheduler calls them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from modeldeck.domain.kubernetes.quantities import amount
from modeldeck.domain.numerals import whole


class Fit(StrEnum):
    FITS = "fits"
    PREEMPTS = "preempts"
    """Only where pods of a lower priority go."""
    NO_ROOM = "no-room"
    NO_QUOTA = "no-quota"
    """The API server would refuse to make it."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Placement:
    """`message`: why no node takes the pod, in the scheduler's words, or why that is not known. `autoscaler`: who may add a node for it."""

    fit: Fit
    message: str = ""
    autoscaler: str = ""


@dataclass(frozen=True, slots=True)
class Taint:
    key: str
    effect: str
    value: str = ""


UNSCHEDULABLE = Taint("node.kubernetes.io/unschedulable", "NoSchedule")
"""What a pod has to tolerate to get onto a cordoned node."""
_REPELS = ("NoSchedule", "NoExecute")


@dataclass(frozen=True, slots=True)
class Toleration:
    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""

    def tolerates(self, taint: Taint) -> bool:
        if (self.effect and self.effect != taint.effect) or (self.key and self.key != taint.key):
            return False
        return self.value == taint.value if self.operator == "Equal" else True


@dataclass(frozen=True, slots=True)
class LabelRequirement:
    """One expression of a selector: In, NotIn, Exists, DoesNotExist; of nodes also Gt and Lt."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        match self.operator:
            case "In":
                return value in self.values
            case "NotIn":
                return value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
            case "Gt" | "Lt":
                return self._compares(whole(value or ""))
        return True

    def _compares(self, value: int | None) -> bool:
        bound = whole(self.values[0]) if self.values else None
        if value is None or bound is None:
            return False
        return value > bound if self.operator == "Gt" else value < bound


Selector = tuple[LabelRequirement, ...]


def selects(selector: Selector, labels: Mapping[str, str]) -> bool:
    return all(one.holds(labels) for one in selector)


@dataclass(frozen=True, slots=True)
class NodeTerm:
    """One of the terms of a required node affinity. `fields`: of the node itself, which is only ever its `metadata.name`."""

    labels: Selector = ()
    fields: Selector = ()

    def takes(self, node: NodeInfo) -> bool:
        named = {"metadata.name": node.name}
        return bool(self.labels or self.fields) and selects(self.labels, node.labels) and selects(self.fields, named)


@dataclass(frozen=True, slots=True)
class AntiAffinity:
    """No pod that `selector` selects in the `namespaces` (None: in any) may run where this one does, as far as `topology_key` tells places
    apart. Not `certain`: whom it means depends on what is not known here."""

    topology_key: str
    selector: Selector
    namespaces: frozenset[str] | None
    certain: bool = True

    def means(self, pod: PodInfo) -> bool:
        return (self.namespaces is None or pod.namespace in self.namespaces) and selects(self.selector, pod.labels)


@dataclass(frozen=True, slots=True)
class HostPort:
    port: int
    protocol: str = "TCP"
    address: str = "0.0.0.0"

    def conflicts(self, other: HostPort) -> bool:
        anywhere = "0.0.0.0" in (self.address, other.address)
        return (self.port, self.protocol) == (other.port, other.protocol) and (anywhere or self.address == other.address)


@dataclass(frozen=True, slots=True)
class PodInfo:
    """What a pod takes of its node, and what it asks of one. `requests`: resource → amount (domain/kubernetes/quantities.py)."""

    namespace: str
    name: str
    requests: Mapping[str, int]
    limits: Mapping[str, int] = field(default_factory=dict)
    """Only of a pod that is to be held against quotas."""
    labels: Mapping[str, str] = field(default_factory=dict)
    node: str = ""
    priority: int = 0
    preempts: bool = True
    node_selector: Mapping[str, str] = field(default_factory=dict)
    node_terms: tuple[NodeTerm, ...] | None = None
    """One of them must take the node; None: no required node affinity."""
    tolerations: tuple[Toleration, ...] = ()
    host_ports: tuple[HostPort, ...] = ()
    anti_affinity: tuple[AntiAffinity, ...] = ()
    open: tuple[str, ...] = ()
    """What may forbid a node beyond what is decided here."""


@dataclass(frozen=True, slots=True)
class NodeInfo:
    name: str
    allocatable: Mapping[str, int]
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """One without scopes. `hard` and `used` as they stand: "pods" → "10", "requests.nvidia.com/gpu" → "1"."""

    name: str
    hard: Mapping[str, str]
    used: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SchedulerSnapshot:
    """`pod`: one that runs, like the one that is to come. `pods`: those that have a node and have not ended, `pod` among them. `gaps`: what
    could not be read of them."""

    pod: PodInfo
    nodes: tuple[NodeInfo, ...]
    pods: tuple[PodInfo, ...]
    autoscaler: str = ""
    gaps: tuple[str, ...] = ()
    quotas: tuple[Quota, ...] = ()


def placement(snapshot: SchedulerSnapshot) -> Placement:
    """Whether another pod like `snapshot.pod` gets a node now."""
    for quota in snapshot.quotas:
        if used_up := tuple(_used_up(quota, snapshot.pod)):
            return Placement(Fit.NO_QUOTA, f"quota {quota.name}: {', '.join(used_up)}")
    pod, uncounted = _counted(snapshot)
    if not snapshot.nodes:
        return Placement(Fit.NO_ROOM, "no nodes available to schedule pods", snapshot.autoscaler)
    on: dict[str, list[PodInfo]] = defaultdict(list)
    for other in snapshot.pods:
        on[other.node].append(other)
    places = _Places(pod, snapshot)
    refusals = [tuple(_refusal(pod, node, on[node.name], places)) for node in snapshot.nodes]
    if not all(refusals):
        unsure = (*pod.open, *uncounted, *snapshot.gaps, *places.unsure)
        fit = Fit.UNKNOWN if unsure else Fit.FITS
        return Placement(fit, f"not decided by {', '.join(dict.fromkeys(unsure))}" if unsure else "")
    if pod.preempts and any(_fits_without_lower(pod, node, on[node.name], places) for node in snapshot.nodes):
        return Placement(Fit.PREEMPTS, _told(refusals), snapshot.autoscaler)
    return Placement(Fit.NO_ROOM, _told(refusals), snapshot.autoscaler)


def _counted(snapshot: SchedulerSnapshot) -> tuple[PodInfo, tuple[str, ...]]:
    """The pod without resources that the node on which it runs does not even have: somebody else than the scheduler counts these."""
    pod = snapshot.pod
    own = next((node.allocatable for node in snapshot.nodes if node.name == pod.node), None)
    if own is None:
        return pod, ()
    uncounted = tuple(sorted(name for name, wanted in pod.requests.items() if wanted and not own.get(name)))
    counted = {name: wanted for name, wanted in pod.requests.items() if name not in uncounted}
    return replace(pod, requests=counted), tuple(f"who hands out {name}" for name in uncounted)


def _used_up(quota: Quota, pod: PodInfo) -> Iterator[str]:
    """The resources of which it leaves too little for the pod."""
    for name, hard in quota.hard.items():
        kind, _, resource = name.partition(".")
        if name in ("pods", "count/pods"):
            resource, wanted = name, 1
        elif kind == "limits":
            wanted = pod.limits.get(resource, 0)
        else:
            resource = resource if kind == "requests" else name
            wanted = pod.requests.get(resource, 0)
        most, used = amount(resource, hard), amount(resource, quota.used.get(name, "0"))
        if wanted and most is not None and used is not None and used + wanted > most:
            yield f"{quota.used.get(name, '0')} of {hard} {name} used"


def _told(refusals: Sequence[tuple[str, ...]]) -> str:
    """As the scheduler sums it up."""
    counts = Counter(reason for refusal in refusals for reason in refusal)
    return f"0/{len(refusals)} nodes are available: {', '.join(sorted(f'{count} {reason}' for reason, count in counts.items()))}"


class _Places:
    """Where anti-affinity forbids the pod: as (topology key, its value on a node)."""

    def __init__(self, pod: PodInfo, snapshot: SchedulerSnapshot) -> None:
        labels = {node.name: node.labels for node in snapshot.nodes}
        self.own, self.others = set[tuple[str, str]](), set[tuple[str, str]]()
        unsure = list[str]()
        if any(not term.certain for term in pod.anti_affinity):
            unsure.append("anti-affinity")
        mine = [term for term in pod.anti_affinity if term.certain]
        for other in snapshot.pods:
            at = labels.get(other.node, {})
            self.own |= {(term.topology_key, at[term.topology_key]) for term in mine if term.topology_key in at and term.means(other)}
            for term in other.anti_affinity:
                if term.topology_key in at and term.means(pod):
                    if term.certain:
                        self.others.add((term.topology_key, at[term.topology_key]))
                    else:
                        unsure.append("anti-affinity of other pods")
        self.unsure = tuple(unsure)

    def refusal(self, node: NodeInfo) -> str:
        here = set(node.labels.items())
        if self.own & here:
            return "node(s) didn't match pod anti-affinity rules"
        return "node(s) didn't satisfy existing pods anti-affinity rules" if self.others & here else ""


def _refusal(pod: PodInfo, node: NodeInfo, there: Sequence[PodInfo], places: _Places) -> Iterator[str]:
    """Why the node does not take the pod, by the first of the scheduler's filters that says no."""
    closed = _closed(pod, node)
    if closed:
        yield closed
        return
    if _port_taken(pod, there):
        yield "node(s) didn't have free ports for the requested pod ports"
        return
    lacking = tuple(_lacking(pod, node, there))
    yield from lacking
    if not lacking and (kept_off := places.refusal(node)):
        yield kept_off


def _closed(pod: PodInfo, node: NodeInfo) -> str:
    """Why the node takes no such pod, whatever runs there."""
    if node.unschedulable and not _tolerated(pod, UNSCHEDULABLE):
        return "node(s) were unschedulable"
    if any(taint.effect in _REPELS and not _tolerated(pod, taint) for taint in node.taints):
        return "node(s) had untolerated taint(s)"
    chosen = all(node.labels.get(key) == value for key, value in pod.node_selector.items())
    if not chosen or (pod.node_terms is not None and not any(term.takes(node) for term in pod.node_terms)):
        return "node(s) didn't match Pod's node affinity/selector"
    return ""


def _tolerated(pod: PodInfo, taint: Taint) -> bool:
    return any(toleration.tolerates(taint) for toleration in pod.tolerations)


def _port_taken(pod: PodInfo, there: Iterable[PodInfo]) -> bool:
    return bool(pod.host_ports) and any(
        wanted.conflicts(taken) for wanted in pod.host_ports for other in there for taken in other.host_ports
    )


def _lacking(pod: PodInfo, node: NodeInfo, there: Sequence[PodInfo]) -> Iterator[str]:
    if len(there) + 1 > node.allocatable.get("pods", 0):
        yield "Too many pods"
    for name, wanted in pod.requests.items():
        if wanted > 0 and wanted > node.allocatable.get(name, 0) - sum(other.requests.get(name, 0) for other in there):
            yield f"Insufficient {name}"


def _fits_without_lower(pod: PodInfo, node: NodeInfo, there: Sequence[PodInfo], places: _Places) -> bool:
    """Whether the scheduler could make room by ending pods of a lower priority. Anti-affinity of these is taken to go with them."""
    kept = [other for other in there if other.priority >= pod.priority]
    if len(kept) == len(there) or _closed(pod, node):
        return False
    return not _port_taken(pod, kept) and not any(_lacking(pod, node, kept))
