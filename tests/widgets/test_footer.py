"""The footer: every hint at its place, and what may be pressed."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from modeldeck.render.cell import Cell, line_text
from modeldeck.widgets.footer import Footer, FooterData, KeyHint, footer_line, hint_at
from tests.widgets.examples import Stage, screen_text

HINTS = FooterData((KeyHint("p", "promote"), KeyHint("b", "roll back", reason="read-only"), KeyHint("?", "help")))


def test_a_key_that_cannot_be_used_is_greyed_and_says_why() -> None:
    assert Cell(" b roll back (read-only) ", "muted") in footer_line(HINTS, 80)
    assert Cell("(b roll back)", "muted") in footer_line(HINTS, 40)


def test_where_reasons_have_no_room_hints_stand_where_they_always_do() -> None:
    can = FooterData(tuple(replace(hint, reason="") for hint in HINTS.hints))
    for width in range(26, 44):
        mine, theirs = (line_text(footer_line(data, width)) for data in (HINTS, can))
        assert mine.translate({ord(bracket): " " for bracket in "()"}) == theirs


def test_help_stays_where_others_have_no_room() -> None:
    assert line_text(footer_line(HINTS, 26)).split() == ["p", "promote", "?", "help"]
    assert line_text(footer_line(HINTS, 10)).split() == ["?", "help"]
    assert line_text(footer_line(HINTS, 5)).split() == []


def test_the_note_stands_at_the_right() -> None:
    data = FooterData(HINTS.hints, (Cell("promoted v9", "ok"),))
    assert line_text(footer_line(data, 80)).rstrip().endswith("promoted v9")
    assert cell_len(line_text(footer_line(data, 80))) == 79


@given(st.integers(0, 90))
def test_every_hint_knows_its_place(x: int) -> None:
    found = hint_at(HINTS, 80, x)
    text = line_text(footer_line(HINTS, 80))
    if found is not None:
        assert text.find(found.key) - 1 <= x < text.find(found.label) + len(found.label) + len(found.reason) + 4


async def test_it_paints_its_hints_and_they_can_be_clicked() -> None:
    app = Stage(widget := Footer())
    async with app.run_test(size=(80, 5)) as pilot:
        widget.data = HINTS
        await pilot.pause()
        assert "promote" in "\n".join(screen_text(app))
        await pilot.click(Footer, offset=(2, 0))
        assert [message.hint.key for message in app.of(Footer.Pressed)] == ["p"]
