"""What is said of a run: its state once, and what its times cannot be."""

from __future__ import annotations

import pytest

from modeldeck.domain.mlflow.runs import Run, RunStatus
from modeldeck.render.runs import SKEW, clocks, status, took, when

NOW = 1_800_000_000.0


def run(state: RunStatus = RunStatus.FINISHED, started: float | None = -100.0, ended: float | None = None) -> Run:
    return Run("r", "r", "e", state, None if started is None else NOW + started, None if ended is None else NOW + ended)


@pytest.mark.parametrize("state", RunStatus)
def test_a_state_is_said_once_and_in_full(state: RunStatus) -> None:
    told = status(run(state)).text
    assert told.lower().count(state.lower()) == 1


@pytest.mark.parametrize(
    ("found", "shown", "said"),
    [
        (run(ended=-40), "1 m", ""),
        (run(RunStatus.RUNNING), "1 m 40 s", ""),
        (run(ended=-400), "-5 m", "it ends before it starts"),
        (run(RunStatus.RUNNING, started=SKEW / 2), "0 ms", ""),
        (run(RunStatus.RUNNING, started=7200), "-2 h", "the clock where it runs is ahead"),
        (run(started=7200, ended=7300), "1 m 40 s", "the clock where it runs is ahead"),
        (run(started=None), "–", ""),
    ],
)
def test_times_that_contradict_each_other_are_said(found: Run, shown: str, said: str) -> None:
    assert took(found, NOW).text == shown
    assert said in clocks(found, NOW)
    assert bool(said) == bool(clocks(found, NOW))


def test_a_start_to_come_is_not_now() -> None:
    assert (when(run(started=7200), NOW).text, when(run(started=5), NOW).text, when(run(), NOW).text) == ("in 2 h", "now", "1 m")
