from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.sandbox.common.progress import PartProgress, PartState, parse_line

events = st.builds(PartProgress, st.text(), st.sampled_from(get_args(PartState)), st.floats(0, 1e6), st.text())


@given(events)
def test_a_line_holds_the_whole_event(event: PartProgress) -> None:
    assert "\n" not in event.line()
    assert parse_line(event.line()) == event


@given(events, st.integers(1, 20))
def test_a_line_that_was_cut_short_is_none(event: PartProgress, cut: int) -> None:
    assert parse_line(event.line()[:-cut]) is None


@pytest.mark.parametrize("line", ["", "ready http://127.0.0.1:1", "[]", "1", '{"part": "x", "state": "odd", "seconds": 1, "message": ""}'])
def test_other_lines_are_none(line: str) -> None:
    assert parse_line(line) is None
