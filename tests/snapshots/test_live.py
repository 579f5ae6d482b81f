"""Pictures of the live screen. `pytest --snapshot-update` takes them anew; look at them before committing."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from modeldeck.domain.alerts.alert import Alert, AlertState
from modeldeck.domain.objectives.burn import Count, budget
from modeldeck.domain.objectives.objective import Indicator, Objective
from modeldeck.domain.objectives.status import IndicatorStatus, ObjectiveStatus
from modeldeck.live.service_level import ServiceLevel
from tests.screens.live.staging import NOW, Live, happened, more
from tests.support.clocks import settle
from tests.support.staging import Stage, settled

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)], ids=["80x24", "120x40", "200x50"])


def pressed(*keys: str) -> Any:
    async def press(pilot: Pilot[None]) -> None:
        await settle()
        await settled(pilot)
        await pilot.press(*keys)
        await settle()
        await settled(pilot)

    return press


@SIZES
def test_live(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(Stage(Live().screen), terminal_size=size, run_before=pressed())


@SIZES
def test_all_that_pods_export(snap_compare: Any, size: tuple[int, int]) -> None:
    live = Live()
    more(live.reader)
    assert snap_compare(Stage(live.screen), terminal_size=size, run_before=pressed("j", "j", "j"))


@SIZES
def test_versions_apart(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(Stage(Live().screen), terminal_size=size, run_before=pressed("v"))


@SIZES
def test_compared_with_a_day_before(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(Stage(Live().screen), terminal_size=size, run_before=pressed("c"))


@SIZES
def test_buckets(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(Stage(Live().screen), terminal_size=size, run_before=pressed("b"))


@SIZES
def test_read_at_a_moment_while_it_stands_still(snap_compare: Any, size: tuple[int, int]) -> None:
    live = Live()
    live.reader.warnings = ("PromQL warning: one store is away",)
    assert snap_compare(Stage(live.screen), terminal_size=size, run_before=pressed("space", *["left"] * 30))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_an_alert_above_the_charts_and_what_happened_on_them(snap_compare: Any, size: tuple[int, int]) -> None:
    live, promised = Live(), Objective(0.999)
    burning = IndicatorStatus(Indicator.AVAILABILITY, 0.999, budget(0.999, Count(100_000, 25)))
    alert = Alert("HighErrors", AlertState.FIRING, {"severity": "page"}, NOW - 400, "too many requests fail")
    live.happened = happened()
    live.level = ServiceLevel((alert,), ObjectiveStatus("serving/iris", promised, (burning,)))
    assert snap_compare(Stage(live.screen), terminal_size=size, run_before=pressed())


def test_buckets_without_colour(snap_compare: Any) -> None:
    assert snap_compare(Stage(Live().screen, no_color=True), terminal_size=(80, 24), run_before=pressed("b", "left"))


def test_without_colour(snap_compare: Any) -> None:
    assert snap_compare(Stage(Live().screen, no_color=True), terminal_size=(80, 24), run_before=pressed("left"))
