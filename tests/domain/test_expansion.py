"""`$(VAR)` and `${VAR}`: what a text becomes, how deep, and what stays as it is."""

from __future__ import annotations

import pytest

from tui.domain.expansion import Variables, expanded

_VALUES = {"E": "x", "D": "$(E)", "C": "$(D)", "B": "$(C)", "A": "$(B)"}
CHAIN = Variables({name: (index, value) for index, (name, value) in enumerate(_VALUES.items())}, frozenset())
"""A is made of B, which is made of C, and so on, down to E, which is `x`."""


def text_of(text: str, variables: Variables = CHAIN, **parts: bool) -> str:
    return "".join(piece.text for piece in expanded(text, variables, **parts))


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("$(E)", "x"),
        ("$(B)", "x"),
        ("$(A)", "$(E)"),
        ("${UNSET:-$E}", "x"),
        ("${UNSET:-$C}", "x"),
        ("${UNSET:-$B}", "$(E)"),
        ("${UNSET-}", ""),
    ],
)
def test_variables_are_expanded_four_deep_a_default_counts_as_one(text: str, becomes: str) -> None:
    assert text_of(text, shell=True) == becomes


def test_the_shells_form_is_no_reference_to_the_kubelet() -> None:
    assert text_of("${E} $(E)") == "${E} x"
