"""One thing in full."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from modeldeck.domain.alerts.alert import Alert, AlertState
from modeldeck.domain.failures import Faulty
from modeldeck.domain.kubernetes.workloads import Condition, Event
from modeldeck.domain.links.links import LINK_ANNOTATION, LinkPatterns
from modeldeck.domain.mlflow.registry import ModelVersion
from modeldeck.domain.mlflow.runs import Artifact, MetricPoint, Run, RunDetails, RunStatus
from modeldeck.domain.status.serving_row import Code, Disagreement, ServingRow
from modeldeck.render.cell import Line, line_text
from modeldeck.render.describe import compare_lines, deployment_lines, moment, plain_lines, run_lines, table, version_lines
from tests.domain.links.templates import container, deployment, template
from tests.render.test_deployments import LINK, ROW
from tests.render.test_runs import NOW, run

VERSION = ModelVersion("iris", "7", "r", "READY", "None", NOW - 60, "runs:/r/model")


def texts(lines: list[Line]) -> list[str]:
    return [line_text(line).rstrip() for line in lines]


def of(name: str, lines: list[Line]) -> str:
    """The value that stands beside a name."""
    return next(text.strip().removeprefix(name).strip() for text in texts(lines) if text.strip().startswith(name))


@pytest.mark.parametrize("at", [1e18, -1e18, 1e300])
def test_a_time_beyond_every_calendar_breaks_nothing(at: float) -> None:
    assert run_lines(RunDetails(Run("r", "r", "e", RunStatus.RUNNING, at, at)), (), NOW)


def test_a_history_that_cannot_be_had_is_told() -> None:
    details = RunDetails(run(), missing=Faulty("it broke", backend="MLflow"))
    assert any("MLflow: it broke" in cell.text for line in run_lines(details, (), NOW) for cell in line)


@pytest.mark.parametrize("state", RunStatus)
def test_a_runs_state_is_said_once_and_in_full(state: RunStatus) -> None:
    assert of("state", run_lines(RunDetails(run(state)), (), NOW)).lower().count(state.lower()) == 1


def test_a_table_is_sorted_and_keeps_the_lines_of_its_values() -> None:
    assert texts(table({"b": "two\nlines", "a": ""})) == ["  a", f"  {'b':<24} two", " " * 27 + "lines"]
    assert texts(table({})) == ["  none"]


def test_a_moment_has_its_age() -> None:
    assert moment(NOW - 7200, NOW).text == "2027-01-15 06:00:00 (2 h ago)"
    assert moment(None, NOW).text == "–"


def test_which_versions_a_run_is_registered_as() -> None:
    others = (VERSION, replace(VERSION, version="8"), replace(VERSION, version="9", run_id="other"))
    assert of("registered as", run_lines(RunDetails(run()), others, NOW)) == "iris v7, iris v8"
    assert of("registered as", run_lines(RunDetails(run()), (), NOW)) == "not registered"


def test_a_history_is_drawn_from_two_points_on() -> None:
    found = replace(run(), metrics={"loss": 0.5, "accuracy": 0.9})
    points = [MetricPoint(step, 0.0, value) for step, value in enumerate((1.0, math.nan, 0.5))]
    lines = run_lines(RunDetails(found, {"loss": tuple(points), "accuracy": tuple(points[:1])}), (), NOW)
    assert of("loss", lines).endswith("3 points")
    assert of("accuracy", lines) == "0.9000"


def test_artifacts_are_folders_or_have_a_size() -> None:
    lines = run_lines(RunDetails(run(), artifacts=(Artifact("model", True, None), Artifact("notes.txt", False, 11))), (), NOW)
    assert of("folder", lines) == "model/"
    assert of("11 B", lines) == "notes.txt"


def test_where_a_version_serves() -> None:
    assert of("serving/iris", version_lines(VERSION, None, (ROW,), NOW)) == "2/2 pods ready  r1"
    assert "  nowhere" in texts(version_lines(replace(VERSION, version="6"), None, (ROW,), NOW))


def test_a_version_shows_its_run_where_that_is_loaded() -> None:
    found = replace(run(), name="fox", metrics={"accuracy": 0.9}, params={"depth": "3"})
    lines = version_lines(VERSION, found, (), NOW)
    assert (of("from run", lines), of("accuracy", lines), of("depth", lines)) == ("fox  r", "0.9000", "3")
    assert of("from run", version_lines(VERSION, None, (), NOW)) == "r"


IRIS = deployment("iris", template(container(env={"MODEL_URI": "models:/iris/7"})))


def described(row: ServingRow | None = ROW, events: tuple[Event, ...] = ()) -> list[Line]:
    return deployment_lines(IRIS, row, (), (), events, LinkPatterns(), NOW)


def test_a_link_is_told_with_its_place_and_an_uncertain_one_with_what_to_do() -> None:
    assert of("link", described()) == "env-uri at /spec"
    uncertain = replace(ROW, link=None, references=(LINK,))
    assert LINK_ANNOTATION in of("link", described(uncertain))
    assert "models:/iris/7" in "\n".join(texts(described(uncertain)))
    assert of("link", described(replace(ROW, link=None))) == "no link to a model version found"


def test_every_disagreement_stands_there() -> None:
    row = replace(ROW, disagreements=(Disagreement(Code.ALIAS_DIFFERS, "one"), Disagreement(Code.PODS_DIFFER, "two")))
    assert [text.split("! ")[1] for text in texts(described(row)) if "disagrees" in text] == ["one", "two"]


def test_alerts_are_told_and_that_they_are_not_known() -> None:
    alert = Alert("Errors", AlertState.FIRING, {}, NOW - 600, "too many fail")
    assert of("alert", described(replace(ROW, alerts=(alert,)))) == "Errors fires since 10 min: too many fail"
    assert of("alerts", described(replace(ROW, alerts=None))).startswith("not known")
    assert not any("alert" in text for text in texts(described()))


def test_without_a_row_the_rest_stands_there_all_the_same() -> None:
    lines = described(None)
    assert texts(lines)[0].startswith("serving/iris")
    assert not any(text.strip().startswith("link") for text in texts(lines))


def test_conditions_and_the_newest_event_first() -> None:
    events = tuple(
        Event(f"Reason{at}", "", "Pod", kind, NOW - at, 3, "kubelet") for at, kind in ((60, "Normal"), (5, "Warning"), (30, "Normal"))
    )
    lines = described(events=events)
    told = [text for text in texts(lines) if "Reason" in text]
    assert [text.split()[2] for text in told] == ["Reason5", "Reason30", "Reason60"]
    assert all("×3" in text for text in told)
    ready = replace(IRIS, conditions=(Condition("Available", "True", "Good", "all is"),))
    shown = deployment_lines(ready, None, (), (), (), LinkPatterns(), NOW)
    assert of("Available", shown) == "True   Good: all is"


def compared(*, only_different: bool) -> list[str]:
    one = replace(run(), name="fox", metrics={"accuracy": 0.9, "loss": 0.1}, params={"depth": "3", "seed": "1"})
    two: Run = replace(run(), name="owl", metrics={"accuracy": 0.8, "loss": 0.1}, params={"depth": "3"})
    return texts(compare_lines((one, two), only_different=only_different))


def of_line(lines: list[str], name: str) -> str:
    return next(line for line in lines if name in line)


def test_what_differs_has_a_sign_and_may_stand_alone() -> None:
    everything = compared(only_different=False)
    assert {name: of_line(everything, name).startswith("≠") for name in ("accuracy", "loss", "depth", "seed")} == {
        "accuracy": True,
        "loss": False,
        "depth": False,
        "seed": True,
    }
    different = " ".join(compared(only_different=True)).split()
    assert {"accuracy", "seed"} <= set(different)
    assert not {"loss", "depth"} & set(different)


def test_what_a_run_does_not_have_is_a_dash() -> None:
    assert of_line(compared(only_different=True), "seed").split()[-2:] == ["1", "–"]


def test_text_is_shown_a_line_a_line() -> None:
    assert texts(plain_lines("a\n\nb")) == ["a", "", "b"]
