"""From judgements to decisions: rows of verdicts, the warm-up, and time that is up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.gates import Decision, Gate, GateVerdict, Op, QueryCriterion, decide, progress
from modeldeck.domain.gates.judgement import Judgement, judgement
from tests.domain.gates.examples import VERDICTS, judged

LETTERS = {"P": GateVerdict.PASS, "F": GateVerdict.FAIL, "I": GateVerdict.INSUFFICIENT, "E": GateVerdict.ERROR}
GATE = Gate(criteria=(QueryCriterion("own", "up", Op.AT_MOST, 1),))
"""`judged` is of this criterion, unless it is given another name."""


def story(letters: str, *, first: float = 75.0) -> list[Judgement]:
    return [judged(LETTERS[letter], first + 15.0 * index, f"number {index}") for index, letter in enumerate(letters)]


@pytest.mark.parametrize(
    ("letters", "decision"),
    [
        ("", Decision.CONTINUE),
        ("PP", Decision.CONTINUE),
        ("PPP", Decision.FINISH),
        ("FPPP", Decision.FINISH),
        ("PPIPP", Decision.CONTINUE),
        ("PPEP", Decision.CONTINUE),
        ("F", Decision.CONTINUE),
        ("FF", Decision.STOP),
        ("FIF", Decision.CONTINUE),
        ("FEF", Decision.CONTINUE),
        ("PPFF", Decision.STOP),
        ("IIIIII", Decision.CONTINUE),
    ],
)
def test_rows(letters: str, decision: Decision) -> None:
    assert decide(GATE, story(letters), 1000.0, 1000.0 + 200.0) is decision


@pytest.mark.parametrize(
    ("letters", "decision"), [("P", Decision.FINISH), ("F", Decision.STOP), ("IP", Decision.FINISH), ("I", Decision.CONTINUE)]
)
def test_what_is_decided_by_counts_is_decided_at_once(letters: str, decision: Decision) -> None:
    assert decide(Gate(), story(letters), 0.0, 200.0) is decision


def both(own: str, counted: str) -> list[Judgement]:
    """A criterion of one's own, and one that is decided by counts."""
    pairs = zip(story(own), story(counted), strict=True)
    return [
        judgement((*mine.criteria, replace(theirs.criteria[0], name="p99")), at=mine.at, elapsed=mine.elapsed) for mine, theirs in pairs
    ]


@pytest.mark.parametrize(
    ("own", "counted", "decision"),
    [
        ("PPP", "IIP", Decision.FINISH),
        ("PPP", "PPI", Decision.CONTINUE),
        ("IPP", "PPP", Decision.CONTINUE),
        ("PPF", "PPP", Decision.CONTINUE),
        ("PFF", "PPP", Decision.STOP),
        ("PPP", "IIF", Decision.STOP),
        ("PPF", "IIF", Decision.STOP),
        ("EPP", "PPP", Decision.CONTINUE),
    ],
)
def test_each_criterion_is_settled_in_its_own_way(own: str, counted: str, decision: Decision) -> None:
    assert decide(GATE, both(own, counted), 0.0, 200.0) is decision


@pytest.mark.parametrize("letters", ["", "I", "EEEE", "PP", "F", "PPIPP"])
def test_undecided_when_its_time_is_up_it_holds(letters: str) -> None:
    assert decide(GATE, story(letters), 0.0, 1799.9) is Decision.CONTINUE
    assert decide(GATE, story(letters), 0.0, 1800.0) is Decision.HOLD
    assert decide(GATE, story(letters), 0.0, 1800.0, extended=600.0) is Decision.CONTINUE
    assert decide(GATE, story(letters), 0.0, 2400.0, extended=600.0) is Decision.HOLD


def test_a_verdict_decides_before_the_time_does() -> None:
    assert decide(GATE, story("PPP"), 0.0, 5000.0) is Decision.FINISH
    assert decide(GATE, story("FF"), 0.0, 5000.0) is Decision.STOP


@pytest.mark.parametrize(("letters", "decision"), [("PPP", Decision.CONTINUE), ("FF", Decision.CONTINUE), ("FFFFFPPP", Decision.FINISH)])
def test_the_warm_up_does_not_count(letters: str, decision: Decision) -> None:
    assert decide(GATE, story(letters, first=0.0), 0.0, 200.0) is decision


def test_what_is_shown_beside_it() -> None:
    warming = progress(GATE, story("F", first=15.0), 100.0, 120.0)
    assert (warming.counted, warming.warm_up_left, warming.time_left, warming.message) == (0, 40.0, 1780.0, "warming up, 40 s to go")
    assert progress(GATE, story("PP"), 0.0, 95.0).message == "pass 2 of 3 in a row"
    assert progress(GATE, story("PF"), 0.0, 95.0).message == "fail 1 of 2 in a row"
    assert progress(GATE, story("PI"), 0.0, 95.0).message == "insufficient: number 1"
    assert progress(GATE, (), 0.0, 70.0).message == "not judged yet"
    held = progress(GATE, (), 0.0, 1800.0)
    assert (held.decision, held.message) == (Decision.HOLD, "undecided when its time was up")
    assert held.details == "nothing was judged after the warm-up"
    assert progress(GATE, story("E"), 0.0, 1800.0).details == "error: number 0"
    assert progress(GATE, story("EI"), 0.0, 1800.0).details == "insufficient: number 1"
    assert progress(GATE, story("FF"), 0.0, 95.0).message == "failed: number 1"
    assert progress(GATE, story("PPP"), 0.0, 110.0).message == "passed: number 2"


STORIES = st.lists(st.tuples(VERDICTS, st.floats(0, 60)), max_size=40)


def told(story: list[tuple[GateVerdict, float]]) -> list[Judgement]:
    at, judgements = 0.0, []
    for verdict, pause in story:
        at += pause
        judgements.append(judged(verdict, at))
    return judgements


@given(STORIES, st.floats(0, 1e5), st.floats(-1e6, 1e6), st.floats(0, 1000))
def test_nothing_is_decided_by_silence(story: list[tuple[GateVerdict, float]], after: float, start: float, extended: float) -> None:
    judgements = told(story)
    now = (judgements[-1].elapsed if judgements else 0.0) + after
    found = progress(GATE, judgements, start, start + now, extended=extended)
    newest = [judgement.verdict for judgement in judgements if judgement.elapsed > GATE.warm_up]
    assert (found.decision is Decision.FINISH) == (newest[-3:] == [GateVerdict.PASS] * 3)
    assert (found.decision is Decision.STOP) == (newest[-2:] == [GateVerdict.FAIL] * 2)
    if found.decision in (Decision.HOLD, Decision.CONTINUE):
        assert (found.decision is Decision.HOLD) == (start + now - start >= GATE.timeout + extended)


@given(STORIES, st.floats(0, 1e4), st.floats(-1e9, 1e9))
def test_a_jumping_wall_clock_decides_nothing(story: list[tuple[GateVerdict, float]], now: float, jump: float) -> None:
    judgements = told(story)
    jumped = [replace(j, at=j.at + jump * (index % 2)) for index, j in enumerate(judgements)]
    assert progress(GATE, judgements, 0.0, now) == progress(GATE, jumped, 0.0, now)


def test_the_end_of_the_warm_up_is_a_part_of_it() -> None:
    gate = Gate()
    assert progress(gate, [judged(GateVerdict.PASS, 60.0)], 0.0, 60.0).counted == 0
    assert progress(gate, [judged(GateVerdict.PASS, 60.1)], 0.0, 60.1).counted == 1
    assert progress(gate, (), 0.0, 59.9).message == "warming up, 0 s to go"
    after = progress(gate, (), 0.0, 60.0)
    assert (after.message, after.warm_up_left, after.time_left) == ("not judged yet", 0.0, 1740.0)


def test_time_that_people_added_counts_and_none_is_left_after_it() -> None:
    assert progress(GATE, (), 100.0, 1000.0, extended=600.0).time_left == 1500.0
    late = progress(GATE, (), 0.0, 5000.0, extended=600.0)
    assert (late.time_left, late.warm_up_left) == (0.0, 0.0)


def test_of_several_rows_the_shortest_is_told_and_of_counts_their_words() -> None:
    gate = Gate(criteria=(*GATE.criteria, QueryCriterion("other", "up", Op.AT_MOST, 1)))
    rows = [
        judgement((*judged(GateVerdict.PASS, at, name="own").criteria, *judged(other, at, name="other").criteria), at=at, elapsed=at)
        for at, other in ((75.0, GateVerdict.INSUFFICIENT), (90.0, GateVerdict.PASS))
    ]
    assert progress(gate, rows, 0.0, 95.0).message == "pass 1 of 3 in a row"
    counted = [judged(GateVerdict.ERROR, 75.0, "refused", name="p99")]
    assert progress(gate, counted, 0.0, 80.0).message == "error: refused"
