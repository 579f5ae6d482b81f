"""What a table keeps does not grow with the time for which it streams."""

from __future__ import annotations

import weakref

from textual.theme import BUILTIN_THEMES

from modeldeck.render.cell import Cell
from modeldeck.widgets.painting.palette import Palette
from modeldeck.widgets.table.lines import TableLines
from modeldeck.widgets.table.source import Column, TableSource
from tests.widgets.examples import Run


class Words(str):
    """A text whose end can be seen."""


def test_only_lines_in_sight_are_kept() -> None:
    shown: list[weakref.ref[Words]] = []

    def name(run: Run) -> Cell:
        message = Words(run.name)
        shown.append(weakref.ref(message))
        return Cell(message)

    lines = TableLines(TableSource[Run]((Column("name", "run", name),)))
    lines.prepare(Palette(BUILTIN_THEMES["textual-dark"].to_color_system().generate()), False, 40, 0, (None, False))
    for moment in range(200):
        seen = lines.lines([Run(f"r{moment // 50}-{n}", f"run {n}, {moment} s ago") for n in range(5)], 0, True, frozenset(), 0, 5, 6)
    assert [line.text[3:].split(", ")[1].split()[0] for line in seen[1:]] == ["199"] * 5
    assert len(shown) == 1000
    assert sum(message() is not None for message in shown) == 5


def test_a_line_that_looks_the_same_is_painted_once() -> None:
    lines = TableLines(TableSource[Run]((Column("name", "run", lambda run: run.name),)))
    lines.prepare(Palette(BUILTIN_THEMES["textual-dark"].to_color_system().generate()), False, 40, 0, (None, False))
    before, after = (lines.lines([Run("a", "fox"), Run("b", name)], 0, True, frozenset(), 0, 2, 3) for name in ("owl", "elk"))
    assert before[1] is after[1]
    assert "elk" in after[2].text
