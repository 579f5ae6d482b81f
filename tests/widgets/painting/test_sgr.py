"""The shortest codes from one style to the next, against what Rich says of the same colours and attributes."""

from __future__ import annotations

import pytest
from rich.color import Color, ColorSystem
from rich.style import Style

from modeldeck.widgets.painting.sgr import PLAIN, canonical, ground, only_ground, transition, whole_style

TRUE, EIGHT = ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT


@pytest.mark.parametrize(
    ("before", "after", "codes"),
    [
        ("", "", ""),
        ("bold", "bold", ""),
        ("", "bold", "1"),
        ("bold", "", "0"),
        ("bold dim", "bold", "0;1"),
        ("bold underline #123456", "bold #123456", "24"),
        ("#123456", "#123457", "38;2;18;52;87"),
        ("#123456 on #000001", "#123456", "49"),
        ("", "#87d7af", "38;5;115"),
        ("", "on #87d7af", "48;5;115"),
        ("", "red", "31"),
    ],
)
def test_from_one_to_the_next(before: str, after: str, codes: str) -> None:
    found = transition(canonical(Style.parse(before)), canonical(Style.parse(after)), TRUE)
    assert found == (f"\x1b[{codes}m" if codes else "")


def test_whatever_was_before_everything_is_said() -> None:
    style = canonical(Style.parse("bold red"))
    assert transition(None, style, TRUE) == f"\x1b[{whole_style(style, TRUE)}m"
    assert whole_style(style, TRUE).startswith("0;1;")


def test_a_terminal_of_256_colours_is_sent_those() -> None:
    assert whole_style(canonical(Style.parse("#87d7ae")), EIGHT) == "0;38;5;115"
    assert whole_style(canonical(Style.parse("#87d7ae")), TRUE) == "0;38;2;135;215;174"


@pytest.mark.parametrize(("one", "other"), [("not bold red", "red"), ("default", ""), ("#ff0000", "rgb(255,0,0)")])
def test_what_looks_the_same_is_the_same(one: str, other: str) -> None:
    assert canonical(Style.parse(one)) == canonical(Style.parse(other))


def test_blanks_between_bold_and_other_words_are_the_same_unless_something_is_drawn_through_them() -> None:
    assert ground(Style.parse("bold red on blue")) == ground(Style.parse("green on blue"))
    assert ground(Style.parse("red on blue")).bare
    lined = ground(Style.parse("underline red on blue"))
    assert not lined.bare
    assert lined != ground(Style.parse("underline green on blue"))
    assert not ground(Style.parse("link https://x")).bare


def test_a_blank_changes_only_what_is_seen_of_it() -> None:
    found = only_ground(Style.parse("bold red on blue"), Style.parse("dim green on yellow"))
    assert found == canonical(Style.parse("bold red on yellow"))
    lined = only_ground(Style.parse("bold red on blue"), Style.parse("underline green on yellow"))
    assert lined == canonical(Style.parse("bold underline green on yellow"))


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
