"""One case's story: what comes by is counted, and at the case's point it happens, once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from tests.crash.cases import Case
from tests.crash.door import Door, Forward, Request
from tests.crash.faults import Deed, Delivery
from tests.crash.requests import Counted

LATE = 0.6
"""Seconds that a request stays on its way whose answer is lost. MLflow cannot be told to forget one: operations/steps/alias.py waits
for one second before it believes that none is to come."""
CUT = 2.5
"""Seconds without a network: many requests' worth, and less than an operation's patience."""
_JUMPS = {Deed.FORWARD: 3600, Deed.BACK: -3600}


class Script:
    def __init__(self, case: Case, clocks: Path, journal: Path, restart: Callable[[], Awaitable[None]]) -> None:
        """`clocks`: the folder that runners read their clock's error from; `journal`: the folder on a disk of its own, to be filled."""
        self._case, self._clocks, self._journal, self._restart = case, clocks, journal, restart
        self._counted = Counted()
        self._late: set[asyncio.Task[None]] = set()
        self.doors: tuple[Door, ...] = ()
        self.runner: int | None = None
        """Its process id."""
        self.recorded: list[str] = []
        self.happened = False

    async def let_pass(self, request: Request, forward: Forward) -> httpx.Response | None:
        name = self._counted.name(request.method, request.target, request.body)
        self.recorded.append(name)
        if self.happened or name != self._case.point:
            return await forward()
        self.happened = True
        delivery = self._case.fault.delivery
        if delivery is Delivery.UNANSWERED:
            await _unread(forward)
        await self._do(self._case.fault.deed)
        if delivery is Delivery.LATE:
            task = asyncio.create_task(_later(forward))
            self._late.add(task)
        return await forward() if delivery is Delivery.WHOLE else None

    async def settled(self) -> None:
        """Nothing is on its way any more."""
        await asyncio.gather(*self._late)

    async def _do(self, deed: Deed) -> None:
        if deed is Deed.KILL:
            assert self.runner is not None
            os.kill(self.runner, signal.SIGKILL)
        elif deed is Deed.CUT:
            for door in self.doors:
                door.shut()
            self._late.add(asyncio.create_task(self._mend()))
        elif deed is Deed.RESTART:
            await self._restart()
        elif deed is Deed.FILL:
            fill(self._journal)
        elif deed in _JUMPS:
            (self._clocks / str(self.runner)).write_text(str(_JUMPS[deed]))

    async def _mend(self) -> None:
        await asyncio.sleep(CUT)
        for door in self.doors:
            await door.open()


async def _unread(forward: Forward) -> None:
    answer = await forward()
    await answer.aread()
    await answer.aclose()


async def _later(forward: Forward) -> None:
    await asyncio.sleep(LATE)
    await _unread(forward)


_FILLER = "filler"


def fill(folder: Path) -> None:
    """Nothing more can be written to the disk that the folder is on."""
    with (folder / _FILLER).open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def empty(folder: Path) -> None:
    (folder / _FILLER).unlink(missing_ok=True)
