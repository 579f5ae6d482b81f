"""`[drift]`: what is set for which deployments, and everything that is wrong with it, with its line."""

from __future__ import annotations

import pytest

from modeldeck.config import show, show_text
from modeldeck.domain.drift.settings import DriftSettings, baseline_of
from tests.config.conftest import Machine

TEXT = """
[environments.prod.mlflow]
uri = "http://mlflow"

[drift]
baseline = "7d"
window = 600

[drift."serving/*"]
histograms = "age"

[drift."serving/iris"]
baseline = "training"
histograms = ["age", "petal_width"]
"""


def test_what_holds_for_a_deployment(machine: Machine) -> None:
    machine.write(TEXT)
    rules = machine.good().environment.drift
    assert rules is not None
    assert rules.of("other/wine") == DriftSettings(baseline_of("7d"), 600.0)
    assert rules.of("serving/wine") == DriftSettings(baseline_of("7d"), 600.0, ("age",))
    assert rules.of("serving/iris") == DriftSettings(baseline_of("training"), 600.0, ("age", "petal_width"))


def test_an_environment_may_have_its_own(machine: Machine) -> None:
    machine.write(TEXT + "\n[environments.prod.drift]\nwindow = 120\n")
    rules = machine.good().environment.drift
    assert rules is not None
    assert rules.of("serving/iris") == DriftSettings(window=120.0)


def test_it_is_shown(machine: Machine) -> None:
    machine.write(TEXT)
    shown = show(machine.good())["environments"]["prod"]["drift"]  # type: ignore[index]
    assert shown["*"] == {"baseline": "7d", "window": 600.0}
    assert shown["serving/iris"] == {"baseline": "training", "histograms": ["age", "petal_width"]}
    assert "drift" in show_text(machine.good())


@pytest.mark.parametrize(
    ("text", "line", "key", "message"),
    [
        ("drift = 5", 1, "drift", "expected a table"),
        ("[drift]\nbaseline = 'yesterday'", 2, "drift.baseline", "a span from 1m to 90d"),
        ("[drift]\nbaseline = 7", 2, "drift.baseline", "expected a string, found an integer"),
        ("[drift]\nwindow = 5", 2, "drift.window", "expected 60 to 7776000 seconds, found 5"),
        ("[drift]\nwindow = '5m'", 2, "drift.window", "expected a number of seconds"),
        ("[drift]\nwindow = nan", 2, "drift.window", "expected 60 to"),
        ("[drift]\nhistograms = ['age_bucket']", 2, "drift.histograms", "without _bucket"),
        ("[drift]\nhistogram = ['age']", 2, "drift.histogram", "unknown key"),
        ("[drift.iris]\nwindow = 600", 1, "drift.iris", "namespace/name"),
        ("[drift.'serving/iris']\nwindow = 1", 2, "drift.serving/iris.window", "expected 60 to"),
        ("\n".join(f"[drift.'serving/m{n}']" for n in range(201)), 1, "drift", "at most 200 deployments"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(machine: Machine, text: str, line: int, key: str, message: str) -> None:
    machine.write(text)
    (problem,) = machine.bad()
    assert (problem.where.rpartition(":")[2], problem.key) == (str(line), key)
    assert message in problem.message
