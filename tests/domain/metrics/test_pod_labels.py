"""By which labels series say whose they are, and the matchers that ask for them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.pod_addresses import PodAddress
from modeldeck.domain.kubernetes.workloads import Fleet
from modeldeck.domain.metrics.pod_labels import PodIndex, PodLabels, literal, quoted, usual
from modeldeck.domain.metrics.samples import Matrix, Sample, Series, Vector
from modeldeck.domain.metrics.series_scope import SeriesScope
from tests.domain.links.templates import deployment, pod, replica_set

PLAIN = PodLabels()
EXPORTED = PodLabels("exported_pod", "exported_namespace")
NAMELESS = PodLabels("pod_name", "")
ADDRESS = PodLabels("instance", "", by_address=True)


@given(st.text(max_size=20))
def test_a_literal_matches_its_text_and_nothing_else(text: str) -> None:
    assert re.fullmatch(literal(text), text)
    assert not re.fullmatch(literal(text), text + "x")


def test_a_string_of_promql_holds_quotes_backslashes_and_line_ends() -> None:
    assert quoted('a"b\\c\nd') == '"a\\"b\\\\c\\nd"'
    assert literal("iris-5d4f_x.y") == "iris-5d4f_x\\.y"


@pytest.mark.parametrize(
    ("labels", "by", "plain", "of_target", "message"),
    [
        (PLAIN, "namespace, pod", True, True, "namespace and pod"),
        (EXPORTED, "exported_namespace, exported_pod", False, False, "exported_namespace and exported_pod"),
        (PodLabels("exported_pod"), "namespace, exported_pod", False, False, "namespace and exported_pod"),
        (NAMELESS, "pod_name", False, True, "pod_name, without a namespace"),
        (ADDRESS, "instance", False, True, "instance (the pods' addresses)"),
        (PodLabels(by_address=True), "namespace, pod", False, True, "pod (the pods' addresses)"),
    ],
)
def test_what_labels_say_of_themselves(labels: PodLabels, by: str, plain: bool, of_target: bool, message: str) -> None:
    assert (labels.by, labels.plain, labels.of_target, labels.message) == (by, plain, of_target, message)


@pytest.mark.parametrize(
    ("labels", "namespaces", "matchers"),
    [
        (PLAIN, ("a", "b.c"), 'namespace=~"a|b\\\\.c"'),
        (PLAIN, (), ""),
        (PLAIN, ("a", "*"), ""),
        (NAMELESS, ("a",), ""),
        (PodLabels(matchers='cluster="x"'), ("a",), 'namespace=~"a",cluster="x"'),
        (PodLabels(matchers='cluster="x"'), ("*",), 'cluster="x"'),
    ],
)
def test_matchers_of_namespaces(labels: PodLabels, namespaces: tuple[str, ...], matchers: str) -> None:
    assert labels.of_namespaces(namespaces) == matchers


def test_matchers_of_pods_by_name_or_by_address() -> None:
    assert PLAIN.of_pods("serving", "iris-.*") == 'namespace="serving",pod=~"iris-.*"'
    assert NAMELESS.of_pods("serving", "iris-.*") == 'pod_name=~"iris-.*"'
    assert PodLabels(matchers='cluster="x"').of_pods("s", "p") == 'namespace="s",pod=~"p",cluster="x"'
    addresses = [PodAddress("s/a", "10.0.0.1"), PodAddress("s/b", "10.0.0.2:8080"), PodAddress("s/c", "fd00::1")]
    assert ADDRESS.of_pods("s", "p", addresses) == (
        'instance=~"(10\\\\.0\\\\.0\\\\.1|\\\\[fd00\\\\:\\\\:1\\\\])(:[0-9]+)?|10\\\\.0\\\\.0\\\\.2\\\\:8080"'
    )
    assert ADDRESS.of_pods("s", "p", addresses[1:2]) == 'instance=~"10\\\\.0\\\\.0\\\\.2\\\\:8080"'
    assert ADDRESS.of_pods("s", "p") == 'instance=~"no-such-address"', "nobody's address is not everybody's"


def test_answers_are_renamed_to_pod() -> None:
    labels = {"pod_name": "iris-1", "pod": "the scraper", "le": "1"}
    vector = Vector((Sample(labels, 1.0, 2.0), Sample({"le": "2"}, 1.0, 3.0)))
    assert [one.labels for one in NAMELESS.renamed(vector).samples] == [{"pod": "iris-1", "le": "1"}, {"pod": "", "le": "2"}]
    assert PLAIN.renamed(vector) is vector
    matrix = Matrix((Series(labels, ((1.0, 2.0),)),))
    (series,) = NAMELESS.renamed_series(matrix).series
    assert (series.labels, series.points) == ({"pod": "iris-1", "le": "1"}, ((1.0, 2.0),))
    assert PLAIN.renamed_series(matrix) is matrix


def test_how_pods_are_named_where_nothing_was_seen() -> None:
    assert usual(SeriesScope()) == PLAIN
    assert usual(SeriesScope(pod="p", namespace="n", matchers=('a="1"', 'b="2"'))) == PodLabels("p", "n", matchers='a="1",b="2"')
    assert usual(SeriesScope(instance="host", matchers=('a="1"',))) == PodLabels("host", "", by_address=True, matchers='a="1"')


IRIS, WINE = deployment("iris"), deployment("wine", namespace="other")
ONE, TWO = pod(replica_set(IRIS), "iris-1", ip="10.0.0.1"), pod(replica_set(IRIS), "iris-2", ip="10.0.0.2")
SAME = pod(replica_set(WINE), "iris-2", ip="10.0.0.3")
STRAY = pod(replica_set(deployment("gone")), "stray", ip="10.0.0.4")
FLEET = Fleet((IRIS, WINE), (replica_set(IRIS), replica_set(WINE)), (ONE, TWO, SAME, STRAY))
INDEX = PodIndex(FLEET)


@pytest.mark.parametrize(
    ("labels", "by", "found"),
    [
        ({"namespace": "serving", "pod": "iris-1"}, PLAIN, "serving/iris-1"),
        ({"namespace": "other", "pod": "iris-1"}, PLAIN, None),
        ({"pod": "iris-1"}, PLAIN, None),
        ({"namespace": "serving", "pod": ""}, PLAIN, None),
        ({"namespace": "serving", "pod": "stray"}, PLAIN, None),
        ({"pod_name": "iris-1"}, NAMELESS, "serving/iris-1"),
        ({"pod_name": "iris-2"}, NAMELESS, None),
        ({"pod_name": "nobody"}, NAMELESS, None),
        ({"instance": "10.0.0.1:8080"}, ADDRESS, "serving/iris-1"),
        ({"instance": "10.0.0.3"}, ADDRESS, "other/iris-2"),
        ({"instance": "10.0.0.9:8080"}, ADDRESS, None),
        ({}, ADDRESS, None),
    ],
)
def test_whose_a_series_is(labels: dict[str, str], by: PodLabels, found: str | None) -> None:
    assert INDEX.pod_of(labels, by) == found


@pytest.mark.parametrize(
    ("labels", "scope", "found"),
    [
        ({"namespace": "serving", "pod": "iris-1"}, SeriesScope(), PLAIN),
        (
            {"namespace": "monitoring", "pod": "exporter", "exported_namespace": "serving", "exported_pod": "iris-1"},
            SeriesScope(),
            EXPORTED,
        ),
        ({"namespace": "serving", "pod": "iris-1", "exported_pod": "iris-1"}, SeriesScope(), PLAIN),
        ({"pod": "iris-1", "instance": "10.0.0.2:80"}, SeriesScope(), PodLabels("pod", "")),
        ({"instance": "10.0.0.1:80"}, SeriesScope(), ADDRESS),
        ({"pod": "x", "instance": "10.0.0.1:80"}, SeriesScope(), None),
        ({"host": "10.0.0.1:80", "pod": "iris-1", "namespace": "serving"}, SeriesScope(instance="host"), PodLabels("host", "", True)),
        ({"p": "iris-1", "n": "serving"}, SeriesScope(pod="p", namespace="n"), PodLabels("p", "n")),
        ({"instance": "10.0.0.1:80"}, SeriesScope(pod="p"), None),
        ({"instance": "10.0.0.4:80"}, SeriesScope(), None),
        ({"namespace": "other", "pod": "iris-1"}, SeriesScope(), None),
    ],
)
def test_by_which_labels_a_series_names_a_pod(labels: dict[str, str], scope: SeriesScope, found: PodLabels | None) -> None:
    index = PodIndex(FLEET)
    assert index.find(labels, scope) == found
    assert index.find(labels, scope) == found, "also when it is remembered"


def test_an_answer_without_the_series_of_strangers() -> None:
    samples = (
        Sample({"instance": "10.0.0.1:80", "le": "1"}, 1.0, 5.0),
        Sample({"instance": "10.0.0.9:80", "le": "1"}, 1.0, 6.0),
        Sample({"instance": "10.0.0.3:80", "pod": "?", "namespace": "?"}, 1.0, 7.0),
    )
    found = INDEX.canonical(Vector(samples), ADDRESS).samples
    assert [(one.labels, one.value) for one in found] == [
        ({"le": "1", "namespace": "serving", "pod": "iris-1"}, 5.0),
        ({"namespace": "other", "pod": "iris-2"}, 7.0),
    ]
    vector = Vector(samples)
    assert INDEX.canonical(vector, PLAIN) is vector


def test_the_addresses_of_pods_in_order() -> None:
    assert [one.address for one in INDEX.addresses(["serving/iris-2", "serving/iris-1", "serving/gone"])] == ["10.0.0.1", "10.0.0.2"]
    many = [pod(replica_set(IRIS), f"p{at:03}", ip=f"10.0.1.{at}") for at in range(201)]
    crowd = PodIndex(Fleet((IRIS,), (replica_set(IRIS),), tuple(many)))
    assert len(crowd.addresses([f"serving/{one.name}" for one in many])) == 200
