"""`$(VAR)` and `${VAR}`: what a text becomes, how deep, and what stays as it is."""

from __future__ import annotations

import pytest

from modeldeck.domain.links.expansion import Piece, Variables, expanded

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


@pytest.mark.parametrize("text", ["$(A) $(B) $(OTHER) $(E)", "$(NOBODY)$(E)", "$(E)", "$$(E) $(E)", "x", "a $(B)$(C) b", ""])
def test_each_part_stands_where_it_says(text: str) -> None:
    """What is edited later is found by these places."""
    values = [text, *(value for _, value in CHAIN.values.values())]
    for piece in expanded(text, CHAIN):
        whole = values[0 if piece.variable is None else piece.variable + 1]
        assert whole[piece.offset :].startswith(piece.text)
        assert piece.text


def test_what_stays_as_it_is_does_not_keep_the_rest_from_being_expanded() -> None:
    assert expanded("$(NOBODY)-$(E)", CHAIN) == (Piece("$(NOBODY)-", None, 0), Piece("x", 0, 0))
    assert expanded("$(E)$(E)-", CHAIN) == (Piece("x", 0, 0), Piece("x", 0, 0), Piece("-", None, 8))
    assert text_of("$$(E) is $(E)") == "$(E) is x"


def test_an_empty_variable_leaves_nothing_behind() -> None:
    assert text_of("a$(EMPTY)b", Variables({"EMPTY": (0, "")}, frozenset())) == "ab"


def test_a_variable_is_made_only_of_those_before_it() -> None:
    assert "".join(piece.text for piece in expanded("$(D)", CHAIN, owner=1)) == "$(D)"
    assert "".join(piece.text for piece in expanded("$(D)", CHAIN, owner=2)) == "x"
    assert "".join(piece.text for piece in expanded("$(A)", CHAIN, owner=2)) == "$(A)"


def test_a_value_is_the_kubelets_and_no_shells() -> None:
    nested = Variables({"E": (0, "x"), "BOTH": (1, "${E} $(E)")}, frozenset())
    assert text_of("$BOTH", nested, shell=True) == "${E} x"


@pytest.mark.parametrize(
    ("unread", "becomes"), [(frozenset(), "x"), (frozenset({"U"}), "${U:-x}"), (frozenset({"V"}), "x"), (None, "${U:-x}")]
)
def test_a_default_stands_only_where_the_variable_is_surely_unset(unread: frozenset[str] | None, becomes: str) -> None:
    variables = Variables({}, unread)
    assert text_of("${U:-x}", variables, shell=True) == becomes
    assert variables.surely_unset("U") is (becomes == "x")
