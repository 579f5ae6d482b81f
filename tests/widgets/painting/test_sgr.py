"""The codes of styles, against what Rich says of the same colours and attributes."""

from __future__ import annotations

import pytest
from rich.color import Color, ColorSystem
from rich.style import Style

from modeldeck.widgets.painting.sgr import PLAIN, canonical, transition, whole_style

TRUE = ColorSystem.TRUECOLOR
ATTRIBUTES = (
    *("bold", "dim", "italic", "underline", "blink", "blink2", "reverse"),
    *("conceal", "strike", "underline2", "frame", "encircle", "overline"),
)


@pytest.mark.parametrize("number", [16, 17, 52, 123, 231, 232, 244, 255])
def test_in_true_colour_one_of_the_256_is_written_by_its_number(number: int) -> None:
    triplet = Color.from_ansi(number).get_truecolor()
    assert whole_style(Style(color=Color.from_triplet(triplet)), TRUE) == f"0;38;5;{number}"


def test_no_other_colour_is_written_by_a_number() -> None:
    assert whole_style(Style(bgcolor=Color.from_rgb(95, 135, 176)), TRUE) == "0;48;2;95;135;176"


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_that_is_switched_off_looks_as_one_that_was_never_named(name: str) -> None:
    assert canonical(Style(**{name: False})) == PLAIN  # type: ignore[arg-type]
    assert canonical(Style(**{name: True})) == Style(**{name: True}) != PLAIN  # type: ignore[arg-type]


def test_only_what_changes_is_written() -> None:
    assert transition(Style(bold=True, reverse=True), Style(bold=True), TRUE) == "\x1b[27m"
    assert transition(Style(bold=True), Style(dim=True), TRUE) == "\x1b[0;2m"
