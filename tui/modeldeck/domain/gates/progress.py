"""From judgements to a decision. Only judgements decide, and only those after the warm-up: silence holds.

What is decided by counts has counted everything so far, and is as sure as the gate's settings want it: its newest verdict is enough. A
criterion of one's own is one number at a time, and has to say the same several times in a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from modeldeck.domain.gates.judgement import GateVerdict, Judgement
from modeldeck.domain.gates.settings import Gate


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
    counted: int
    """Judgements after the warm-up."""
    warm_up_left: float
    """Seconds, 0 after it."""
    time_left: float
    """Seconds until it holds, 0 after that."""
    message: str
    details: str = ""
    """What the newest judgement said, where the time is up without a decision."""


def decide(gate: Gate, judgements: Sequence[Judgement], started_at: float, now: float, *, extended: float = 0.0) -> Decision:
    """`started_at` and `now` in seconds of a clock that never jumps (monotonic), the same that gave each judgement its `elapsed`.

    `judgements` in the order in which they were made; `extended` is the time that people have added to the gate's own.
    """
    return progress(gate, judgements, started_at, now, extended=extended).decision


def progress(gate: Gate, judgements: Sequence[Judgement], started_at: float, now: float, *, extended: float = 0.0) -> Progress:
    """As `decide`, with what is shown beside it. A verdict decides before the time does."""
    elapsed = now - started_at
    counted = [judgement for judgement in judgements if judgement.elapsed > gate.warm_up]
    newest = counted[-1].verdict if counted else None
    decision = Decision.CONTINUE
    if newest is GateVerdict.PASS and not any(_unsettled(gate, counted)):
        decision = Decision.FINISH
    elif newest is GateVerdict.FAIL and (not (again := list(_unsettled(gate, counted))) or not all(again)):
        decision = Decision.STOP
    elif elapsed >= gate.timeout + extended:
        decision = Decision.HOLD
    warm_up_left, time_left = max(0.0, gate.warm_up - elapsed), max(0.0, gate.timeout + extended - elapsed)
    message, details = _words(gate, decision, counted, warm_up_left), ""
    if decision is Decision.HOLD:
        details = f"{counted[-1].verdict}: {counted[-1].message}" if counted else "nothing was judged after the warm-up"
    return Progress(decision, len(counted), warm_up_left, time_left, message, details)


def _unsettled(gate: Gate, counted: Sequence[Judgement]) -> Iterator[bool]:
    """Of each criterion that says what the newest judgement says: whether it has to say it again."""
    own = {criterion.name for criterion in gate.criteria}
    verdict = counted[-1].verdict
    times = gate.passes_in_a_row if verdict is GateVerdict.PASS else gate.fails_in_a_row
    for result in counted[-1].criteria:
        if result.verdict is verdict:
            yield result.name in own and _row(counted, result.name, verdict) < times


def _row(counted: Sequence[Judgement], name: str, verdict: GateVerdict) -> int:
    """How many of the newest judgements, without a gap, have this criterion say so."""
    row = 0
    for judgement in reversed(counted):
        if not any(result.name == name and result.verdict is verdict for result in judgement.criteria):
            break
        row += 1
    return row


def _words(gate: Gate, decision: Decision, counted: Sequence[Judgement], warm_up_left: float) -> str:
    if decision is Decision.FINISH:
        return f"passed: {counted[-1].message}"
    if decision is Decision.STOP:
        return f"failed: {counted[-1].message}"
    if decision is Decision.HOLD:
        return "undecided when its time was up"
    if warm_up_left:
        return f"warming up, {warm_up_left:.0f} s to go"
    if not counted:
        return "not judged yet"
    newest = counted[-1]
    rows = [row for criterion in gate.criteria if (row := _row(counted, criterion.name, newest.verdict))]
    if rows and newest.verdict in (GateVerdict.PASS, GateVerdict.FAIL):
        times = gate.passes_in_a_row if newest.verdict is GateVerdict.PASS else gate.fails_in_a_row
        return f"{newest.verdict} {min(rows)} of {times} in a row"
    return f"{newest.verdict}: {newest.message}"
