from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.operations.operation import Operation, State
from modeldeck.domain.operations.steps import StepState
from modeldeck.domain.status.joining import serving_rows
from modeldeck.operations.planning.commands import point_alias
from modeldeck.render import operation as render
from modeldeck.render.cell import Line, line_text
from modeldeck.render.text import cells, clean
from tests.support import operations as ops
from tests.support import sample

NOW = ops.NOW
ALL = [ops.ROLLING, ops.JUDGING, ops.HELD, ops.DONE, ops.UNDONE, ops.ATTENTION]


def text(lines: list[Line]) -> list[str]:
    return [line_text(line) for line in lines]


def test_the_head_says_how_it_stands_and_for_how_long() -> None:
    assert text(render.head_lines(ops.JUDGING, NOW, 100, cut_off=False)) == [
        "▸ RUNNING  judge gate  promote iris  v7 → v9  on serving/iris  1 m 36 s"
    ]
    assert text(render.head_lines(ops.DONE, NOW, 100, cut_off=False)) == ["✔ DONE  promote iris  v7 → v9  on serving/iris  after 1 m 26 s"]
    assert text(render.head_lines(ops.JUDGING, NOW, 100, cut_off=True))[0].startswith("× CUT OFF  judge gate")


def test_the_head_names_all_deployments_in_their_order() -> None:
    (told,) = text(render.head_lines(replace(ops.DONE, changes=ops.STAGED.changes), NOW, 100, cut_off=False))
    assert "v7 → v9  on serving/iris-staging, then serving/iris  after" in told


def test_the_head_tells_the_versions_of_each_deployment() -> None:
    before = (replace(ops.STAGING, from_version="8"), replace(ops.STAGING, key="eu/iris", model="eu.iris", to_version="3", copied=True))
    assert text(render.head_lines(replace(ops.ROLLING, changes=(*before, ops.ROLLING.last)), NOW, 100, cut_off=False)) == [
        "▸ RUNNING  await rollout  promote iris  v8 → v9  on serving/iris-staging  1 m 36 s",
        "  then copied to eu.iris  v7 → v3  on eu/iris",
        "  then as iris  v7 → v9  on serving/iris",
    ]


def test_where_room_is_short_the_moves_begin_a_line_of_their_own() -> None:
    assert text(render.head_lines(ops.ROLLING_NEXT, NOW, 80, cut_off=False)) == [
        "▸ RUNNING  await rollout  1 m 36 s",
        "  promote iris  v8 → v9  on serving/iris-staging",
        "  then v7 → v9  on serving/iris",
    ]


@given(st.sampled_from(ALL), st.integers(20, 200), st.none() | st.floats(NOW - 1e6, NOW), st.booleans())
def test_who_and_whether_it_lives_stay_whatever_the_room(operation: Operation, width: int, beat: float | None, cut_off: bool) -> None:
    said = line_text(render.who_line(operation, NOW, beat, width, cut_off=cut_off))
    assert said.startswith("ann@box at ")
    assert ("process 4123 on bastion" in said) is (operation.state is not State.ENDED)
    least = line_text(render.who_line(operation, NOW, beat, 0, cut_off=cut_off))
    assert len(said) <= max(width, len(least))


@pytest.mark.parametrize(
    ("beat", "cut_off", "message"),
    [
        (NOW - 1, False, ", alive"),
        (NOW - 40, False, ", not heard for 40 s"),
        (NOW - 1, True, ", gone"),
        (None, True, ", gone"),
        (None, False, "on bastion"),
    ],
)
def test_a_sign_of_life_or_its_absence(beat: float | None, cut_off: bool, message: str) -> None:
    assert message in line_text(render.who_line(ops.JUDGING, NOW, beat, 200, cut_off=cut_off))


@given(st.sampled_from(ALL), st.integers(40, 200), st.booleans(), st.booleans())
def test_one_line_a_step_in_its_order_with_a_sign(operation: Operation, width: int, whole: bool, cut_off: bool) -> None:
    lines = text(render.step_lines(operation, NOW, width, whole=whole, cut_off=cut_off))
    firsts = [line for line in lines if not line.startswith("     ")]
    assert [line[3:18].strip() for line in firsts] == [step.name.value for step in operation.steps]
    if not whole:
        assert all(cells(clean(line)) <= width for line in firsts)


def test_what_was_left_in_the_middle_is_not_at_work() -> None:
    left = replace(ops.JUDGING, state=State.ENDED, undoing=True)
    line = text(render.step_lines(left, NOW + 1e6, 80, whole=False))[3]
    assert line.split() == ["–", "judge", "gate", "left", "off"]
    assert text(render.step_lines(ops.JUDGING, NOW, 80, whole=False, cut_off=True))[3].startswith(" × judge gate")


@given(st.sampled_from(ALL), st.integers(24, 160))
def test_in_short_every_step_is_there(operation: Operation, width: int) -> None:
    lines = text(render.ribbon(operation, width))
    said = " ".join(" ".join(lines).split())
    assert all(step.name.value in said for step in operation.steps)
    assert all(len(line.rstrip()) <= width for line in lines)


def test_in_short_the_deployments_of_several_are_told_where_they_change() -> None:
    said = " ".join(" ".join(text(render.ribbon(ops.ROLLING_NEXT, 60, where=("iris-staging", "iris")))).split())
    assert said.startswith(
        "iris-staging: ✔ lock ✔ patch template ✔ await rollout ✔ judge gate iris: ✔ lock ✔ patch template ▸ await rollout"
    )
    assert said.count("iris-staging:") == 2


@pytest.mark.parametrize(
    ("alias", "awaited", "told"),
    [
        (None, ("MLflow",), "now     template v7 · alias champion ? · pods v7 3/3 · waiting for MLflow"),
        ("champion", ("MLflow",), "now     template ? · alias champion ? · pods ? · waiting for MLflow"),
        (None, ("Kubernetes",), "now     template ? · alias champion v7 · pods ? · waiting for Kubernetes"),
        (None, ("Kubernetes", "MLflow"), "now     template ? · alias champion ? · pods ? · waiting for Kubernetes and MLflow"),
    ],
)
def test_what_may_be_old_is_not_told_as_what_stands_now(alias: str | None, awaited: tuple[str, ...], told: str) -> None:
    rows = serving_rows(sample.FLEET, sample.REGISTRY, {}, champion="champion", patterns=sample.ENVIRONMENT.patterns, observed={})
    row = next(row for row in rows if row.key == "serving/iris")
    assert row.link is not None
    assert text([render.stands(replace(row, link=replace(row.link, alias=alias)), awaited)]) == [told]


def test_commands_stand_apart_from_the_message_and_are_whole() -> None:
    command = point_alias("iris's", "champion", "7")
    message = "a; the undo is not complete: b (gone); c (x). Now: the template says 9"
    ended = replace(ops.ATTENTION, message=message, next_commands=(command, "kubectl -n s annotate d x-"), steps=())
    assert text(render.end_lines(ended, None)) == [message, f"type    {command}", "type    kubectl -n s annotate d x-"]


def test_evidence_is_not_told_twice() -> None:
    lines = text(render.end_lines(ops.UNDONE, None))
    assert lines[1] == 'seen    rollout: deployment "iris" successfully rolled out'


def test_documents_in_the_log_are_told_in_short() -> None:
    mark = json.dumps({"id": "x", "reason": 'say "hi" {now}', "edits": {"/a": [None, "b" * 80]}})
    assert render.in_short(f"patch: mark {mark} → –, history – → [{mark}]") == "patch: mark {…} → –, history – → […]"
    assert render.in_short('cut {"id": "' + "y" * 90) == "cut {…}"


@given(st.text(max_size=80))
def test_text_without_documents_stays_as_it_is(message: str) -> None:
    if "{" not in message and "[" not in message:
        assert render.in_short(message) == message
    assert len(render.in_short(message)) <= len(message) + 3


def test_the_deck_is_told_in_a_line() -> None:
    assert line_text(render.under_way_line(ops.ROLLING, cut_off=False)) == "▸ promote v7 → v9 by ann@box, await rollout"
    assert line_text(render.under_way_line(ops.ROLLING, cut_off=True)) == "× promote v7 → v9 by ann@box was cut off: p to resume or undo"
    hangs = render.under_way_line(ops.ROLLING, cut_off=False, unheard="40 s")
    assert line_text(hangs) == "▸ promote v7 → v9 by ann@box not heard for 40 s: p to resume or undo"
    assert line_text(render.under_way_line(ops.HELD, cut_off=False)) == "? promote v7 → v9 by ann@box waits for a person: p to decide"
    back = replace(ops.UNDONE, state=State.UNDOING, outcome=None, steps=(replace(ops.STEPS[1], state=StepState.UNDOING),))
    assert line_text(render.under_way_line(back, cut_off=False)) == "◂ promote v7 → v9 by ann@box is being undone, patch template"
