"""The lineage line."""

from __future__ import annotations

from modeldeck.render.cell import Cell, line_text
from modeldeck.widgets.lineage import LineageBar, lineage_line
from tests.widgets.examples import Stage, screen_text


def test_lineage_drops_the_right_first() -> None:
    left, right = (Cell("run → v9"),), (Cell("champion: v7"),)
    assert line_text(lineage_line(left, right, 40)) == " run → v9" + " " * 18 + "champion: v7 "
    assert line_text(lineage_line(left, right, 20)) == " run → v9"


async def test_it_paints_what_it_is_given() -> None:
    app = Stage(widget := LineageBar())
    async with app.run_test(size=(80, 5)) as pilot:
        widget.left = (Cell("run → v9"),)
        await pilot.pause()
        assert "run → v9" in "\n".join(screen_text(app))
