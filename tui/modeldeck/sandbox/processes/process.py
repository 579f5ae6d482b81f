"""Start a program under a reaper, read what it says, and end it with everything that it started."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import modeldeck

REAPER = Path(__file__).with_name("process_reaper.py")
PACKAGES = Path(modeldeck.__file__).parent.parent


def python(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs one of our modules, whatever lies in the current folder."""
    return (sys.executable, "-P", "-m", module, *arguments)


def clean_environment() -> dict[str, str]:
    """The environment of the sandbox's own programs: the user's settings for other MLflows and clusters must not reach them."""
    dropped = ("MLFLOW_", "_MLFLOW_", "KUBE", "PROMETHEUS_", "OTEL_", "DATABRICKS_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
    if "KUBEBUILDER_ASSETS" in os.environ:
        kept["KUBEBUILDER_ASSETS"] = os.environ["KUBEBUILDER_ASSETS"]
    paths = [str(PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | {
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONWARNINGS": "ignore",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "GIT_PYTHON_REFRESH": "quiet",
        # Small models on a shared machine: a pool of threads in each of a dozen processes costs more than it brings.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: `descriptors` it inherits (ours are closed once it runs), `grace` seconds it has to leave by itself."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    log: Path | None = None
    pid_file: Path | None = None
    descriptors: Sequence[int] = field(default=())
    held: Sequence[int] = field(default=())
    """Descriptors that the reaper keeps open and the program never sees: the sandbox's lock."""
    grace: float = 5.0
    foreground: bool = False
    """Stay in the terminal's foreground group with the terminal as input; else a session of its own and no input."""


class Process:
    """A running program with its reaper. The reaper is the only child of ours; it ends when nothing of the program is left."""

    def __init__(self, program: Program, child: asyncio.subprocess.Process, lifeline: int) -> None:
        self.program, self._child, self._lifeline = program, child, lifeline

    @classmethod
    async def start(cls, program: Program) -> Process:
        ours, theirs = None, None
        try:
            theirs, ours = os.pipe()
            child = await _spawn(program, theirs)
        except BaseException:
            if ours is not None:
                os.close(ours)
            raise
        finally:
            for each in (theirs, *program.descriptors):
                if each is not None:
                    os.close(each)
        return cls(program, child, ours)

    async def lines(self) -> AsyncIterator[str]:
        """What the program writes to its standard output, line by line, until it ends."""
        if self._child.stdout is None:
            return
        async for line in self._child.stdout:
            yield line.decode("utf-8", "replace").rstrip("\n")

    async def wait(self) -> int:
        """The exit code, once the program and all that it started have ended; 128 + the signal that ended it."""
        code = await self._child.wait()
        self._release()
        return code if code >= 0 else 128 - code

    async def stop(self) -> int:
        """End it all: the program is asked to leave, then made to."""
        self._release()
        return await self.wait()

    def _release(self) -> None:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1


async def _spawn(program: Program, lifeline: int) -> asyncio.subprocess.Process:
    log: IO[bytes] | None = program.log.open("ab") if program.log else None
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(REAPER)),
            *(str(lifeline), str(program.grace), str(program.pid_file or ""), "same" if program.foreground else "own"),
            *program.command,
            env={**program.environment, "MODELDECK_WARDEN_KEEP": ",".join(str(each) for each in program.descriptors)},
            cwd=program.folder,
            stdin=None if program.foreground else asyncio.subprocess.DEVNULL,
            stdout=None if program.foreground else asyncio.subprocess.PIPE,
            stderr=log,
            pass_fds=(lifeline, *program.descriptors, *program.held),
            start_new_session=not program.foreground,
        )
    finally:
        if log is not None:
            log.close()
