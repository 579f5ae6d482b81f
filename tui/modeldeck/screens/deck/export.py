"""What can be taken out of the deck: a name to copy, a page to open, the table as CSV."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from modeldeck.domain.status.selection import PaneName
from modeldeck.render.cell import as_cell
from modeldeck.render.text import clean
from modeldeck.screens.deck.model import DeckModel
from modeldeck.widgets.table.source import TableSource

R = TypeVar("R")

_FORMULA = ("=", "+", "-", "@")


def name_of(model: DeckModel, pane: PaneName) -> str | None:
    """How other tools call what is selected: a run id, a model URI, `namespace/name`."""
    chosen = model.selection
    if pane is PaneName.RUNS:
        return chosen.run_id
    if pane is PaneName.VERSIONS and chosen.model is not None:
        return f"models:/{chosen.model}/{chosen.version}" if chosen.version else chosen.model
    return chosen.deployment


def page_of(model: DeckModel, pane: PaneName) -> str | None:
    """The selected object's page in MLflow's web interface, or Prometheus' graph of what the live pane shows."""
    environment, chosen, run = model.environment, model.selection, model.run
    mlflow = _page(environment.mlflow.uri) if environment.mlflow and environment.mlflow.uri.startswith("http") else None
    if pane is PaneName.RUNS and mlflow and run:
        return f"{mlflow}/#/experiments/{quote(run.experiment_id)}/runs/{quote(run.id)}"
    if pane is PaneName.VERSIONS and mlflow and chosen.model:
        page = f"{mlflow}/#/models/{quote(chosen.model, safe='')}"
        return f"{page}/versions/{quote(chosen.version)}" if chosen.version else page
    prometheus = environment.prometheus.url if environment.prometheus else ""
    if pane is PaneName.LIVE and prometheus.startswith("http") and model.live and model.live.promql:
        query = next(iter(model.live.promql.values()))
        return f"{_page(prometheus)}/graph?g0.expr={quote(query)}"
    return None


def _page(address: str) -> str:
    """Without its query, which may hold a token."""
    return address.partition("?")[0].partition("#")[0].rstrip("/")


def save(path: Path, text: str) -> None:
    """A new file, private to the user. Raises OSError, also where something stands there already, be it a link to elsewhere."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def as_csv(source: TableSource[R], rows: Sequence[R]) -> str:
    """All columns and the rows that pass the filter, in the order in which they are seen."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.label or column.key for column in source.columns])
    for row in rows:
        writer.writerow([_harmless(clean(as_cell(column.cell(row)).text)) for column in source.columns])
    return out.getvalue()


def _harmless(text: str) -> str:
    """A spreadsheet runs a cell that begins like a formula: names come from anybody. Numbers stay numbers."""
    if not text.startswith(_FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return "'" + text
    return text
