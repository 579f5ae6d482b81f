"""Somebody at the console: presses keys, and reads what stands on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import pytest
from textual.pilot import Pilot

from modeldeck.config import Flags, ResolvedConfig, resolve
from modeldeck.console import Console, Launch
from modeldeck.domain.operations.operation import Outcome
from modeldeck.domain.status.selection import PaneName as P
from modeldeck.domain.status.serving_row import ServingRow
from modeldeck.screens.deck.deck import Deck
from modeldeck.screens.deck.panes.version_rows import version_id
from modeldeck.screens.operation.operation_screen import OperationScreen
from tests.conformance.story.world import PATIENCE, World

SIZE = (120, 40)


@dataclass(frozen=True)
class Person:
    app: Console
    pilot: Pilot[int]

    @property
    def deck(self) -> Deck:
        return self.app.deck

    def screen(self) -> str:
        """The cells of the terminal as text, without the blanks at the ends of lines."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)

    def text(self) -> str:
        """The words on the screen, also where they go on in the next line of a pane."""
        return " ".join(self.screen().replace("│", " ").split())

    def sees(self, *message: str) -> bool:
        shown = self.screen()
        return all(each in shown for each in message)

    def row(self, key: str) -> ServingRow | None:
        return next((row for row in self.deck.model.truth if row.key == key), None)

    async def until(self, what: str, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait for what is to be seen; fails with `what`, and the screen as it stands then."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    await self.pilot.pause(0.05)
        except TimeoutError:
            pytest.fail(f"not within {seconds:g} s: {what}\n{self.screen()}")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def press_until(self, key: str, what: str, condition: Callable[[], object]) -> None:
        """Press the key again where rows have come or moved since: a row that is new above the selected one does not move the selection."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    await self.press(key)
                    await self.pilot.pause(0.1)
        except TimeoutError:
            pytest.fail(f"not within {PATIENCE:g} s: {what}\n{self.screen()}")

    async def go(self, pane: P, wanted: str) -> None:
        """Walk to a row by its identity: into the pane, to its top, and down until it is reached."""
        table = self.deck.table(pane)

        def has_left(before: str | None) -> bool:
            return table.selected_id != before

        await self.until(f"{wanted} is in {pane}", lambda: any(table.source.row_id(row) == wanted for row in table.rows))
        await self.press(str(list(P).index(pane) + 1))
        await self.press_until("g", f"the top of {pane}", lambda: table.selected_id == table.source.row_id(table.rows[0]))
        for _ in table.rows:
            before = table.selected_id
            if before == wanted:
                break
            await self.press("j")
            await self.until("the next row", partial(has_left, before))
        assert table.selected_id == wanted, self.screen()

    async def plan(self, deployment: str, model: str, version: str) -> None:
        """Choose the deployment, then the version, press `p`, and wait for the plan."""
        await self.go(P.DEPLOYMENTS, f"serving/{deployment}")
        await self.until(f"versions of {model} are shown", lambda: self.sees(f"2 Versions ─ {model}"))
        await self.go(P.VERSIONS, version_id(model, version))
        await self.press("p")
        await self.until("the plan stands", lambda: self.sees("Checks", "await rollout"))

    async def outcome(self) -> Outcome:
        """How the operation on the screen ended, once it has."""
        await self.until("the operation is shown", lambda: isinstance(self.app.screen, OperationScreen))
        await self.until("the operation ended", lambda: any(self.sees(each.upper()) for each in Outcome))
        return next(each for each in Outcome if self.sees(each.upper()))


@asynccontextmanager
async def at_the_console(world: World) -> AsyncIterator[Person]:
    """A console on the exported environment, with rows in all four panes."""
    resolved = resolve(Flags(), world.variables)
    assert isinstance(resolved, ResolvedConfig), resolved
    app = Console(Launch(resolved.environment, ("sandbox",), lambda _: resolved.environment))
    async with app.run_test(size=SIZE) as pilot:
        person = Person(app, pilot)
        for pane in (P.RUNS, P.VERSIONS, P.DEPLOYMENTS):
            await person.until(f"rows in {pane}", lambda pane=pane: person.deck.table(pane).rows)  # type: ignore[misc]
        await person.until("charts", lambda: person.sees("4 Live ─ serving/", "p99"))
        yield person
