"""From judgements to a decision. Only judgements decide, and only those after the warm-up: silence holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tui.domain.gates.judgement import GateVerdict, Judgement
from tui.domain.gates.settings import Gate


class Decision(StrEnum):
    CONTINUE = "continue"
    """Judge again after the interval."""
    FINISH = "finish"
    STOP = "stop"
    """It failed: undo."""
    HOLD = "hold"
    """The time is up and nothing is decided: a person has to."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a gate is, for the screen and for the runner."""

    decision: Decision
    passes: int
    """PASS in a row, up to now; one of `passes` and `fails` is always 0."""
    fails: int
    counted: int
    """Judgements after the warm-up."""
    warm_up_left: float
    """Seconds, 0 after it."""
    time_left: float
    """Seconds until it holds, 0 after that."""
    words: str


def decide(gate: Gate, judgements: Sequence[Judgement], started_at: float, now: float, *, extended: float = 0.0) -> Decision:
    """`started_at` and `now` in seconds of a clock that never jumps (monotonic), the same that gave each judgement its `elapsed`.

    `judgements` in the order in which they were made; `extended` is the time that people have added to the gate's own.
    """
    return progress(gate, judgements, started_at, now, extended=extended).decision


def progress(gate: Gate, judgements: Sequence[Judgement], started_at: float, now: float, *, extended: float = 0.0) -> Progress:
    """As `decide`, with what is shown beside it. A row of verdicts decides before the time does."""
    elapsed = now - started_at
    counted = [judgement for judgement in judgements if judgement.elapsed >= gate.warm_up]
    passes, fails = _row(counted, GateVerdict.PASS), _row(counted, GateVerdict.FAIL)
    if passes >= gate.passes_in_a_row:
        decision = Decision.FINISH
    elif fails >= gate.fails_in_a_row:
        decision = Decision.STOP
    elif elapsed >= gate.timeout + extended:
        decision = Decision.HOLD
    else:
        decision = Decision.CONTINUE
    warm_up_left, time_left = max(0.0, gate.warm_up - elapsed), max(0.0, gate.timeout + extended - elapsed)
    words = _words(gate, decision, counted, passes, fails, warm_up_left)
    return Progress(decision, passes, fails, len(counted), warm_up_left, time_left, words)


def _row(counted: Sequence[Judgement], verdict: GateVerdict) -> int:
    """How many of the newest judgements, without a gap, say so."""
    row = 0
    for judgement in reversed(counted):
        if judgement.verdict is not verdict:
            break
        row += 1
    return row


def _words(gate: Gate, decision: Decision, counted: Sequence[Judgement], passes: int, fails: int, warm_up_left: float) -> str:
    if decision is Decision.FINISH:
        return f"passed {passes} times in a row"
    if decision is Decision.STOP:
        return f"failed {fails} times in a row: {counted[-1].words}"
    if decision is Decision.HOLD:
        last = f"{counted[-1].verdict}: {counted[-1].words}" if counted else "nothing was judged after the warm-up"
        return f"undecided when its time was up; {last}"
    if warm_up_left > 0:
        return f"warming up, {warm_up_left:.0f} s to go"
    if not counted:
        return "not judged yet"
    if passes:
        return f"passed {passes} of {gate.passes_in_a_row} in a row"
    if fails:
        return f"failed {fails} of {gate.fails_in_a_row} in a row: {counted[-1].words}"
    return f"{counted[-1].verdict}: {counted[-1].words}"
