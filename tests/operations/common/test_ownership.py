"""Whose doing it is that stands on a Deployment: the mark tells it, and without one the history of who has been there since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OperationAnnotation, history_text, mark_text
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.operations.plan import Fingerprint, Target
from modeldeck.operations.common.ownership import Ownership, mark_before, newest, ownership_of, passed_words, taken
from modeldeck.operations.common.patch import own_annotation
from tests.domain.links.templates import deployment

OURS, OTHER, BEFORE = "20260101-000000-0001", "20260101-000000-0002", "20260101-000000-0000"
MARK = mark_text(OperationAnnotation(OURS))
OPEN = mark_text(OperationAnnotation(BEFORE, actor="eve@box"))
"""Of an operation that needed attention, and was still marked when ours was planned."""

DONE, UNDONE, ATTENTION = Outcome.DONE, Outcome.UNDONE, Outcome.NEEDS_ATTENTION


def target(*, last: str = "", replaces: str | None = None) -> Target:
    edits = {own_annotation(OPERATION): (replaces, MARK)}
    planned = Fingerprint("uid-iris", 1, "t", "1", "READY", last_operation=last)
    return Target("serving", "iris", "iris", "champion", "1", "2", planned, edits)


def standing(mark: str | None = None, past: Sequence[tuple[str, str]] = (), *, actor: str = "bob@box") -> Deployment:
    """`past`: (operation, outcome), the newest first."""
    annotations: dict[str, str] = {}
    for operation, outcome in reversed(past):
        annotations[HISTORY] = history_text(annotations, OperationAnnotation(operation, actor=actor, outcome=outcome))
    return deployment(annotations=annotations if mark is None else {**annotations, OPERATION: mark})


@pytest.mark.parametrize(
    ("mark", "past", "expected"),
    [
        (MARK, [], Ownership.OURS),
        (MARK, [(OTHER, DONE)], Ownership.OURS),
        (mark_text(OperationAnnotation(OTHER)), [], Ownership.HELD_BY_OTHER),
        (mark_text(OperationAnnotation(OTHER)), [(OURS, ATTENTION)], Ownership.HELD_BY_OTHER),
        (MARK, [(OURS, UNDONE)], Ownership.REVERTED),
        (None, [(OURS, UNDONE)], Ownership.REVERTED),
        (None, [(OTHER, DONE), (OURS, UNDONE)], Ownership.REVERTED),
        (mark_text(OperationAnnotation(OTHER)), [(OURS, UNDONE)], Ownership.REVERTED),
        (None, [], Ownership.UNMARKED),
        (None, [(OURS, ATTENTION)], Ownership.OURS),
        (None, [(OURS, DONE)], Ownership.OURS),
        (None, [(OTHER, UNDONE), (OURS, ATTENTION)], Ownership.OURS),
        (None, [(OTHER, DONE), (OURS, ATTENTION)], Ownership.SUPERSEDED),
        (None, [(OTHER, ATTENTION), (OURS, ATTENTION)], Ownership.SUPERSEDED),
        (None, [(OTHER, DONE)], Ownership.SUPERSEDED),
        (None, [(OTHER, UNDONE)], Ownership.UNMARKED),
        (None, [(BEFORE, UNDONE)], Ownership.UNMARKED),
        (None, [(OTHER, "without a name yet")], Ownership.SUPERSEDED),
        (None, [(OURS, "without a name yet")], Ownership.OURS),
    ],
)
def test_the_mark_and_then_the_history_tell_it(mark: str | None, past: list[tuple[str, str]], expected: Ownership) -> None:
    assert ownership_of(target(), OURS, standing(mark, past)) is expected


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        ([(BEFORE, DONE)], Ownership.UNMARKED),
        ([(BEFORE, DONE), (OTHER, DONE)], Ownership.UNMARKED),
        ([("20250101-000000-ffff", DONE), (BEFORE, DONE)], Ownership.SUPERSEDED),
        ([(OTHER, DONE), (BEFORE, DONE)], Ownership.SUPERSEDED),
        ([(OTHER, UNDONE), (BEFORE, DONE)], Ownership.UNMARKED),
        ([(OURS, ATTENTION), (BEFORE, DONE)], Ownership.OURS),
    ],
)
def test_what_was_there_when_it_was_planned_has_not_come_since(past: list[tuple[str, str]], expected: Ownership) -> None:
    assert ownership_of(target(last=BEFORE), OURS, standing(None, past)) is expected


def test_the_mark_that_it_replaces_is_not_anothers() -> None:
    """Where that stands still, or again, it has not taken effect."""
    ours = target(replaces=OPEN)
    assert ownership_of(ours, OURS, standing(OPEN)) is Ownership.UNMARKED
    assert ownership_of(ours, OURS, standing(MARK)) is Ownership.OURS
    assert ownership_of(ours, OURS, standing(mark_text(OperationAnnotation(BEFORE)))) is Ownership.HELD_BY_OTHER, (
        "its mark, but written anew"
    )
    assert ownership_of(target(), OURS, standing(OPEN)) is Ownership.HELD_BY_OTHER


def test_the_mark_of_what_has_ended_says_nothing() -> None:
    """`kubectl rollout undo` brings marks of long ago back."""
    assert ownership_of(target(), OURS, standing(MARK, [(OTHER, DONE), (OURS, DONE)])) is Ownership.SUPERSEDED


def test_the_mark_before_is_that_of_the_plan() -> None:
    assert mark_before(target(replaces=OPEN)) == OPEN
    assert mark_before(target()) is None
    assert mark_before(replace(target(), slot_edits={})) is None


def test_who_has_been_there_since_is_whoever_ended_last() -> None:
    there = standing(None, [(OTHER, DONE), (BEFORE, DONE)])
    found = newest(there)
    assert found is not None
    assert found.id == OTHER
    assert passed_words(there) == f"operation {OTHER} of bob@box has been there since: what stands is its own"
    nameless = standing(None, [(OTHER, DONE)], actor="")
    assert passed_words(nameless) == f"operation {OTHER} of somebody has been there since: what stands is its own"
    assert newest(standing()) is None
    assert passed_words(standing()) == "another operation has been there since: what stands is its own"


def test_what_stands_in_the_way_is_told_with_what_to_do() -> None:
    failure = taken(standing(OPEN))
    assert failure.message == f"operation {BEFORE} of eve@box stands on deployment serving/iris, and has to end first"
    assert (failure.hint, failure.backend) == (f"modeldeck operations undo {BEFORE}, or wait for its end", "Kubernetes")
    gone = taken(standing())
    assert gone.message == "another operation stands on deployment serving/iris, and has to end first"
    assert "undo" not in gone.hint
