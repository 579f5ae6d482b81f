"""Whose lines are told apart."""

from __future__ import annotations

from modeldeck.domain.status.version_changes import ServingChange
from modeldeck.live.pod_groups import VersionPods
from modeldeck.screens.live.versions import versions_in

CHANGES = tuple(ServingChange(at, number, version, f"iris-{number}") for number, at, version in ((1, 0, "5"), (2, 100, "6"), (3, 200, "7")))
NOBODY: frozenset[str] = frozenset()
V5, V6, V7 = (VersionPods(f"v{version}", (f"iris-{number}",)) for number, version in ((1, "5"), (2, "6"), (3, "7")))


def test_those_that_served_in_the_window_the_newest_first() -> None:
    assert versions_in(CHANGES, NOBODY, 150.0, 300.0) == (V7, V6)
    assert versions_in(CHANGES, NOBODY, 50.0, 300.0) == (V7, V6, V5)
    assert versions_in(CHANGES, NOBODY, 50.0, 150.0) == (V6, V5), "the newest one came later"


def test_one_version_is_not_split_unless_pods_of_another_still_run() -> None:
    assert versions_in(CHANGES, NOBODY, 250.0, 300.0) == ()
    assert versions_in(CHANGES, frozenset({"iris-1", "iris-3"}), 250.0, 300.0) == (V7, V5)


def test_a_version_that_came_back_is_one_and_there_are_three_at_most() -> None:
    back = (*CHANGES, ServingChange(250.0, 4, "6", "iris-4"))
    assert versions_in(back, NOBODY, 150.0, 300.0) == (VersionPods("v6", ("iris-4", "iris-2")), V7)
    more = (ServingChange(-1.0, 0, None, "iris-0"), *CHANGES)
    assert len(versions_in(more, NOBODY, -5.0, 300.0)) == 3
    assert versions_in(more[:2], NOBODY, -5.0, 300.0)[1].name == "iris-0", "a template that names no version"


def test_very_long_names_do_not_tell_versions_apart() -> None:
    long = tuple(ServingChange(float(number), number, f"{number}", f"{'x' * 60}-{number}") for number in (1, 2))
    assert versions_in(long, NOBODY, 0.0, 300.0) == ()
