from __future__ import annotations

import pytest

from modeldeck.domain.gates import Op
from modeldeck.domain.gates.formatting import bound_words, shown, span


@pytest.mark.parametrize(
    ("value", "unit", "message"),
    [
        (0.0123, "ratio", "1.23 %"),
        (0.12, "s", "120 ms"),
        (1.5, "s", "1.5 s"),
        (1.234, "×", "1.23 ×"),
        (0.0155485, "PSI", "0.0155 PSI"),
        (12345.678, "", "12345.7"),
        (3.0, "", "3"),
        (None, "s", "–"),
    ],
)
def test_values(value: float | None, unit: str, message: str) -> None:
    assert shown(value, unit) == message


def test_bounds() -> None:
    assert bound_words(Op.AT_LEAST, 0.5, "ratio") == "≥ 50 %"
    assert bound_words(Op.UNEQUAL, 0, "") == "≠ 0"


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (0.0, "1 s"),
        (1.4, "1 s"),
        (1.6, "2 s"),
        (116.9, "117 s"),
        (117.0, "2 min"),
        (90 * 60.0, "90 min"),
        (7019.0, "117 min"),
        (7020.0, "2 h"),
        (168_479.0, "47 h"),
        (168_480.0, "2 d"),
    ],
)
def test_a_span_has_two_of_its_unit_at_least(seconds: float, message: str) -> None:
    assert span(seconds) == message


@pytest.mark.parametrize(("value", "message"), [(0.999, "999 ms"), (1.0, "1 s"), (-0.5, "-500 ms"), (-2.0, "-2 s")])
def test_seconds_below_one_are_milliseconds(value: float, message: str) -> None:
    assert shown(value, "s") == message


def test_a_unit_of_ones_own_stands_behind_the_number() -> None:
    assert shown(3.5, "requests") == "3.5 requests"


def test_each_operator_has_its_sign() -> None:
    assert [bound_words(op, 1, "") for op in Op] == ["≤ 1", "< 1", "≥ 1", "> 1", "= 1", "≠ 1"]
