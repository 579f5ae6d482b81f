from __future__ import annotations

from typing import Any

import pytest
from textual import events

from modeldeck.render.cell import Cell
from modeldeck.render.charts.chart_data import ChartData, ChartSeries
from modeldeck.render.charts.stack import StackedChart, stack_lines
from modeldeck.widgets.content import chart_stack as module
from modeldeck.widgets.content.chart_stack import ChartStack
from modeldeck.widgets.content.state import Unavailable
from tests.widgets.examples import Stage, screen_text

T0 = 1_700_000_000.0


class Listening(Stage):
    def on_chart_stack_scrolled(self, message: ChartStack.Scrolled) -> None:
        self.hear(message)


def stacked(*values: float) -> StackedChart:
    data = ChartData((ChartSeries("p99", tuple((T0 + 60 * n, value) for n, value in enumerate(values))),))
    return StackedChart(data, (Cell("latency"),), (Cell("max 3"),))


async def test_lines_stand_around_the_charts() -> None:
    stack = ChartStack()
    app = Stage(stack)
    async with app.run_test(size=(60, 14)) as pilot:
        stack.update_charts([stacked(1, 2, 3)], above=[(Cell("since 8"),)], below=[(Cell("! partial"),)])
        await pilot.pause()
        lines = screen_text(app)
        assert lines[0].startswith("since 8")
        assert lines[1].startswith("latency")
        assert lines[-1].startswith("! partial")


async def test_equal_charts_are_not_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def record(charts: Any, *size: int) -> Any:
        drawn.append(len(charts))
        return stack_lines(charts, *size)

    monkeypatch.setattr(module, "stack_lines", record)
    stack = ChartStack()
    app = Stage(stack)
    async with app.run_test(size=(60, 14)) as pilot:
        stack.update_charts([stacked(1, 2, 3)])
        await pilot.pause()
        drawn.clear()
        stack.update_charts([stacked(1, 2, 3)])
        await pilot.pause()
        assert drawn == []
        stack.update_charts([stacked(1, 2, 4)])
        await pilot.pause()
        assert drawn == [1]


async def test_words_cover_it_and_the_wheel_is_told() -> None:
    stack = ChartStack()
    app = Listening(stack)
    async with app.run_test(size=(60, 14)) as pilot:
        stack.update_charts([stacked(1, 2, 3)])
        for wheel in (events.MouseScrollDown, events.MouseScrollUp):
            await pilot._post_mouse_events([wheel], stack, button=0)
        assert [message.by for message in app.of(ChartStack.Scrolled)] == [1, -1]
        stack.state = Unavailable("connection refused", "start Prometheus")
        await pilot.pause()
        assert "start Prometheus" in "\n".join(screen_text(app))
