"""Variables that stand twice where a patch would change one of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from modeldeck.domain.kubernetes.workloads import Container, Deployment, EnvVar, PodTemplate
from modeldeck.domain.links.slots import CONTAINERS, INIT_CONTAINERS, Edits
from modeldeck.operations.planning.repeated_variables import RepeatedVariable, repeated
from tests.domain.links.templates import deployment, template


def named(name: str, *variables: str) -> Container:
    return Container(name, "registry/server:1", env=tuple(EnvVar(each, f"of {place}") for place, each in enumerate(variables)))


def of(*containers: Container, init: Sequence[Container] = ()) -> Deployment:
    base = template(*containers)
    return deployment(of=PodTemplate(base.labels, base.annotations, base.containers, tuple(init)))


def edits(*places: str) -> Edits:
    return dict.fromkeys(places, ("a", "b"))


TWICE = of(named("server", "A", "B", "A", "C", "B", "D", "A"), named("sidecar", "A", "A"))


@pytest.mark.parametrize(("place", "edited"), [(0, ("A",)), (1, ("B",)), (4, ("B",)), (6, ("A",)), (3, ()), (5, ())])
def test_every_one_of_a_container_that_is_edited_is_told(place: int, edited: tuple[str, ...]) -> None:
    """Once each, and whether it is one of those that change; what stands once is none."""
    assert list(repeated(TWICE, edits(f"{CONTAINERS}/0/env/{place}/value"))) == [
        RepeatedVariable("A", "server", "A" in edited),
        RepeatedVariable("B", "server", "B" in edited),
    ]


def test_another_container_is_its_own() -> None:
    assert list(repeated(TWICE, edits(f"{CONTAINERS}/1/env/0/value"))) == [RepeatedVariable("A", "sidecar", True)]
    both = edits(f"{CONTAINERS}/0/env/5/value", f"{CONTAINERS}/1/env/1/value")
    assert [(one.container, one.name, one.edited) for one in repeated(TWICE, both)] == [
        ("server", "A", False),
        ("server", "B", False),
        ("sidecar", "A", True),
    ]


def test_of_twelve_containers_the_second_is_not_the_twelfth() -> None:
    many = of(named("zero"), named("one", "A", "A"), *(named(f"c{number}", "A", "A") for number in range(2, 12)))
    assert [one.container for one in repeated(many, edits(f"{CONTAINERS}/1/env/0/value"))] == ["one"]
    assert [one.container for one in repeated(many, edits(f"{CONTAINERS}/11/env/0/value"))] == ["c11"]


def test_containers_that_run_first_are_looked_at_too() -> None:
    first = of(named("server", "A"), init=[named("fetch", "URI", "URI")])
    assert list(repeated(first, edits(f"{INIT_CONTAINERS}/0/env/1/value"))) == [RepeatedVariable("URI", "fetch", True)]
    assert list(repeated(first, edits(f"{CONTAINERS}/0/env/0/value"))) == []


@pytest.mark.parametrize("place", [f"{CONTAINERS}/0/image", f"{CONTAINERS}/0/args/0", "/metadata/annotations/a~1env~1b"])
def test_where_no_variable_is_edited_nothing_is_merged(place: str) -> None:
    assert list(repeated(TWICE, edits(place))) == []
    assert list(repeated(TWICE, {})) == []


def test_what_to_do_about_it() -> None:
    assert RepeatedVariable("URI", "server", True).hint == "take all but the last URI out of the manifest"
