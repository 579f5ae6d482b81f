"""How sure each look must be: levels that all looks together keep to, held against random walks."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given

from tests.domain.gates.examples import GATES
from tui.domain.gates import Gate
from tui.domain.gates.looks import each_look, levels
from tui.domain.gates.statistics import normal_above


def test_looks_share_what_may_be_wrong_and_the_last_has_a_part_of_its_own() -> None:
    gate = Gate()
    usual, last, late = levels(gate, 300.0), levels(gate, 1790.0), levels(gate, 5000.0)
    assert usual == late == levels(gate)
    assert usual.passing == pytest.approx(1.9e-4, rel=0.02)
    assert last.passing == pytest.approx(0.004)
    assert last.failing == pytest.approx(0.004 / 3)
    assert usual.failing < usual.passing


def test_more_criteria_share_one_wrong_undo() -> None:
    assert levels(Gate(max_p99=1.0)).failing < levels(Gate()).failing
    assert levels(Gate(max_p99=1.0)).passing == levels(Gate()).passing


@pytest.mark.parametrize("allowed", [0.05, 0.006])
@pytest.mark.parametrize("looks", [1, 20, 116])
def test_random_walks_hardly_ever_cross(allowed: float, looks: int) -> None:
    """Of walks that are going nowhere, no more than allowed look like something at any of the looks."""
    chance, level, rounds = random.Random(looks), each_look(allowed, looks), 4000
    bound = next(z / 1000 for z in range(10_000) if normal_above(z / 1000) <= level)
    crossed = 0
    for _ in range(rounds):
        walk = 0.0
        for look in range(1, looks + 1):
            walk += chance.gauss(0, 1)
            if walk >= bound * math.sqrt(look):
                crossed += 1
                break
    assert crossed / rounds <= allowed + 3 * math.sqrt(allowed / rounds)


@given(GATES)
def test_no_look_is_allowed_more_than_the_whole_gate(gate: Gate) -> None:
    for elapsed in (None, gate.warm_up + gate.interval, gate.timeout):
        found = levels(gate, elapsed)
        assert 0 < found.passing <= gate.wrong_pass
        assert 0 < found.failing <= gate.wrong_undo
