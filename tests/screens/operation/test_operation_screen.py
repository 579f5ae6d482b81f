from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Conflict, Failure
from modeldeck.domain.operations.operation import Operation, Outcome, State, Waiting
from modeldeck.domain.operations.steps import Step, StepName, StepState
from modeldeck.domain.status.joining import serving_rows
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.operations.journal.follow import RunnerFailure
from modeldeck.operations.journal.journal import JournalFailure
from modeldeck.operations.journal.signals import Signal
from modeldeck.operations.runner.runner import Verb
from modeldeck.screens.operation.operation_screen import OperationScreen
from modeldeck.screens.shared.fleet_view import FleetView
from modeldeck.screens.shared.operation_monitor import OperationMonitor
from modeldeck.widgets.content.state import Stale
from tests.support import operations as ops
from tests.support import sample
from tests.support.plans import with_change
from tests.support.staging import Stage, settled, stage

GONE = RunnerFailure(f"whoever carried operation {ops.ID} out is gone", hint=f"modeldeck operations resume {ops.ID}")
APPROVAL = replace(
    ops.BEGUN,
    state=State.WAITING,
    steps=(replace(Step(StepName.AWAIT_APPROVAL, "–", "approved by a second person"), state=StepState.TRYING), *ops.STEPS),
    waiting=Waiting("somebody else than ann@box has to approve it", "", ("modeldeck operations approve 1",)),
)


class Watched:
    """A core with one operation, looked at by `who`."""

    def __init__(self, *news: Operation | Failure, who: str = "ann@box", fleet_view: FleetView = ops.OUTLOOK) -> None:
        self.core = ops.Core()
        for each in news:
            self.core.tell(each)
        self.who, self.fleet_view = who, fleet_view
        self.clock = sample.FrozenClock()
        self.monitor: OperationMonitor | None = None

    def screen(self) -> OperationScreen:
        self.monitor = self.core.monitor(self.who)
        return OperationScreen(self.monitor, self.monitor.follow(ops.ID), self.fleet_view, self.clock)


@asynccontextmanager
async def watched(
    *news: Operation | Failure, size: tuple[int, int] = (120, 40), **given: Any
) -> AsyncIterator[tuple[Stage, Pilot[None], ops.Core]]:
    what = Watched(*news, **given)
    async with stage(what.screen, size=size) as (app, pilot):
        yield app, pilot, what.core
        assert what.monitor is not None
        await what.monitor.settle()


async def test_it_is_shown_live_step_by_step_to_its_end() -> None:
    async with watched(ops.ROLLING) as (app, pilot, core):
        text = app.text()
        for message in ("▸ RUNNING  await rollout", "promote iris  v7 → v9  on serving/iris", "✔ patch template", "2 of 9"):
            assert message in text
        core.tell(ops.JUDGING)
        await settled(pilot)
        assert "▸ RUNNING  judge gate" in app.text()
        core.tell(ops.DONE)
        await settled(pilot)
        assert "✔ DONE" in app.text()
        assert "iris promoted: 7 → 9" in app.text()
        assert "undo" not in app.text().splitlines()[-1]


async def test_who_why_since_when_and_which_process_on_which_host() -> None:
    async with watched(ops.JUDGING) as (app, _, _core):
        for message in ("ann@box at 07:58:24", "“better recall on setosa”", "process 4123 on bastion, alive", "in prod", ops.ID):
            assert message in app.text().splitlines()[1]


async def test_a_process_that_is_silent_for_long_is_told() -> None:
    async with watched(replace(ops.JUDGING, host="elsewhere")) as (app, pilot, core):
        core.beat = ops.NOW - 40.0
        core.tell(ops.JUDGING)
        await settled(pilot)
        assert "not heard for 40 s" in app.text()


async def test_the_rollout_tree_is_that_of_the_fleet() -> None:
    async with watched(ops.ROLLING, size=(200, 50)) as (app, _, _core):
        text = app.text()
        for message in (
            "├─ r4   v9   1/2 ready  42 s",
            "CrashLoopBackOff  2 restarts  20 s",
            "├─ r3   v7   2/2 ready",
            "1 older revision without pods",
        ):
            assert message in text


async def test_a_stale_fleet_is_told_as_stale() -> None:
    fleet_view = replace(ops.OUTLOOK, state=lambda: Stale(130.0, "connection refused"))
    async with watched(ops.ROLLING, fleet_view=fleet_view) as (app, _, _core):
        assert "stale 2 m" in app.text()


async def test_each_criterion_is_a_row_with_what_it_rests_on() -> None:
    async with watched(ops.JUDGING) as (app, _, _core):
        row = next(line for line in app.text().splitlines() if "p99 vs before" in line)
        for message in ("?", "1.2 ×", "≤ 1.5 ×", "41 ms", "280", "▅▅▅▅▅"):
            assert message in row
        assert "280 requests against 41 ms" in app.text()
        assert "280 requests in 30 s · judged 4 s ago" in app.text()


async def test_a_failed_criterion_says_why_and_its_bars_stand_out_without_colour() -> None:
    async with watched(ops.UNDONE) as (app, _, _core):
        row = next(line for line in app.text().splitlines() if "✘ p99 vs before" in line)
        assert "▅▅▅█" in row
        assert "96 ms of 225 requests against 41 ms of 12960, wanted ≤ 1.5 ×" in " ".join(app.text().split())


async def test_the_log_follows_the_end_until_the_reader_scrolls() -> None:
    long = replace(ops.JUDGING, log=ops.said(*(f"line {number}" for number in range(60))))
    async with watched(long) as (app, pilot, core):
        assert "line 59" in app.text()
        await pilot.press("4", "g")
        core.tell(replace(long, log=(*long.log, *ops.said("line 60"))))
        await settled(pilot)
        assert "line 60" not in app.text()
        await pilot.press("G")
        core.tell(replace(long, log=(*long.log, *ops.said("line 60", "line 61"))))
        await settled(pilot)
        assert "line 61" in app.text()


async def test_u_asks_before_it_asks_for_an_undo() -> None:
    async with watched(ops.JUDGING) as (app, pilot, core):
        await pilot.press("u")
        await settled(pilot)
        assert "takes back patch template (models:/iris/9 → models:/iris/7)" in app.text()
        await pilot.press("n")
        await settled(pilot)
        assert not core.asked
        await pilot.press("u", "y")
        await settled(pilot)
        assert [(asked.signal, asked.by) for asked in core.asked] == [(Signal.CANCEL, "ann@box")]
        core.tell(replace(ops.JUDGING, cancel_asked=True))
        await settled(pilot)
        assert "it stops before its next request" in app.text()
        assert "u undo (it was asked to)" in app.text()


async def test_what_has_come_past_its_commit_is_not_undone() -> None:
    moved = tuple(replace(step, state=StepState.DONE) for step in ops.STEPS[:5])
    async with watched(replace(ops.JUDGING, steps=(*moved, *ops.STEPS[5:]))) as (app, pilot, core):
        assert "u undo (past its commit: roll back instead)" in app.text()
        await pilot.press("u", "y")
        await settled(pilot)
        assert not core.asked


async def test_a_gate_that_holds_is_accepted_with_a_reason_and_not_without() -> None:
    async with watched(ops.HELD, who="bob@laptop") as (app, pilot, core):
        assert "? WAITING" in app.text()
        assert "the gate is undecided when its time was up" in app.text()
        await pilot.press("a", "enter")
        await settled(pilot)
        assert not core.asked
        assert "that needs a reason" in app.text()
        await pilot.press("a", *"quiet", "enter")
        await settled(pilot)
        assert [(asked.signal, asked.by, asked.reason) for asked in core.asked] == [(Signal.ACCEPT, "bob@laptop", "quiet")]


@pytest.mark.parametrize(("typed", "seconds"), [("5", [300.0]), ("2,5", [150.0]), ("90m", [5400.0]), ("soon", []), ("-3", []), ("nan", [])])
async def test_x_gives_the_gate_more_minutes(typed: str, seconds: list[float]) -> None:
    async with watched(ops.HELD) as (_, pilot, core):
        await pilot.press("x", "ctrl+u")
        await pilot.press(*typed, "enter")
        await settled(pilot)
        assert [asked.seconds for asked in core.asked if asked.signal is Signal.EXTEND] == seconds


async def test_time_that_people_gave_counts_as_the_gates_own() -> None:
    late = replace(ops.HELD, state=State.RUNNING, waiting=None, extended=600.0)
    async with watched(late) as (app, _, _core):
        assert "left" in next(line for line in app.text().splitlines() if "judged 4 s ago" in line)


async def test_somebody_elses_operation_is_approved_and_ones_own_is_not() -> None:
    async with watched(APPROVAL, who="bob@laptop") as (app, pilot, core):
        await pilot.press("a", "escape")
        await settled(pilot)
        assert not core.asked
        await pilot.press("a", *"looks ok", "enter")
        await settled(pilot)
        assert [(asked.signal, asked.reason) for asked in core.asked] == [(Signal.APPROVE, "looks ok")]
    async with watched(APPROVAL, who="bob@laptop") as (app, pilot, core):
        await pilot.press("a", "enter")
        await settled(pilot)
        assert [(asked.signal, asked.reason) for asked in core.asked] == [(Signal.APPROVE, "")]
    async with watched(APPROVAL) as (app, pilot, core):
        assert "(your own: somebody else has to)" in app.text()
        await pilot.press("a", "enter")
        await settled(pilot)
        assert not core.asked


@pytest.mark.parametrize(("key", "verb"), [("R", Verb.RESUME), ("u", Verb.UNDO)])
async def test_what_was_cut_off_is_resumed_or_undone(key: str, verb: Verb) -> None:
    async with watched(ops.JUDGING, GONE) as (app, pilot, core):
        text = app.text()
        assert "× CUT OFF" in text
        assert "goes on with judge gate" in text
        assert "takes back patch template (models:/iris/9 → models:/iris/7)" in text
        await pilot.press(key, "y")
        await settled(pilot)
        assert core.recovered == [(ops.ID, verb)]
        assert not core.asked
        core.tell(replace(ops.JUDGING, runner_pid=5555))
        await settled(pilot)
        assert "process 5555" in app.text()
        assert "CUT OFF" not in app.text()


async def test_what_is_refused_is_said_and_nothing_is_forgotten() -> None:
    async with watched(ops.JUDGING, GONE) as (app, pilot, core):
        core.refusal = Conflict("operation may still be at work (process 4123 on bastion)", hint="modeldeck operations attach")
        await pilot.press("R", "y")
        await settled(pilot)
        assert "may still be at work" in app.text()
        assert "× CUT OFF" in app.text()


async def test_taking_one_over_whose_process_hangs_says_what_it_waits_for() -> None:
    async with watched(replace(ops.JUDGING, heartbeat_at=ops.NOW - 40.0)) as (app, pilot, core):
        core.beat = ops.NOW - 40.0
        await pilot.press("u", "y")
        await settled(pilot)
        assert core.recovered == [(ops.ID, Verb.UNDO)]
        assert "taking it over: the lock of the process that hangs runs out first, within 15 s" in app.text()


async def test_an_operation_that_nobody_took_up_can_be_taken_up() -> None:
    planned = replace(ops.BEGUN, state=State.PLANNED, runner_pid=None)
    async with watched(planned) as (app, _, _core):
        assert "R resume" in app.text()
    async with watched(replace(planned, started_at=ops.NOW - 2.0)) as (app, _, _core):
        assert "R resume" not in app.text()


async def test_the_end_says_what_stands_where_on_which_evidence() -> None:
    row = sample_row()
    async with watched(ops.DONE, fleet_view=replace(ops.OUTLOOK, rows=lambda: (row,))) as (app, _, _core):
        text = app.text()
        assert "iris promoted: 7 → 9" in text
        assert 'rollout: deployment "iris" successfully rolled out · gate: passed: all 3 criteria pass' in text
        assert "template v7 · alias champion v7 · pods v7 3/3 · they agree" in text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_backend_that_is_waited_for_is_named(size: tuple[int, int]) -> None:
    held = replace(ops.ROLLING, held_up="MLflow: no answer within 10 s — still trying")
    async with watched(held, size=size) as (app, _, _core):
        assert "◌ MLflow: no answer within 10 s — still trying" in app.text()


async def test_what_was_read_before_the_end_is_not_told_as_what_stands_now() -> None:
    """The alias has just moved, and MLflow has not been asked since: it still says what stood before."""
    asked_since = []

    def awaited(since: float) -> tuple[str, ...]:
        asked_since.append(since)
        return ("MLflow",)

    row = sample_row()
    async with watched(ops.DONE, fleet_view=replace(ops.OUTLOOK, rows=lambda: (row,), awaited=awaited)) as (app, _, _core):
        assert "template v7 · alias champion ? · pods v7 3/3 · waiting for MLflow" in app.text()
    assert set(asked_since) == {ops.DONE.finished_at}


async def test_what_needs_attention_says_what_to_type() -> None:
    async with watched(ops.ATTENTION) as (app, _, _core):
        lines = app.text().splitlines()
        assert "! NEEDS ATTENTION" in lines[0]
        assert any(line.strip() == "type    modeldeck rollback serving/iris --to 7" for line in lines)
        assert "R resume" in lines[-1]
        assert "u undo" in lines[-1]


async def test_an_operation_of_another_environment_is_looked_at_and_not_recovered_here() -> None:
    elsewhere = replace(ops.JUDGING, environment="staging")
    async with watched(elsewhere, GONE) as (app, pilot, core):
        assert "its pods are those of environment staging" in app.text()
        assert "R resume (it belongs to environment staging)" in app.text()
        await pilot.press("R", "y")
        await settled(pilot)
        assert not core.recovered


async def test_in_a_read_only_environment_everything_is_greyed() -> None:
    environment: Environment = replace(sample.ENVIRONMENT, read_only=True)
    async with watched(ops.HELD, fleet_view=replace(ops.OUTLOOK, environment=environment)) as (app, pilot, core):
        assert "a accept (read-only)" in app.text().splitlines()[-1]
        await pilot.press("u", "y", "a")
        await settled(pilot)
        assert not core.asked


async def test_a_journal_that_cannot_be_read_is_told_in_every_pane() -> None:
    async with watched(JournalFailure("journal.sqlite cannot be read: disk I/O error")) as (app, _, _core):
        assert "cannot be read: disk I/O error" in app.text()


async def test_a_journal_that_cannot_be_read_any_more_leaves_what_is_known() -> None:
    async with watched(ops.JUDGING, JournalFailure("journal.sqlite cannot be read: disk I/O error")) as (app, _, _core):
        text = app.text()
        assert "disk I/O error" in text
        assert "CUT OFF" not in text
        assert "✔ patch template" in text


async def test_leaving_changes_nothing_and_somebody_else_attaches() -> None:
    what = Watched(ops.JUDGING)
    async with stage(what.screen) as (app, pilot):
        await pilot.press("escape")
        await settled(pilot)
        assert app.chosen is None
        assert what.monitor is not None
        assert not what.core.asked
        followed = what.monitor.of("serving/iris")
        assert followed is not None
        app.push_screen(OperationScreen(what.monitor, followed, ops.OUTLOOK, what.clock))
        await settled(pilot)
        assert "RUNNING  judge gate" in app.text()
        what.core.tell(ops.DONE)
        await settled(pilot)
        assert "✔ DONE" in app.text()
        assert what.monitor.of("serving/iris") is None
        await what.monitor.settle()


@pytest.mark.parametrize(
    ("operation", "shown"),
    [(ops.ROLLING, "2 Rollout"), (ops.JUDGING, "3 Gate"), (ops.HELD, "3 Gate"), (ops.DONE, "3 Gate"), (ops.BEGUN, "4 Log")],
)
async def test_a_small_screen_shows_the_steps_and_where_something_happens(operation: Operation, shown: str) -> None:
    async with watched(operation, size=(80, 24)) as (app, pilot, _core):
        titles = [title for title in ("1 Steps", "2 Rollout", "3 Gate", "4 Log") if title in app.text()]
        assert titles == ["1 Steps", shown]
        await pilot.press("4")
        await settled(pilot)
        assert "4 Log" in app.text()
        await pilot.press("1")
        await settled(pilot)
        assert [title for title in ("2 Rollout", "3 Gate", "4 Log") if title in app.text()] == []


async def test_z_shows_the_pane_in_use_alone_with_every_word() -> None:
    async with watched(ops.JUDGING) as (app, pilot, _core):
        assert 'deployment "iris" successfully rolled out' not in next(
            line for line in app.text().splitlines() if "✔ await rollout" in line
        )
        await pilot.press("1", "z")
        await settled(pilot)
        assert 'deployment "iris" successfully rolled out' in next(line for line in app.text().splitlines() if "✔ await rollout" in line)
        assert "4 Log" not in app.text()
        await pilot.press("tab")
        await settled(pilot)
        assert "2 Rollout" in app.text()
        await pilot.press("escape")
        await settled(pilot)
        assert "4 Log" in app.text()


@pytest.mark.parametrize("size", [(60, 20), (30, 10), (12, 5), (300, 90)])
async def test_no_terminal_is_too_small_or_too_large(size: tuple[int, int]) -> None:
    for operation in (ops.HELD, ops.ATTENTION):
        async with watched(operation, size=size) as (app, pilot, _core):
            await pilot.press("1", "2", "3", "4", "z", "z")
            await settled(pilot)
            assert len(app.text().splitlines()) == size[1]


async def test_it_is_painted_again_for_another_size() -> None:
    async with watched(ops.JUDGING) as (app, pilot, _core):
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert "2 Rollout" not in app.text()
        await pilot.resize_terminal(200, 50)
        await settled(pilot)
        assert "2 Rollout" in app.text()


HOSTILE = "\x1b]0;x\x07[red]\u202eevil\n"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_hostile_words_stay_words(size: tuple[int, int]) -> None:
    steps = tuple(replace(step, message=HOSTILE, state=StepState.FAILED, started_at=1.0) for step in ops.HELD.steps)
    evil = with_change(
        replace(
            ops.HELD,
            actor=HOSTILE,
            reason=HOSTILE,
            waiting=Waiting(HOSTILE, HOSTILE),
            log=ops.said(*(HOSTILE,) * 3),
            steps=steps,
            host=HOSTILE,
            message=HOSTILE,
        ),
        model=HOSTILE,
    )
    for operation in (evil, replace(evil, state=State.ENDED, outcome=Outcome.NEEDS_ATTENTION)):
        async with watched(operation, size=size) as (app, _, _core):
            assert all(character.isprintable() for line in app.text().splitlines() for character in line)
            assert all(len(line) == size[0] for line in app.text().splitlines())


@pytest.mark.parametrize("name", ["ROLLING", "JUDGING", "HELD", "DONE", "UNDONE", "ATTENTION"])
async def test_signs_carry_the_meaning_where_there_is_no_colour(name: str) -> None:
    """The same text in the plain theme, and each state told by a sign of its own."""
    operation: Operation = getattr(ops, name)
    colourful = Watched(operation)
    async with stage(colourful.screen) as (app, _):
        text = app.text()
    plain = Watched(operation)
    async with stage(plain.screen, no_color=True) as (app, _):
        assert app.text() == text
    assert text.lstrip()[0] in "▸?✔↶!"
    for what in (colourful, plain):
        assert what.monitor is not None
        await what.monitor.settle()


def sample_row() -> ServingRow:
    rows = serving_rows(sample.FLEET, sample.REGISTRY, {}, champion="champion", patterns=sample.ENVIRONMENT.patterns, observed={})
    return next(row for row in rows if row.key == "serving/iris")
