"""Pictures of the wall. `pytest --snapshot-update` takes them anew; look at them before committing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from modeldeck.domain.metrics.samples import NOTHING_KNOWN
from modeldeck.domain.status.serving_row import Code, Disagreement, LiveVersion, ServingRow
from tests.screens.wall.test_wall_screen import FAILED, GONE, Wall, changed, rows
from tests.support import sample
from tests.support.clocks import settle
from tests.support.staging import Stage, settled

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)], ids=["80x24", "120x40", "200x50"])


def several(count: int) -> list[ServingRow]:
    found = list(rows(count))
    found = changed(found, 4, **FAILED)
    found = changed(found, 3, stats=replace(found[3].stats, error_ratio=0.043))
    found = changed(found, 2, stats=replace(found[2].stats, p99=0.21), live=(LiveVersion("6", 1, 1), LiveVersion("7", 1, 1)))
    found = changed(found, 1, disagreements=(Disagreement(Code.ALIAS_DIFFERS, "alias champion says v3, the template says v2"),))
    return changed(found, 5, stats=NOTHING_KNOWN)


def pressed(*keys: str) -> Any:
    async def press(pilot: Pilot[None]) -> None:
        await settle()
        await settled(pilot)
        await pilot.press(*keys)
        await settle()
        await settled(pilot)

    return press


@SIZES
@pytest.mark.parametrize("count", [7, 100])
def test_wall(snap_compare: Any, size: tuple[int, int], count: int) -> None:
    assert snap_compare(Stage(Wall(several(count)).screen), terminal_size=size, run_before=pressed("down"))


def test_without_prometheus_and_colour(snap_compare: Any) -> None:
    wall = Wall([replace(row, stats=NOTHING_KNOWN) for row in rows(7)])
    wall.failure = GONE
    wall.stats = replace(sample.reading(()), failure=GONE)
    assert snap_compare(Stage(wall.screen, no_color=True), terminal_size=(80, 24), run_before=pressed())
