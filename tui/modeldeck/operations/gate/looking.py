"""How some pods are scraped, looked up among their own series: others in the same Prometheus may be of another make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.kubernetes.pod_addresses import PodAddress
from modeldeck.domain.metrics.exports import Labels
from modeldeck.domain.metrics.pod_labels import PodLabels, quoted
from modeldeck.domain.metrics.samples import Vector
from modeldeck.domain.metrics.scraping import Scraped, question_about, scraped_as
from modeldeck.domain.metrics.series_scope import INSTANCE, NAMESPACES, PODS, SeriesScope
from modeldeck.operations.gate.asking import Ask, Unanswered, ask
from modeldeck.ports import Metrics

_UNKNOWN = "these pods export no metrics of a known model server"


@dataclass(frozen=True, slots=True)
class Pods:
    """Whose series: pods of a namespace with names that match an expression, and their addresses where these are known."""

    namespace: str
    pattern: str
    addresses: tuple[PodAddress, ...] = ()

    def at(self, time: float) -> Pods:
        """Without addresses that were not theirs then."""
        return replace(self, addresses=tuple(one for one in self.addresses if one.held(time)))


async def look(pods: Pods, metrics: Metrics | None, at: float) -> Scraped | Unanswered:
    """Never raises a Failure. `at` in seconds since the epoch."""
    if metrics is None:
        return Unanswered(Trouble.UNREACHABLE, "no Prometheus is configured")
    pods, scope, seen = pods.at(at), metrics.scope, False
    for labels in _rounds(pods, scope):
        asks = [Ask(question_about(_where(by, pods, scope), scope), at) for by in labels]
        found = (await ask(metrics, asks)).of(asks)
        if isinstance(found, Unanswered):
            return found
        for by, vector in zip(labels, found, strict=True):
            seen = seen or bool(vector.samples)
            scraped = _read(by, vector, pods, scope)
            if scraped is not None:
                return scraped
    if seen:
        return Unanswered(Trouble.NO_METRIC, _UNKNOWN)
    untold = "" if pods.addresses else ", or their series name pods by addresses alone, of which none is known to be theirs"
    return Unanswered(Trouble.NO_METRIC, f"{_UNKNOWN}, or Prometheus does not scrape them{untold}")


def _rounds(pods: Pods, scope: SeriesScope) -> list[list[PodLabels]]:
    """By which labels to ask: the usual one alone, then, where it answers nothing, all others."""
    by_address = [PodLabels(scope.instance or INSTANCE, "", by_address=True)] if pods.addresses else []
    if scope.instance:
        return [by_address]
    if scope.pod:
        return [[PodLabels(scope.pod, scope.namespace)]]
    return [[PodLabels("pod", scope.namespace)], [*(PodLabels(name, scope.namespace) for name in PODS if name != "pod"), *by_address]]


def _where(by: PodLabels, pods: Pods, scope: SeriesScope) -> str:
    """The namespace is only known by whichever label tells it: it is looked for in the answer. An address tells only where no label names
    the pod, unless the configuration says so."""
    if by.by_address:
        nameless = () if scope.instance else tuple(f'{name}=""' for name in PODS)
        return ",".join((by.of_pods("", "", pods.addresses), *nameless))
    return f"{by.pod}=~{quoted(pods.pattern)}"


def _read(by: PodLabels, vector: Vector, pods: Pods, scope: SeriesScope) -> Scraped | None:
    series = [sample.labels for sample in vector.samples]
    if not by.by_address:
        label = _namespace_label(series, pods.namespace, (by.namespace,) if by.namespace else NAMESPACES)
        if label is None:
            return None
        by = PodLabels(by.pod, label)
        series = [labels for labels in series if not label or labels.get(label) == pods.namespace]
    return scraped_as(series, by, scope) if series else None


def _namespace_label(series: Sequence[Labels], namespace: str, names: Sequence[str]) -> str | None:
    """ "" where no series says its namespace; None where those that do name another one."""
    for name in names:
        if any(labels.get(name) == namespace for labels in series):
            return name
    return None if any(name in labels for labels in series for name in names) else ""
