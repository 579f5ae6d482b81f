"""A Deployment's revisions, as its ReplicaSets and its writers tell: which version each named, and from when on."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.kubernetes.workloads import Deployment, FieldOwner, PodTemplate, ReplicaSet
from modeldeck.domain.links.links import LinkPatterns
from modeldeck.domain.mlflow.registry import RegisteredModel, Registry
from modeldeck.operations.history.revisions import Revision, bounded, last_writer, revisions, writer_of
from tests.domain.links.templates import container, deployment, replica_set, template

EARLIER = "deployment.kubernetes.io/revision-history"
ALIAS = "models:/iris@champion"


def serves(uri: str, said: str = "") -> PodTemplate:
    notes = {"modeldeck.dev/model": "iris", "modeldeck.dev/version": said} if said else {}
    return template(container(env={"MODEL_URI": uri}), annotations=notes)


def made(number: int, at: float | None, of: PodTemplate, earlier: str = "") -> ReplicaSet:
    return replica_set(deployment(), number, of, created_at=at, annotations={EARLIER: earlier} if earlier else {})


def wrote(manager: str, at: float | None, **parts: Any) -> FieldOwner:
    return FieldOwner(manager, "Update", at, **({"owns_template": True, "owns_replicas": False} | parts))


def found(*sets: ReplicaSet, of: Deployment | None = None) -> tuple[Revision, ...]:
    known = Registry((RegisteredModel("iris", {"champion": "9"}),), ())
    return revisions(of or deployment(), sets, known, LinkPatterns())


def told(*sets: ReplicaSet) -> list[tuple[int, str | None, bool]]:
    return [(one.number, one.version, one.returned) for one in found(*sets)]


V1, V2 = serves("models:/iris/1"), serves("models:/iris/2")


def test_oldest_first_each_within_the_second_that_kubernetes_tells() -> None:
    first, second = found(made(2, 200.0, V2), made(1, 100.0, V1))
    assert (first.number, first.model, first.version, first.by_alias, first.returned) == (1, "iris", "1", False, False)
    assert (first.since, first.until, first.exact) == (100.0, 101.0, True)
    assert (second.number, second.version, second.since) == (2, "2", 200.0)


def test_a_set_without_a_number_is_no_revision_and_one_without_a_time_is_as_old_as_can_be() -> None:
    assert found(made(0, 100.0, V1)) == ()
    (one,) = found(made(1, None, V1))
    assert (one.since, one.until) == (0.0, 1.0)


def test_a_set_that_came_back_has_every_revision_that_it_had() -> None:
    assert told(made(5, 100.0, V1, "1,3,x"), made(4, 400.0, V2, "2")) == [
        (1, "1", False),
        (2, "2", False),
        (3, "1", True),
        (4, "2", True),
        (5, "1", True),
    ]


def test_of_one_that_came_back_the_others_bound_the_time() -> None:
    one, two, three, four = found(made(3, 100.0, V1, "1"), made(2, 200.0, V2), made(4, 400.0, serves("models:/iris/3")))
    assert [each.exact for each in (one, two, three, four)] == [True, True, False, True]
    assert (three.since, three.until) == (200.0, 401.0)


def test_the_newest_one_that_came_back_did_so_when_the_template_was_last_written() -> None:
    of = deployment(owners=(wrote("kubectl", 250.0), wrote("helm", 150.0)))
    *_, last = found(made(3, 100.0, V1, "1"), made(2, 200.0, V2), of=of)
    assert (last.since, last.until, last.exact) == (250.0, 251.0, True)
    *_, unknown = found(made(3, 100.0, V1, "1"), made(2, 200.0, V2), of=deployment(owners=(wrote("kubectl", None),)))
    assert (unknown.since, unknown.until, unknown.exact) == (200.0, math.inf, False)
    *_, plain = found(made(1, 100.0, V1), made(2, 200.0, V2), of=of)
    assert (plain.since, plain.exact) == (200.0, True), "of a new set its own time is told"


@pytest.mark.parametrize(
    ("templates", "versions"),
    [
        ([serves(ALIAS)], [None]),
        ([serves(ALIAS, "1")], ["1"]),
        ([serves(ALIAS, "1"), serves(ALIAS, "2")], ["1", "2"]),
        ([serves(ALIAS, "1"), serves(ALIAS, "1")], ["1", None]),
        ([serves("models:/iris/1", "1"), serves(ALIAS, "1")], ["1", None]),
        ([serves("models:/iris/1", "1"), serves("models:/iris/1", "1")], ["1", "1"]),
    ],
    ids=["nobody says", "said", "said anew", "said before", "said before of a fixed one", "fixed"],
)
def test_behind_an_alias_only_an_annotation_that_came_with_the_revision_tells(
    templates: list[PodTemplate], versions: list[str | None]
) -> None:
    sets = [made(number, 100.0 * number, of) for number, of in enumerate(templates, 1)]
    assert [version for _, version, _ in told(*sets)] == versions


def test_behind_an_alias_a_set_that_comes_back_asks_anew() -> None:
    assert told(made(3, 100.0, serves(ALIAS, "1"), "1"), made(2, 200.0, serves(ALIAS, "2"))) == [
        (1, "1", False),
        (2, "2", False),
        (3, None, True),
    ]
    (stage,) = found(made(1, 100.0, serves("models:/iris/Production")))
    assert (stage.by_alias, stage.model, stage.version) == (True, "iris", None)
    (nothing,) = found(made(1, 100.0, template()))
    assert (nothing.by_alias, nothing.model, nothing.version) == (False, None, None)


def test_a_set_keeps_the_cause_of_its_last_revision_only() -> None:
    one, two = found(replace(made(2, 100.0, V1, "1"), change_cause="why"))
    assert (one.cause, two.cause) == ("", "why")
    assert (one.newest_of_set, two.newest_of_set) == (False, True)


def at(since: float, until: float, *, exact: bool = False) -> Revision:
    return Revision(1, "iris", "1", False, False, made(1, 0.0, V1), since, until, exact)


def times(*given: Revision) -> list[tuple[float, float]]:
    return [(one.since, one.until) for one in bounded(given)]


def test_bounds_are_those_of_the_neighbours_and_never_cross() -> None:
    assert times(at(0.0, math.inf), at(50.0, 51.0, exact=True), at(0.0, math.inf)) == [(0.0, 51.0), (50.0, 51.0), (50.0, math.inf)]
    assert times(at(10.0, 20.0), at(0.0, math.inf), at(0.0, 15.0)) == [(10.0, 15.0), (10.0, 15.0), (10.0, 15.0)]
    assert times(at(80.0, 81.0, exact=True), at(0.0, 40.0), at(30.0, 31.0, exact=True)) == [(80.0, 81.0), (40.0, 40.0), (30.0, 31.0)]
    assert times(at(60.0, 70.0), at(30.0, 31.0, exact=True)) == [(60.0, 60.0), (30.0, 31.0)]
    assert times() == []


def test_who_wrote_the_template_last() -> None:
    others = (wrote("status", 900.0, subresource="status"), wrote("scaler", 900.0, owns_template=False), wrote("old", None))
    writer = last_writer(deployment(owners=(wrote("helm", 100.0), wrote("kubectl", 200.0), wrote("argocd", 150.0), *others)))
    assert writer is not None
    assert writer.manager == "kubectl"
    assert last_writer(deployment(owners=others)) is None


NEW = at(100.0, 101.0, exact=True)


@pytest.mark.parametrize(
    ("writes", "writer"),
    [
        ([("helm", 100.0)], "helm"),
        ([("helm", 95.1)], "helm"),
        ([("helm", 95.0)], ""),
        ([("helm", 100.5)], ""),
        ([("helm", 96.0), ("kubectl", 99.0), ("argocd", 98.0)], "kubectl"),
        ([("helm", None)], ""),
        ([], ""),
    ],
)
def test_a_revision_is_of_who_wrote_in_the_seconds_before_its_set_was_made(writes: list[tuple[str, float | None]], writer: str) -> None:
    assert writer_of(NEW, deployment(owners=tuple(wrote(*each) for each in writes))) == writer


def test_a_revision_is_not_of_who_made_the_one_before_it() -> None:
    of = deployment(owners=(wrote("helm", 97.0), wrote("modeldeck", 98.0), wrote("kubectl", 98.0, subresource="scale")))
    assert writer_of(NEW, of, after=97.0) == "modeldeck"
    assert writer_of(NEW, of, after=98.0) == ""
    same = replace(of, owners=(*of.owners, wrote("kubectl", 98.0), wrote("argocd", 97.5)))
    assert writer_of(NEW, same, after=98.0) == ""
    assert writer_of(NEW, same, after=98.0, follows_ours=True) == "kubectl", "of the same second anybody else's is the later one"
    assert writer_of(NEW, of, after=98.0, follows_ours=True) == ""


def test_of_one_that_came_back_only_the_present_ones_writer_is_known() -> None:
    of = deployment(owners=(wrote("kubectl", 500.0),), annotations={"deployment.kubernetes.io/revision": "4"})
    back = replace(NEW, number=4, returned=True)
    assert writer_of(back, of) == "kubectl"
    assert writer_of(replace(back, number=3), of) == ""
    assert writer_of(back, replace(of, owners=())) == ""
