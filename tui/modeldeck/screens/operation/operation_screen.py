"""One operation as it goes on: its steps, its rollout, its gate and its log. The same for whoever began it, and for a colleague."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from modeldeck.domain.failures import Failure
from modeldeck.domain.kubernetes.leases import DURATION
from modeldeck.domain.operations.operation import Operation, State
from modeldeck.domain.operations.plan import Plan
from modeldeck.operations.common.liveness import unheard
from modeldeck.operations.journal.events import heard
from modeldeck.operations.journal.signals import Signal
from modeldeck.operations.runner.runner import Verb
from modeldeck.ports import Clock
from modeldeck.render.cell import Cell, Line
from modeldeck.render.fold import flow
from modeldeck.screens.operation.banner import banner_lines, resume_words, undo_words
from modeldeck.screens.operation.body import TITLES, Body
from modeldeck.screens.operation.layout import PANES
from modeldeck.screens.shared.ask import Confirm, Prompt
from modeldeck.screens.shared.available_actions import Action, AvailableActions, untaken
from modeldeck.screens.shared.fleet_view import FleetView
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.screens.shared.operation_monitor import MonitoredOperation, OperationMonitor
from modeldeck.widgets.banner import Banner
from modeldeck.widgets.footer import Footer

TICK = 1.0
"""Seconds between repaints of running times while an operation is under way."""


class OperationScreen(FramedScreen[None]):
    """Leaving it changes nothing: the operation has a process of its own."""

    CSS_PATH = "operation.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="operation.leave"),
        Binding("R", "resume", "Resume", id="operation.resume", tooltip="Go on with an operation that was cut off"),
        Binding("a", "accept", "Accept", id="operation.accept", tooltip="Go on although the gate cannot judge; asks for a reason"),
        Binding("a", "approve", "Approve", id="operation.approve", tooltip="Let it begin, as a second person"),
        Binding("x", "extend", "More time", id="operation.extend", tooltip="Give the gate more time; asks for how long"),
        Binding("u", "undo", "Undo", id="operation.undo", tooltip="Stop, and put back what was changed"),
        *(Binding(str(n), f"pane('{pane}')", TITLES[pane], id=f"operation.{pane}", show=False) for n, pane in enumerate(PANES, 1)),
        Binding("tab", "next_pane", "Next pane", id="operation.next", show=False),
        Binding("z", "zoom", "Zoom", id="operation.zoom", tooltip="This pane alone, with every word", show=False),
    ]

    def __init__(self, monitor: OperationMonitor, followed: MonitoredOperation, fleet_view: FleetView, clock: Clock) -> None:
        super().__init__()
        self._monitor = monitor
        self._followed = followed
        self._fleet_view = fleet_view
        self._clock = clock
        self._plan: Plan | None = None
        self._plan_read = False
        self._trouble: Failure | None = None
        """Why what was asked for last could not be done."""
        self._asking: asyncio.Task[None] | None = None

    # ── building ──

    def compose(self) -> ComposeResult:
        yield Banner(id="banner")
        yield Body(self._fleet_view, id="body")
        yield Footer()

    def on_mount(self) -> None:
        self.set_interval(TICK, self._tick)
        self._body.resized(self.app.size.width, self.app.size.height)
        self.query_one("#steps-text").focus()
        self._watch(self._followed)

    def on_unmount(self) -> None:
        self._followed.watchers.discard(self._paint)
        if self._asking is not None:
            self._asking.cancel()

    @property
    def _body(self) -> Body:
        return self.query_one(Body)

    def _watch(self, followed: MonitoredOperation) -> None:
        self._followed.watchers.discard(self._paint)
        self._followed = followed
        followed.watchers.add(self._paint)
        self._paint()

    # ── what is known ──

    @property
    def standing(self) -> AvailableActions | None:
        """None until the journal has told of it."""
        operation = self._followed.operation
        if operation is None:
            return None
        if not self._plan_read:
            self._plan, self._plan_read = self._read_plan(operation.id), True
        now = self._clock.now()
        gone = self._followed.cut_off or untaken(operation, now)
        quiet = None if gone else unheard(heard(operation, self._heartbeat(operation)), now)
        return AvailableActions(
            operation, self._plan, gone, self._monitor.who, self._fleet_view.environment, self._fleet_view.cluster(), quiet
        )

    def _read_plan(self, operation_id: str) -> Plan | None:
        try:
            return self._monitor.services.plan_of(operation_id)
        except Failure:
            return None  # following it meets the same, and tells it

    def _heartbeat(self, operation: Operation) -> float | None:
        if operation.state is State.ENDED:
            return None
        try:
            return self._monitor.services.heartbeat(operation.id)
        except Failure:
            return None

    # ── painting ──

    def _tick(self) -> None:
        if self.is_current:
            self._paint()

    def _paint(self) -> None:
        standing, now, banner = self.standing, self._clock.now(), self.query_one(Banner)
        if standing is None:
            failure = self._followed.failure
            banner.update_lines([(Cell(f"operation {self._followed.id}", "strong"),)])
            if failure is not None:
                self._body.apologise(str(failure), failure.hint)
            return
        operation = standing.operation
        failure = self._trouble or (self._followed.failure if operation.state is not State.ENDED else None)
        row = self._fleet_view.row(operation.key) if self._fleet_view.holds(operation) else None
        awaited = self._fleet_view.awaited(operation.finished_at) if operation.finished_at is not None else ()
        beat = self._heartbeat(operation)
        banner.update_lines(banner_lines(standing, now, banner.room, heartbeat_at=beat, failure=failure, row=row, awaited=awaited))
        self._body.update(standing, now)
        self.refresh_bindings()

    def on_resize(self, event: events.Resize) -> None:
        self._body.resized(event.size.width, event.size.height)
        self._paint()

    # ── what can be done now ──

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in tuple(Action):
            return True
        reason = self._reason(action)
        return False if reason is None else None if reason else True

    def why_not(self, action: str) -> str:
        return self._reason(action) or ""

    def _reason(self, action: str) -> str | None:
        standing = self.standing
        return standing.why_not(Action(action)) if standing is not None and action in tuple(Action) else None

    def action_leave(self) -> None:
        if self._body.zoomed:
            self._body.zoom()
        else:
            self.dismiss()

    def action_pane(self, name: str) -> None:
        self._body.choose(name)

    def action_next_pane(self) -> None:
        self._body.next_pane()

    def action_zoom(self) -> None:
        self._body.zoom()

    def action_undo(self) -> None:
        standing = self.standing
        if standing is None:
            return
        message: tuple[Line, ...] = ((Cell(undo_words(standing)),),)
        if standing.left_behind:
            self._confirm("Undo", message, lambda: self._recover(Verb.UNDO))
        else:
            more: Line = (Cell("whoever carries it out stops before its next request, and takes back what was done", "muted"),)
            self._confirm("Undo", (*message, more), lambda: self._request(Signal.CANCEL))

    def action_resume(self) -> None:
        standing = self.standing
        if standing is not None:
            self._confirm("Resume", ((Cell(resume_words(standing.operation)),),), lambda: self._recover(Verb.RESUME))

    def action_accept(self) -> None:
        def answered(reason: str | None) -> None:
            if reason is None:
                self.say(Cell("nothing was accepted: that needs a reason", "warn"))
            else:
                self._ask(self._request(Signal.ACCEPT, reason=reason))

        lines: tuple[Line, ...] = ((Cell("Why is it good enough? Kept with the operation."),),)
        self.app.push_screen(Prompt("Accept what the gate could not judge", lines), answered)

    def action_approve(self) -> None:
        def answered(reason: str | None) -> None:
            if reason is not None:
                self._ask(self._request(Signal.APPROVE, reason=reason))

        lines: tuple[Line, ...] = (
            (Cell("It begins, with your name beside that of whoever planned it."),),
            (Cell("What did you look at? Kept with the operation; may be left empty."),),
        )
        self.app.push_screen(Prompt("Approve", lines, optional=True), answered)

    def action_extend(self) -> None:
        def answered(text: str | None) -> None:
            minutes = _minutes(text)
            if text is not None and minutes is None:
                self.say(Cell(f"“{text}” is no number of minutes", "warn"))
            elif minutes is not None:
                self._ask(self._request(Signal.EXTEND, seconds=minutes * 60))

        self.app.push_screen(Prompt("More time", ((Cell("How many minutes more may the gate take?"),),), "10"), answered)

    def _confirm(self, title: str, message: tuple[Line, ...], work: Any) -> None:
        self.app.push_screen(Confirm(title, tuple(flow(message, 68))), lambda yes: self._ask(work()) if yes else None)

    async def _request(self, signal: Signal, *, reason: str = "", seconds: float = 0.0) -> None:
        self._monitor.ask(self._followed.id, signal, reason=reason, seconds=seconds)

    async def _recover(self, verb_: Verb) -> None:
        standing = self.standing
        if standing is not None and standing.unheard is not None:
            self.say(Cell(f"taking it over: the lock of the process that hangs runs out first, within {DURATION:.0f} s", "muted"))
        self._watch(await self._monitor.recover(self._followed.id, verb_))

    def _ask(self, work: Coroutine[Any, Any, None]) -> None:
        self._asking = asyncio.create_task(self._asked(work))

    async def _asked(self, work: Coroutine[Any, Any, None]) -> None:
        self._trouble = None
        try:
            await work
        except Failure as failure:
            self._trouble = failure
        self._paint()


def _minutes(text: str | None) -> float | None:
    """A positive number of minutes; None where the text is none."""
    try:
        minutes = float((text or "").strip().removesuffix("m").replace(",", "."))
    except ValueError:
        return None
    return minutes if 0 < minutes < 1e6 else None
