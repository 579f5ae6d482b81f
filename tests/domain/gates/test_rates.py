"""How often gates are wrong, and how soon they decide: the rows of tests/bench/gates.py on fewer rounds, held to their goals."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modeldeck.domain.gates import DEFAULT, Decision, GateVerdict, decide, judgement
from modeldeck.domain.gates.criteria import built_in
from modeldeck.domain.gates.looks import levels
from tests.bench.gates import CLIENTS, Case, Growing, Row, Version, at_best, heavy, light, row, skewed, verdict

ROUNDS = 20
"""Of each row, so that several rows of a kind are about a hundred; the table takes as many as it is given."""
TAILS = pytest.mark.parametrize("tail", [light, skewed, heavy], ids=lambda tail: tail.__name__)
BASES = pytest.mark.parametrize("base", [0.0, 0.001, 0.01, 0.05])


def rows(rate: float, old: Version, new: Version, rounds: int = ROUNDS) -> Row:
    return row(Case("", rate, old, new, bounds=CLIENTS), rounds)


@BASES
@pytest.mark.parametrize("rate", [5.0, 50.0])
def test_an_identical_version_passes(rate: float, base: float) -> None:
    found = rows(rate, Version(errors=base, tail=skewed), Version(errors=base, tail=skewed))
    assert found.share(Decision.STOP) == 0
    assert found.share(Decision.FINISH) >= 0.95
    assert rate < 50 or found.usual <= 180


@TAILS
@pytest.mark.parametrize("rate", [5.0, 50.0, 500.0])
def test_an_identical_version_passes_whatever_its_tail(rate: float, tail: object) -> None:
    found = rows(rate, Version(tail=tail), Version(tail=tail), ROUNDS)
    assert found.share(Decision.STOP) == 0
    assert found.share(Decision.FINISH) >= 0.95
    assert rate < 50 or found.usual <= 180


@pytest.mark.parametrize("rate", [0.5, 5.0, 50.0])
@pytest.mark.parametrize(
    "new", [Version(errors=0.03), Version(slower=2.0), Version(slower=2.0, tail=heavy)], ids=["errors", "slow", "heavy"]
)
def test_at_twice_the_margin_none_passes(rate: float, new: Version) -> None:
    found = rows(rate, Version(tail=new.tail), new, ROUNDS)
    assert found.share(Decision.FINISH) == 0


SURE = 0.05


def seldom(share: float, rounds: int) -> bool:
    """No more often than SURE, but for three standard deviations of so many rounds."""
    return share <= SURE + 3 * math.sqrt(SURE * (1 - SURE) / rounds)


@BASES
def test_at_the_very_edge_of_the_margin_none_is_wrong_more_often_than_it_may(base: float) -> None:
    """At 5 % the edges of both criteria of errors are the same: ten. There each may pass or fail with what is allowed to all."""
    gate, rounds = replace(DEFAULT, wrong_pass=SURE, wrong_undo=SURE, max_p99_ratio=None), 100
    edge = max(2 * base, gate.tolerated_errors)
    found = row(Case("", 5.0, Version(errors=base), Version(errors=edge), gate), rounds)
    assert seldom(found.share(Decision.FINISH), rounds)
    assert seldom(found.share(Decision.STOP), rounds)


@TAILS
def test_nor_at_that_of_a_p99(tail: object) -> None:
    gate, rounds = replace(DEFAULT, wrong_pass=SURE, wrong_undo=SURE, max_error_ratio=None, max_error_rise=None), 100
    found = row(Case("", 5.0, Version(tail=tail), Version(tail=tail, slower=1.5), gate, CLIENTS), rounds)
    assert seldom(found.share(Decision.FINISH), rounds)
    assert seldom(found.share(Decision.STOP), rounds)


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.floats(0.01, 20.0), st.floats(0.0, 0.5), st.floats(0.3, 12.0), st.integers(1, 20), st.booleans())
def test_the_shortcut_of_the_table_says_what_the_criteria_say(
    seed: int, rate: float, errors: float, slower: float, looks: int, moved: bool
) -> None:
    gate = replace(DEFAULT, max_drift=0.1, max_p99=0.3)
    case = Case("", rate, Version(), Version(errors=errors, slower=slower, moved=0.2 if moved else 0.0), gate)
    chance, elapsed = np.random.default_rng(seed), gate.warm_up + looks * gate.interval
    old, new = (Growing(case, version, 3, chance) for version in (case.old, case.new))
    old.grow(gate.baseline)
    for _ in range(looks):
        new.grow(gate.interval)
    for one, other in zip(new.measured(range(3), 1 - 1 / looks), old.measured(range(3)), strict=True):
        whole = judgement(built_in(gate, one, other, elapsed), at=0.0, elapsed=elapsed)
        assert verdict(gate, levels(gate, elapsed), one, other) is whole.verdict
        expected = {GateVerdict.PASS: Decision.FINISH, GateVerdict.FAIL: Decision.STOP}.get(whole.verdict, Decision.CONTINUE)
        assert decide(gate, [whole], 0.0, elapsed) in (expected, Decision.HOLD)


def test_what_one_look_would_be_wrong_about_is_not() -> None:
    """An identical version with few requests: the gate of before undid one of thirteen, as it looked again and again."""
    found = rows(0.5, Version(), Version())
    assert found.share(Decision.STOP) == 0


@pytest.mark.parametrize("rate", [0.5, 5.0, 500.0])
def test_a_catastrophe_is_undone_within_two_looks(rate: float) -> None:
    found = rows(rate, Version(), Version(errors=0.5, slower=10.0))
    assert found.share(Decision.STOP, looks=2) >= 0.95


@pytest.mark.parametrize(
    ("old", "new", "share"),
    [
        (Version(errors=0.0), Version(errors=0.5), 0.95),
        (Version(errors=0.001), Version(errors=0.5), 0.95),
        (Version(errors=0.01), Version(errors=0.5), 0.93),
        (Version(errors=0.05), Version(errors=0.5), 0.70),
        (Version(tail=light), Version(tail=light, slower=10.0), 0.90),
        (Version(tail=skewed), Version(tail=skewed, slower=10.0), 0.5),
    ],
    ids=["no errors", "0.1 %", "1 %", "5 %", "light", "skewed"],
)
def test_with_one_request_in_two_seconds_it_mostly_is(old: Version, new: Version, share: float) -> None:
    """As often as fifteen requests let one know it, or the half of them that lie between two scrapes (the table's `at best`)."""
    case, rounds = Case("", 0.5, old, new), 200
    found, best = row(case, rounds), at_best(case)
    assert best is not None
    assert share <= found.share(Decision.STOP, looks=2) <= best + 3 * math.sqrt(best * (1 - best) / rounds)
    assert found.share(Decision.STOP) == 1
    assert found.usual <= 90


def test_what_any_test_could_do_at_best() -> None:
    assert [at_best(Case("", 0.5, Version(errors=base), Version(errors=0.5))) for base in (0.01, 0.05)] == [
        pytest.approx(0.995, abs=0.001),
        pytest.approx(0.906, abs=0.001),
    ]
    assert at_best(Case("", 0.5, Version(), Version(errors=0.03))) is None


@pytest.mark.parametrize("new", [Version(errors=0.5), Version(slower=10.0)], ids=["errors", "slow"])
def test_either_half_of_it_is_with_a_few_requests_a_second(new: Version) -> None:
    assert rows(5.0, Version(), new).share(Decision.STOP, looks=2) == 1


def test_drift() -> None:
    gate = replace(DEFAULT, max_drift=0.1)
    same = row(Case("", 5.0, Version(), Version(), gate), ROUNDS)
    assert (same.share(Decision.STOP), same.share(Decision.FINISH)) == (0, 1)
    moved = row(Case("", 5.0, Version(), Version(moved=0.2), gate), ROUNDS)
    assert moved.share(Decision.FINISH) == 0
