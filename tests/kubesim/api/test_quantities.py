"""Quantities keep their amount and get the server's spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.quantities import amount, canonical_quantity

SUFFIXES = st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3"])


@given(st.integers(-10_000, 10_000), SUFFIXES)
def test_the_canonical_form_is_the_same_amount_and_stays(number: int, suffix: str) -> None:
    canonical = canonical_quantity(f"{number}{suffix}")
    assert canonical is not None
    assert amount(canonical) == amount(f"{number}{suffix}")
    assert canonical_quantity(canonical) == canonical


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        ("1024Mi", "1Gi"),
        ("1500Mi", "1500Mi"),
        ("1000", "1k"),
        (2, "2"),
        ("0.5Gi", "512Mi"),
        ("0", "0"),
        ("1e3", "1e3"),
    ],
)
def test_spelling(given_: str | int, kept: str) -> None:
    assert canonical_quantity(given_) == kept


@pytest.mark.parametrize("text", ["", "x", "1Q", "1 Gi", "--1", True])
def test_no_quantities(text: str) -> None:
    assert canonical_quantity(text) is None
