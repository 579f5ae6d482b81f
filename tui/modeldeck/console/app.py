"""The Textual App: themes, and the wiring between screens, live data and operations. Nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType

from modeldeck.console.ending import EndingApp
from modeldeck.console.launch import Launch
from modeldeck.console.switching import SwitchingApp
from modeldeck.domain.failures import Failure
from modeldeck.domain.status.selection import PaneName
from modeldeck.live.hub import RunsQuery
from modeldeck.render.cell import Cell, Line
from modeldeck.render.text import clean
from modeldeck.screens.deck.deck import Deck
from modeldeck.screens.deck.messages import (
    CopyRequested,
    DetailsRequested,
    OperationRequested,
    OperationsRequested,
    PickRequested,
    PromoteRequested,
    RegisterRequested,
    RestartRequested,
    RollbackRequested,
    ScaleRequested,
)
from modeldeck.screens.deck.sandbox_progress import progress_lines
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.terminal import clipboard, instant
from modeldeck.terminal.driver import ConsoleDriver
from modeldeck.terminal.textual_private import driver_of, picture_of
from modeldeck.themes import ThemeError, builtin_names, choose_theme, find_theme
from modeldeck.widgets.key_order import KeysInOrder
from modeldeck.widgets.painting.ascii_filter import AsciiFilter
from modeldeck.widgets.painting.diff_app import DiffApp
from modeldeck.widgets.painting.gc_tuning import collect_from_now_on
from modeldeck.widgets.painting.palette import palette_of

if TYPE_CHECKING:
    from textual.command import Provider

    from modeldeck.console.choices import Choices
    from modeldeck.domain.status.serving_row import ServingRow
    from modeldeck.screens.details.changes import Change

# What a key leads to is imported when it is pressed: the rows are on the screen a tenth of a second sooner.


def _screen_commands() -> type[Provider]:
    from modeldeck.screens.deck.command_palette import ScreenCommands

    return ScreenCommands


_PATIENCE_OVER_SSH = 0.6
"""Seconds for which the first deck does not say what it waits for."""


class Console(KeysInOrder[int], DiffApp[int], SwitchingApp[int], EndingApp[int], inherit_bindings=False):
    """Screens post what they want here; readings go down to the deck.

    Textual's own bindings are left out: ctrl+q would quit, and many hands type it after ctrl+s.
    """

    TITLE = "modeldeck"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS = frozenset({_screen_commands})  # type: ignore[assignment]

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "leave", "Quit", id="app.quit"),
        Binding("colon", "command_palette", "Command", id="app.command", key_display=":"),
        Binding("question_mark", "help", "Help", id="app.help", key_display="?"),
        Binding("ctrl+c", "leave", "Quit", id="app.interrupt", show=False, priority=True),
    ]

    def __init__(self, launch: Launch) -> None:
        ConsoleDriver.found = launch.terminal
        driver = ConsoleDriver if launch.terminal is not None else None
        super().__init__(driver_class=driver, environment=launch.environment, clock=launch.clock)
        if not instant.speaks_utf8():
            self.add_filter(AsciiFilter())
        self._launch = launch
        self.takes_signals = launch.terminal is not None
        self.own_themes: set[str] = set()
        """Ours and the operator's: Textual's own know nothing of roles."""
        self._copied = ""

    # ── starting ──

    def on_load(self) -> None:
        for name in builtin_names():
            found = find_theme(name)
            if not isinstance(found, ThemeError):
                self.own_themes.add(found.name)
                self.register_theme(found)
        colors = 16 if self.console.color_system == "standard" else 1 << 24
        theme, self._theme_error = choose_theme(self.environment.theme or None, no_color=self._launch.no_color, colors=colors)
        self.own_themes.add(theme.name)
        self.register_theme(theme)
        self.theme = theme.name

    def on_mount(self) -> None:
        self.slow_link = self._launch.terminal is not None and "SSH_CONNECTION" in os.environ
        patient = self.slow_link and self._launch.sandbox is None
        self.show(self.environment, patience=_PATIENCE_OVER_SSH if patient else 0.0)
        if self._launch.wall:
            self.chore(self._open_wall())
        if self._theme_error is not None:
            self.deck.say(Cell(self._theme_error.message, "warn"))
        if self._launch.sandbox is not None:
            self.deck.show_progress(progress_lines(()))
            self.chore(self.follow_sandbox(self._launch.sandbox))

    async def _open_wall(self) -> None:
        """After the connection, which was begun before."""
        self.on_details_requested(DetailsRequested("wall", PaneName.DEPLOYMENTS, self.deck.model.selection))

    # ── what screens want ──

    def on_promote_requested(self, message: PromoteRequested) -> None:
        if self.operations is not None:
            self.operations.promote(message.row, message.model, message.version)

    def on_rollback_requested(self, message: RollbackRequested) -> None:
        if self.operations is not None:
            self.operations.roll_back(message.row)

    def on_operation_requested(self, message: OperationRequested) -> None:
        if self.operations is not None:
            self.operations.open(message.operation_id)

    def on_operations_requested(self, message: OperationsRequested) -> None:
        if self.operations is not None:
            self.operations.show_all()

    def on_details_requested(self, message: DetailsRequested) -> None:
        if self.connection is None:
            return
        found = self.connection.details(message, self.deck.model)
        if isinstance(found, str):
            self.deck.say(Cell(found, "muted"))
        else:
            self.push_screen(found)

    def on_restart_requested(self, message: RestartRequested) -> None:
        from modeldeck.screens.details import changes

        self._confirm(changes.restart(message.row, self.clock))

    def on_scale_requested(self, message: ScaleRequested) -> None:
        from modeldeck.screens.details import changes

        self._confirm(changes.scale(message.row, message.replicas))

    def on_register_requested(self, message: RegisterRequested) -> None:
        from modeldeck.screens.details import changes
        from modeldeck.screens.shared.ask import Prompt

        def named(model: str | None) -> None:
            if model is not None:
                self.chore(self._change(changes.register(self.clients, message.run_id, model)))

        question: tuple[Line, ...] = ((Cell(f"register the model of run {message.run_name} as a new version of:"),),)
        self.push_screen(Prompt("Register", question, message.model or ""), named)

    def _confirm(self, change: Change) -> None:
        from modeldeck.screens.shared.ask import Confirm

        def answered(yes: bool | None) -> None:
            if yes:
                self.chore(self._change(change.make(self.clients)))

        self.push_screen(Confirm(change.title, change.question), answered)

    async def _change(self, work: Coroutine[Any, Any, Line]) -> None:
        """Do it, say what came of it, and look at the world again."""
        self.deck.say(*await work)
        self.refresh_readings()

    def on_pick_requested(self, message: PickRequested) -> None:
        from modeldeck.console import choices

        if message.what == "experiment":
            self._pick(choices.experiments(self.deck.model.experiments), lambda one: self.deck.show_runs(RunsQuery(one or None)))
        elif message.what == "environment":
            self._pick(choices.environments(self._launch.names, self.environment.name), self._switch)
        elif message.what == "theme":
            self._pick(choices.themes(self.own_themes, self.theme), self._use_theme)
        elif message.what == "namespace":
            self.chore(self._pick_namespace())
        elif message.what == "link" and self.deck.model.row is not None:
            self._pick_link(self.deck.model.row)

    def _pick(self, choices: Choices, use: Callable[[str], None]) -> None:
        from modeldeck.screens.shared.picker import Picker

        self.push_screen(Picker(choices.title, choices.all, choices.current), lambda one: use(one) if one is not None else None)

    def _use_theme(self, name: str) -> None:
        self.theme = name

    async def _pick_namespace(self) -> None:
        from modeldeck.console import choices

        cluster = self.clients.cluster
        if cluster is None:
            return
        try:
            names = await cluster.namespaces()
        except Failure as failure:
            self.deck.say(Cell(f"{failure}: name one with -n", "warn"))
            return

        def use(chosen: str) -> None:
            target = self.environment.cluster
            if target is not None:
                self.switch_to(replace(self.environment, cluster=replace(target, namespaces=(chosen,))))

        self._pick(choices.namespaces(names), use)

    def _pick_link(self, row: ServingRow) -> None:
        from modeldeck.console import choices
        from modeldeck.screens.details import changes

        def use(chosen: str) -> None:
            self.chore(self._change(changes.choose_link(self.clients, row, chosen.split(","))))

        self._pick(choices.links(row), use)

    def _switch(self, name: str) -> None:
        self.switch_to(self._launch.resolve(name))

    def copy_to_clipboard(self, text: str) -> None:
        """For Textual's own line of text."""
        self.chore(self._copy(CopyRequested(text, say=False)))

    @property
    def clipboard(self) -> str:
        return self._copied

    def on_copy_requested(self, message: CopyRequested) -> None:
        self.chore(self._copy(message))

    async def _copy(self, message: CopyRequested) -> None:
        """One line, whatever stands in a name: pasted into a shell, a line end would run it."""
        text = self._copied = message.text if message.text.isprintable() else clean(message.text)
        driver = driver_of(self)
        if driver is None:
            return
        said = await clipboard.copy(text, os.environ, driver.write)
        if message.say:
            asking = self.screen if isinstance(self.screen, FramedScreen) else self.deck
            asking.say(Cell(f"{said}: {message.name or text}", "muted"))

    def on_ready(self) -> None:
        """The first frame stands."""
        collect_from_now_on()

    # ── leaving ──

    def about_to_end(self) -> None:
        if any(isinstance(screen, Deck) for screen in self.screen_stack):
            self._keep_screen()

    async def action_leave(self) -> None:
        self._keep_screen()
        self.exit(return_code=0)

    def action_help(self) -> None:
        from modeldeck.screens.shared.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    def standing(self) -> tuple[Sequence[str], Style]:
        """What was painted before we were there: what has only become older costs no byte."""
        painted = self._launch.painted
        styles = (self._stale(), palette_of(self).frame)
        found = next((style for style in styles if painted is not None and painted.style == self.codes(style)), None)
        return (painted.lines, found) if painted is not None and found is not None else super().standing()

    def _stale(self) -> Style:
        """What a pane shows its old content in until the first answer."""
        return palette_of(self).on("stale")["muted"]

    def _keep_screen(self) -> None:
        """Keep what the deck shows, for the next start's first paint."""
        if self.screen is not self.deck:
            return
        lines = ["".join(segment.text for segment in strip) for strip in picture_of(self.deck)]
        self.last_screen.save(self.size, lines, self.codes(self._stale()), self.clock.now())
