from __future__ import annotations

from modeldeck.widgets.table.table import Table
from tests.widgets.examples import RUNS, Run, Stage


async def test_the_places_that_were_repainted_are_not_kept() -> None:
    """Textual keeps each of them for a renderer that is not used here: a pane that streams would gather thousands."""
    stage: Table[Run] = Table(RUNS)
    app = Stage(stage)
    kept: list[int] = []
    async with app.run_test(size=(60, 10)) as pilot:
        for moment in range(40):
            stage.update_rows([Run("a", "x" * (1 + moment % 20)), Run("b", "y" * (moment % 7), accuracy=moment / 40)])
            await pilot.pause()
            kept.append(len(stage._dirty_regions))
    assert max(kept) <= 4
