from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from modeldeck.domain.environments import PrometheusTarget
from modeldeck.domain.status.selection import PaneName
from modeldeck.live.hub import Topic
from modeldeck.screens.deck.export import as_csv, name_of, page_of, save
from modeldeck.screens.deck.model import DeckModel
from modeldeck.screens.deck.panes import run_rows
from tests.support import sample


def model() -> DeckModel:
    made = DeckModel(sample.ENVIRONMENT)
    for topic, value in ((Topic.RUNS, sample.RUNS), (Topic.REGISTRY, sample.REGISTRY), (Topic.FLEET, sample.FLEET)):
        made.receive(topic, sample.reading(value))
    made.seed()
    return made


def test_names_are_those_that_other_tools_use() -> None:
    deck = model()
    assert name_of(deck, PaneName.VERSIONS) == "models:/iris/7"
    assert name_of(deck, PaneName.DEPLOYMENTS) == "serving/iris"
    assert name_of(deck, PaneName.RUNS) == f"{6:032x}"


def test_pages_lead_to_mlflow() -> None:
    deck = model()
    assert page_of(deck, PaneName.VERSIONS) == "http://mlflow/#/models/iris/versions/7"
    assert page_of(deck, PaneName.RUNS) == f"http://mlflow/#/experiments/1/runs/{6:032x}"
    assert page_of(deck, PaneName.DEPLOYMENTS) is None


@pytest.mark.parametrize(
    ("url", "page"), [("https://p/?k=1", "https://p/graph?g0.expr=up"), ("kubernetes://monitoring/prometheus:9090", None)]
)
def test_what_prometheus_draws_has_a_page_where_a_browser_can_reach_it(url: str, page: str | None) -> None:
    deck = model()
    deck.environment = replace(sample.ENVIRONMENT, prometheus=PrometheusTarget(url))
    deck.receive(Topic.LIVE, sample.reading(replace(sample.charts(), promql={"p99": "up"})))
    assert page_of(deck, PaneName.LIVE) == page


def test_a_saved_table_cannot_run_in_a_spreadsheet() -> None:
    runs = (replace(sample.run(4), name="=cmd|'/c calc'!A1"), replace(sample.run(5), name="plain, with comma"))
    rows = run_rows.rows(runs, None, sample.NOW)
    text = as_csv(run_rows.source(runs, {}, empty="", show_experiment=False), rows)
    head, first, second = text.splitlines()
    assert head.startswith("run,when,state,accuracy")
    assert first.startswith("'=cmd")
    assert second.startswith('"plain, with comma"')


def test_a_page_holds_nothing_of_the_address_query() -> None:
    made = model()
    target = replace(sample.ENVIRONMENT.mlflow, uri="http://mlflow/base/?token=secret#x")  # type: ignore[type-var]
    made.environment = replace(sample.ENVIRONMENT, mlflow=target)
    assert page_of(made, PaneName.VERSIONS) == "http://mlflow/base/#/models/iris/versions/7"


def test_what_is_saved_is_a_new_file_of_this_user_alone(tmp_path: Path) -> None:
    save(tmp_path / "new.csv", "a,b")
    assert (tmp_path / "new.csv").read_text() == "a,b"
    assert stat.S_IMODE((tmp_path / "new.csv").stat().st_mode) == 0o600
    (tmp_path / "link.csv").symlink_to(tmp_path / "elsewhere")
    for name in ("new.csv", "link.csv"):
        with pytest.raises(FileExistsError):
            save(tmp_path / name, "other")
    assert not (tmp_path / "elsewhere").exists()
