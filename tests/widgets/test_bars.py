from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from modeldeck.render.cell import Cell, line_text
from modeldeck.render.text import clean
from modeldeck.widgets.footer import Footer, FooterData, KeyHint, footer_line, hint_at
from modeldeck.widgets.header import Backend, Header, HeaderData, header_line
from modeldeck.widgets.lineage import LineageBar, lineage_line
from tests.widgets.examples import Stage, screen_text

HEADER = HeaderData(
    "prod",
    (Backend("MLflow", "live", "12 ms"), Backend("Kubernetes", "down", "connection refused"), Backend("Prometheus", "stale", "stale 2 m")),
    who="you@box",
    clock="14:03:21",
    tags=("read-only",),
)
HINTS = FooterData((KeyHint("p", "promote"), KeyHint("b", "roll back", reason="read-only"), KeyHint("?", "help")))


def test_the_header_gives_way_in_order() -> None:
    wide = line_text(header_line(HEADER, 130))
    assert wide.startswith(" modeldeck  prod read-only   ● MLflow 12 ms    ○ Kubernetes connection refused   ◌ Prometheus stale 2 m")
    assert wide.rstrip().endswith("you@box  14:03:21")
    assert "connection refused" in line_text(header_line(HEADER, 115))
    assert "you@box" not in line_text(header_line(HEADER, 115))
    narrow = line_text(header_line(HEADER, 45))
    assert "●○◌" in narrow
    assert "prod" in narrow
    assert "14:03:21" in narrow


@given(st.integers(20, 200), st.text(max_size=20))
def test_the_header_never_exceeds_a_usual_screen(width: int, environment: str) -> None:
    data = HeaderData(environment, HEADER.backends, clock="14:03:21")
    line = line_text(header_line(data, width))
    assert "\x1b" not in line
    if width >= 75:
        assert cell_len(line) == width
        assert clean(environment, limit=40) in line


def test_a_key_that_cannot_be_used_is_greyed_and_says_why() -> None:
    assert Cell(" b roll back (read-only) ", "muted") in footer_line(HINTS, 80)
    assert Cell("(b roll back)", "muted") in footer_line(HINTS, 40)


def test_where_reasons_have_no_room_hints_stand_where_they_always_do() -> None:
    can = FooterData(tuple(replace(hint, reason="") for hint in HINTS.hints))
    for width in range(26, 44):
        mine, theirs = (line_text(footer_line(data, width)) for data in (HINTS, can))
        assert mine.translate({ord(bracket): " " for bracket in "()"}) == theirs


@pytest.mark.parametrize("message", ["…", "12 ms", "450 ms"])
def test_what_stands_behind_a_figure_does_not_move_with_it(message: str) -> None:
    line = line_text(header_line(HeaderData("prod", (Backend("MLflow", "live", message), Backend("Kubernetes", "live", "8 ms"))), 130))
    assert line.index("Kubernetes") == 39


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


def test_lineage_drops_the_right_first() -> None:
    left, right = (Cell("run → v9"),), (Cell("champion: v7"),)
    assert line_text(lineage_line(left, right, 40)) == " run → v9" + " " * 18 + "champion: v7 "
    assert line_text(lineage_line(left, right, 20)) == " run → v9"


async def test_bars_paint_and_hints_can_be_clicked() -> None:
    for widget, message in ((Header(), "prod"), (Footer(), "promote"), (LineageBar(), "run → v9")):
        app = Stage(widget)
        async with app.run_test(size=(80, 5)) as pilot:
            if isinstance(widget, Header):
                widget.data = HEADER
            elif isinstance(widget, Footer):
                widget.data = HINTS
            else:
                widget.left = (Cell("run → v9"),)
            await pilot.pause()
            assert message in "\n".join(screen_text(app))
            if isinstance(widget, Footer):
                await pilot.click(Footer, offset=(2, 0))
                assert [message.hint.key for message in app.of(Footer.Pressed)] == ["p"]
