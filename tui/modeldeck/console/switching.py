"""Which environment is looked at: one at a time, left wholly before another one is."""

from __future__ import annotations

import asyncio
import getpass
import socket
from collections.abc import Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from textual.app import App

from modeldeck.config import from_sandbox
from modeldeck.console.connection import EnvironmentConnection
from modeldeck.console.last_screen import LastScreen, last_screen_of
from modeldeck.domain.environments import Environment
from modeldeck.domain.reading import Reading
from modeldeck.live.hub import Topic
from modeldeck.ports import Clock
from modeldeck.screens.deck.deck import Deck
from modeldeck.screens.deck.sandbox_progress import ComingUp, progress_lines

if TYPE_CHECKING:
    from modeldeck.operations.common.clients import Clients
    from modeldeck.screens.operations.controller import OperationsController

Result = TypeVar("Result")


class SwitchingApp(App[Result]):
    """Has a deck for the environment, and the connection that feeds it."""

    def __init__(self, *args: Any, environment: Environment, clock: Clock, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environment = environment
        self.clock = clock
        self.who = f"{getpass.getuser()}@{socket.gethostname().partition('.')[0]}"
        self.last_screen = LastScreen("")
        """Of what is looked at."""
        self.connection: EnvironmentConnection | None = None
        self._chores: set[asyncio.Task[None]] = set()

    @property
    def deck(self) -> Deck:
        return next(screen for screen in self.screen_stack if isinstance(screen, Deck))

    @property
    def clients(self) -> Clients:
        assert self.connection is not None
        return self.connection.clients

    @property
    def operations(self) -> OperationsController | None:
        return self.connection.operations if self.connection is not None else None

    def chore(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside everything else, until the console ends."""
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    def show(self, environment: Environment, *, patience: float) -> None:
        """The first one."""
        self.environment = environment
        self.push_screen(self._deck(environment, patience=patience))
        self.chore(self._connect(environment))

    def switch_to(self, environment: Environment) -> None:
        self.chore(self._look_at(environment))

    def refresh_readings(self) -> None:
        """Ask everything again now."""
        if self.connection is not None:
            self.connection.hub.refresh()

    async def follow_sandbox(self, sandbox: ComingUp) -> None:
        """Show its parts coming up, and look at its backends as soon as it has chosen their addresses."""
        events = []
        async for event in sandbox.events():
            events.append(event)
            if self.environment.mlflow is None and sandbox.environment is not None:
                chosen = from_sandbox(sandbox.environment)
                await self._look_at(replace(chosen, theme=self.environment.theme))
            self.deck.show_progress(progress_lines(events))
            if event.state == "ready":
                self.refresh_readings()  # the hub may be waiting out a pause after a refused connection

    async def on_unmount(self) -> None:
        for task in tuple(self._chores):
            task.cancel()
        await self._disconnect()

    def _deck(self, environment: Environment, *, patience: float = 0.0) -> Deck:
        self.last_screen = last_screen_of(environment)
        kept = self.last_screen.load(self.size, self.clock.now())
        return Deck(environment, self.clock, self.who, kept, patience=patience)

    async def _look_at(self, environment: Environment) -> None:
        await self._disconnect()
        self.environment = environment
        await self.switch_screen(self._deck(environment))
        await self._connect(environment)

    async def _connect(self, environment: Environment) -> None:
        connection = self.connection = EnvironmentConnection(environment, self.clock, self._publish)
        self.deck.attach(connection.hub)
        self.chore(self._name_unhandled(connection))
        await asyncio.sleep(0)  # the questions leave before what can wait is imported
        from modeldeck.backends import open_journal, start_runner
        from modeldeck.screens.operations.controller import operations_controller

        clients = connection.clients
        connection.operations = operations_controller(self, clients, start_runner(clients), lambda: open_journal(environment), self.clock)

    async def _disconnect(self) -> None:
        if self.connection is not None:
            await self.connection.close()
        self.connection = None

    async def _name_unhandled(self, connection: EnvironmentConnection) -> None:
        """Say it once."""
        found = await connection.unhandled()
        if found and self.connection is connection:
            self.deck.name_unhandled(found)

    def _publish(self, topic: Topic, reading: Reading[Any]) -> None:
        if self.return_code is None:  # what still arrives while the screens go has nowhere to go to
            self.deck.receive(topic, reading)
