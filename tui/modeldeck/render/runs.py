"""Runs as cells: state, age, and which metrics and params deserve a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from modeldeck.domain.mlflow.runs import Run, RunStatus
from modeldeck.render import numbers
from modeldeck.render.cell import Cell

_STATES: dict[RunStatus, Cell] = {
    RunStatus.FINISHED: Cell("✔", "ok"),
    RunStatus.RUNNING: Cell("▶ running", "accent"),
    RunStatus.SCHEDULED: Cell("… scheduled", "muted"),
    RunStatus.FAILED: Cell("✘ failed", "bad"),
    RunStatus.KILLED: Cell("■ killed", "warn"),
    RunStatus.UNKNOWN: Cell("? unknown", "muted"),
}


def state(run: Run) -> Cell:
    return _STATES[run.status]


def status(run: Run) -> Cell:
    """The same with its word where the column needs none."""
    sign = _STATES[run.status]
    return sign if " " in sign.text else Cell(f"{sign.text} {run.status.lower()}", sign.role)


SKEW = 60.0
"""Seconds by which the clocks of two machines usually differ: less is not worth a word."""


def when(run: Run, now: float) -> Cell:
    """How long ago it started; in how long, where a clock is ahead."""
    if run.started_at is not None and run.started_at - now > SKEW:
        return Cell(f"in {numbers.age(run.started_at - now)}", "warn")
    return Cell(numbers.age(None if run.started_at is None else now - run.started_at), "muted")


def took(run: Run, now: float) -> Cell:
    """How long it ran, or has been running. Negative where its times contradict each other: `clocks` says how."""
    if run.started_at is None:
        return Cell(numbers.NONE, "muted")
    end = run.ended_at if run.ended_at is not None else now
    if end < run.started_at - (0 if run.ended_at is not None else SKEW):
        return Cell(numbers.duration(end - run.started_at), "warn")
    return Cell(numbers.duration(max(0.0, end - run.started_at)), "muted")


def clocks(run: Run, now: float) -> str:
    """What is wrong with its times, "" where nothing is: they are its client's, and may be set by hand."""
    if run.started_at is not None and run.ended_at is not None and run.ended_at < run.started_at:
        return "  it ends before it starts"
    if any(at is not None and at - now > SKEW for at in (run.started_at, run.ended_at)):
        return "  in the future: the clock where it runs is ahead, or the one here is behind"
    return ""


def metric(run: Run, name: str) -> Cell:
    value = run.metrics.get(name)
    return Cell(numbers.NONE, "muted") if value is None else Cell(numbers.metric(value))


def param(run: Run, name: str) -> Cell:
    value = run.params.get(name)
    return Cell(numbers.NONE, "muted") if value is None else Cell(value)


def _common(names: Iterable[str], limit: int) -> tuple[str, ...]:
    """The names that most runs have; those that came first win a tie, so that columns do not jump as runs arrive."""
    return tuple(name for name, _ in Counter(names).most_common(limit))


def common_metrics(runs: Sequence[Run], limit: int) -> tuple[str, ...]:
    """The metrics most runs have in common. MLflow's system metrics (`system/…`) describe the machine, not the model: never first."""
    return _common((name for run in runs for name in run.metrics if not name.startswith("system/")), limit)


def telling_params(runs: Sequence[Run], limit: int) -> tuple[str, ...]:
    """The params that differ between the loaded runs, the commonest first: one that is the same everywhere tells nothing."""
    names = _common((name for run in runs for name in run.params), limit=64)
    different = [name for name in names if len({run.params[name] for run in runs if name in run.params}) > 1]
    return tuple(different[:limit])
