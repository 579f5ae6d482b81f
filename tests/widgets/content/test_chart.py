from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest

from modeldeck.render.cell import Cell
from modeldeck.render.charts.chart import chart_lines
from modeldeck.render.charts.chart_data import ChartData, ChartSeries
from modeldeck.widgets.content import chart as chart_module
from modeldeck.widgets.content.chart import Chart
from modeldeck.widgets.content.state import Unavailable
from tests.widgets.examples import Stage, screen_text

T0 = 1_700_000_000.0


def data(title: str, *values: float) -> ChartData:
    return ChartData((ChartSeries("p99", tuple((T0 + 60 * n, value) for n, value in enumerate(values))),), title=title, tz=UTC)


async def test_charts_stand_over_each_other_and_side_by_side_when_wide() -> None:
    for width, together in ((60, False), (120, True)):
        chart = Chart()
        app = Stage(chart)
        async with app.run_test(size=(width, 24)) as pilot:
            chart.set_series(
                [data("latency", 1, 2, 3), data("requests", 3, 2, 1)], above=[(Cell("p99 41 ms", "strong"),)], below=[(Cell("gate: –"),)]
            )
            await pilot.pause()
            lines = screen_text(app)
            assert lines[0].startswith("p99 41 ms")
            assert lines[-1].startswith("gate: –")
            assert any("latency" in line and "requests" in line for line in lines) is together


async def test_without_a_chart_it_says_so() -> None:
    chart = Chart()
    app = Stage(chart)
    async with app.run_test(size=(60, 7)) as pilot:
        chart.empty = "no metrics for this deployment"
        await pilot.pause()
        assert "no metrics for this deployment" in screen_text(app)[1]


async def test_charts_that_do_not_fit_are_left_out() -> None:
    chart = Chart()
    app = Stage(chart)
    async with app.run_test(size=(60, 7)) as pilot:
        chart.set_series([data("latency", 1, 2, 3), data("requests", 3, 2, 1)])
        await pilot.pause()
        text = "\n".join(screen_text(app))
        assert "latency" in text
        assert "requests" not in text


async def test_equal_data_and_hidden_charts_are_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def record(chart: ChartData, *size: int) -> Any:
        drawn.append(chart.title)
        return chart_lines(chart, *size)

    monkeypatch.setattr(chart_module, "chart_lines", record)
    chart = Chart()
    app = Stage(chart)
    async with app.run_test(size=(60, 12)) as pilot:
        chart.set_series([data("latency", 1, 2, 3)])
        await pilot.pause()
        drawn.clear()
        chart.set_series([data("latency", 1, 2, 3)])
        await pilot.pause()
        assert drawn == []
        chart.display = False
        await pilot.pause()
        chart.set_series([data("latency", 1, 2, 4)])
        await pilot.pause()
        assert drawn == []
        chart.display = True
        await pilot.pause()
        assert drawn == ["latency"]


async def test_the_cursor_reads_values_at_a_time_and_leaves() -> None:
    chart = Chart()
    app = Stage(chart)
    async with app.run_test(size=(60, 12)) as pilot:
        chart.set_series([data("latency", 1, 2, 3)])
        chart.focus()
        await pilot.press("left", "left")
        await pilot.pause()
        moved = app.of(Chart.CursorMoved)
        assert moved[0].at == T0 + 120
        assert T0 < moved[1].at < T0 + 120
        assert "22:1" in screen_text(app)[0]
        await pilot.press("escape")
        assert chart.cursor is None
        assert app.of(Chart.CursorMoved)[-1].at is None


async def test_unavailable_covers_the_chart() -> None:
    chart = Chart()
    app = Stage(chart)
    async with app.run_test(size=(60, 12)) as pilot:
        chart.set_series([data("latency", 1, 2, 3)])
        chart.state = Unavailable("connection refused", "start Prometheus")
        await pilot.pause()
        text = "\n".join(screen_text(app))
        assert "start Prometheus" in text
        assert "latency" not in text
