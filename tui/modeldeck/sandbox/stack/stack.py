"""The sandbox as the console and the command line see it: start it or attach to it, follow it, stop it.

Importing this costs next to nothing: the parts and their libraries live in other processes.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Literal

from modeldeck.sandbox.common.files import read_json
from modeldeck.sandbox.common.progress import WHOLE, PartProgress, parse_line
from modeldeck.sandbox.common.state_dir import BACKENDS, StateDir, StateDirOwner, exports, running

ClusterChoice = Literal["simulator", "real"]
MetricsChoice = Literal["auto", "real", "embedded"]
STOP_SECONDS = 30.0
FOLLOW_SECONDS = 0.1
CALM_SECONDS = 1.0
"""How often the progress is read: while something is expected, and once everything is up."""


class SandboxInUse(RuntimeError):
    """The state folder is in use, and what was asked for (a fresh start) would take it from whoever runs it."""

    def __init__(self, root: Path, owner: StateDirOwner) -> None:
        super().__init__(f"the sandbox in {root} is run by {owner.message()}")
        self.owner = owner


class Sandbox:
    """One running sandbox: ours, which ends with this process however it ends, or (attached) somebody else's."""

    def __init__(self, state_dir: StateDir, supervisor: subprocess.Popen[bytes] | None) -> None:
        self._layout, self._supervisor = state_dir, supervisor

    @classmethod
    def launch(
        cls,
        state: Path,
        *,
        cluster: ClusterChoice = "simulator",
        metrics: MetricsChoice = "auto",
        fresh: bool = False,
    ) -> Sandbox:
        """Start the supervisor for a state folder, or attach to the one that runs there; returns at once.

        Raises SandboxInUse when `fresh` asks to empty a folder that is in use.
        """
        state_dir = StateDir(state.expanduser().resolve())
        owner = running(state_dir)
        if owner is not None and owner.alive():
            if fresh:
                raise SandboxInUse(state_dir.root, owner)
            return cls(state_dir, None)
        state_dir.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Following starts with the first line that this supervisor writes, not with what an earlier one left.
        state_dir.progress.unlink(missing_ok=True)
        state_dir.environment.unlink(missing_ok=True)
        packages = str(Path(__file__).parents[3])
        paths = os.pathsep.join(filter(None, (packages, os.environ.get("PYTHONPATH"))))
        choices = ("--state", str(state_dir.root), "--cluster", cluster, "--metrics", metrics, *(("--fresh",) if fresh else ()))
        with state_dir.supervisor_log.open("wb") as log:
            supervisor = subprocess.Popen(
                [sys.executable, "-P", "-m", "modeldeck.sandbox.stack.supervisor", *choices],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env={**os.environ, "PYTHONPATH": paths},
                start_new_session=True,
            )
        return cls(state_dir, supervisor)

    @classmethod
    def attach(cls, state: Path) -> Sandbox | None:
        """The sandbox that runs in a state folder; None when none does."""
        state_dir = StateDir(state.expanduser().resolve())
        return cls(state_dir, None) if running(state_dir) is not None else None

    @property
    def state(self) -> Path:
        """Its state folder."""
        return self._layout.root

    @property
    def attached(self) -> bool:
        """Whether somebody else runs it: then `stop` leaves it alone."""
        return self._supervisor is None

    @property
    def environment(self) -> Mapping[str, str] | None:
        """MLFLOW_TRACKING_URI, KUBECONFIG, PROMETHEUS_URL and MODELDECK_GATE; None until they are chosen, a moment after the start.

        Each backend answers there from its own `ready` event on.
        """
        values = read_json(self._layout.environment)
        found = exports(values) if values else {}
        return found if found.keys() >= set(BACKENDS) else None

    async def events(self) -> AsyncIterator[PartProgress]:
        """Everything that its parts have to say, from its start on, until it has ended. Any number of readers may follow."""
        position, pause, last = 0, FOLLOW_SECONDS, ""
        while True:
            alive = self.alive
            lines, position = self._read(position)
            for event in filter(None, map(parse_line, lines)):
                yield event
                if event.part == WHOLE:
                    pause = CALM_SECONDS if event.state == "ready" else FOLLOW_SECONDS
                    last = event.state
            if not alive:
                if last not in ("failed", "ended"):
                    yield PartProgress(WHOLE, "ended", 0.0, self._last_words())
                return
            await asyncio.sleep(pause)

    @property
    def alive(self) -> bool:
        """Whether its supervisor still runs."""
        if self._supervisor is not None:
            return self._supervisor.poll() is None
        return running(self._layout) is not None

    def _read(self, position: int) -> tuple[list[bytes], int]:
        """The whole lines of progress.jsonl after a position, and the position after them."""
        try:
            with self._layout.progress.open("rb") as file:
                file.seek(position)
                whole, newline, _ = file.read().rpartition(b"\n")
        except FileNotFoundError:
            return [], 0
        return whole.split(b"\n"), position + len(whole) + len(newline)

    def _last_words(self) -> str:
        """Why the supervisor ended without saying so itself."""
        lines = self._layout.supervisor_log.read_text().strip().splitlines() if self._layout.supervisor_log.exists() else []
        return lines[-1] if lines else "the sandbox was ended from outside"

    async def ready(self) -> PartProgress:
        """Wait until the whole is ready, or is not going to be: its `ready`, `failed` or `ended` event."""
        async for event in self.events():
            if event.part == WHOLE and event.state != "starting":
                return event
        return PartProgress(WHOLE, "ended", 0.0, self._last_words())

    async def stop(self) -> None:
        """Take it down and wait until nothing of it is left; one that is attached to goes on."""
        supervisor = self._supervisor
        if supervisor is None:
            return
        if supervisor.stdin is not None:
            supervisor.stdin.close()
        try:
            await asyncio.to_thread(supervisor.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            await asyncio.to_thread(supervisor.wait)
