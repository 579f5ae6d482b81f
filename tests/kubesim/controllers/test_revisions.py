"""Revisions: which set has which template, and what its annotations say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.controllers.revisions import (
    DESIRED,
    HASH,
    HISTORY,
    MAXIMUM,
    REVISION,
    annotate,
    annotate_size,
    latest,
    newest_set,
    noted,
    notes,
    number,
    same_template,
)


def replicaset(name: str = "a", at: str = "2026-01-01", image: str = "x", **annotations: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "iris", HASH: name}}, "spec": {"image": image}}
    return {"metadata": {"name": name, "creationTimestamp": at, "annotations": annotations}, "spec": {"template": template}}


def deployment(**annotations: str) -> dict[str, Any]:
    return {"metadata": {"annotations": annotations}}


@pytest.mark.parametrize(("annotations", "found"), [(None, 0), ({}, 0), ({REVISION: "7"}, 7), ({REVISION: "seven"}, 0)])
def test_the_number_of_a_revision(annotations: dict[str, str] | None, found: int) -> None:
    assert number({"metadata": {"annotations": annotations}}) == found


def test_the_latest_of_none_is_0() -> None:
    assert latest([]) == 0
    assert latest([replicaset(**{REVISION: "2"}), replicaset(**{REVISION: "10"})]) == 10


def test_templates_are_the_same_but_for_the_hash() -> None:
    one, other = (replicaset(name)["spec"]["template"] for name in "ab")
    assert same_template(one, other)
    assert same_template({"metadata": {"labels": {HASH: "a"}}, "spec": {}}, {"spec": {}})
    assert not same_template(one, replicaset(image="y")["spec"]["template"])


def test_of_several_sets_with_the_template_the_oldest_is_the_one() -> None:
    sets = [replicaset("c", "2026-01-03"), replicaset("a", "2026-01-01", image="y"), replicaset("b", "2026-01-02")]
    found = newest_set(sets[0]["spec"]["template"], sets)
    assert found
    assert found["metadata"]["name"] == "b"
    assert newest_set(replicaset(image="z")["spec"]["template"], sets) is None


def test_a_sets_annotations_are_the_deployments_but_for_its_own() -> None:
    mine = replicaset(**{DESIRED: "1"})
    said = deployment(**{"kubernetes.io/change-cause": "better", DESIRED: "9", REVISION: "9", HISTORY: "1"})
    assert annotate(said, mine, 3)
    assert notes(mine) == {"kubernetes.io/change-cause": "better", DESIRED: "1", REVISION: "3"}
    assert not annotate(said, mine, 3)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_a_set_that_is_used_again_remembers_every_number_that_it_had(revisions: list[int]) -> None:
    mine, had = replicaset(), list[int]()
    for revision in revisions:
        annotate(deployment(), mine, revision)
        if not had or revision > had[-1]:
            had.append(revision)
    assert number(mine) == had[-1]
    assert [int(text) for text in filter(None, notes(mine).get(HISTORY, "").split(","))] == had[:-1]


def test_a_long_history_loses_its_beginning() -> None:
    mine = replicaset()
    for revision in range(1, 1000):
        annotate(deployment(), mine, revision)
    history = notes(mine)[HISTORY]
    assert len(history) <= 2000
    assert history.endswith(",997,998")


def test_a_number_that_somebody_has_spoiled_is_left_alone() -> None:
    mine = replicaset(**{REVISION: "seven"})
    assert not annotate(deployment(), mine, 3)
    assert notes(mine) == {REVISION: "seven"}


def test_a_sets_size_is_noted_once() -> None:
    mine = replicaset()
    assert annotate_size(mine, 4, 1)
    assert (noted(mine, DESIRED), noted(mine, MAXIMUM), noted(mine, REVISION)) == (4, 5, None)
    assert not annotate_size(mine, 4, 1)
    assert annotate_size(mine, 4, 2)
