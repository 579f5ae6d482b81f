"""Quantities keep their amount and get the server's spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubesim.api.quantities import amount, canonical_quantity
from kubesim.api.timestamps import human

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


@pytest.mark.parametrize(
    ("seconds", "message"),
    [
        (0, "0s"),
        (59, "59s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (599, "9m59s"),
        (600, "10m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (9 * 3600, "9h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (50 * 3600, "2d2h"),
        (10 * 86400, "10d"),
        (800 * 86400, "2y70d"),
        (-5, "<invalid>"),
    ],
)
def test_ages_are_spelled_as_kubectl_does(seconds: int, message: str) -> None:
    assert human(seconds) == message
