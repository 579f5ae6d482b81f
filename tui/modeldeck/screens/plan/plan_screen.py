"""The plan before anything is changed: what would be done, what refuses it, and one question."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input

from modeldeck.domain.failures import Failure
from modeldeck.domain.operations import targets
from modeldeck.domain.operations.checks import CheckName
from modeldeck.domain.operations.intent import Intent
from modeldeck.domain.operations.plan import Plan, Refusal
from modeldeck.render import plan as render
from modeldeck.render.cell import Cell, Line
from modeldeck.render.fold import fold
from modeldeck.render.moves import failure_lines, verb
from modeldeck.render.text import clean
from modeldeck.screens.shared.fleet_view import FleetView
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.screens.shared.operation_monitor import MonitoredOperation, OperationMonitor
from modeldeck.screens.shared.picker import Choice, Picker
from modeldeck.widgets.banner import Banner
from modeldeck.widgets.content.state import Live, Loading
from modeldeck.widgets.content.text_view import TextView
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.painting.diff_app import DiffApp
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane

NARROW, LOW = 110, 30
PATIENCE = 0.3
"""Seconds for which a slow link is spared the picture of a plan that is still being made."""
"""Below this many columns or rows everything stands in one column."""
REASON, CONFIRM = "reason", "confirm"


class PlanScreen(FramedScreen[None]):
    """Phases: planning → planned, or refused → begun, and then another screen takes over. `begun` is called with what was begun."""

    CSS_PATH = "plan.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="plan.leave"),
        Binding("y", "apply", "Apply", id="plan.apply", tooltip="Do what the plan says"),
        Binding("r", "reason", "Reason", id="plan.reason", tooltip="Say why; kept with the operation"),
        Binding("a", "also", "Also", id="plan.also", tooltip="Go on to another deployment afterwards, as one operation"),
        Binding("ctrl+r", "plan_again", "Plan again", id="plan.again", tooltip="Look at the world again"),
        Binding("c", "commands", "Commands", id="plan.commands", tooltip="Each command whole, or on one line"),
        Binding("1", "pane('left')", "Checks", id="plan.left", show=False),
        Binding("2", "pane('right')", "Changes", id="plan.right", show=False),
        Binding("tab", "next_pane", "Next pane", id="plan.next", show=False),
    ]

    def __init__(
        self, monitor: OperationMonitor, intent: Intent, fleet_view: FleetView, begun: Callable[[MonitoredOperation], None]
    ) -> None:
        super().__init__()
        self._monitor = monitor
        self._intent = intent
        self._fleet_view = fleet_view
        self._environment = fleet_view.environment
        self._begun = begun
        self._found: Plan | Refusal | None = None
        self._failure: Failure | None = None
        """Why it could not be begun."""
        self._planning: asyncio.Task[None] | None = None
        self._asked = ""
        self._going_on = False
        """The reason was asked for on the way to applying: the name is asked for as soon as there is a plan with it."""
        self._whole_commands = False

    def compose(self) -> ComposeResult:
        yield Banner(id="banner")
        with Horizontal(id="body"):
            yield Pane(TextView(id="left-text"), PaneHead("1", "Checks"), Loading(), filterable=False, id="left")
            yield Pane(TextView(id="right-text"), PaneHead("2", "Changes"), Loading(), filterable=False, id="right")
        yield Input(id="line", classes="-hidden")
        yield Footer()

    def on_mount(self) -> None:
        if isinstance(self.app, DiffApp):
            self.app.hold_picture(PATIENCE)
        self._arrange(self.app.size.width, self.app.size.height)
        self.query_one("#left-text").focus()
        self._start_planning()

    def on_unmount(self) -> None:
        if self._planning is not None:
            self._planning.cancel()

    # ── planning ──

    def _start_planning(self) -> None:
        self._found = self._failure = None
        self._monitor.services.get_ready()
        self._show()
        self.refresh_bindings()
        if self._planning is not None:
            self._planning.cancel()
        self._planning = asyncio.create_task(self._plan())

    async def _plan(self) -> None:
        self._found = await self._monitor.services.plan(self._intent)
        self._show()
        self.refresh_bindings()
        if isinstance(self.app, DiffApp):
            self.call_after_refresh(self.app.release_picture)
        going_on, self._going_on = self._going_on, False
        if going_on and self._applicable:
            self._ask_name()

    @property
    def _lacks_reason(self) -> bool:
        """Whether all that it lacks is a reason."""
        found = self._found
        return isinstance(found, Plan) and not self._intent.reason and [check.name for check in found.refused] == [CheckName.REASON]

    # ── painting ──

    def _show(self) -> None:
        found = self._found
        lines = [*render.head(self._intent, found, self._environment)]
        if isinstance(found, Refusal):
            lines += render.refusal(found)
        if self._failure is not None:
            lines += failure_lines(self._failure)
        self.query_one(Banner).update_lines(lines)
        for name, sections in zip(("left", "right"), self._columns(found), strict=True):
            self.query_one(f"#{name}", Pane).state = Loading() if found is None else Live()
            view = self.query_one(f"#{name}-text", TextView)
            told: tuple[Line, ...] = render.told(sections, within=self.query_one(f"#{name}", Pane).head.title)
            view.update_lines(fold(told, view.size.width))

    def _columns(self, found: Plan | Refusal | None) -> tuple[list[render.Section], list[render.Section]]:
        """What stands at the left and at the right; all at the left where there is no room for both."""
        if found is None:
            return [], []
        narrow = self.has_class("-narrow")
        checks = [render.checks(found.checks, compact=narrow)] if found.checks else []
        if isinstance(found, Refusal):
            return checks, []
        width = self.query_one("#left-text" if narrow else "#right-text").size.width
        changes = [*render.diff(found), render.steps(found), render.commands(found, whole=self._whole_commands, width=width)]
        if found.already_there:
            changes = []
        gate = [] if found.already_there else [render.gate(found)]
        if narrow:
            return [*checks, *changes[:-1], *gate, *changes[-1:]], []
        return [*checks, *gate], changes

    def on_resize(self, event: events.Resize) -> None:
        self._arrange(event.size.width, event.size.height)
        self.call_after_refresh(self._show)  # the views have their new widths then

    def _arrange(self, width: int, height: int) -> None:
        narrow = width < NARROW or height < LOW
        self.set_class(narrow, "-narrow")
        self.query_one("#right").display = not narrow
        self.query_one("#left", Pane).head = PaneHead(title="Plan") if narrow else PaneHead("1", "Checks")

    # ── what can be done now ──

    @property
    def _applicable(self) -> bool:
        found = self._found
        return isinstance(found, Plan) and not found.refused and not found.already_there

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return None if self.why_not(action) else True

    def why_not(self, action: str) -> str:
        if action == "also":
            return targets.why_alone(self._intent)
        return self._why_not_apply() if action == "apply" else ""

    def _why_not_apply(self) -> str:
        found = self._found
        if self._applicable or self._lacks_reason:
            return ""
        if found is None:
            return "planning"
        if isinstance(found, Refusal):
            return "there is no plan"
        return "already there" if found.already_there else f"refused: {', '.join(check.name for check in found.refused)}"

    def action_leave(self) -> None:
        if self.query_one("#line", Input).has_focus:
            self._going_on = False
            self._close_line()
        else:
            self.dismiss()

    def action_plan_again(self) -> None:
        self._start_planning()

    def action_commands(self) -> None:
        self._whole_commands = not self._whole_commands
        self._show()

    def action_pane(self, name: str) -> None:
        self.set_focus(self.query_one(f"#{'left' if self.has_class('-narrow') else name}-text"))

    def action_next_pane(self) -> None:
        focused = self.focused.id if self.focused is not None else ""
        self.action_pane("right" if focused == "left-text" else "left")

    def action_also(self) -> None:
        self._going_on = False  # who adds a deployment looks at its plan before saying yes
        options = {option.key: option for option in targets.options(self._intent, self._fleet_view.rows())}

        def chosen(key: str | None) -> None:
            if key is not None:
                self._go_on_to(options[key])

        self.app.push_screen(Picker("Go on to", [Choice(key, key, option.message) for key, option in options.items()]), chosen)

    def _go_on_to(self, option: targets.Option) -> None:
        if option.wanted is None:
            self.say(Cell(option.why_not, "warn"))
            return
        self._intent = option.wanted
        self._close_line()  # it may still ask for the name of what was wanted before
        self._start_planning()

    def action_reason(self) -> None:
        self._ask_reason()

    def action_apply(self) -> None:
        if not self._environment.protected:
            self._apply()
        elif not self._intent.reason:
            self._going_on = True
            self._ask_reason()
        else:
            self._ask_name()

    # ── the line that asks ──

    def _ask_reason(self) -> None:
        needed = f"{self._environment.name} is protected, it is needed" if self._environment.protected else "kept with the operation"
        self._ask(REASON, f"why {verb(self._intent.kind)}? {needed}", self._intent.reason)

    def _ask_name(self) -> None:
        name = targets.last_name(self._intent)
        self._ask(CONFIRM, f"{self._environment.name} is protected: type {name} to {verb(self._intent.kind)}", "")

    def _ask(self, what: str, hint: str, text: str) -> None:
        line = self.query_one("#line", Input)
        self._asked = what
        line.value = text
        line.placeholder = ""
        line.border_title = Content(clean(hint))  # which is no markup
        line.border_subtitle = "enter · esc"
        line.remove_class("-hidden")
        line.focus()

    def _close_line(self) -> None:
        self.query_one("#line", Input).add_class("-hidden")
        self.query_one("#left-text").focus()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        text = message.value.strip()
        if self._asked == REASON:
            if not text and self._environment.protected:
                message.input.placeholder = "it is needed"
                return
            self._intent = replace(self._intent, reason=text)
            self._close_line()
            self._start_planning()
        elif text == targets.last_name(self._intent):
            self._close_line()
            self._apply()
        else:
            message.input.placeholder = f"that is not {targets.last_name(self._intent)}: nothing was done"
            message.input.value = ""

    def _apply(self) -> None:
        if not isinstance(self._found, Plan) or not self._applicable:
            return
        try:
            followed = self._monitor.begin(self._found)
        except Failure as failure:
            self._failure = failure
            self.say(Cell("nothing was begun", "bad"))
            self._show()
            return
        self._begun(followed)
