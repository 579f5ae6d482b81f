"""Versions in a row, as ReplicaSets tell them."""

from __future__ import annotations

from modeldeck.domain.status.served_versions import ServedVersion, served_versions
from modeldeck.domain.status.version_changes import ServingChange


def test_templates_of_one_version_are_one_and_it_serves_since_the_first_of_them() -> None:
    changes = (
        ServingChange(100.0, 1, "4", "iris-a"),
        ServingChange(200.0, 2, "5", "iris-b"),
        ServingChange(300.0, 3, "5", "iris-c"),
    )
    assert served_versions(changes) == (ServedVersion("5", ("iris-c", "iris-b"), 200.0), ServedVersion("4", ("iris-a",), 100.0))


def test_a_version_that_came_back_is_after_the_one_that_it_replaced() -> None:
    changes = (ServingChange(200.0, 2, "5", "iris-b"), ServingChange(300.0, 3, "4", "iris-a"))
    assert [one.version for one in served_versions(changes)] == ["4", "5"]


def test_templates_that_name_no_version_are_each_their_own() -> None:
    changes = (ServingChange(100.0, 1, None, "iris-a"), ServingChange(200.0, 2, None, "iris-b"))
    assert [one.replica_sets for one in served_versions(changes)] == [("iris-b",), ("iris-a",)]


def test_without_a_replica_set_nothing_is_known() -> None:
    assert served_versions(()) == ()
