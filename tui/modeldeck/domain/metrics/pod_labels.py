"""By which labels a series says whose it is. Everything behind this module knows only `namespace` and `pod`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from modeldeck.domain.kubernetes.pod_addresses import MOST, PodAddress, host_of, pod_addresses, with_host
from modeldeck.domain.kubernetes.pod_owners import deployments_of_pods
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.samples import Matrix, Sample, Vector
from modeldeck.domain.metrics.series_scope import INSTANCE, NAMESPACES, PODS, SeriesScope


def quoted(text: str) -> str:
    """A PromQL string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def literal(text: str) -> str:
    """The text as an RE2 expression. `-` needs no escape, so that shown queries stay readable."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda found: "\\" + found.group(), text)


@dataclass(frozen=True, slots=True)
class PodLabels:
    """The labels of one deployment's series. `by_address`: `pod` names a label with the pod's IP and perhaps a port."""

    pod: str = "pod"
    namespace: str = "namespace"
    by_address: bool = False
    matchers: str = ""
    """What else its selectors need, joined by commas."""

    @property
    def by(self) -> str:
        """For `sum by (…)`."""
        return ", ".join(label for label in (self.namespace, self.pod) if label)

    @property
    def plain(self) -> bool:
        return (self.pod, self.namespace, self.by_address) == ("pod", "namespace", False)

    @property
    def of_target(self) -> bool:
        """Whether the scraper put them on, so that `up` has them too."""
        return not any(label.startswith("exported_") for label in (self.pod, self.namespace))

    @property
    def message(self) -> str:
        if self.by_address:
            return f"{self.pod} (the pods' addresses)"
        return f"{self.namespace} and {self.pod}" if self.namespace else f"{self.pod}, without a namespace"

    def of_namespaces(self, namespaces: Sequence[str]) -> str:
        """Matchers for all pods of the namespaces; none of them, or `*`, is all."""
        everywhere = not namespaces or "*" in namespaces or not self.namespace
        return self._with("" if everywhere else f"{self.namespace}=~{quoted('|'.join(literal(name) for name in namespaces))}")

    def of_pods(self, namespace: str, pattern: str, addresses: Sequence[PodAddress] = ()) -> str:
        """Matchers for the pods whose names match the expression, or that have these addresses."""
        if self.by_address:
            return self._with(f"{self.pod}=~{quoted(_expression([one.address for one in addresses]))}")
        where = f"{self.namespace}={quoted(namespace)}," if self.namespace else ""
        return self._with(f"{where}{self.pod}=~{quoted(pattern)}")

    def _with(self, matchers: str) -> str:
        return ",".join(part for part in (matchers, self.matchers) if part)

    def renamed_series(self, matrix: Matrix) -> Matrix:
        """The same for samples over time."""
        if self.pod == "pod":
            return matrix
        labels = ({**_without(one.labels, (self.pod,)), "pod": one.labels.get(self.pod, "")} for one in matrix.series)
        return replace(matrix, series=tuple(replace(one, labels=each) for one, each in zip(matrix.series, labels, strict=True)))

    def renamed(self, vector: Vector) -> Vector:
        """The same answer with `pod` for whatever label names the pod."""
        if self.pod == "pod":
            return vector
        named = (
            replace(one, labels={"pod": one.labels.get(self.pod, ""), **_without(one.labels, (self.pod, "pod"))}) for one in vector.samples
        )
        return replace(vector, samples=tuple(named))


def usual(scope: SeriesScope) -> PodLabels:
    """By which labels pods are named where none of their series has been seen."""
    matchers = ",".join(scope.matchers)
    if scope.instance:
        return PodLabels(scope.instance, "", by_address=True, matchers=matchers)
    return PodLabels(scope.pod or "pod", scope.namespace or "namespace", matchers=matchers)


def _without(labels: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name not in names}


_NAMING = frozenset((*PODS, *NAMESPACES))


def _ways(names: frozenset[str], scope: SeriesScope) -> Iterator[PodLabels]:
    """How series that have these labels may name their pods. An address tells only where no label names the pod, and a pod's name says
    enough only where none tells the namespace."""
    nameless = not names.intersection(NAMESPACES)
    pairs = [(pod, namespace) for pod, namespace in scope.pairs() if pod in names and (namespace in names if namespace else nameless)]
    yield from (PodLabels(pod, namespace) for pod, namespace in pairs)
    if scope.instance or not (scope.pod or names.intersection(PODS)):
        yield PodLabels(scope.instance or INSTANCE, "", by_address=True)


class PodIndex:
    """The pods of a fleet, by everything that a series may call them. What could be two pods is none."""

    def __init__(self, fleet: Fleet) -> None:
        self._pods = fleet.pods
        self.owners = deployments_of_pods(fleet)
        """`namespace/pod` → Deployment key."""
        self._ways: dict[frozenset[str], tuple[PodLabels, ...]] = {}

    @cached_property
    def _by_name(self) -> Mapping[str, str | None]:
        found: dict[str, str | None] = {}
        for pod in self._pods:
            found[pod.name] = f"{pod.namespace}/{pod.name}" if pod.name not in found else None
        return found

    @cached_property
    def _by_address(self) -> Mapping[str, PodAddress]:
        return {one.address: one for one in pod_addresses(self._pods)}

    def pod_of(self, labels: Mapping[str, str], by: PodLabels) -> str | None:
        """`namespace/pod` of a series read by these labels; None where it is none of the fleet's."""
        value = labels.get(by.pod, "")
        if not value:
            return None
        if by.by_address:
            found = self._by_address.get(value) or self._by_address.get(host_of(value))
            return found.pod if found is not None else None
        if not by.namespace:
            return self._by_name.get(value)
        key = f"{labels.get(by.namespace, '')}/{value}"
        return key if key in self.owners else None

    def find(self, labels: Mapping[str, str], scope: SeriesScope) -> PodLabels | None:
        """By which labels this series names a pod of the fleet that a Deployment owns."""
        names = frozenset(labels.keys() & (_NAMING | {scope.pod, scope.namespace}))
        ways = self._ways.get(names)
        if ways is None:  # on a large cluster, tens of thousands of series have two or three sets of labels
            ways = self._ways.setdefault(names, tuple(_ways(names, scope)))
        hits = [(way, key) for way in ways if (key := self.pod_of(labels, way)) is not None and key in self.owners]
        if not hits:
            return None
        first, meant = hits[0]
        # A server that names its pod itself has exported_pod beside the scraper's own label: all its series have only the latter.
        return next((way for way, key in hits if key == meant and way.of_target), first)

    def canonical(self, vector: Vector, by: PodLabels) -> Vector:
        """The same answer with `namespace` and `pod`, without the series of pods that are not the fleet's."""
        if by.plain:
            return vector
        samples: list[Sample] = []
        for sample in vector.samples:
            key = self.pod_of(sample.labels, by)
            if key is not None:
                namespace, _, pod = key.partition("/")
                rest = _without(sample.labels, (by.pod, by.namespace))
                samples.append(replace(sample, labels={**rest, "namespace": namespace, "pod": pod}))
        return replace(vector, samples=tuple(samples))

    def addresses(self, keys: Sequence[str]) -> tuple[PodAddress, ...]:
        """The addresses that only these pods (`namespace/pod`) have, at most MOST."""
        wanted = set(keys)
        return tuple(sorted((one for one in self._by_address.values() if one.pod in wanted), key=lambda one: one.address)[:MOST])


def _expression(addresses: Sequence[str]) -> str:
    """For `instance`: those without a port are meant with any."""
    whole = [literal(one) for one in addresses if host_of(one) != one]
    hosts = "|".join(literal(with_host(one)) for one in addresses if host_of(one) == one)
    return "|".join((*([f"({hosts})(:[0-9]+)?"] if hosts else []), *whole)) or "no-such-address"
