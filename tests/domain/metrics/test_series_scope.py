"""Under which labels pods are looked for."""

from __future__ import annotations

import pytest

from modeldeck.domain.metrics.series_scope import NAMESPACES, PODS, SeriesScope


def test_without_a_configuration_every_pair_is_tried_once_each_also_without_a_namespace() -> None:
    pairs = list(SeriesScope().pairs())
    assert pairs[0] == ("exported_pod", "exported_namespace")
    assert sorted(pairs) == sorted((pod, namespace) for pod in PODS for namespace in (*NAMESPACES, ""))


@pytest.mark.parametrize(
    ("scope", "pairs"),
    [
        (SeriesScope(pod="p", namespace="n"), [("p", "n")]),
        (SeriesScope(pod="p"), [("p", namespace) for namespace in (*NAMESPACES, "")]),
        (SeriesScope(namespace="n"), [(pod, "n") for pod in PODS]),
        (SeriesScope(instance="instance"), []),
        (SeriesScope(pod="p", namespace="n", instance="instance"), []),
    ],
)
def test_what_is_configured_is_not_looked_for(scope: SeriesScope, pairs: list[tuple[str, str]]) -> None:
    assert list(scope.pairs()) == pairs
