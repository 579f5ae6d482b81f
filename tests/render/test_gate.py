from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modeldeck.domain.gates import CriterionResult, Gate, GateVerdict, judgement
from modeldeck.render.cell import Line, line_text
from modeldeck.render.gate import Judging, gate_lines, progress_words
from modeldeck.render.text import cells, clean
from tests.support import operations as ops

NOW = ops.NOW
HELD_WORDS = "44 ms of 900 requests against 41 ms of 12960: neither shown nor excluded: about 210 more requests needed (4 min)"
STEP = ops.JUDGING.steps[3]
AT_WORK = Judging(ops.GATE, STEP.judgements, STEP.started_at or 0.0, at_work=True)


def text(judging: Judging, width: int = 80, now: float = NOW) -> list[str]:
    return [line_text(line) for line in gate_lines(judging, width, now)]


def test_before_the_first_judgement_it_says_how_long_it_warms_up() -> None:
    judging = Judging(ops.GATE, (), NOW - 12.0, at_work=True)
    assert text(judging) == [" · warming up, 18 s to go", "   14 m 48 s left"]


def test_how_far_it_is_and_what_it_rests_on() -> None:
    lines = text(AT_WORK)
    assert lines[0] == " ? INSUFFICIENT  "
    assert lines[1] == "   280 requests in 30 s · judged 4 s ago · 13 m 56 s left"
    assert lines[3].split() == ["criterion", "now", "bound", "before", "req", "so", "far"]
    assert lines[4].split()[:4] == ["✔", "error", "ratio", "0.173"]
    assert "≤ 1 %" in lines[5]


def test_a_gate_that_was_left_does_not_go_on_counting() -> None:
    left = replace(AT_WORK, at_work=False)
    assert progress_words(left, NOW) == progress_words(left, NOW + 1e6)
    assert "left" not in text(left)[1]


def test_what_is_missing_stands_below_its_criterion_alone() -> None:
    held = ops.HELD.steps[3]
    judging = Judging(ops.GATE, held.judgements, held.started_at or 0.0, at_work=True, holds=True)
    lines = text(judging)
    assert lines[0] == " ? INSUFFICIENT  undecided when its time was up"
    assert [line.strip() for line in lines].count(HELD_WORDS) == 1


def test_where_nothing_was_judged_the_words_say_why() -> None:
    nothing = judgement((), at=NOW - 2.0, elapsed=60.0)
    judging = Judging(ops.GATE, (nothing,), NOW - 62.0, at_work=True)
    assert "nothing was judged" in text(judging)[0]


def test_what_it_can_see_stands_there_while_it_works() -> None:
    seeing = replace(AT_WORK, outlook="at 3 requests a second it can tell a doubling of errors after about 9 min")
    assert text(seeing)[2].strip() == seeing.outlook
    assert seeing.outlook not in " ".join(text(replace(seeing, at_work=False)))


def test_time_that_people_gave_is_left_too() -> None:
    extended = replace(AT_WORK, extended=600.0)
    assert "23 m 56 s left" in text(extended)[1]


@pytest.mark.parametrize("width", [40, 50, 60])
def test_where_there_is_no_room_for_a_row_it_takes_two_lines(width: int) -> None:
    lines = text(AT_WORK, width)
    assert not any("criterion" in line for line in lines)
    assert any("p99 vs before" in line and "≤ 1.5 ×" in line for line in lines)
    assert any("before 41 ms · 280 req" in line for line in lines)


@given(st.integers(24, 200), st.text(max_size=30), st.text(max_size=30), st.sampled_from(GateVerdict), st.none() | st.floats(0, 1e9))
@example(24, "", "0" * 22, GateVerdict.PASS, 1006.0)
def test_no_row_is_wider_than_its_room(width: int, name: str, bound: str, verdict: GateVerdict, value: float | None) -> None:
    result = CriterionResult(name, verdict, value=value, unit="s", bound=bound, baseline=value, requests=123456789)
    judging = Judging(Gate(), (judgement((result,), at=NOW - 2.0, elapsed=2.0),), NOW - 4.0, at_work=True)

    def wide(line: Line) -> int:
        return cells(clean(line_text(line)))

    rows = gate_lines(judging, width, NOW)[2:]
    assert all(wide(row) <= max(width, 44) for row in rows)
