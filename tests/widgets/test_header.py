"""The header: what gives way, and what stands still."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from modeldeck.render.cell import line_text
from modeldeck.render.text import clean
from modeldeck.widgets.header import Backend, Header, HeaderData, header_line
from tests.widgets.examples import Stage, screen_text

HEADER = HeaderData(
    "prod",
    (Backend("MLflow", "live", "12 ms"), Backend("Kubernetes", "down", "connection refused"), Backend("Prometheus", "stale", "stale 2 m")),
    who="you@box",
    clock="14:03:21",
    tags=("read-only",),
)


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


@pytest.mark.parametrize("message", ["…", "12 ms", "450 ms"])
def test_what_stands_behind_a_figure_does_not_move_with_it(message: str) -> None:
    line = line_text(header_line(HeaderData("prod", (Backend("MLflow", "live", message), Backend("Kubernetes", "live", "8 ms"))), 130))
    assert line.index("Kubernetes") == 39


async def test_it_paints_what_it_is_given() -> None:
    app = Stage(widget := Header())
    async with app.run_test(size=(80, 5)) as pilot:
        widget.data = HEADER
        await pilot.pause()
        assert "prod" in "\n".join(screen_text(app))
