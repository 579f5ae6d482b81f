"""Text with a role."""

from __future__ import annotations

from modeldeck.render.cell import ROLES, Cell, as_cell, line_text
from modeldeck.render.charts.chart_data import SERIES_ROLES, SYMBOLS


def test_a_plain_text_becomes_a_cell_and_a_cell_stays_one() -> None:
    cell = Cell("v7", "version")
    assert as_cell(cell) is cell
    assert as_cell("v7") == Cell("v7", "")


def test_a_line_is_its_texts_put_together() -> None:
    assert line_text((Cell("p99 ", "muted"), Cell("41 ms"))) == "p99 41 ms"
    assert line_text(()) == ""


def test_every_series_has_a_role_and_a_symbol_of_its_own() -> None:
    assert set(SERIES_ROLES) <= set(ROLES)
    assert len(set(SERIES_ROLES)) == len(set(SYMBOLS)) == len(SYMBOLS)
