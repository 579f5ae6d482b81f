from __future__ import annotations

from dataclasses import replace

from tests.support import sample
from tui.domain.selection import Pane
from tui.live.hub import Topic
from tui.screens.deck import run_rows
from tui.screens.deck.handing_over import as_csv, name_of, page_of
from tui.screens.deck.model import DeckModel


def model() -> DeckModel:
    made = DeckModel(sample.ENVIRONMENT)
    for topic, value in ((Topic.RUNS, sample.RUNS), (Topic.REGISTRY, sample.REGISTRY), (Topic.FLEET, sample.FLEET)):
        made.receive(topic, sample.reading(value))
    made.seed()
    return made


def test_names_are_those_that_other_tools_use() -> None:
    deck = model()
    assert name_of(deck, Pane.VERSIONS) == "models:/iris/7"
    assert name_of(deck, Pane.DEPLOYMENTS) == "serving/iris"
    assert name_of(deck, Pane.RUNS) == f"{6:032x}"


def test_pages_lead_to_mlflow() -> None:
    deck = model()
    assert page_of(deck, Pane.VERSIONS) == "http://mlflow/#/models/iris/versions/7"
    assert page_of(deck, Pane.RUNS) == f"http://mlflow/#/experiments/1/runs/{6:032x}"
    assert page_of(deck, Pane.DEPLOYMENTS) is None


def test_a_saved_table_cannot_run_in_a_spreadsheet() -> None:
    runs = (replace(sample.run(4), name="=cmd|'/c calc'!A1"), replace(sample.run(5), name="plain, with comma"))
    rows = run_rows.rows(runs, None, sample.NOW)
    text = as_csv(run_rows.source(runs, {}, empty="", show_experiment=False), rows)
    head, first, second = text.splitlines()
    assert head.startswith("run,when,state,accuracy")
    assert first.startswith("'=cmd")
    assert second.startswith('"plain, with comma"')
