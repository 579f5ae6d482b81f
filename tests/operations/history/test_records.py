"""What single memories tell of an operation."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OperationAnnotation, history_text, mark_text
from modeldeck.domain.mlflow.registry import ModelVersion, Registry
from modeldeck.domain.operations.intent import Kind
from modeldeck.domain.operations.operation import Operation, Outcome, State
from modeldeck.domain.operations.steps import Step, StepName, StepState
from modeldeck.domain.operations.version_change import VersionChange
from modeldeck.operations.history.records import OperationRecord, each_once, of_annotations, of_causes, of_journal, of_tags, records_of
from tests.domain.links.templates import deployment, replica_set
from tests.support.records import record_with


@pytest.mark.parametrize(
    ("id", "created_at", "since"),
    [
        ("20270115-080000-ab12", 1_800_000_300.0, 1_800_000_000.0),
        ("99999999-999999-ab12", 1_800_000_300.0, 1_800_000_300.0),
        ("99999999-999999-ab12", None, 0.0),
    ],
)
def test_a_cause_tells_when_its_operation_was_planned_else_its_replica_set_does(id: str, created_at: float | None, since: float) -> None:
    cause = f"modeldeck rollback iris 2 -> 1 by ann@box [{id}]: slow"
    others = replica_set(deployment(), 1, change_cause="nightly build 7")
    (move,) = of_causes(deployment(), [others, replica_set(deployment(), 2, change_cause=cause, created_at=created_at)])
    assert (move.id, move.kind, move.change.key, move.change.from_version, move.change.to_version) == (
        id,
        Kind.ROLLBACK,
        "serving/iris",
        "2",
        "1",
    )
    assert (move.since, move.at, move.outcome, move.served) == (since, since + 900.0, None, False)


DONE, UNDONE, OPEN = Outcome.DONE, Outcome.UNDONE, Outcome.NEEDS_ATTENTION


def move(id: str = "a", **parts: Any) -> OperationRecord:
    change = VersionChange("serving/iris", "iris", "1", "2", uid="uid-iris", alias="champion", alias_before="1")
    return record_with(OperationRecord(id, change, Kind.PROMOTE, "ann", "", 100.0, 200.0, DONE, served=True, source="journal"), **parts)


@pytest.mark.parametrize(
    ("since", "until", "within"),
    [(0.0, 39.9, False), (0.0, 40.0, True), (150.0, 160.0, True), (260.0, 300.0, True), (260.1, 300.0, False), (0.0, 1e9, True)],
)
def test_an_operation_happened_between_two_times_as_far_as_clocks_agree(since: float, until: float, within: bool) -> None:
    assert move().within(since, until) is within


def test_each_operation_is_told_once_by_the_best_memory_oldest_first() -> None:
    late, early, other = move("a", at=300.0), move("b", at=200.0, since=150.0), move("c", at=200.0, since=140.0)
    worse = move("a", at=50.0, source="tags")
    assert each_once((late, early, other, worse)) == (other, early, late)


def test_only_operations_on_this_very_deployment_count() -> None:
    of = deployment(created_at=150.0)
    elsewhere = (move("x", key="serving/wine"), move("y", uid="another"), move("z", uid="uid-of-a-later-one"))
    assert records_of(of, (*elsewhere, move("a"), move("b", uid="")), (), ()) == (move("a"), move("b", uid=""))
    tagged = (*elsewhere, move("a"), move("old", uid="", at=149.0), move("new", uid="", at=150.0))
    assert [one.id for one in records_of(of, (), (), tagged)] == ["new", "a"]
    assert [one.id for one in records_of(replace(of, created_at=None), (), (), tagged)] == ["old", "new", "a"]
    theirs = move("z", key="other/name")
    assert records_of(of, (), (theirs,), ()) == (theirs,), "what stands on the Deployment itself is its own"


def _done(*steps: Step) -> Operation:
    return Operation(
        *(
            "op",
            Kind.PROMOTE,
            "ann",
            (VersionChange("serving/iris", "iris", "1", "2", alias="champion"),),
            "why",
            State.ENDED,
            DONE,
            100.0,
            200.0,
            None,
        ),
        steps=steps,
    )


def test_what_never_began_is_no_move() -> None:
    assert [*of_journal([replace(_done(), state=State.PLANNED, outcome=None)])] == []
    for outcome in (Outcome.REFUSED, Outcome.NOTHING_TO_DO):
        assert [*of_journal([replace(_done(), outcome=outcome)])] == []
    (running,) = of_journal([replace(_done(), state=State.RUNNING, outcome=None, finished_at=None)])
    assert (running.at, running.served, running.since) == (math.inf, False, 100.0)
    (done,) = of_journal([_done()])
    assert (done.at, done.served, done.rollback, done.source) == (200.0, True, False, "journal")
    (back,) = of_journal([replace(_done(), kind=Kind.ROLLBACK, outcome=UNDONE)])
    assert (back.served, back.rollback) == (False, True)


ROLLED = Step(StepName.AWAIT_ROLLOUT, "", "", state=StepState.DONE)


@pytest.mark.parametrize(
    ("steps", "served"),
    [
        ((), False),
        ((ROLLED,), True),
        ((replace(ROLLED, state=StepState.FAILED),), False),
        ((replace(ROLLED, target=1),), False),
        ((ROLLED, replace(ROLLED, name=StepName.MOVE_ALIAS, state=StepState.UNDONE)), False),
        ((ROLLED, replace(ROLLED, name=StepName.MOVE_ALIAS, state=StepState.UNDO_FAILED)), False),
        ((ROLLED, replace(ROLLED, name=StepName.MOVE_ALIAS, state=StepState.UNDONE, target=1)), True),
        ((replace(ROLLED, name=StepName.LOCK),), False),
    ],
)
def test_one_with_an_open_end_served_where_its_pods_came_up_and_nothing_was_taken_back(steps: tuple[Step, ...], served: bool) -> None:
    (found,) = of_journal([replace(_done(*steps), outcome=OPEN)])
    assert found.served is served


ALIAS = Step(StepName.MOVE_ALIAS, "", "", state=StepState.DONE, started_at=150.0, finished_at=160.0, requests=1)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (ALIAS, (True, 150.0, 160.0)),
        (replace(ALIAS, requests=2), (True, 100.0, 160.0)),
        (replace(ALIAS, started_at=None), (True, 100.0, 160.0)),
        (replace(ALIAS, finished_at=None), (True, 150.0, 200.0)),
        (replace(ALIAS, requests=0), (False, None, None)),
        (replace(ALIAS, target=1), (False, None, None)),
        (replace(ALIAS, name=StepName.LOCK), (False, None, None)),
    ],
)
def test_when_the_alias_moved(step: Step, told: tuple[bool, float | None, float | None]) -> None:
    (found,) = of_journal([_done(step)])
    assert (found.alias_moved, found.alias_since, found.alias_until) == told
    (adopted,) = of_journal([replace(_done(step), adopted=True)])
    assert (adopted.alias_moved, adopted.alias_since) == (None, None)
    (without,) = of_journal([_done()])
    assert without.alias_moved is None


def test_each_deployment_of_an_operation_has_a_move_of_its_own() -> None:
    first = VersionChange("serving/staging", "dev", "5", "6", uid="s", alias="blue", alias_before="5")
    whole = replace(_done(replace(ALIAS, target=0)), changes=(first, *_done().changes))
    other, own = of_journal([whole])
    assert (own.change.key, own.change.model, own.alias_moved) == ("serving/iris", "iris", False)
    assert (other.change.key, other.change.uid, other.change.model, other.change.from_version, other.change.to_version) == (
        "serving/staging",
        "s",
        "dev",
        "5",
        "6",
    )
    assert (other.change.alias, other.change.alias_before, other.alias_moved) == ("blue", "5", True)


ID = "20270115-080000-ab12"
PLANNED = 1_800_000_000.0


def test_a_history_tells_each_operation_that_named_a_version() -> None:
    marks = (
        OperationAnnotation(ID, "rollback", "ann", "iris", "2", "1", "champion", "2", at="2027-01-15T08:05:00Z", outcome="done"),
        OperationAnnotation("odd", to_version="3", at="never", outcome="superb"),
        OperationAnnotation("nothing", outcome="done"),
    )
    annotations: dict[str, str] = {}
    for mark in reversed(marks):
        annotations[HISTORY] = history_text(annotations, mark)
    first, odd = of_annotations(deployment(annotations=annotations), [])
    assert (first.kind, first.since, first.at, first.outcome, first.served) == (
        Kind.ROLLBACK,
        PLANNED,
        PLANNED + 300.0,
        DONE,
        True,
    )
    assert (odd.kind, odd.since, odd.at, odd.outcome, odd.served) == (Kind.PROMOTE, -900.0, 0.0, None, False)


def test_a_mark_is_of_one_that_is_not_over() -> None:
    (found,) = of_annotations(
        deployment(annotations={OPERATION: mark_text(OperationAnnotation(ID, to_version="3", at="2027-01-15T08:05:00Z"))}), []
    )
    assert (found.at, found.since, found.outcome, found.served) == (math.inf, PLANNED, None, False)
    assert [*of_annotations(deployment(annotations={OPERATION: "by hand"}), [])] == []


def test_of_the_copies_on_replica_sets_the_newest_come_first() -> None:
    of = deployment(annotations={})
    sets = [
        replica_set(of, number, annotations={HISTORY: history_text({}, OperationAnnotation("x", to_version=str(number), outcome="done"))})
        for number in (1, 3, 2)
    ]
    assert [one.change.to_version for one in of_annotations(of, sets)] == ["3", "2", "1"]


def test_the_tags_of_a_version_tell_how_it_came() -> None:
    def tagged(**tags: str) -> OperationRecord:
        told = {f"modeldeck.{key.replace('_', '-')}": text for key, text in tags.items()}
        version = ModelVersion("iris", "3", None, "READY", "None", 0.0, "", tags=told)
        (found,) = of_tags(Registry((), (version, replace(version, tags={"modeldeck.actor": "ann"}))))
        return found

    found = tagged(operation=ID, kind="rollback", when="2027-01-15T08:05:00Z", deployment="serving/iris", deployment_uid="u", actor="ann")
    assert (found.kind, found.since, found.at, found.change.uid, found.served) == (Kind.ROLLBACK, PLANNED, PLANNED + 300.0, "u", True)
    assert (found.change.from_version, found.change.to_version, found.outcome, found.source) == (None, "3", DONE, "tags")
    odd = tagged(operation="odd", when="never")
    assert (odd.kind, odd.since, odd.at, odd.change.key) == (Kind.PROMOTE, -900.0, 0.0, "")
    before = tagged(operation="20270115-090000-ab12", when="2027-01-15T08:05:00Z")
    assert before.since == before.at, "it was not planned after it was over, whatever its id says"
    assert of_tags(None) == []


@pytest.mark.parametrize(
    ("kind", "read"),
    [("promote", Kind.PROMOTE), ("rollback", Kind.ROLLBACK), ("zap", Kind.PROMOTE), ("", Kind.PROMOTE)],
)
def test_a_kind_that_is_not_known_is_taken_for_a_promotion(kind: str, read: Kind) -> None:
    mark = OperationAnnotation("op", kind, to_version="2")
    (marked,) = of_annotations(deployment(annotations={OPERATION: mark_text(mark)}), [])
    version = ModelVersion("iris", "3", None, "READY", "None", 0.0, "", tags={"modeldeck.operation": "op", "modeldeck.kind": kind})
    (tagged,) = of_tags(Registry((), (version,)))
    assert (marked.kind, tagged.kind) == (read, read)


def test_an_alias_that_one_deployment_moved_was_not_moved_by_the_others() -> None:
    first = VersionChange("serving/staging", "iris", "1", "2", uid="s", alias="champion", alias_before="1")
    for target, expected in ((0, [True, False]), (1, [False, True])):
        told = of_journal([replace(_done(replace(ALIAS, target=target)), changes=(first, *_done().changes))])
        assert [one.alias_moved for one in told] == expected
