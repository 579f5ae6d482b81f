"""One run: steps in order, each with its log, until the time for all of them is up."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from checks import process
from checks.report import Ended, Outcome

GOAL = 40 * 60.0
"""Seconds that a run should take on a slow machine: samples are as large as that leaves time for."""
LIMIT = 78 * 60.0
"""Seconds after which a run ends, whatever is under way."""


@dataclass(frozen=True)
class Step:
    """`optional`: figures to look at, without which a run is as good."""

    name: str
    run: Callable[[Run], None]
    optional: bool = False


@dataclass
class Run:
    """What steps share. `whole`: no samples, everything; then there is no limit either."""

    root: Path
    work: Path
    seed: int
    whole: bool = False
    started: float = field(default_factory=time.monotonic)
    name: str = ""
    cold: float = 0.0

    @property
    def deadline(self) -> float:
        return float("inf") if self.whole else self.started + LIMIT

    def left(self, reserve: float = 0.0) -> float:
        """Seconds until the goal, less what is kept for later steps; may be negative."""
        return self.started + GOAL - reserve - time.monotonic()

    def call(self, *command: str | Path, **environ: str) -> None:
        """Run a command as a part of the step. Raises Failed or TimeUp."""
        process.run([str(word) for word in command], self.work / f"{self.name}.log", self.deadline, {**os.environ, **environ})

    def pytest(self, python: Path, *message: str | Path, **environ: str) -> None:
        """Run pytest, which also writes down how long each test took."""
        self.call(python, "-m", "pytest", "-rs", *message, PYTEST_ADDOPTS=self.addopts(), **environ)

    def addopts(self) -> str:
        number = len(list(self.work.glob(f"{self.name}-*.xml")))
        return f"--junitxml={self.work / f'{self.name}-{number}.xml'}"

    @contextmanager
    def building(self) -> Iterator[None]:
        """What is cached the next time is counted apart."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.cold += time.monotonic() - began

    def say(self, message: str) -> None:
        with (self.work / f"{self.name}.log").open("a") as log:
            print(message, file=log)
        print(message, flush=True)


def carry_out(run: Run, steps: Sequence[Step]) -> list[Ended]:
    """Every step, also after one that failed, so that one run shows all failures."""
    return [_carried_out(run, step) for step in steps]


def _carried_out(run: Run, step: Step) -> Ended:
    began, run.name, run.cold = time.monotonic(), step.name, 0.0
    print(f"\n== {step.name}", flush=True)
    outcome, reason = Outcome.PASSED, ""
    try:
        if began >= run.deadline:
            raise process.TimeUp("the time for all steps was up")
        step.run(run)
    except process.TimeUp as error:
        outcome, reason = Outcome.CUT, str(error)
    except process.Failed as error:
        outcome, reason = Outcome.FAILED, str(error)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        outcome, reason = Outcome.FAILED, f"{type(error).__name__}: {error}"
    if step.optional and outcome is not Outcome.PASSED:
        outcome = Outcome.LEFT_OUT
    ended = Ended(step.name, outcome, time.monotonic() - began, run.cold, reason)
    print(f"== {ended.name}: {ended.outcome.value} after {ended.seconds:.0f} s", flush=True)
    return ended
