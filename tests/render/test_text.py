from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cached_cell_len, cell_len, get_character_cell_size

from modeldeck.render.text import cells, clean, crop, fit, only_narrow, wrap

HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=["Cc", "Cf", "Cs", "Mn", "Me", "Zl", "Zp", "Co", "So"]),
        st.sampled_from("\x1b\x9b\u202e\u2066\u200d\ufe0f\u200b\u0301日👩🔬👍\U0001f3fd🇩🇪[]한\u1112\u1161\u11ab"),
    ),
    max_size=60,
)
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@given(HOSTILE)
def test_nothing_that_gives_orders_is_left(text: str) -> None:
    cleaned = clean(text)
    assert not BIDI & set(cleaned)
    assert not {unicodedata.category(character) for character in cleaned} & {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn", "Me"}
    cleaned.encode("utf-8")


def test_what_is_known_to_be_narrow_takes_one_cell() -> None:
    """Rich measures by tables that a new version of it may bring."""
    narrow = [character for character in map(chr, range(0x110000)) if only_narrow(character)]
    assert {"a", "ü", "Ж", "─", "⣿"} <= set(narrow)
    assert not {"日", "\u0301", "\t", "\xad"} & set(narrow)
    assert {get_character_cell_size(character) for character in narrow} == {1}


@given(HOSTILE)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(HOSTILE)
def test_width_is_the_sum_of_the_characters(text: str) -> None:
    """Otherwise a crop between two characters, or a terminal that does not join them, would move the columns."""
    cleaned = clean(text)
    assert cell_len(cleaned) == sum(cell_len(character) for character in cleaned) == cells(cleaned)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_printable_ascii_is_left_as_it_is(text: str) -> None:
    assert clean(text) is text


@given(HOSTILE, st.integers(0, 40), st.sampled_from(["left", "right", "center"]), st.sampled_from(["…", "", "..", "日"]))
def test_fit_takes_exactly_the_cells_it_was_given(text: str, width: int, align: str, ellipsis: str) -> None:
    assert cell_len(fit(text, width, align, ellipsis)) == width  # type: ignore[arg-type]


@given(HOSTILE, st.integers(0, 40))
def test_crop_is_a_beginning_that_fits(text: str, width: int) -> None:
    cleaned = clean(text)
    cropped = crop(cleaned, width)
    assert cell_len(cropped) <= width
    assert cropped == cleaned or cleaned.startswith(cropped.removesuffix("…"))


@given(HOSTILE, st.integers(1, 40))
def test_wrapped_lines_fit_and_lose_no_letter(text: str, width: int) -> None:
    lines = wrap(text, width, limit=1000)
    assert all(cell_len(line) <= max(width, 2) for line in lines)
    if width > 1:
        assert "".join(lines).replace(" ", "") == clean(text).replace("↵", "").replace(" ", "")


@given(HOSTILE, st.integers(1, 20))
def test_limit_bounds_what_is_read(text: str, limit: int) -> None:
    assert len(clean(text, limit=limit)) <= limit


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b]0;x\x07[red]", "␛]0;x␇[red]"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x9b2J", "·2J"),
        ("a\u202eb\u2066c", "a·b·c"),
        ("a\u200bb", "a·b"),
        ("tab\tline\r\nend", "tab→line↵end"),
        ("\ud800", "\ufffd"),
        ("👩\u200d🔬", "👩🔬"),
        ("👍\U0001f3fd", "👍"),
        ("🇩🇪", "DE"),
        ("e\u0301", "e\u0301"),
        ("\u0301x", "·x"),
        ("no\u00a0break", "no break"),
    ],
)
def test_stand_ins(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_a_flood_of_marks_stays_on_its_line() -> None:
    assert len(clean("e" + "\u0301" * 5000)) == 3


@pytest.mark.parametrize(
    ("text", "width", "align", "shown"),
    [
        ("abc", 5, "right", "  abc"),
        ("abc", 5, "center", " abc "),
        ("abcdef", 4, "left", "abc…"),
        ("日本語", 4, "left", "日… "),
        ("日本語", 5, "left", "日本…"),
        ("abc", 1, "left", "…"),
        ("abc", 0, "left", ""),
    ],
)
def test_fit_examples(text: str, width: int, align: str, shown: str) -> None:
    assert fit(text, width, align) == shown  # type: ignore[arg-type]


def test_measuring_a_chart_fills_no_cache() -> None:
    """Rich keeps the texts that it measures, and a chart that moves makes new ones for as long as it is looked at."""
    before = cached_cell_len.cache_info().misses
    for offset in range(100):
        assert cells(chr(0x2800 + offset) * 40 + "│┤●◆") == 44
    assert cached_cell_len.cache_info().misses == before
