"""What is not known is a dash, never 0; and what is doubtful stands below the table."""

from __future__ import annotations

from modeldeck.cli.drift.output import drift_json, drift_text
from modeldeck.domain.drift.comparison import Doubt, not_compared
from modeldeck.domain.drift.findings import CountedWindow, DeploymentDrift, HistogramDrift, Role
from modeldeck.domain.drift.settings import baseline_of

UNKNOWN = not_compared("no version before is known").with_warning(Doubt.NOT_FINITE, "a value was NaN")
ONE = HistogramDrift("age", Role.INPUT, UNKNOWN, "the version before", CountedWindow(1.0, 2.0, None, "q"))
FOUND = DeploymentDrift("serving/iris", baseline_of("previous"), (ONE,))


def test_nothing_known() -> None:
    text = drift_text((FOUND, DeploymentDrift("serving/wine", baseline_of("7d"))))
    _, row, _, *told = text.splitlines()
    assert row.split() == ["serving/iris", "age", "input", "unknown", *"–––––––", "the", "version", "before"]
    assert told == [
        "serving/iris age: no version before is known",
        "serving/iris age: a value was NaN",
        "",
        "no histogram is known of serving/wine: name some in the configuration (drift.histograms)",
    ]


def test_as_data_it_is_null() -> None:
    (found,) = drift_json(FOUND)["histograms"]
    assert {found[key] for key in ("psi", "noise", "ks", "js", "wasserstein", "values", "baseline_values", "bins", "baseline_window")} == {
        None
    }
    assert found["warnings"] == [{"kind": "not_finite", "message": "a value was NaN"}]


def test_no_deployments() -> None:
    assert drift_text(()) == "no deployments"
