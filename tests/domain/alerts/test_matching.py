"""Whose an alert is."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from modeldeck.domain.alerts.alert import Alert, AlertState
from modeldeck.domain.alerts.matching import alerts_by_deployment, in_scope
from modeldeck.domain.metrics.series_scope import SeriesScope

LONG = "a-model-with-a-name-that-is-as-long-as-kubernetes-lets-it"
KEYS = ("serving/iris", "serving/iris-v2", "other/iris", f"serving/{LONG}")
POD = {"namespace": "serving", "pod": "iris-5d4f8c7b9-abcde"}


def alert(labels: Mapping[str, str], state: AlertState = AlertState.FIRING, since: float | None = None, *, silenced: bool = False) -> Alert:
    return Alert("A", state, labels, since, silenced=silenced)


@pytest.mark.parametrize(
    ("labels", "key"),
    [
        (POD, "serving/iris"),
        ({**POD, "pod": "iris-v2-5d4f8c7b9-abcde"}, "serving/iris-v2"),
        ({**POD, "namespace": "other"}, "other/iris"),
        ({"namespace": "serving", "deployment": "iris"}, "serving/iris"),
        ({"namespace": "monitoring", "exported_namespace": "serving", "exported_deployment": "iris"}, "serving/iris"),
        (
            {
                "namespace": "monitoring",
                "pod": "kube-state-metrics-5d4f8c7b9-abcde",
                "exported_namespace": "serving",
                "exported_pod": POD["pod"],
            },
            "serving/iris",
        ),
        ({"kubernetes_namespace": "serving", "kubernetes_pod_name": POD["pod"]}, "serving/iris"),
        ({**POD, "pod": f"{(LONG + '-5d4f8c7b9-')[:58]}abcde"}, f"serving/{LONG}"),
        ({"pod": POD["pod"]}, None),
        ({"namespace": "serving"}, None),
        ({"namespace": "serving", "deployment": "rose"}, None),
        ({**POD, "deployment": "rose"}, None),
        ({**POD, "pod": "iris-abcde"}, None),
        ({**POD, "pod": "iris-0"}, None),
        ({}, None),
    ],
)
def test_whose_it_is(labels: Mapping[str, str], key: str | None) -> None:
    one = alert(labels)
    assert alerts_by_deployment([one], KEYS, SeriesScope()) == ({key: (one,)} if key else {})


def test_what_names_pods_in_the_configuration_names_them_here() -> None:
    scope = SeriesScope(pod="who", namespace="where")
    one = alert({"where": "serving", "who": POD["pod"], "pod": "rose-5d4f8c7b9-abcde", "namespace": "serving"})
    assert alerts_by_deployment([one], KEYS, scope) == {"serving/iris": (one,)}


def test_what_fires_comes_first_then_what_is_loud_then_the_oldest() -> None:
    pending, silenced = alert(POD, AlertState.PENDING, 1.0), alert(POD, since=2.0, silenced=True)
    old, new = alert(POD, since=3.0), alert(POD, since=4.0)
    assert alerts_by_deployment([pending, new, silenced, old], KEYS, SeriesScope())["serving/iris"] == (old, new, silenced, pending)


@pytest.mark.parametrize(
    ("matchers", "cluster", "found"),
    [
        (('cluster="prod"',), "prod", True),
        (('cluster="prod"',), "test", False),
        (('cluster="prod"',), None, True),
        (('cluster!="prod"',), "prod", False),
        (("cluster=~'prod|stage'",), "stage", True),
        (('cluster=~"pro"',), "prod", False),
        (('cluster!~"prod.*"',), "prod-eu", False),
        (('cluster=~"prod\\\\.eu"',), "prod.eu", True),
        (('cluster="prod"', 'zone="a"'), "prod", True),
        (('cluster=~"("',), "prod", True),
        ((), "prod", True),
    ],
)
def test_those_of_other_clusters_are_not_meant(matchers: tuple[str, ...], cluster: str | None, found: bool) -> None:
    labels = {**POD, **({"cluster": cluster} if cluster else {})}
    assert in_scope(labels, SeriesScope(matchers=matchers)) is found
    assert bool(alerts_by_deployment([alert(labels)], KEYS, SeriesScope(matchers=matchers))) is found
