"""What is told at the end of a run: each step's time, the slowest tests, what was skipped or left out and why, and what failed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

SLOWEST = 20


class Outcome(Enum):
    PASSED = "passed"
    FAILED = "FAILED"
    CUT = "CUT SHORT"
    LEFT_OUT = "left out"


@dataclass(frozen=True)
class Ended:
    """A step that is over; `seconds` long, of which `cold` went into building what is cached the next time."""

    name: str
    outcome: Outcome
    seconds: float
    cold: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Case:
    """A test case as pytest's JUnit file tells it."""

    name: str
    seconds: float
    skipped: str | None = None


def read(files: Iterable[Path]) -> list[Case]:
    """The cases of JUnit files; a file that was not written to its end has none."""
    return [test for file in files for test in _cases(file)]


def _cases(file: Path) -> Iterator[Case]:
    try:
        root = ElementTree.parse(file).getroot()
    except (OSError, ElementTree.ParseError):
        return
    for case in root.iter("testcase"):
        skipped = case.find("skipped")
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        yield Case(name, float(case.get("time", 0)), None if skipped is None else skipped.get("message", ""))


def slowest(found: Sequence[Case]) -> Iterator[str]:
    for test in sorted(found, key=lambda each: -each.seconds)[:SLOWEST]:
        yield f"{test.seconds:7.1f} s  {test.name}"


def skips(found: Sequence[Case]) -> Iterator[str]:
    """Each reason once, with how many tests have it."""
    counted = Counter(test.skipped for test in found if test.skipped is not None)
    for reason, number in counted.most_common():
        yield f"{number:5} × {reason}"


_TOLD = re.compile(r"^(FAILED|ERROR|BROKEN) |^_{3,} .+ _{3,}$|^E   ")


def reasons(log: str, most: int = 12) -> list[str]:
    """Why a step failed, in a few lines: what pytest and the crash matrix say of it, or else how its output ended."""
    lines = log.splitlines()
    return [line[:200] for line in [line for line in lines if _TOLD.search(line)] or lines[-8:]][:most]


def closing(ended: Sequence[Ended], found: Sequence[Case], logs: Path, seconds: float, seed: int) -> Iterator[str]:
    """The last lines of a run. Whoever looks at a long log sees them first, so what failed comes at the very end."""
    if found:
        yield f"\nThe {SLOWEST} slowest tests:"
        yield from slowest(found)
        yield "\nSkipped:"
        yield from skips(found) if any(test.skipped is not None for test in found) else ["    nothing"]
    yield f"\nSteps (samples drawn by --seed {seed}):"
    for step in ended:
        building = f", {step.cold:.0f} s of it building what is cached now" if step.cold >= 1 else ""
        told = f": {step.reason}" if step.reason else ""
        yield f"{step.seconds:7.0f} s  {step.name}  {step.outcome.value}{told}{building}"
    failed = [step for step in ended if step.outcome in (Outcome.FAILED, Outcome.CUT)]
    for step in failed:
        yield f"\n== {step.name} failed:"
        log = logs / f"{step.name}.log"
        yield from reasons(log.read_text(errors="replace") if log.exists() else "")
    left_out = [step.name for step in ended if step.outcome is Outcome.LEFT_OUT]
    if left_out:
        yield f"left out: {', '.join(left_out)}"
    cold = sum(step.cold for step in ended)
    yield f"FAILED: {', '.join(step.name for step in failed)}" if failed else "all steps passed"
    yield f"{seconds:.0f} s in all" + (f", {cold:.0f} s of it building what is cached now" if cold >= 1 else "")
