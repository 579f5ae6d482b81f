from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.gates import GateVerdict, Op
from modeldeck.render.cell import line_text
from modeldeck.render.charts.trend import Judged, trend

PASS, FAIL, FEW, ERROR = GateVerdict.PASS, GateVerdict.FAIL, GateVerdict.INSUFFICIENT, GateVerdict.ERROR
VALUES = st.none() | st.floats(allow_nan=True, allow_infinity=True)
HISTORY = st.lists(st.builds(Judged, VALUES, st.sampled_from(GateVerdict)), max_size=60)
LIMITS = st.none() | st.floats(-10, 10)


def test_the_bound_stands_at_the_same_height_whatever_the_scale() -> None:
    for scale in (0.001, 1.0, 5e6):
        history = [Judged(scale * share, PASS if share <= 1 else FAIL) for share in (0.0, 0.5, 1.0, 1.01, 1.6)]
        assert line_text(trend(history, 5, limit=scale)) == "▁▄▆▇█"


def test_colour_tells_the_verdict_and_so_does_the_height() -> None:
    drawn = trend([Judged(0.1, PASS), Judged(0.2, FEW), Judged(3.0, FAIL)], 3, limit=1.0)
    assert [cell.role for cell in drawn] == ["ok", "muted", "bad"]
    assert line_text(drawn) == "▁▂█"


def test_a_failed_comparison_stands_out_although_it_has_no_bound() -> None:
    assert line_text(trend([Judged(0.01, PASS), Judged(0.02, FAIL)], 2, limit=None))[-1] in "▇█"


def test_at_least_is_beyond_its_bound_below_it() -> None:
    drawn = line_text(trend([Judged(20.0, PASS), Judged(5.0, FAIL)], 2, limit=10.0, op=Op.AT_LEAST))
    assert drawn[0] in "▁▂▃▄▅▆"
    assert drawn[1] in "▇█"


def test_what_is_not_known_is_no_bar() -> None:
    assert line_text(trend([Judged(None, FEW), Judged(None, ERROR), Judged(math.nan, FEW)], 3, limit=1.0)) == "·!·"


def test_it_fills_from_the_left_and_then_shows_the_worst_of_what_shares_a_cell() -> None:
    assert line_text(trend([Judged(0.0, PASS)], 4, limit=1.0)) == "▁   "
    many = [Judged(0.1, PASS)] * 9 + [Judged(9.0, FAIL)] + [Judged(0.1, PASS)] * 10
    assert "█" in line_text(trend(many, 4, limit=1.0))


@given(HISTORY, st.integers(0, 40), LIMITS, st.sampled_from(Op))
def test_as_wide_as_asked_and_of_known_signs(history: list[Judged], width: int, limit: float | None, op: Op) -> None:
    drawn = line_text(trend(history, width, limit=limit, op=op))
    assert len(drawn) == width
    assert set(drawn) <= set("▁▂▃▄▅▆▇█·! ")
    assert (len(drawn.rstrip(" ")) == min(width, len(history))) or not width


@given(HISTORY, st.integers(1, 40), LIMITS, st.sampled_from(Op))
def test_no_failure_is_hidden(history: list[Judged], width: int, limit: float | None, op: Op) -> None:
    failed = any(judged.verdict is FAIL for judged in history)
    assert any(cell.role == "bad" for cell in trend(history, width, limit=limit, op=op)) is failed
