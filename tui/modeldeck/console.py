"""The Textual App: which environment is shown, themes, and the wiring between screens, live data and operations. Nothing else."""

from __future__ import annotations

import asyncio
import getpass
import os
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.widget import Widget

from modeldeck.config import from_sandbox
from modeldeck.domain.environments import Environment
from modeldeck.domain.failures import Failure
from modeldeck.domain.reading import Reading
from modeldeck.live.clock import SystemClock
from modeldeck.live.hub import Hub, RunsQuery, Topic
from modeldeck.ports import Clock
from modeldeck.render.cell import Cell, Line
from modeldeck.render.text import clean
from modeldeck.screens.deck.deck import Deck, SavedScreen
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
from modeldeck.screens.deck.sandbox_progress import ComingUp, progress_lines
from modeldeck.terminal import clipboard, instant
from modeldeck.terminal.driver import ConsoleDriver
from modeldeck.terminal.textual_private import driver_of, handling, is_going, picture_of
from modeldeck.themes import ThemeError, builtin_names, choose_theme, find_theme
from modeldeck.widgets.key_order import KeysInOrder
from modeldeck.widgets.painting.ascii_filter import AsciiFilter
from modeldeck.widgets.painting.diff_app import DiffApp
from modeldeck.widgets.painting.gc_tuning import collect_from_now_on
from modeldeck.widgets.painting.palette import palette_of

if TYPE_CHECKING:
    from textual.command import Provider

    from modeldeck.backends import Backends
    from modeldeck.domain.status.serving_row import ServingRow
    from modeldeck.operations.common.clients import Clients
    from modeldeck.screens.operations.controller import OperationsController
    from modeldeck.screens.shared.picker import Choice

# What a key leads to is imported when it is pressed: the rows are on the screen a tenth of a second sooner.


def _screen_commands() -> type[Provider]:
    from modeldeck.screens.deck.command_palette import ScreenCommands

    return ScreenCommands


@dataclass(frozen=True, slots=True)
class Launch:
    """What the console starts with. `resolve` gives another environment by name, for switching."""

    environment: Environment
    names: tuple[str, ...]
    resolve: Callable[[str], Environment]
    no_color: bool = False
    sandbox: ComingUp | None = None
    terminal: list[object] | None = None
    """The terminal's own attributes, where `instant.held_terminal` has taken it already."""
    painted: instant.Painted | None = None
    """What `instant.paint` has painted on it."""
    clock: Clock = field(default_factory=SystemClock)


SIGNALLED = 128
"""Exit codes above it name the signal that ended a program, as shells write it."""
ENDING_SECONDS = 1.5
"""How long the console may take to end after a signal."""
_AFTER_THE_ROWS = 3.0
"""Seconds after which is asked what no row waits for."""
_PATIENCE_OVER_SSH = 0.6
"""Seconds for which the first deck does not say what it waits for."""


class Console(KeysInOrder[int], DiffApp[int], inherit_bindings=False):
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
        super().__init__(driver_class=ConsoleDriver if launch.terminal is not None else None)
        if not instant.speaks_utf8():
            self.add_filter(AsciiFilter())
        self._launch = launch
        self.environment = launch.environment
        self.who = f"{getpass.getuser()}@{socket.gethostname().partition('.')[0]}"
        self._clock = launch.clock
        self.own_themes: set[str] = set()
        """Ours and the operator's: Textual's own know nothing of roles."""
        self._hub: Hub | None = None
        self._screen_of = ""
        """Whose screen is kept: what is looked at, with its addresses."""
        self._backends: Backends | None = None
        self._controller: OperationsController | None = None
        self._chores: set[asyncio.Task[None]] = set()
        self._ending: threading.Timer | None = None
        self._copied = ""
        self.broken = False
        """Whether it ends by an error of ours."""

    # ── starting ──

    def on_load(self) -> None:
        loop = asyncio.get_running_loop()
        for number in instant.ENDING if self._launch.terminal is not None else ():
            signal.signal(number, lambda number, _frame: self._signalled(number, loop))
        loop.set_exception_handler(_broken)
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
        self._show(self.environment, patience=_PATIENCE_OVER_SSH if patient else 0.0)
        if self._theme_error is not None:
            self.deck.say(Cell(self._theme_error.message, "warn"))
        if self._launch.sandbox is not None:
            self.deck.show_progress(progress_lines(()))
            self._chore(self._follow_sandbox(self._launch.sandbox))

    def _chore(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    @property
    def deck(self) -> Deck:
        return next(screen for screen in self.screen_stack if isinstance(screen, Deck))

    def _show(self, environment: Environment, *, patience: float) -> None:
        self.environment = environment
        self.push_screen(self._deck(environment, patience=patience))
        self._chore(self._connect(environment))

    def _deck(self, environment: Environment, *, patience: float = 0.0) -> Deck:
        columns, rows = self.size
        now = self._clock.now()
        kubeconfig = environment.cluster.kubeconfig if environment.cluster else None
        self._screen_of = instant.identity_of(environment.identity, kubeconfig)
        found = instant.load(self._screen_path(), now)
        plain = found is not None and all(len(line) == columns for line in found.lines)
        kept = SavedScreen(tuple(found.lines), now - found.age, columns, rows) if found is not None and plain else None
        return Deck(environment, self._clock, self.who, kept, patience=patience)

    def _screen_path(self) -> str:
        """Of what is looked at since it was opened: the kubeconfig may lead elsewhere by now."""
        return instant.path_of(instant.folder(os.environ), self._screen_of, *self.size)

    async def _connect(self, environment: Environment) -> None:
        from modeldeck.backends import connect, open_journal, start_runner

        backends = connect(environment)
        clients = backends.clients
        self._backends = backends
        self._hub = Hub(
            environment.name,
            tracking=clients.tracking,
            registry=clients.registry,
            metrics=clients.metrics,
            make_watch=backends.watch,
            namespaces=backends.namespaces,
            clock=self._clock,
            publish=self._publish,
            refresh=environment.refresh,
            patterns=environment.patterns,
        )
        self._hub.start()
        self.deck.attach(self._hub)
        self._chore(self._name_unhandled(backends))
        await asyncio.sleep(0)  # the questions leave before what can wait is imported
        from modeldeck.screens.operations.controller import operations_controller

        self._controller = operations_controller(
            self, backends.clients, start_runner(backends.clients), lambda: open_journal(environment), self._clock
        )

    def _publish(self, topic: Topic, reading: Reading[Any]) -> None:
        if self.return_code is None:  # what still arrives while the screens go has nowhere to go to
            self.deck.receive(topic, reading)

    async def _follow_sandbox(self, sandbox: ComingUp) -> None:
        """Show its parts coming up, and look at its backends as soon as it has chosen their addresses."""
        events = []
        async for event in sandbox.events():
            events.append(event)
            if self.environment.mlflow is None and sandbox.environment is not None:
                chosen = from_sandbox(sandbox.environment)
                await self._look_at(replace(chosen, theme=self.environment.theme))
            self.deck.show_progress(progress_lines(events))
            if event.state == "ready" and self._hub is not None:
                self._hub.refresh()  # it may be waiting out a pause after a refused connection

    # ── what screens want ──

    def on_promote_requested(self, message: PromoteRequested) -> None:
        if self._controller is not None:
            self._controller.promote(message.row, message.model, message.version)

    def on_rollback_requested(self, message: RollbackRequested) -> None:
        if self._controller is not None:
            self._controller.roll_back(message.row)

    def on_operation_requested(self, message: OperationRequested) -> None:
        if self._controller is not None:
            self._controller.open(message.operation_id)

    def on_operations_requested(self, message: OperationsRequested) -> None:
        if self._controller is not None:
            self._controller.show_all()

    def on_details_requested(self, message: DetailsRequested) -> None:
        if self._backends is None:
            return
        from modeldeck.backends import open_journal, open_sightings
        from modeldeck.screens.details.detail_screens import Depth

        clients = self._backends.clients
        journal, sightings = open_journal(self.environment), open_sightings(self.environment)
        depth = Depth(clients.tracking, clients.cluster, clients.registry, journal, sightings, self._clock)
        found = depth.screen(message.what, message.pane, self.deck.model)
        if isinstance(found, str):
            self.deck.say(Cell(found, "muted"))
        else:
            self.push_screen(found)

    def on_restart_requested(self, message: RestartRequested) -> None:
        from modeldeck.screens.details import changes

        row = message.row
        question: tuple[Line, ...] = (
            (Cell(f"{row.key}: restart {row.desired} pods?"),),
            (Cell("a rolling restart, as kubectl rollout restart does it; the same version comes back", "muted"),),
        )
        self._confirm("Restart", question, lambda: changes.restart(self._clients, row, self._clock))

    def on_scale_requested(self, message: ScaleRequested) -> None:
        from modeldeck.screens.details import changes

        row, replicas = message.row, message.replicas
        question: tuple[Line, ...] = ((Cell(f"{row.key}: from {row.desired} to {replicas} replicas?"),),)
        self._confirm("Scale", question, lambda: changes.scale(self._clients, row, replicas))

    def on_register_requested(self, message: RegisterRequested) -> None:
        from modeldeck.screens.details import changes
        from modeldeck.screens.shared.ask import Prompt

        def named(model: str | None) -> None:
            if model is not None:
                self._chore(self._change(changes.register(self._clients, message.run_id, model)))

        question: tuple[Line, ...] = ((Cell(f"register the model of run {message.run_name} as a new version of:"),),)
        self.push_screen(Prompt("Register", question, message.model or ""), named)

    def _confirm(self, title: str, question: tuple[Line, ...], work: Callable[[], Coroutine[Any, Any, Line]]) -> None:
        from modeldeck.screens.shared.ask import Confirm

        def answered(yes: bool | None) -> None:
            if yes:
                self._chore(self._change(work()))

        self.push_screen(Confirm(title, question), answered)

    async def _change(self, work: Coroutine[Any, Any, Line]) -> None:
        """Do it, say what came of it, and look at the world again."""
        self.deck.say(*await work)
        if self._hub is not None:
            self._hub.refresh()

    @property
    def _clients(self) -> Clients:
        assert self._backends is not None
        return self._backends.clients

    def on_pick_requested(self, message: PickRequested) -> None:
        from modeldeck.screens.shared.picker import Choice

        if message.what == "experiment":
            self._pick_experiment()
        elif message.what == "environment":
            self._pick("Environment", [Choice(name, name) for name in self._launch.names], self.environment.name, self._switch)
        elif message.what == "theme":
            self._pick("Theme", [Choice(name, name) for name in sorted(self.own_themes)], self.theme, self._use_theme)
        elif message.what == "namespace":
            self._chore(self._pick_namespace())
        elif message.what == "link" and self.deck.model.row is not None:
            self._pick_link(self.deck.model.row)

    def _pick(self, title: str, choices: list[Choice], current: str | None, use: Callable[[str], None]) -> None:
        from modeldeck.screens.shared.picker import Picker

        self.push_screen(Picker(title, choices, current), lambda chosen: use(chosen) if chosen is not None else None)

    def _use_theme(self, name: str) -> None:
        self.theme = name

    def _pick_experiment(self) -> None:
        from modeldeck.screens.shared.picker import Choice

        def use(chosen: str) -> None:
            self.deck.show_runs(RunsQuery(chosen or None))

        names = self.deck.model.experiments.items()
        self._pick("Experiment", [Choice("", "all experiments"), *(Choice(i, name, f"id {i}") for i, name in names)], None, use)

    async def _pick_namespace(self) -> None:
        from modeldeck.screens.shared.picker import Choice

        cluster = self._clients.cluster
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
                self._switch_to(replace(self.environment, cluster=replace(target, namespaces=(chosen,))))

        self._pick("Namespace", [Choice("*", "all namespaces"), *(Choice(name, name) for name in names)], None, use)

    def _pick_link(self, row: ServingRow) -> None:
        from modeldeck.screens.details import changes
        from modeldeck.screens.shared.picker import Choice

        def use(chosen: str) -> None:
            self._chore(self._change(changes.choose_link(self._clients, row, chosen.split(","))))

        choices = [Choice(",".join(link.places), link.text, ", ".join(link.places)) for link in row.references]
        self._pick(f"{row.deployment}: which one serves?", choices, None, use)

    async def _name_unhandled(self, backends: Backends) -> None:
        """Say once what serves a model and is not among the deployments, where that may be listed."""
        from modeldeck.domain.links.linking import find_links

        cluster, patterns = backends.clients.cluster, self.environment.patterns
        if cluster is None:
            return
        await asyncio.sleep(_AFTER_THE_ROWS)
        try:
            others = await cluster.unhandled(await backends.namespaces())
        except Failure:
            return
        found = [f"{one.key} ({one.kind})" for one in others if find_links(one.template, patterns)]
        if found and self._backends is backends:
            self.deck.name_unhandled(found)

    def _switch(self, name: str) -> None:
        self._switch_to(self._launch.resolve(name))

    def _switch_to(self, environment: Environment) -> None:
        """Leave the old environment wholly before the new one is looked at."""
        self._chore(self._look_at(environment))

    async def _look_at(self, environment: Environment) -> None:
        await self._disconnect()
        self.environment = environment
        await self.switch_screen(self._deck(environment))
        await self._connect(environment)

    async def _disconnect(self) -> None:
        if self._controller is not None:
            await self._controller.shut()
        if self._hub is not None:
            await self._hub.stop()
        if self._backends is not None:
            await self._backends.close()
        self._controller = self._hub = self._backends = None

    def copy_to_clipboard(self, text: str) -> None:
        """For Textual's own line of text."""
        self._chore(self._copy(CopyRequested(text, say=False)))

    @property
    def clipboard(self) -> str:
        return self._copied

    def on_copy_requested(self, message: CopyRequested) -> None:
        self._chore(self._copy(message))

    async def _copy(self, message: CopyRequested) -> None:
        """One line, whatever stands in a name: pasted into a shell, a line end would run it."""
        text = self._copied = message.text if message.text.isprintable() else clean(message.text)
        driver = driver_of(self)
        if driver is None:
            return
        said = await clipboard.copy(text, os.environ, driver.write)
        if message.say:
            self.deck.say(Cell(f"{said}: {text}", "muted"))

    def on_ready(self) -> None:
        """The first frame stands."""
        collect_from_now_on()

    def _handle_exception(self, error: Exception) -> None:
        """A screen that was left before it stood has nothing in it for its own start to find. Everything else is a bug, and loud."""
        whose = handling()
        if not (isinstance(error, NoMatches) and isinstance(whose, Widget) and is_going(whose)):
            self.broken = True
            super()._handle_exception(error)

    # ── leaving ──

    def _signalled(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        """Takes effect in the middle of whatever keeps the loop busy, or cannot be ended: then the process ends without it."""
        driver = driver_of(self)
        if self._ending is None and isinstance(driver, ConsoleDriver):
            self._ending = threading.Timer(ENDING_SECONDS, driver.end_now, (number,))
            self._ending.daemon = True
            self._ending.start()
        with suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(self._end_by, signal.Signals(number))

    def ended(self) -> None:
        """The terminal is given back: what the process still has to do may take its time."""
        if self._ending is not None:
            self._ending.cancel()

    def _end_by(self, number: signal.Signals) -> None:
        """Somebody ends us from outside. Operations go on: each has a process of its own."""
        if any(isinstance(screen, Deck) for screen in self.screen_stack):
            self._keep_screen()
        driver = driver_of(self)
        if number == signal.SIGHUP and isinstance(driver, ConsoleDriver):
            driver.let_go()
        self.exit(return_code=SIGNALLED + number)

    async def action_leave(self) -> None:
        self._keep_screen()
        self.exit(return_code=0)

    def action_help(self) -> None:
        from modeldeck.screens.shared.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.screen))

    async def on_unmount(self) -> None:
        for task in tuple(self._chores):
            task.cancel()
        await self._disconnect()

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
        style = self.codes(self._stale())
        with suppress(OSError):  # a full disk must not keep anybody from leaving
            instant.save(self._screen_path(), lines, style, self._clock.now())


def _broken(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A task broke, which is a bug. Its pane says so; its traceback is for who collects the standard error, never for the screen."""
    stderr, error = sys.__stderr__, context.get("exception")
    if stderr is not None and not stderr.isatty():
        print(context.get("message", ""), file=stderr)
        traceback.print_exception(error, file=stderr)
