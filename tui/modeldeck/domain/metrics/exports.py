"""What pods export: the label sets that Prometheus holds of them, as far as anything is decided by them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

Labels = Mapping[str, str]


def _process(labels: Labels) -> tuple[str, ...]:
    """One container may be scraped at two ports."""
    return labels.get("namespace", ""), labels.get("pod", ""), labels.get("container") or labels.get("instance", "")


@dataclass(frozen=True)
class Exports:
    """Label sets with `__name__`; of a histogram's buckets one (`le="+Inf"`) is enough."""

    series: tuple[Labels, ...]

    @staticmethod
    def named(names: Iterable[str]) -> Exports:
        """Metrics without any labels."""
        return Exports(tuple({"__name__": name} for name in names))

    @cached_property
    def _by_name(self) -> Mapping[str, tuple[Labels, ...]]:
        found: dict[str, list[Labels]] = defaultdict(list)
        for labels in self.series:
            found[labels.get("__name__", "")].append(labels)
        return {name: tuple(each) for name, each in found.items()}

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(self._by_name)

    def together(self, some: Iterable[str], others: Iterable[str]) -> bool:
        """Whether one process exports a metric of `some` and one of `others`: a pod's sidecar may be of another make."""
        first, second = ({_process(labels) for name in names for labels in self.of(name)} for names in (some, others))
        return not first.isdisjoint(second)

    def of(self, metric: str) -> tuple[Labels, ...]:
        """Every label set of a metric."""
        return self._by_name.get(metric, ())
