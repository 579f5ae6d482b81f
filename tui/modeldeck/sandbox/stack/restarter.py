"""Keep one program of the sandbox running: start it, listen to it, start it again when it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from modeldeck.sandbox.processes.process import Process, Program

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0
"""A program that ran for this long did not fail to start: when it ends, it is started again at once."""


class Restarter:
    """One program, kept running until `stop`.

    `make` gives the program for each start (its port may have to change), `heard` gets each line that it says, `ended` the words about an
    end that nobody asked for and whether it was ready, `became_ready` its address each time that it is.
    """

    def __init__(
        self,
        make: Callable[[], Program],
        heard: Callable[[str], None],
        ended: Callable[[str, bool], None],
        became_ready: Callable[[str], None],
    ) -> None:
        self._make, self._heard, self._ended, self._became_ready = make, heard, ended, became_ready
        self.ready = asyncio.Event()
        self.said = ""
        """What followed `ready` on the line that the program printed: its address."""
        self._process: Process | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(self._look_for_a_bug)

    def _look_for_a_bug(self, task: asyncio.Task[None]) -> None:
        """Nobody awaits the task before the end: what goes wrong in it must be said now."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._ended(f"{type(error).__name__}: {error}", self.ready.is_set())
            context = {"message": "a part of the sandbox is not kept running any more", "exception": error}
            task.get_loop().call_exception_handler(context)

    def mark_ready(self, said: str) -> None:
        self.said = said
        self.ready.set()
        self._became_ready(said)

    async def stop(self) -> None:
        """End the program and all that it started."""
        self._stopping.set()
        if self._process is not None:
            await self._process.stop()
        if self._task is not None:
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            program = self._make()
            self._process = await Process.start(program)
            async for line in self._process.lines():
                if line.startswith("ready "):
                    self.mark_ready(line.removeprefix("ready "))
                self._heard(line)
            code = await self._process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE
            self._ended(f"{program.name} ended with {code}{_last_words(program.log)}", self.ready.is_set())
            self.ready.clear()
            try:
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            except TimeoutError:
                pause = min(pause * 2, LONGEST_PAUSE)


def _last_words(log: Path | None) -> str:
    """The last line of the program's log, which mostly says why it ended."""
    if log is None or not log.exists():
        return ""
    lines = log.read_bytes()[-2000:].decode("utf-8", "replace").strip().splitlines()
    return f": {lines[-1].strip()[:200]}" if lines else ""
