"""What it costs to draw: charts of many points, anew and with one more sample."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence

from textual.app import App, ComposeResult

from modeldeck.render import numbers
from modeldeck.render.cell import Cell
from modeldeck.render.charts.chart_data import ChartData, ChartSeries
from modeldeck.render.charts.stack import StackedChart
from modeldeck.themes import choose_theme
from modeldeck.widgets.content.chart_stack import ChartStack
from tests.bench.measures import percentile

CHARTS, POINTS, STEP = 4, 500, 15.0
SIZE = (120, 40)


def stacked(samples: int) -> Sequence[StackedChart]:
    """CHARTS of three lines with POINTS each, up to that sample."""
    times = [STEP * sample for sample in range(samples - POINTS, samples)]
    lines = [tuple((at, 0.1 * number + 0.05 * math.sin(at / 700 + number)) for at in times) for number in range(1, 4)]
    series = tuple(ChartSeries(name, points) for name, points in zip(("p50", "p90", "p99"), lines, strict=True))
    data = ChartData(series, start=times[0], end=times[-1], format=numbers.duration, gap=3 * STEP)
    return [StackedChart(data, (Cell(f"chart {number}"),), (Cell("max"),)) for number in range(CHARTS)]


class _Stage(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.stack = ChartStack()

    def on_load(self) -> None:
        theme, _ = choose_theme("dark", no_color=False)
        self.register_theme(theme)
        self.theme = theme.name

    def compose(self) -> ComposeResult:
        yield self.stack


def repaint(times: int) -> float:
    """Seconds of processor to lines that can be written, the median of so many: a busy machine does not inflate them."""
    return asyncio.run(_repaint(times))


async def _repaint(times: int) -> float:
    spent: list[float] = []
    app = _Stage()
    async with app.run_test(size=SIZE) as pilot:
        for sample in range(POINTS, POINTS + times):
            charts = stacked(sample)
            began = time.thread_time()
            app.stack.update_charts(charts)
            spent.append(time.thread_time() - began)
            await pilot.pause()
    return percentile(spent[1:], 0.5)
