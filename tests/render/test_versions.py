"""Model versions as cells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modeldeck.domain.mlflow.registry import ModelVersion
from modeldeck.domain.status.serving_row import LiveVersion, ServingRow
from modeldeck.render import versions
from modeldeck.render.cell import Cell
from tests.render.test_deployments import ROW

VERSION = ModelVersion("iris", "7", "r1", "READY", "None", 1000.0, "")


def test_aliases_stand_together() -> None:
    assert versions.aliases(VERSION).text == ""
    assert versions.aliases(replace(VERSION, aliases=("champion", "shadow"))) == Cell("champion, shadow", "alias")


@pytest.mark.parametrize(("stage", "text"), [("", ""), ("None", ""), ("Production", "Production")])
def test_a_stage_is_shown_where_there_is_one(stage: str, text: str) -> None:
    assert versions.stage(replace(VERSION, stage=stage)).text == text


@pytest.mark.parametrize(
    ("status", "role"), [("READY", "ok"), ("PENDING_REGISTRATION", "warn"), ("FAILED_REGISTRATION", "bad"), ("SOMETHING_NEW", "warn")]
)
def test_a_version_that_is_not_ready_says_so_in_text_too(status: str, role: str) -> None:
    cell = versions.status(replace(VERSION, status=status))
    assert cell.role == role
    assert (cell.text == "✔") == (status == "READY")


def test_its_age() -> None:
    assert versions.when(VERSION, 1060.0).text == "1 m"
    assert versions.when(replace(VERSION, created_at=None), 1060.0).text == "–"


def test_a_metric_is_its_runs_and_unknown_where_that_is_not_loaded() -> None:
    metrics = {"r1": {"accuracy": 0.0}, "": {"accuracy": 9.0}}
    assert versions.metric(VERSION, "accuracy", metrics).text == "0.0000"
    assert versions.metric(VERSION, "loss", metrics) == Cell("–", "muted")
    assert versions.metric(replace(VERSION, run_id="r2"), "accuracy", metrics) == Cell("–", "muted")


def rows(*live: LiveVersion, model: str = "iris") -> ServingRow:
    return replace(ROW, model=model, live=live)


@pytest.mark.parametrize(
    ("serving", "cell"),
    [
        ([rows(LiveVersion("7", 2, 2), LiveVersion("6", 3, 3)), rows(LiveVersion("7", 1, 1))], Cell("3/3 pods", "ok")),
        ([rows(LiveVersion("7", 2, 1))], Cell("1/2 pods", "warn")),
        ([rows(LiveVersion("7", 2, 2), model="wine")], Cell("–", "muted")),
        ([rows(LiveVersion("7", 0, 0))], Cell("–", "muted")),
        ([], Cell("–", "muted")),
    ],
)
def test_how_many_pods_serve_it(serving: list[ServingRow], cell: Cell) -> None:
    assert versions.serving(VERSION, serving) == cell
