"""What a move of the past is about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.operations.history_entry import HistoryEntry
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Outcome, State
from modeldeck.domain.operations.version_change import VersionChange

STAGING, IRIS = (VersionChange(f"serving/{name}", "iris", "1", "2") for name in ("staging", "iris"))
ENTRY = HistoryEntry("op", Kind.PROMOTE, "ann", (STAGING, IRIS), "", State.ENDED, Outcome.DONE, 1.0, 2.0, "", "journal")
OF_ALIAS = replace(ENTRY, changes=(VersionChange("", "iris", "1", "2", alias="champion"),), concerns=frozenset({"serving/eu"}))


@pytest.mark.parametrize("subject", ["iris", "serving/iris", "serving/staging", "staging"])
def test_by_its_model_and_by_each_of_its_deployments(subject: str) -> None:
    assert ENTRY.is_about(subject)
    assert not ENTRY.is_about("serving/eu")


def test_not_by_those_that_only_have_the_name_of_one_here() -> None:
    moved = replace(ENTRY, elsewhere=frozenset({"serving/staging"}))
    assert [moved.is_about(subject) for subject in ("staging", "serving/staging", "serving/iris")] == [False, False, True]


def test_a_move_of_an_alias_by_those_that_serve_its_model() -> None:
    assert OF_ALIAS.keys == ()
    assert [OF_ALIAS.is_about(subject) for subject in ("serving/eu", "eu", "iris", "serving/iris")] == [True, True, True, False]


def test_the_last_deployment_names_it() -> None:
    assert (ENTRY.last, ENTRY.keys) == (IRIS, ("serving/staging", "serving/iris"))
