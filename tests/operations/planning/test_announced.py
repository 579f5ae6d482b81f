"""What the announcement of another operation means: when it is over, and what is told of it while it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.kubernetes.annotations import HISTORY, OPERATION, OperationAnnotation, history_text, mark_text
from modeldeck.domain.kubernetes.workloads import Deployment
from modeldeck.domain.mlflow.announcements import Announcement
from modeldeck.domain.operations.operation import Outcome
from modeldeck.operations.planning.announced import in_the_midst, is_over, midst_words
from modeldeck.operations.planning.commands import take_announcement_off
from tests.domain.links.templates import deployment

OTHER = Announcement("20260101-000000-0001", "serving/iris", "uid-iris", "bob@box", "2026-01-01T00:00:00.000Z", "1", "2")
LATER, EARLIER = "20260101-000000-0002", "20260101-000000-0000"


def standing(mark: str = "", past: tuple[str, str] | None = None, uid: str = "uid-iris") -> Deployment:
    """With the mark of this operation, and this one (operation, outcome) in the history."""
    annotations = {OPERATION: mark_text(OperationAnnotation(mark))} if mark else {}
    if past is not None:
        annotations[HISTORY] = history_text({}, OperationAnnotation(past[0], outcome=past[1]))
    return deployment(uid=uid, annotations=annotations)


@pytest.mark.parametrize(
    ("past", "over"),
    [
        ((OTHER.id, Outcome.DONE), True),
        ((OTHER.id, Outcome.UNDONE), True),
        ((OTHER.id, Outcome.NEEDS_ATTENTION), False),
        ((LATER, Outcome.DONE), False),
        ((EARLIER, Outcome.DONE), False),
        (None, False),
    ],
)
def test_without_the_lock_only_its_own_end_says_that_it_is_over(past: tuple[str, str] | None, over: bool) -> None:
    for mark in ("", OTHER.id, LATER):
        assert is_over(OTHER, standing(mark, past), locked=False) is over


@pytest.mark.parametrize(("mark", "over"), [("", True), (LATER, True), (EARLIER, True), (OTHER.id, False)])
def test_with_the_lock_it_is_over_unless_its_mark_stands(mark: str, over: bool) -> None:
    """Nobody else can be about to set it."""
    assert is_over(OTHER, standing(mark), locked=True) is over
    assert is_over(OTHER, standing(mark, (OTHER.id, Outcome.NEEDS_ATTENTION)), locked=True) is over
    assert is_over(OTHER, standing(mark, (OTHER.id, Outcome.UNDONE)), locked=True), "brought back by `kubectl rollout undo`"


@pytest.mark.parametrize("uid", ["uid-iri", "uid-irises"])
def test_another_clusters_deployment_of_the_same_name_tells_nothing(uid: str) -> None:
    for past in (None, (OTHER.id, Outcome.DONE)):
        assert not is_over(OTHER, standing(past=past, uid=uid), locked=True)


def test_who_is_in_the_midst_and_what_to_do() -> None:
    message, hint = midst_words("iris", "champion", OTHER)
    assert message == (
        "operation 20260101-000000-0001 of bob@box is in the midst of moving alias champion of iris on serving/iris, 1 → 2, "
        "since 2026-01-01T00:00:00.000Z"
    )
    assert hint == (
        "wait for its end; where it was cut off, modeldeck operations undo 20260101-000000-0001 (or resume) takes its place free; "
        f"where it is gone for good: {take_announcement_off('iris', 'champion', OTHER.id)}"
    )
    failure = in_the_midst("iris", "champion", OTHER)
    assert (failure.message, failure.hint, failure.backend) == (message, hint, "MLflow")


@pytest.mark.parametrize(
    ("fields", "end"),
    [
        ({"deployment": ""}, "alias champion of iris, 1 → 2, since 2026-01-01T00:00:00.000Z"),
        ({"to_version": ""}, "alias champion of iris on serving/iris, since 2026-01-01T00:00:00.000Z"),
        ({"from_version": ""}, "on serving/iris, nothing → 2, since 2026-01-01T00:00:00.000Z"),
        ({"at": ""}, "on serving/iris, 1 → 2"),
    ],
)
def test_what_it_does_not_say_is_left_out(fields: dict[str, str], end: str) -> None:
    assert midst_words("iris", "champion", replace(OTHER, **fields))[0].endswith(end)


def test_a_tag_that_holds_nothing_is_somebodys() -> None:
    message, _ = midst_words("iris", "champion", Announcement(OTHER.id))
    assert message == f"operation {OTHER.id} of somebody is in the midst of moving alias champion of iris"


def test_anybody_may_write_a_tag() -> None:
    message, hint = midst_words("iris", "champion", replace(OTHER, id="x\x1b[31m" * 1000, actor="e\x07ve"))
    assert not {"\x1b", "\x07"} & {*message, *hint}
    assert (len(message), len(hint)) == (600, 1200)
