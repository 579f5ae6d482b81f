"""By which labels pods are looked for, one round after the other, and what is said where nothing is found."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from modeldeck.domain.failures import InvalidQuery, Unreachable
from modeldeck.domain.gates.judgement import Trouble
from modeldeck.domain.kubernetes.pod_addresses import PodAddress
from modeldeck.domain.metrics.pod_labels import PodLabels
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.domain.metrics.scraping import Scraped
from modeldeck.domain.metrics.series_scope import PODS, SeriesScope
from modeldeck.operations.gate.asking import Unanswered
from modeldeck.operations.gate.looking import Pods, look
from tests.support.fakes.metrics import FASTAPI, FakeMetrics
from tests.support.fakes.traps import Traps

NODE = PodAddress("serving/iris-1-a", "10.0.0.9", since=100.0, until=200.0)
BY_NAME, ALL = Pods("serving", "iris-1-.*"), Pods("serving", "iris-1-.*", (NODE,))
UNKNOWN = "these pods export no metrics of a known model server"


def prometheus(*series: Mapping[str, str], asked_with: str = "", scope: SeriesScope | None = None) -> FakeMetrics:
    """One that answers these series to a question that holds `asked_with`, and nothing to others."""
    found = FakeMetrics(Traps())
    found.scope = scope or SeriesScope()

    async def query(promql: str, *, at: float | None = None) -> Vector:
        found.asked.append((promql, at))
        if found.failure is not None:
            raise found.failure
        return Vector(tuple(Sample(one, 0.0, 1.0) for one in series) if asked_with in promql else ())

    found.query = query  # type: ignore[method-assign]
    return found


def fastapi(**labels: str) -> list[Mapping[str, str]]:
    return [{**one, **labels} for one in FASTAPI]


async def labels(metrics: FakeMetrics, pods: Pods = BY_NAME) -> PodLabels:
    found = await look(pods, metrics, 150.0)
    assert isinstance(found, Scraped), found
    return found.labels


async def message(metrics: FakeMetrics | None, pods: Pods = BY_NAME, at: float = 150.0) -> tuple[Trouble, str]:
    found = await look(pods, metrics, at)
    assert isinstance(found, Unanswered), found
    return found.trouble, found.message


async def test_where_the_usual_label_answers_nothing_else_is_asked() -> None:
    metrics = prometheus(*fastapi(namespace="serving", pod="iris-1-a"))
    assert await labels(metrics, ALL) == PodLabels("pod", "namespace")
    ((promql, at),) = metrics.asked
    assert (',pod=~"iris-1-.*"})' in promql, at) == (True, 150.0)


async def test_then_all_other_labels_are_asked_at_once_and_the_addresses() -> None:
    metrics = prometheus(*fastapi(kube_pod_name="iris-1-a", kube_namespace="serving"), asked_with=',kube_pod_name=~"')
    assert await labels(metrics, ALL) == PodLabels("kube_pod_name", "kube_namespace")
    assert [sum(f',{name}=~"iris-1-.*"' in promql for promql, _ in metrics.asked) for name in PODS] == [1] * len(PODS)
    (by_address,) = (promql for promql, _ in metrics.asked if ',instance=~"' in promql)
    assert all(f'{name}=""' in by_address for name in PODS), "an address tells only where no label names the pod"
    assert len(metrics.asked) == len(PODS) + 1
    nameless = prometheus()
    await look(BY_NAME, nameless, 150.0)
    assert len(nameless.asked) == len(PODS), "whose addresses are not known"


async def test_addresses_count_while_they_were_theirs() -> None:
    metrics = prometheus(*fastapi(instance="10.0.0.9:8080"), asked_with='instance=~"')
    assert await labels(metrics, ALL) == PodLabels("instance", "", by_address=True)
    for late in (99.0, 201.0):
        trouble, said = await message(prometheus(*fastapi(instance="10.0.0.9:8080"), asked_with='instance=~"'), ALL, at=late)
        assert trouble is Trouble.NO_METRIC
        assert said.endswith(", or their series name pods by addresses alone, of which none is known to be theirs")


async def test_a_configuration_names_the_one_label_to_ask_by() -> None:
    pods = prometheus(*fastapi(who="iris-1-a", where="serving"), scope=SeriesScope(pod="who", namespace="where"))
    assert await labels(pods, ALL) == PodLabels("who", "where")
    assert len(pods.asked) == 1
    instance = prometheus(*fastapi(host="10.0.0.9"), scope=SeriesScope(instance="host"))
    assert await labels(instance, ALL) == PodLabels("host", "", by_address=True)
    ((promql, _),) = instance.asked
    assert ',host=~"' in promql
    assert 'pod=""' not in promql, "the configuration says so, whatever else names the pod"
    unknown = prometheus(*fastapi(host="10.0.0.9"), scope=SeriesScope(instance="host"))
    assert (await message(unknown, BY_NAME))[0] is Trouble.NO_METRIC
    assert unknown.asked == []


@pytest.mark.parametrize("namespace", ["aserving", "zserving", ""])
async def test_series_of_pods_of_another_namespace_are_not_theirs(namespace: str) -> None:
    """Beside them, and alone."""
    theirs = [{"__name__": "model_infer_request_success_total", "namespace": namespace, "pod": "iris-1-a"}]
    metrics = prometheus(*theirs, *fastapi(namespace="serving", pod="iris-1-a"), asked_with=',pod=~"')
    found = await look(BY_NAME, metrics, 150.0)
    assert isinstance(found, Scraped)
    assert found.profile.name == "FastAPI instrumentator"
    assert await message(prometheus(*theirs, asked_with=',pod=~"')) == (Trouble.NO_METRIC, UNKNOWN)


async def test_series_without_any_namespace_are_theirs_by_their_names() -> None:
    assert await labels(prometheus(*fastapi(pod="iris-1-a"))) == PodLabels("pod", "")


async def test_a_namespace_that_the_configuration_names_is_the_only_one() -> None:
    scope = SeriesScope(namespace="ns")
    assert await labels(prometheus(*fastapi(pod="iris-1-a", ns="serving", namespace="x"), scope=scope)) == PodLabels("pod", "ns")
    assert (await message(prometheus(*fastapi(pod="iris-1-a", ns="x", namespace="serving"), scope=scope)))[0] is Trouble.NO_METRIC


async def test_what_nothing_is_known_of_is_told_by_what_was_seen() -> None:
    seen = prometheus({"__name__": "up", "namespace": "serving", "pod": "iris-1-a"}, asked_with=',pod=~"')
    assert await message(seen) == (Trouble.NO_METRIC, UNKNOWN)
    last = prometheus({"__name__": "up", "instance": "10.0.0.9"}, asked_with='instance=~"')
    assert await message(last, ALL) == (Trouble.NO_METRIC, UNKNOWN), "seen by whichever label"
    nothing = f"{UNKNOWN}, or Prometheus does not scrape them"
    assert await message(prometheus(), ALL) == (Trouble.NO_METRIC, nothing)
    untold = ", or their series name pods by addresses alone, of which none is known to be theirs"
    assert await message(prometheus(), BY_NAME) == (Trouble.NO_METRIC, nothing + untold)


async def test_who_cannot_be_asked_tells_nothing() -> None:
    assert await message(None) == (Trouble.UNREACHABLE, "no Prometheus is configured")
    away, wrong = prometheus(), prometheus()
    away.failure, wrong.failure = Unreachable("refused"), InvalidQuery("parse error")
    assert await message(away) == (Trouble.UNREACHABLE, "refused")
    assert await message(wrong) == (Trouble.REJECTED, "parse error")
    assert len(away.asked) == 1
