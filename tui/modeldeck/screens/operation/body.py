"""The four panes of an operation: steps, rollout, gate and log. All of them where there is room, else the steps and one other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from modeldeck.domain.operations.operation import Operation, State
from modeldeck.domain.operations.steps import StepName, StepState
from modeldeck.render import operation as render
from modeldeck.render.cell import Cell, Line
from modeldeck.render.fold import fold
from modeldeck.render.gate import Judging, gate_lines
from modeldeck.render.plan import gate_outlook
from modeldeck.render.rollout_tree import tree_of
from modeldeck.screens.operation.layout import GATE, LEFT, LOG, LOW, NARROW, PANES, ROLLOUT, STEPS, PaneLayout, heights, in_short, place
from modeldeck.screens.shared.available_actions import AvailableActions
from modeldeck.screens.shared.fleet_view import FleetView
from modeldeck.widgets.content.state import Live, Loading, PaneState, Unavailable
from modeldeck.widgets.content.text_view import TextView
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane

TITLES = {STEPS: "Steps", ROLLOUT: "Rollout", GATE: "Gate", LOG: "Log"}


class Body(Horizontal):
    """Give it what is known with `update`; it paints, and makes room for what matters now."""

    def __init__(self, fleet_view: FleetView, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._fleet_view = fleet_view
        self._standing: AvailableActions | None = None
        self._now = 0.0
        self._chosen: str | None = None
        """The pane that the person wants beside the steps in a small terminal; None: the one in which something happens."""

    def compose(self) -> ComposeResult:
        with Vertical(id="left"):
            yield self._pane(STEPS)
            yield self._pane(ROLLOUT)
        with Vertical(id="right"):
            yield self._pane(GATE)
            yield self._pane(LOG)

    def _pane(self, name: str) -> Pane:
        return Pane(TextView(follow=name == LOG, id=f"{name}-text"), _head(name), Loading(), filterable=False, id=name)

    def update(self, standing: AvailableActions, now: float) -> None:
        self._standing, self._now = standing, now
        self._paint()

    def apologise(self, message: str, hint: str) -> None:
        """Nothing is known of the operation, and why."""
        for name in PANES:
            self.query_one(f"#{name}", Pane).state = Unavailable(message, hint)

    # ── painting ──

    def _paint(self) -> None:
        """What each pane says depends on its width, and their heights on what they say."""
        standing, (width, height) = self._standing, self.size
        if standing is None or not width:
            return
        operation = standing.operation
        zoomed = self.in_use if self.zoomed else None
        found = place(width, narrow=self.has_class("-narrow"), beside=self._chosen or self._busiest(), zoomed=zoomed)
        lines = {
            STEPS: fold(self._steps(operation, found), found.inner(STEPS)),
            ROLLOUT: self._rollout(operation, found.inner(ROLLOUT)),
            GATE: fold(self._gate(operation, found), found.inner(GATE)),
            LOG: fold(render.log_lines(operation), found.inner(LOG)),
        }
        needs = {name: len(told) for name, told in lines.items()}
        ribbon = render.ribbon(operation, found.inner(STEPS), cut_off=standing.gone, where=_where(operation))
        if in_short(found, height, needs):
            lines[STEPS] = ribbon
        self._lay_out(found, heights(found, height, needs, len(ribbon)))
        for name, head, state in self._heads(operation):
            pane = self.query_one(f"#{name}", Pane)
            pane.head, pane.state = head, state
            self._view(name).update_lines(lines[name])

    def _heads(self, operation: Operation) -> Iterable[tuple[str, PaneHead, PaneState]]:
        over = sum(step.finished_at is not None for step in operation.steps)
        yield STEPS, _head(STEPS, figure=f"{over} of {len(operation.steps)}"), Live()
        yield (
            ROLLOUT,
            _head(ROLLOUT, f"{len(operation.keys)} deployments" if len(operation.keys) > 1 else operation.key),
            self._fleet_view.state() if self._fleet_view.holds(operation) else Live(),
        )
        yield GATE, _head(GATE), Live()
        yield LOG, _head(LOG, figure=str(len(operation.log))), Live()

    def _steps(self, operation: Operation, found: PaneLayout) -> list[Line]:
        gone = self._standing is not None and self._standing.gone
        return render.step_lines(operation, self._now, found.inner(STEPS), whole=found.alone, cut_off=gone, where=_where(operation))

    def _rollout(self, operation: Operation, width: int) -> list[Line]:
        if not self._fleet_view.holds(operation):
            return [(Cell(f" its pods are those of environment {operation.environment}", "muted"),)]
        fleet = self._fleet_view.fleet()
        lines: list[Line] = []
        for key in operation.keys if fleet is not None else ():
            assert fleet is not None
            lines += tree_of(fleet, key, self._fleet_view.environment.patterns, self._now, width=width)
        return lines

    def _gate(self, operation: Operation, found: PaneLayout) -> list[Line]:
        judging = self._judging(operation)
        if judging is not None:
            return gate_lines(judging, found.inner(GATE), self._now, dense=found.stacked)
        if any(step.name is StepName.JUDGE_GATE for step in operation.steps):
            return [(Cell(" · ", "muted"), Cell("not judged yet", "muted"))]
        return [(Cell(" – ", "muted"), Cell("no gate: nothing judges how the new pods behave", "muted"))]

    def _judging(self, operation: Operation) -> Judging | None:
        """The newest gate that has begun; None where none has, or is planned."""
        begun = [step for step in operation.steps if step.name is StepName.JUDGE_GATE and step.started_at is not None]
        if not begun:
            return None
        step = begun[-1]
        plan = self._standing.plan if self._standing is not None else None
        left = self._standing is not None and self._standing.left_behind
        at_work = step.state is StepState.TRYING and operation.state is not State.ENDED and not left
        return Judging(
            plan.targets[step.target].gate if plan is not None else None,
            step.judgements,
            step.started_at or 0.0,
            at_work,
            holds=at_work and operation.state is State.WAITING,
            extended=operation.extended,
            outlook=gate_outlook(plan, plan.targets[step.target].key) if plan is not None else "",
        )

    def _view(self, name: str) -> TextView:
        return self.query_one(f"#{name}-text", TextView)

    # ── room ──

    def resized(self, width: int, height: int) -> None:
        """The screen has so many columns and rows now."""
        self.set_class(width < NARROW or height < LOW, "-narrow")

    def on_resize(self) -> None:
        self._paint()

    def choose(self, name: str) -> None:
        """Give a pane the keys, and in a small terminal the room beside the steps."""
        self._chosen = name
        self.query_one(f"#{name}").display = True  # what is hidden cannot be focused
        self.query_one("#left" if name in LEFT else "#right").display = True
        self.screen.set_focus(self._view(name))
        self._paint()

    def next_pane(self) -> None:
        self.choose(PANES[(PANES.index(self.in_use) + 1) % len(PANES)])

    @property
    def zoomed(self) -> bool:
        return self.has_class("-zoomed")

    def zoom(self) -> None:
        """The pane in use alone, and back."""
        self.toggle_class("-zoomed")
        self._paint()

    @property
    def in_use(self) -> str:
        """The pane that has the keys."""
        focused = self.screen.focused
        return next((name for name in PANES if focused is not None and focused.id == f"{name}-text"), STEPS)

    def _lay_out(self, found: PaneLayout, rows: Mapping[str, int]) -> None:
        for name in PANES:
            pane = self.query_one(f"#{name}")
            pane.display = name in rows
            if name in rows:
                pane.styles.height = rows[name]
        for box, members in (("#left", LEFT), ("#right", (GATE, LOG))):
            shown = [name for name in members if name in rows]
            column = self.query_one(box)
            column.display = bool(shown)
            if shown:
                column.styles.width = found.widths[shown[0]]
                column.styles.height = sum(rows[name] for name in shown)
        self.styles.layout = "vertical" if found.stacked else "horizontal"

    def _busiest(self) -> str:
        """Where something happens now, or where the evidence stands."""
        operation = self._standing.operation if self._standing is not None else None
        if operation is None:
            return LOG
        working = next((step.name for step in operation.steps if step.state is StepState.TRYING), None)
        if working is StepName.AWAIT_ROLLOUT:
            return ROLLOUT
        judged = operation.state is State.ENDED and operation.judged is not None
        return GATE if working is StepName.JUDGE_GATE or judged else LOG


def _head(name: str, detail: str = "", figure: str | None = None) -> PaneHead:
    return PaneHead(str(PANES.index(name) + 1), TITLES[name], detail, figure)


def _where(operation: Operation) -> tuple[str, ...]:
    """The names of its deployments in order, where there are several."""
    return tuple(key.partition("/")[2] for key in operation.keys) if len(operation.keys) > 1 else ()
