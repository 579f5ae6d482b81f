"""A run goes on after a failure, and ends by itself when its time is up."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from checks import steps
from checks.process import Failed
from checks.report import Outcome
from checks.run import LIMIT, Run, Step, carry_out


def fails(run: Run) -> None:
    raise Failed("exit code 1: false")


def passes(run: Run) -> None:
    run.say("well")


def begun(tmp_path: Path, ago: float = 0.0) -> Run:
    return Run(tmp_path, tmp_path, 4, started=time.monotonic() - ago)


def test_every_step_is_carried_out_and_told(tmp_path: Path) -> None:
    given = [Step("a", fails), Step("b", passes), Step("c", fails, optional=True)]
    ended = carry_out(begun(tmp_path), given)
    assert [(step.name, step.outcome) for step in ended] == [("a", Outcome.FAILED), ("b", Outcome.PASSED), ("c", Outcome.LEFT_OUT)]
    assert (tmp_path / "b.log").read_text() == "well\n"


def test_when_the_time_is_up_nothing_more_is_begun(tmp_path: Path) -> None:
    ended = carry_out(begun(tmp_path, ago=LIMIT), [Step("a", passes), Step("b", passes, optional=True)])
    assert [step.outcome for step in ended] == [Outcome.CUT, Outcome.LEFT_OUT]


def test_what_is_under_way_when_the_time_is_up_is_cut_short(tmp_path: Path) -> None:
    def hangs(run: Run) -> None:
        run.call(sys.executable, "-c", "import time; time.sleep(600)")

    [ended] = carry_out(begun(tmp_path, ago=LIMIT - 0.5), [Step("a", hangs)])
    assert ended.outcome is Outcome.CUT
    assert "its time was up" in ended.reason


def test_what_is_built_for_the_next_time_is_counted_apart_and_taken_from_the_samples(tmp_path: Path) -> None:
    run = begun(tmp_path)
    before = run.left()

    def builds(run: Run) -> None:
        with run.building():
            until = time.monotonic() + 0.01
            while time.monotonic() < until:
                pass

    [ended] = carry_out(run, [Step("a", builds)])
    assert 0.01 <= ended.cold <= ended.seconds
    assert run.left() <= before - ended.cold


def test_the_readmes_commands_are_found() -> None:
    assert "modeldeck sandbox" in steps.readme("start")
    assert "pytest" in steps.readme("tests")
    with pytest.raises(ValueError, match="expected one line"):
        steps.readme("nothing")
