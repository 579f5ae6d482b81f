"""The measurements themselves. Times in seconds, sizes in MB, shares of one processor core from 0 to 1."""

from __future__ import annotations

import itertools
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.bench.programs import Program
from tests.bench.terminal import Replay, Session, session

UNDISTURBED = 40
"""Samples of 50 ms that every start gets before anybody looks."""
PATIENCE = 20.0
"""Seconds to wait for a program's rows before they count as never seen."""
MEMORY_EVERY = 15.0
"""Seconds between two looks at the memory, at most."""


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds from process start; None: not seen within PATIENCE."""

    first_paint: float | None
    rows: float | None
    aged: float | None
    processor: float | None
    """Processor seconds until the rows, or until the first paint where there are none: what a busy machine does not inflate much."""


def start(program: Program) -> Start:
    """One start in a fresh terminal, until all rows stand there."""
    with session(program.command, program.environ, *program.size) as running:
        spent = _until_drawn(running, program)
    return _start_of(running, program, spent)


def start_and_rest(program: Program, seconds: float) -> tuple[Start, Idle]:
    """The same, and then it is left alone."""
    with session(program.command, program.environ, *program.size) as running:
        spent = _until_drawn(running, program)
        rest = _rest(running, seconds)
    return _start_of(running, program, spent), rest


def _until_drawn(running: Session, program: Program) -> list[tuple[float, float]]:
    """When how many processor seconds had been spent."""
    spent: list[tuple[float, float]] = []
    replay = Replay(running)
    wanted = [program.painted, *program.rows]
    while running.now() < PATIENCE and not running.ended:
        running.run(0.05)
        spent.append((running.now(), running.processor_seconds()))
        # Looking takes time in which nothing is read: not before the start should be over, and then seldom.
        if len(spent) > UNDISTURBED and len(spent) % 20 == 0 and None not in replay.first(*wanted).values():
            break
    return spent


def _start_of(running: Session, program: Program, spent: Sequence[tuple[float, float]]) -> Start:
    found = Replay(running).first(program.painted, *program.rows, *([program.age] if program.age else []))
    times = [found[pattern] for pattern in program.rows or [program.painted]]
    complete = None if None in times else max(each for each in times if each is not None)
    processor = next((seconds for at, seconds in spent if complete is not None and at >= complete), None)
    return Start(found[program.painted], complete if program.rows else None, found[program.age] if program.age else None, processor)


def median(values: Sequence[float | None]) -> float | None:
    """The middle one; None where any is missing, for then there is nothing to boast of."""
    present = [value for value in values if value is not None]
    return statistics.median(present) if values and len(present) == len(values) else None


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True, slots=True)
class Keys:
    """Seconds from a key to the first changed cell of the cursor. `lost`: keys with no visible answer before the next one."""

    pressed: int
    lost: int
    p50: float | None
    p99: float | None


def settled(running: Session, program: Program) -> None:
    """Waits for the rows, and then for the start to be over."""
    replay = Replay(running)
    wanted = [program.painted, *program.rows]
    while running.now() < PATIENCE and None in replay.first(*wanted).values() and not running.ended:
        running.run(0.5)
    running.run(3.0)


def keys(program: Program, count: int, pause: float = 0.1) -> Keys:
    """Types `count` keys at a quick typist's pace while data streams."""
    assert program.look, f"{program.name} has nothing to look at"
    with session(program.command, program.environ) as running:
        settled(running, program)
        pressed = []
        for key in itertools.islice(itertools.cycle(program.walk), count):
            pressed.append(running.press(key))
            running.run(pause)
        running.run(1.0)
    answers = Replay(running).reactions(pressed, program.look)
    seen = [answer for answer in answers if answer is not None]
    return Keys(
        pressed=count,
        lost=len(answers) - len(seen),
        p50=percentile(seen, 0.5) if seen else None,
        p99=percentile(seen, 0.99) if seen else None,
    )


@dataclass(frozen=True, slots=True)
class Idle:
    """`processor`: share of one core. `bytes_per_second`: to the terminal. `memory`: each sample's time in seconds and its MB, in order."""

    processor: float
    bytes_per_second: float
    memory: tuple[tuple[float, float], ...]

    @property
    def growth(self) -> float:
        """MB a minute, over the last third of the time."""
        return 60 * slope(self.memory[-(len(self.memory) // 3) :])


def slope(points: Sequence[tuple[float, float]]) -> float:
    """The median of the slopes between any two points (Theil and Sen's): no single step or spike moves it."""
    slopes = [(after - before) / (later - sooner) for (sooner, before), (later, after) in itertools.combinations(points, 2)]
    return statistics.median(slopes) if slopes else 0.0


def idle(program: Program, seconds: float, keys: Sequence[str] = ()) -> Idle:
    """Leaves the program alone, after these keys, and looks what it costs."""
    with session(program.command, program.environ, *program.size) as running:
        settled(running, program)
        for key in keys:
            running.press(key)
            running.run(1.0)
        return _rest(running, seconds)


def _rest(running: Session, seconds: float) -> Idle:
    samples = max(20, round(seconds / MEMORY_EVERY))
    running.run(5.0)
    began, spent, written = running.now(), running.processor_seconds(), running.written
    memory = []
    for _ in range(samples):
        running.run(seconds / samples)
        memory.append((running.now() - began, running.memory()))
    elapsed = running.now() - began
    processor = (running.processor_seconds() - spent) / elapsed
    output = (running.written - written) / elapsed
    return Idle(processor, output, tuple(memory))


def whole_process(command: Sequence[str], environ: dict[str, str], repeats: int) -> tuple[float | None, str]:
    """Median seconds of a command from start to end, and what is wrong with it where it fails."""
    times: list[float | None] = []
    for _ in range(repeats):
        began = time.perf_counter()
        done = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        if done.returncode:
            return None, done.stderr.decode(errors="replace").strip()[-200:]
        times.append(time.perf_counter() - began)
    return median(times), ""
