from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.screens.operation.layout import FRAME, GATE, LOG, PANES, ROLLOUT, STEPS, heights, in_short, place

NEEDS = st.fixed_dictionaries({name: st.integers(1, 60) for name in PANES})


def needs(steps: int = 9, rollout: int = 9, gate: int = 8, log: int = 6) -> dict[str, int]:
    return {STEPS: steps, ROLLOUT: rollout, GATE: gate, LOG: log}


def test_where_there_is_room_all_stand_side_by_side() -> None:
    found = place(120, narrow=False, beside=LOG, zoomed=None)
    rows = heights(found, 36, needs(), 2)
    assert rows == {STEPS: 11, ROLLOUT: 25, GATE: 10, LOG: 26}
    assert found.widths[STEPS] + found.widths[GATE] == 120


def test_a_long_gate_leaves_the_log_its_part() -> None:
    assert heights(place(120, narrow=False, beside=LOG, zoomed=None), 36, needs(gate=50), 2)[LOG] >= 14


def test_in_a_small_terminal_the_steps_are_told_in_short_where_the_other_pane_needs_the_room() -> None:
    found = place(80, narrow=True, beside=GATE, zoomed=None)
    assert not in_short(found, 21, needs(gate=8))
    assert heights(found, 21, needs(gate=8), 2) == {STEPS: 11, GATE: 10}
    assert in_short(found, 16, needs(gate=8))
    assert heights(found, 16, needs(gate=8), 2) == {STEPS: 4, GATE: 12}


def test_of_the_log_a_few_lines_are_enough() -> None:
    assert not in_short(place(80, narrow=True, beside=LOG, zoomed=None), 20, needs(log=500))


@pytest.mark.parametrize("name", PANES)
def test_zoomed_a_pane_has_everything(name: str) -> None:
    found = place(80, narrow=True, beside=GATE, zoomed=name)
    assert heights(found, 20, needs(), 2) == {name: 20}
    assert found.inner(name) == 78


@given(
    st.integers(20, 300),
    st.integers(4, 100),
    st.booleans(),
    st.sampled_from(PANES),
    st.none() | st.sampled_from(PANES),
    NEEDS,
    st.integers(1, 4),
)
def test_columns_are_filled_and_nothing_is_taller_than_the_screen(
    width: int, height: int, narrow: bool, beside: str, zoomed: str | None, wanted: dict[str, int], ribbon: int
) -> None:
    found = place(width, narrow=narrow, beside=beside, zoomed=zoomed)
    rows = heights(found, height, wanted, ribbon)
    assert set(rows) == set(found.widths)
    assert all(count >= 0 for count in rows.values())
    if found.alone or found.stacked:
        assert sum(rows.values()) == height
        assert set(found.widths.values()) == {width}
    else:
        assert max(rows[STEPS], rows[ROLLOUT]) <= max(height, FRAME + 1)
        assert found.widths[STEPS] + found.widths[LOG] == width
    assert all(found.inner(name) >= 1 for name in PANES)
