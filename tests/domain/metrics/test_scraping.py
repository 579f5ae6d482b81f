"""How each Deployment's pods are scraped: by which labels, as which server, and what is doubtful."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.pod_addresses import PodAddress, host_of
from modeldeck.domain.metrics.measured import Group, grouped, measured_fleet, unmeasured
from modeldeck.domain.metrics.pod_labels import PodIndex, PodLabels
from modeldeck.domain.metrics.profiles.profile import Counter, Profile
from modeldeck.domain.metrics.profiles.queries import bulk_queries
from modeldeck.domain.metrics.samples import Sample, Vector
from modeldeck.domain.metrics.scraping import questions, scraped_by_deployment
from modeldeck.domain.metrics.series_scope import NAMESPACES, PODS, SeriesScope
from modeldeck.domain.metrics.statements import OURS, Statement
from tests.support import sample

FLEET = replace(sample.FLEET, pods=tuple(replace(pod, ip=f"10.0.0.{n}") for n, pod in enumerate(sample.FLEET.pods, 1)))
IRIS = [pod for pod in FLEET.pods if pod.name.startswith("iris")]
WINE = [pod for pod in FLEET.pods if pod.name.startswith("wine")]
FASTAPI = ({"__name__": "http_request_duration_highr_seconds_bucket"}, {"__name__": "http_requests_total", "status": "200"})
TRITON = ({"__name__": "nv_inference_request_success"}, {"__name__": "nv_inference_request_failure"})
GO = ({"__name__": "http_request_duration_seconds_bucket", "code": "200"}, {"__name__": "http_requests_total", "code": "200"})
NOBODY = SeriesScope()


def of(exports: tuple[Mapping[str, str], ...], *own: Mapping[str, str]) -> Vector:
    """These series once for each set of labels of one's own."""
    return Vector(tuple(Sample({**series, **labels}, 0.0, 1.0) for series in exports for labels in own))


def plain(*names: str) -> list[dict[str, str]]:
    return [{"namespace": "serving", "pod": name} for name in names]


def test_each_deployment_is_what_its_own_pods_export() -> None:
    answers = [
        of(FASTAPI, *plain(*(pod.name for pod in IRIS))),
        of(TRITON, *plain(*(pod.name for pod in WINE))),
        of(GO, *plain(*(pod.name for pod in FLEET.pods if pod.name.startswith("legacy")))),
    ]
    found = scraped_by_deployment(answers, FLEET, NOBODY)
    assert {key: one.profile.name for key, one in found.items()} == {"serving/iris": "FastAPI instrumentator", "serving/wine": "Triton"}
    assert len(grouped(found)) == 2


@pytest.mark.parametrize("pod_label", PODS)
@pytest.mark.parametrize("namespace_label", [*NAMESPACES, ""])
def test_the_labels_are_found_by_looking(pod_label: str, namespace_label: str) -> None:
    own = {pod_label: IRIS[0].name} | ({namespace_label: "serving"} if namespace_label else {})
    found = scraped_by_deployment([of(FASTAPI, own)], FLEET, NOBODY)
    labels = found["serving/iris"].labels
    assert (labels.pod, labels.namespace, labels.by_address) == (pod_label, namespace_label, False)
    answer = PodIndex(FLEET).canonical(of(FASTAPI, own), labels)
    assert {(one.labels["namespace"], one.labels["pod"]) for one in answer.samples} == {("serving", IRIS[0].name)}
    assert pod_label in bulk_queries(found["serving/iris"].profile, ["serving"], labels=labels)["requests"]


def test_what_pods_state_is_read_by_the_labels_that_were_found() -> None:
    """Those of no known model server are taken to be named as others are; what is said of mixed up series is not believed."""
    iris, wine, legacy = (
        {"kubernetes_namespace": "serving", "kubernetes_pod_name": pod.name}
        for pod in (IRIS[0], WINE[0], next(pod for pod in FLEET.pods if pod.name.startswith("legacy")))
    )
    mixed = of(({"__name__": "nv_inference_request_success"},), *({**wine, "cluster": name} for name in ("a", "b")))
    scraped = scraped_by_deployment([of(FASTAPI, iris), mixed], FLEET, NOBODY)
    said = of(({"model": "iris", "version": "3"},), iris, wine, legacy)
    ways = grouped(scraped) | unmeasured(scraped, FLEET, NOBODY)
    asked = [bulk_queries(profile, ["serving"], labels=labels, stated=(OURS,)) for profile, labels in ways]
    assert {each["stated model_info"] for each in asked} == {'model_info{kubernetes_namespace=~"serving"}'}
    groups = [Group(*way, keys, {"stated model_info": said}) for way, keys in ways.items()]
    _, stated = measured_fleet(groups, FLEET)
    assert stated == {f"serving/{one['kubernetes_pod_name']}": Statement(registered=(("iris", "3"),)) for one in (iris, legacy)}


@pytest.mark.parametrize(
    ("scope", "where"),
    [
        (NOBODY, 'model_info{namespace=~"serving"}'),
        (SeriesScope(pod="pod_name", namespace="ns", matchers=('cluster="a"',)), 'model_info{ns=~"serving",cluster="a"}'),
        (SeriesScope(instance="instance"), "model_info"),
    ],
)
def test_where_no_server_is_known_statements_are_asked_for_as_is_configured_or_usual(scope: SeriesScope, where: str) -> None:
    ((way, keys),) = unmeasured({}, FLEET, scope).items()
    assert keys == {deployment.key for deployment in FLEET.deployments}
    assert bulk_queries(way[0], ["serving"], labels=way[1], stated=(OURS,)) == {"stated model_info": where}


def test_the_pod_that_handed_a_series_on_is_not_the_one_that_it_is_about() -> None:
    collector = {"namespace": "serving", "pod": WINE[0].name, "exported_namespace": "serving", "exported_pod": IRIS[0].name}
    assert set(scraped_by_deployment([of(FASTAPI, collector)], FLEET, NOBODY)) == {"serving/iris"}


def test_a_server_that_names_its_pod_itself_is_read_by_the_scrapers_labels() -> None:
    """All of its series have those; only some the server's own."""
    own = plain(IRIS[0].name)[0]
    answers = [of(FASTAPI[:1], own), of(FASTAPI[1:], {**own, "exported_pod": IRIS[0].name, "exported_namespace": "serving"})]
    found = scraped_by_deployment(answers, FLEET, NOBODY)["serving/iris"]
    assert (found.labels.plain, len(found.profile.latency), len(found.profile.errors)) == (True, 1, 1)


def test_where_series_name_pods_in_two_ways_the_labels_count_by_which_most_is_known() -> None:
    answers = [
        of(FASTAPI[1:], {"kubernetes_namespace": "serving", "kubernetes_pod_name": IRIS[0].name}),
        of(FASTAPI, {"namespace": "serving", "pod_name": IRIS[0].name}),
    ]
    assert scraped_by_deployment(answers, FLEET, NOBODY)["serving/iris"].labels.pod == "pod_name"


@pytest.mark.parametrize("instance", ["10.0.0.1:8080", "10.0.0.1", "10.0.0.1:80"])
def test_pods_are_known_by_their_addresses_where_nothing_names_them(instance: str) -> None:
    found = scraped_by_deployment([of(FASTAPI, {"instance": instance})], FLEET, NOBODY)
    labels = found["serving/iris"].labels
    assert labels.by_address
    vectors = {"requests": Vector((Sample({"instance": instance}, 0.0, 4.0), Sample({"instance": "10.9.9.9:80"}, 0.0, 9.0)))}
    stats, _ = measured_fleet([Group(found["serving/iris"].profile, labels, frozenset(found), vectors)], FLEET)
    assert {key: one.requests_per_second for key, one in stats.items()} == {"serving/iris": 4.0}
    assert labels.of_pods("serving", "x", [PodAddress("serving/x", "10.0.0.1")]) == 'instance=~"(10\\\\.0\\\\.0\\\\.1)(:[0-9]+)?"'


def test_an_address_that_two_pods_have_is_nobodys_and_neither_is_one_of_a_pod_with_a_name() -> None:
    shared = replace(FLEET, pods=tuple(replace(pod, ip="10.0.0.1") for pod in FLEET.pods))
    assert scraped_by_deployment([of(FASTAPI, {"instance": "10.0.0.1:80"})], shared, NOBODY) == {}
    elsewhere = {"instance": "10.0.0.1:80", "namespace": "other", "pod": "stranger-1"}
    assert scraped_by_deployment([of(FASTAPI, elsewhere)], FLEET, NOBODY) == {}


@pytest.mark.parametrize(
    ("address", "host"), [("10.0.0.7:8080", "10.0.0.7"), ("10.0.0.7", "10.0.0.7"), ("[fd00::7]:80", "fd00::7"), ("fd00::7", "fd00::7")]
)
def test_hosts(address: str, host: str) -> None:
    assert host_of(address) == host


def test_what_the_configuration_says_is_not_looked_for() -> None:
    both = {"namespace": "serving", "pod": IRIS[0].name, "kubernetes_namespace": "serving", "kubernetes_pod_name": WINE[0].name}
    scope = SeriesScope("kubernetes_pod_name", "kubernetes_namespace", matchers=('cluster="prod"',))
    found = scraped_by_deployment([of(FASTAPI, both)], FLEET, scope)
    assert set(found) == {"serving/wine"}
    assert all('cluster="prod"' in query for query in questions(["serving"], scope))
    queries = bulk_queries(found["serving/wine"].profile, ["serving"], labels=found["serving/wine"].labels)
    assert all('kubernetes_namespace=~"serving",cluster="prod"' in query for query in queries.values())


@pytest.mark.parametrize(
    ("ways", "matcher"),
    [
        (({"instance": "10.0.0.1:8080"}, {"instance": "10.0.0.1:8081"}), 'instance=~".+:8080"'),
        (({"job": "pods", "instance": "10.0.0.1:80"}, {"job": "services", "instance": "10.0.0.1:80"}), 'job="pods"'),
        (({"endpoint": "http", "job": "a"}, {"endpoint": "metrics", "job": "a"}), 'endpoint="http"'),
        (({"container": "model"}, {"container": "other"}), ""),
        (({"instance": "10.0.0.1:80"},), ""),
    ],
)
def test_what_is_scraped_twice_counts_once(ways: tuple[dict[str, str], ...], matcher: str) -> None:
    own = [{**pod, **way} for pod in plain(*(pod.name for pod in IRIS)) for way in ways]
    found = scraped_by_deployment([of(FASTAPI, *own)], FLEET, NOBODY)["serving/iris"]
    assert found.labels.matchers == matcher
    assert any("scraped several times" in message for message in found.notes) == bool(matcher)


def test_two_ports_that_export_different_metrics_are_no_double() -> None:
    first, second = ({**plain(IRIS[0].name)[0], "instance": f"10.0.0.1:{port}"} for port in (80, 81))
    found = scraped_by_deployment([of(FASTAPI[:1], first), of(FASTAPI[1:], second)], FLEET, NOBODY)["serving/iris"]
    assert found.labels.matchers == ""


def test_the_routes_that_a_server_counts_apart_are_no_double() -> None:
    own = {**plain(IRIS[0].name)[0], "instance": "10.0.0.1:3000"}
    names = tuple({"__name__": f"bentoml_service_request_{name}"} for name in ("total", "duration_seconds_bucket"))
    found = scraped_by_deployment([of(names, *({**own, "endpoint": route} for route in ("/classify", "/predict")))], FLEET, NOBODY)
    assert (found["serving/iris"].labels.matchers, found["serving/iris"].notes[1:]) == ("", ())


@pytest.mark.parametrize("label", ["cluster", "k8s_cluster", "tenant", "prometheus_replica"])
def test_the_same_pods_with_several_values_of_a_label_are_nobodys(label: str) -> None:
    own = [{**pod, label: value} for pod in plain(*(pod.name for pod in IRIS)) for value in ("prod", "staging")]
    found = scraped_by_deployment([of(FASTAPI, *own)], FLEET, NOBODY)
    one = found["serving/iris"]
    assert one.mixed
    assert one.several == (f'series with {label} prod, staging are summed: name one in prometheus.matchers ({label}="prod")',)
    assert grouped(found) == {}


def test_requests_by_tenant_of_a_server_are_no_several_tenants() -> None:
    own = plain(IRIS[0].name)[0]
    answers = [of(FASTAPI[:1], own), of(FASTAPI[1:], *({**own, "tenant": tenant} for tenant in "ab"))]
    gone = of(FASTAPI[1:], {"namespace": "serving", "pod": "iris-5d4f8c7b9-zzzzz", "tenant": "c"})
    python = of(({"__name__": "python_info"},), {"namespace": "serving", "pod": "iris-5d4f8c7b9-zzzzz"})
    one = scraped_by_deployment([*answers, gone, python], FLEET, NOBODY)["serving/iris"]
    assert (one.several, one.mixed) == ((), False)


def test_pods_of_another_cluster_that_are_called_alike_are_told() -> None:
    ours = {**plain(IRIS[0].name)[0], "cluster": "prod"}
    theirs = {"namespace": "serving", "pod": "iris-5d4f8c7b9-zzzzz", "cluster": "staging"}
    one = scraped_by_deployment([of(FASTAPI, ours, theirs)], FLEET, NOBODY)["serving/iris"]
    assert not one.mixed
    assert one.several == ('series with cluster prod, staging are summed: name one in prometheus.matchers (cluster="prod")',)
    gone = {**theirs, "cluster": "prod"}
    assert scraped_by_deployment([of(FASTAPI, ours, gone)], FLEET, NOBODY)["serving/iris"].several == ()


@pytest.mark.parametrize(
    ("exports", "message"),
    [
        ((FASTAPI[0], {"__name__": "http_requests_total", "method": "GET"}), "the labels do not tell failed requests apart"),
        ((FASTAPI[0], {"__name__": "http_requests_total", "status": "active"}), "the label status does not tell"),
        (({"__name__": "request_predict_seconds_count"},), "exports no counter of failed requests here"),
        (TRITON, "0 failed requests are no proof"),
    ],
)
def test_why_errors_are_not_known(exports: tuple[dict[str, str], ...], message: str) -> None:
    (note,) = scraped_by_deployment([of(exports, *plain(IRIS[0].name))], FLEET, NOBODY)["serving/iris"].notes
    assert message in note


def test_a_counter_that_leaves_failures_out_shows_them_and_never_their_absence() -> None:
    found = scraped_by_deployment([of(TRITON, *plain(IRIS[0].name, WINE[0].name))], FLEET, NOBODY)
    labels = plain(IRIS[0].name, WINE[0].name)
    vectors = {
        "requests": Vector(tuple(Sample(one, 0.0, 9.0) for one in labels)),
        "errors": Vector((Sample(labels[0], 0.0, 1.0), Sample(labels[1], 0.0, 0.0))),
    }
    stats, _ = measured_fleet([Group(found["serving/iris"].profile, PodLabels(), frozenset(found), vectors)], FLEET)
    assert (stats["serving/iris"].error_ratio, stats["serving/wine"].error_ratio) == (0.1, None)


NAMES = st.sampled_from([*PODS, *NAMESPACES, "instance", "job", "cluster"])


@given(
    st.lists(st.dictionaries(NAMES, st.sampled_from(["serving", IRIS[0].name, WINE[0].name, "10.0.0.1:80", "x"]), max_size=5), max_size=6)
)
def test_whatever_labels_there_are_a_deployment_gets_only_series_of_its_own_pods(own: list[dict[str, str]]) -> None:
    found = scraped_by_deployment([of(FASTAPI, *own)], FLEET, NOBODY)
    index = PodIndex(FLEET)
    for key, one in found.items():
        pods = {index.pod_of(labels, one.labels) for labels in own} - {None}
        assert any(index.owners[pod] == key for pod in pods if pod is not None)


def test_only_series_of_the_namespaces_are_asked_for_where_some_are_named() -> None:
    (everywhere,) = questions((), NOBODY)
    assert questions(("serving", "*"), NOBODY) == (everywhere,)
    assert "namespace=" not in everywhere.replace("exported_namespace", "namespace").split("{", 1)[1]
    *named, nowhere = questions(("serving", "dev"), NOBODY)
    assert [f'{label}=~"serving|dev"' in question for label, question in zip(NAMESPACES, named, strict=True)] == [True] * len(NAMESPACES)
    assert all(f'{label}=""' in nowhere for label in NAMESPACES)
    by_address = SeriesScope(instance="instance")
    assert questions(("serving",), by_address) == questions((), by_address)


OWN = Profile("mine", ("mine_total",), requests=(Counter("mine_total"),), errors=(Counter("mine_total", 'kind="bad"', carried=("kind",)),))


def test_a_profile_of_the_configuration_is_asked_for_with_the_labels_that_it_needs() -> None:
    (question,) = questions((), SeriesScope(profiles=(OWN,)))
    assert "mine_total" in question.partition("__name__=~")[2]
    assert ", kind) (" in question
    assert "mine_total" not in "".join(questions((), NOBODY))


@pytest.mark.parametrize(
    ("labels", "notes"),
    [({"kind": "good"}, ()), ({}, ("errors are not known: series of mine_total have no label kind",))],
)
def test_it_is_picked_for_the_deployments_that_export_it(labels: dict[str, str], notes: tuple[str, ...]) -> None:
    scope = SeriesScope(profiles=(OWN,))
    answers = [of(({"__name__": "mine_total", **labels},), *plain(IRIS[0].name)), of(TRITON, *plain(WINE[0].name))]
    found = scraped_by_deployment(answers, FLEET, scope)
    assert {key: one.profile.name for key, one in found.items()} == {"serving/iris": "mine", "serving/wine": "Triton"}
    assert found["serving/iris"].notes == notes
    assert scraped_by_deployment(answers, FLEET, NOBODY).keys() == {"serving/wine"}
