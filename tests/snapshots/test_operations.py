"""Pictures of plans and operations. `pytest --snapshot-update` takes them anew; look at them before committing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from modeldeck.domain.operations.intent import Intent
from modeldeck.domain.operations.operation import Operation
from modeldeck.domain.operations.plan import Plan
from modeldeck.domain.status.joining import serving_rows
from modeldeck.live.hub import Topic
from modeldeck.operations.journal.follow import RunnerFailure
from modeldeck.screens.operation.operation_screen import OperationScreen
from modeldeck.screens.operations.list_screen import OperationsScreen
from modeldeck.screens.plan.plan_screen import PlanScreen
from modeldeck.screens.shared.active_operations import ActiveOperation
from modeldeck.screens.shared.operation_monitor import OperationMonitor
from tests.screens.deck.test_deck import ALL
from tests.screens.deck.test_deck import Stage as Deck
from tests.support import operations as ops
from tests.support import sample
from tests.support.plans import with_target
from tests.support.staging import Stage, settled

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
ROWS = serving_rows(sample.FLEET, sample.REGISTRY, {}, champion="champion", patterns=sample.ENVIRONMENT.patterns, observed={})
GONE = RunnerFailure(f"whoever carried operation {ops.ID} out is gone")


def plan(found: Plan, *, protected: bool = False, wanted: Intent = ops.INTENT) -> Stage:
    monitor = ops.Core(found).monitor()
    fleet_view = replace(ops.OUTLOOK, environment=replace(sample.ENVIRONMENT, protected=protected), rows=lambda: ops.ROWS)
    return Stage(lambda: PlanScreen(monitor, wanted, fleet_view, lambda followed: None), after=monitor.settle)


def operation(
    shown: Operation, *more: RunnerFailure, beat: float | None = ops.NOW - 1.0, no_color: bool = False, planned: Plan = ops.PLAN
) -> Stage:
    core = ops.Core(planned)
    core.beat = beat
    told: tuple[Operation | RunnerFailure, ...] = (shown, *more)
    for each in told:
        core.tell(each)
    monitor: OperationMonitor = core.monitor()
    fleet_view = replace(ops.OUTLOOK, rows=lambda: ROWS)
    return Stage(
        lambda: OperationScreen(monitor, monitor.follow(ops.ID), fleet_view, sample.FrozenClock()), no_color=no_color, after=monitor.settle
    )


@SIZES
def test_plan(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(plan(ops.PLAN), terminal_size=size, run_before=settled)


@SIZES
def test_plan_that_is_refused(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(plan(ops.REFUSED), terminal_size=size, run_before=settled)


def test_typed_confirmation(snap_compare: Any) -> None:
    assert snap_compare(plan(ops.PLAN, protected=True), terminal_size=(80, 24), press=["y"], run_before=settled)


STAGING_FIRST = ops.STAGED.intent
COPIED = with_target(
    replace(ops.STAGED, intent=replace(STAGING_FIRST, then=("serving/iris-eu",), copy_to="prod.iris")),
    deployment="iris-eu",
    model="prod.iris",
    from_version="4",
    to_version="5",
    copied_from="models:/iris/9",
    slot_edits={"/spec/template/spec/containers/0/env/0/value": ("models:/prod.iris/4", "models:/prod.iris/5")},
)


@SIZES
def test_plan_for_several(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(plan(ops.STAGED, wanted=STAGING_FIRST), terminal_size=size, run_before=settled)


@SIZES
def test_going_on_to_another(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(plan(COPIED, wanted=COPIED.intent), terminal_size=size, press=["a"], run_before=settled)


@SIZES
def test_rolling_out(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(operation(ops.ROLLING), terminal_size=size, run_before=settled)


@SIZES
def test_rolling_out_the_next(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(operation(ops.ROLLING_NEXT, planned=ops.STAGED), terminal_size=size, run_before=settled)


@SIZES
def test_gate(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(operation(ops.JUDGING), terminal_size=size, run_before=settled)


@SIZES
def test_hold(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(operation(ops.HELD), terminal_size=size, run_before=settled)


@SIZES
@pytest.mark.parametrize("end", ["DONE", "UNDONE", "ATTENTION"])
def test_end(snap_compare: Any, end: str, size: tuple[int, int]) -> None:
    assert snap_compare(operation(getattr(ops, end)), terminal_size=size, run_before=settled)


@SIZES
def test_cut_off(snap_compare: Any, size: tuple[int, int]) -> None:
    assert snap_compare(operation(ops.JUDGING, GONE, beat=ops.NOW - 40.0), terminal_size=size, run_before=settled)


@SIZES
def test_deck_beside_one_that_hangs(snap_compare: Any, size: tuple[int, int]) -> None:
    app = Deck()

    async def read(pilot: Pilot[None]) -> None:
        await pilot.pause()
        app.deck.attach(app.source)
        for topic, value in {**ALL, Topic.FLEET: ops.rolling_fleet()}.items():
            app.deck.receive(topic, sample.reading(value))
        app.deck.tell({ops.ROLLING.last.uid: ActiveOperation(ops.ROLLING, gone=False, unheard="40 s")})
        await pilot.press("3")
        await settled(pilot)

    assert snap_compare(app, terminal_size=size, run_before=read)


def test_without_colour(snap_compare: Any) -> None:
    assert snap_compare(operation(ops.UNDONE, no_color=True), terminal_size=(120, 40), run_before=settled)


@SIZES
def test_list(snap_compare: Any, size: tuple[int, int]) -> None:
    async def read(pilot: Pilot[None]) -> None:
        screen = pilot.app.screen
        assert isinstance(screen, OperationsScreen)
        assert screen._reader.reading is not None
        await screen._reader.reading
        await settled(pilot)

    stage = Stage(lambda: OperationsScreen(lambda: ops.ALL, lambda operation_id: None, sample.FrozenClock()))
    assert snap_compare(stage, terminal_size=size, run_before=read)
