"""What pods export: the label sets that Prometheus holds of them, as far as anything is decided by them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

Labels = Mapping[str, str]


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

    def of(self, metric: str) -> tuple[Labels, ...]:
        """Every label set of a metric."""
        return self._by_name.get(metric, ())
