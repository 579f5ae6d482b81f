from __future__ import annotations

import pytest

from tui.domain.gates import Op
from tui.domain.gates.words import bound_words, shown


@pytest.mark.parametrize(
    ("value", "unit", "words"),
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
def test_values(value: float | None, unit: str, words: str) -> None:
    assert shown(value, unit) == words


def test_bounds() -> None:
    assert bound_words(Op.AT_LEAST, 0.5, "ratio") == "≥ 50 %"
    assert bound_words(Op.UNEQUAL, 0, "") == "≠ 0"
