"""The PromQL in full: whole at any width, and copied as it is asked."""

from __future__ import annotations

import pytest
from textual.message import Message

from modeldeck.domain.metrics.charts.chart_kind import ChartKind
from modeldeck.live.deployment_charts import SpanCharts, SpanQuery
from modeldeck.render.cell import line_text
from modeldeck.screens.deck.messages import CopyRequested
from modeldeck.screens.live.promql_screen import PromqlScreen, names_of, promql_lines
from tests.support import sample
from tests.support.staging import Stage, settled

LONG = (
    "histogram_quantile(0.99, sum by (le) (rate(http_request_duration_highr_seconds_bucket"
    '{namespace="serving",pod=~"iris-[a-z0-9]+-[a-z0-9]{5}"}[60s])))'
)
CHARTS = SpanCharts(
    SpanQuery(1800.0),
    sample.NOW - 1800.0,
    sample.NOW,
    sample.NOW,
    15.0,
    {},
    {"errors": "sum (rate(errors[60s]))", "requests": "sum (rate(requests[60s]))", "p99": LONG},
    computed={ChartKind.ERRORS: "errors ÷ requests"},
)


class Copying(Stage):
    def __init__(self) -> None:
        super().__init__(lambda: PromqlScreen("serving/iris", CHARTS))
        self.copied: list[CopyRequested] = []

    def on_copy_requested(self, message: Message) -> None:
        assert isinstance(message, CopyRequested)
        self.copied.append(message)


def test_the_queries_stand_in_the_order_of_the_charts_with_how_they_are_drawn() -> None:
    assert names_of(CHARTS) == ("p99", "requests", "errors")
    lines = [line_text(line).strip() for line in promql_lines(CHARTS)]
    assert lines[0] == "over Jan 15 07:30:00 – 08:00:00, every 15 s (api/v1/query_range)"
    assert lines[2:4] == ["1  p99", LONG]
    assert lines[-1] == "·  errors drawn: errors ÷ requests"


@pytest.mark.parametrize("width", [40, 80, 200])
async def test_a_query_is_whole_at_any_width(width: int) -> None:
    app = Copying()
    async with app.run_test(size=(width, 40)) as pilot:
        await settled(pilot)
        shown = "".join(line.strip("│ ") for line in app.text().splitlines())
        assert LONG.replace(" ", "") in shown.replace(" ", "")


async def test_a_number_copies_its_query_and_others_nothing() -> None:
    app = Copying()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("1", "3", "5")
        await settled(pilot)
        assert [(message.text, message.name) for message in app.copied] == [
            (LONG, "the PromQL of p99"),
            ("sum (rate(errors[60s]))", "the PromQL of errors"),
        ]
        await pilot.press("escape")
        await settled(pilot)
        assert app.chosen is None
