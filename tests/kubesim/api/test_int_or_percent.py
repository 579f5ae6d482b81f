"""Numbers and shares."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.int_or_percent import scaled


@given(st.integers(0, 100), st.integers(0, 1000))
def test_percentages_are_rounded_as_asked(percent: int, total: int) -> None:
    down, up = scaled(f"{percent}%", total, up=False), scaled(f"{percent}%", total, up=True)
    assert down <= percent * total / 100 <= up
    assert up - down <= 1


@given(st.integers(0, 1000), st.integers(0, 1000), st.booleans())
def test_a_number_is_itself_whatever_the_total(value: int, total: int, up: bool) -> None:
    assert scaled(value, total, up=up) == value
