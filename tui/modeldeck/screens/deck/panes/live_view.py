"""What the live pane shows of the model: figures, charts, and a word where there is nothing to chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modeldeck.domain.status.version_changes import version_changes
from modeldeck.live.hub import Topic
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line
from modeldeck.render.charts.chart_data import ChartData
from modeldeck.render.metrics import live as render
from modeldeck.screens.deck.model import DeckModel

CHARTS_FROM = 22
"""Lines of height from which requests and errors get charts of their own below the latency."""


@dataclass(frozen=True, slots=True)
class LiveView:
    detail: str
    figure: str
    charts: tuple[ChartData, ...] = ()
    above: tuple[Line, ...] = ()
    below: tuple[Line, ...] = ()


def live_view(model: DeckModel, window: float, progress: Sequence[Line], height: int) -> LiveView:
    """Charts of another deployment than the selected one are not shown, not even for the moment until the right ones come."""
    key = model.selection.deployment or ""
    detail = f"{key} · last {numbers.duration(window)}" if key else ""
    if progress:
        return LiveView("sandbox coming up", "", above=tuple(progress))
    charts, figure, below = _charts(model, key, window)
    stats = model.reading(Topic.STATS)
    scraped = stats.value.scraped if stats is not None and stats.value is not None else None
    if key and scraped is not None and key not in scraped:
        below = ((Cell("no metrics of a known model server here: see `modeldeck doctor`", "muted"),),)
    if height < CHARTS_FROM:
        charts = charts[:1]
    return LiveView(detail, figure, charts, (render.headline(model.row, charts),) if key else (), below)


def _charts(model: DeckModel, key: str, window: float) -> tuple[tuple[ChartData, ...], str, tuple[Line, ...]]:
    live = model.live
    if live is None or f"{live.query.namespace}/{live.query.deployment}" != key or live.query.window != window:
        return (), "", ()
    changes = version_changes(model.fleet, key, model.environment.patterns) if model.fleet else ()
    charts = render.charts(live.points, changes, start=live.start, end=live.end, step=live.step)
    warnings = tuple((Cell(f"! {text}", "warn"),) for text in live.warnings)
    return charts, f"step {numbers.duration(live.step)}", warnings
