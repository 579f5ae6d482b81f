"""Kubernetes' quantities, as the scheduler counts them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modeldeck.domain.kubernetes.quantities import amount


@pytest.mark.parametrize(
    ("resource", "text", "expected"),
    [
        ("cpu", "2", 2000),
        ("cpu", "500m", 500),
        ("cpu", "0.5", 500),
        ("cpu", "1.0005", 1001),
        ("cpu", "100u", 1),
        ("cpu", "1n", 1),
        ("memory", "1Gi", 1024**3),
        ("memory", "1.5Ki", 1536),
        ("memory", "128M", 128_000_000),
        ("memory", "1e3", 1000),
        ("memory", "1E3", 1000),
        ("memory", "1E", 10**18),
        ("memory", "12e-1", 2),
        ("memory", "512.5", 513),
        ("memory", "100m", 1),
        ("memory", ".5Ki", 512),
        ("memory", "5.", 5),
        ("memory", "-1Ki", -1024),
        ("nvidia.com/gpu", "8", 8),
        *[("memory", wrong, None) for wrong in ("", ".", "1 Gi", "1GB", "Gi", "1e", "one", "1e999999999", "9" * 25, "1\n", "٣", "+")],
    ],
)
def test_how_much_that_is(resource: str, text: str, expected: int | None) -> None:
    assert amount(resource, text) == expected


@given(st.integers(0, 2**63), st.sampled_from(["", "k", "M", "Ki", "Mi", "Gi"]))
def test_whole_numbers_of_a_unit_are_exact(number: int, unit: str) -> None:
    size = {"": 1, "k": 10**3, "M": 10**6, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}[unit]
    assert amount("memory", f"{number}{unit}") == number * size
    assert amount("cpu", f"{number}{unit}") == number * size * 1000
