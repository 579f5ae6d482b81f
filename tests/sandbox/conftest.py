"""One whole sandbox for the tests that need all of it; it ends with them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from modeldeck.sandbox.common.progress import WHOLE, PartProgress
from modeldeck.sandbox.common.state_dir import StateDir
from modeldeck.sandbox.stack.stack import Sandbox

PATIENCE = 300.0


@dataclass(frozen=True)
class Running:
    """A sandbox that is ready, and what it said until then."""

    sandbox: Sandbox
    events: tuple[PartProgress, ...]

    @property
    def state_dir(self) -> StateDir:
        return StateDir(self.sandbox.state)

    @property
    def environment(self) -> dict[str, str]:
        return dict(self.sandbox.environment or {})


async def bring_up(state: Path) -> Running:
    """Launch it on a state folder, with nothing that has to be installed; its failure is the caller's."""
    sandbox = Sandbox.launch(state, cluster="simulator", metrics="embedded")
    events = []
    try:
        async with asyncio.timeout(PATIENCE):
            async for event in sandbox.events():
                events.append(event)
                if event.part == WHOLE and event.state != "starting":
                    break
    except TimeoutError:
        await sandbox.stop()
        raise
    return Running(sandbox, tuple(events))


@pytest.fixture(scope="package")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    found = asyncio.run(bring_up(tmp_path_factory.mktemp("sandbox") / "state"))
    try:
        assert found.events[-1].state == "ready", [event.line() for event in found.events]
        yield found
    finally:
        asyncio.run(found.sandbox.stop())
