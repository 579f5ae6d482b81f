"""Silences: of one deployment, of one cluster, and for a while."""

from __future__ import annotations

import re

import pytest

from modeldeck.domain.alerts.silence import LONGEST, Silence, SilenceMatcher, silences_of
from modeldeck.domain.metrics.series_scope import SeriesScope

NOW = 1000.0


def made(scope: SeriesScope | None = None, alerts: tuple[str, ...] = (), seconds: float = 60.0) -> tuple[Silence, ...]:
    return silences_of("serving/iris", "op-1", scope or SeriesScope(), alerts, now=NOW, seconds=seconds)


def silenced(labels: dict[str, str], silences: tuple[Silence, ...]) -> bool:
    """As Alertmanager decides it."""

    def matches(one: SilenceMatcher) -> bool:
        value = labels.get(one.name, "")
        return ((re.fullmatch(one.value, value) is not None) if one.is_regex else value == one.value) is one.is_equal

    return any(all(map(matches, silence.matchers)) for silence in silences)


OURS = {"alertname": "A", "namespace": "serving", "pod": "iris-5d4f8c7b9-abcde"}


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (OURS, True),
        ({"namespace": "serving", "deployment": "iris"}, True),
        ({"namespace": "monitoring", "exported_namespace": "serving", "exported_pod": OURS["pod"]}, True),
        ({"namespace": "monitoring", "exported_namespace": "serving", "exported_deployment": "iris"}, True),
        ({**OURS, "pod": "iris-v2-5d4f8c7b9-abcde"}, False),
        ({**OURS, "namespace": "other"}, False),
        ({"namespace": "serving", "deployment": "iris-v2"}, False),
        ({"namespace": "serving"}, False),
        ({}, False),
    ],
)
def test_only_its_own_deployment_is_silenced(labels: dict[str, str], found: bool) -> None:
    assert silenced(labels, made()) is found


def test_only_the_named_alerts_are() -> None:
    only = made(alerts=("A", "B.C"))
    assert silenced(OURS, only)
    assert silenced({**OURS, "alertname": "B.C"}, only)
    assert not silenced({**OURS, "alertname": "BxC"}, only)
    assert not silenced({**OURS, "alertname": "AB"}, only)


def test_only_those_of_its_own_cluster_are() -> None:
    prod = made(SeriesScope(matchers=('cluster="prod"', 'zone!~"b.*"')))
    assert silenced({**OURS, "cluster": "prod", "zone": "a"}, prod)
    for other in ({"cluster": "test", "zone": "a"}, {"cluster": "prod", "zone": "b1"}, {}):
        assert not silenced({**OURS, **other}, prod)


def test_labels_are_called_as_the_configuration_says() -> None:
    named = made(SeriesScope(pod="who", namespace="where"))
    assert silenced({"where": "serving", "who": OURS["pod"]}, named)
    assert not silenced(OURS, named)


def test_it_ends_by_itself_and_says_whose_it_is() -> None:
    assert {(one.starts, one.ends) for one in made()} == {(NOW, NOW + 60.0)}
    assert {one.ends for one in made(seconds=1e9)} == {NOW + LONGEST}
    assert {(one.creator, one.comment, one.id) for one in made()} == {("modeldeck", "operation op-1 of modeldeck", "")}
