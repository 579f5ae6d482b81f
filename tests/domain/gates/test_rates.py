"""How often gates are wrong, and how soon they decide: the rows of tests/bench/gates.py on fewer rounds, held to their goals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.bench.gates import CLIENTS, Case, Row, Version, heavy, light, row, skewed
from tui.domain.gates import DEFAULT, Decision

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


@BASES
def test_at_the_very_edge_of_the_margin_hardly_any_passes_or_is_undone(base: float) -> None:
    gate = replace(DEFAULT, wrong_pass=0.05, wrong_undo=0.05, max_p99_ratio=None)
    edge = max(2 * base, gate.tolerated_errors)
    found = row(Case("", 5.0, Version(errors=base), Version(errors=edge), gate), ROUNDS)
    assert found.share(Decision.FINISH) <= 0.2
    assert found.share(Decision.STOP) <= 0.2


def test_what_one_look_would_be_wrong_about_is_not() -> None:
    """An identical version with few requests: the gate of before undid one of thirteen, as it looked again and again."""
    found = rows(0.5, Version(), Version())
    assert found.share(Decision.STOP) == 0


@pytest.mark.parametrize("rate", [0.5, 5.0, 500.0])
def test_a_catastrophe_is_undone_within_two_looks(rate: float) -> None:
    found = rows(rate, Version(), Version(errors=0.5, slower=10.0))
    assert found.share(Decision.STOP, looks=2) >= 0.95


@pytest.mark.parametrize("new", [Version(errors=0.5), Version(slower=10.0)], ids=["errors", "slow"])
def test_either_half_of_it_is_with_a_few_requests_a_second(new: Version) -> None:
    assert rows(5.0, Version(), new).share(Decision.STOP, looks=2) == 1


def test_drift() -> None:
    gate = replace(DEFAULT, max_drift=0.1)
    same = row(Case("", 5.0, Version(), Version(), gate), ROUNDS)
    assert (same.share(Decision.STOP), same.share(Decision.FINISH)) == (0, 1)
    moved = row(Case("", 5.0, Version(), Version(moved=0.2), gate), ROUNDS)
    assert moved.share(Decision.FINISH) == 0
