"""Pictures of a dashboard's page. `pytest --snapshot-update` takes them anew; look at them before committing."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens.dashboards.test_dashboard_screen import Page
from tests.support.clocks import settle
from tests.support.eventually import eventually
from tests.support.staging import Stage, settled

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)], ids=["80x24", "120x40", "200x50"])


def pressed(*keys: str) -> Any:
    async def press(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, Stage)

        def read() -> bool:
            return "iris-1" in app.text()

        await eventually(read)
        await settled(pilot)
        await pilot.press(*keys)
        await settle()
        await settled(pilot)

    return press


@SIZES
def test_dashboard(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(Stage(Page().screen), terminal_size=size, run_before=pressed())


def test_read_at_a_moment(snap_compare: Any) -> None:
    assert snap_compare(Stage(Page().screen), terminal_size=(80, 24), run_before=pressed("j", "j", *["left"] * 30))


def test_without_colour(snap_compare: Any) -> None:
    assert snap_compare(Stage(Page().screen, no_color=True), terminal_size=(80, 24), run_before=pressed())
