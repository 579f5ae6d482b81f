"""The PromQL that the charts of the live screen come from, in full, to read and to copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from modeldeck.domain.metrics.charts.by_version import query_name
from modeldeck.domain.metrics.charts.chart_kind import NAMES, ChartKind
from modeldeck.domain.metrics.charts.heatmap import BUCKETS
from modeldeck.live.deployment_charts import SpanCharts
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line
from modeldeck.render.fold import flow
from modeldeck.screens.deck.messages import CopyRequested
from modeldeck.screens.live.view import span
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.widgets.content.text_view import TextView
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane

_HANG = 3


def names_of(charts: SpanCharts) -> tuple[str, ...]:
    """The queries that there are, in the order of their numbers."""
    versions = [version.name for version in charts.query.versions]
    each = (each for kind in ChartKind for name in NAMES[kind] for each in (name, *(query_name(name, version) for version in versions)))
    return tuple(name for name in (*each, BUCKETS) if name in charts.promql)


def promql_lines(charts: SpanCharts) -> Sequence[Line]:
    """A head for each query, the query as one line, and how the charts come from their answers."""
    asked = f"over {span(charts.start, charts.end)}, every {numbers.duration(charts.step)} (api/v1/query_range)"
    lines: list[Line] = [(Cell(asked, "muted"),)]
    for number, name in enumerate(names_of(charts), 1):
        lines += [(Cell(""),), (Cell(f"{number}  ", "key"), Cell(name, "strong")), (Cell(" " * _HANG), Cell(charts.promql[name]))]
    told = [(kind, charts.computed[kind]) for kind in ChartKind if kind in charts.computed]
    if told:
        lines.append((Cell(""),))
    return [*lines, *((Cell("·  ", "muted"), Cell(f"{kind} drawn: ", "muted"), Cell(how)) for kind, how in told)]


class PromqlScreen(FramedScreen[None]):
    """A number copies the query that it stands before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="promql.leave"),
        Binding("1", "copy_query(0)", "Copy", id="promql.copy", key_display="1 – 9", tooltip="The query with that number"),
        *(Binding(str(number), f"copy_query({number - 1})", f"Copy the one of {number}", show=False) for number in range(2, 10)),
    ]

    def __init__(self, key: str, charts: SpanCharts) -> None:
        super().__init__()
        self._key, self._charts = key, charts

    def compose(self) -> ComposeResult:
        yield Pane(TextView(id="text"), PaneHead(title="PromQL", detail=self._key), filterable=False)
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#text").focus()

    def on_resize(self, _event: events.Resize) -> None:
        self.call_after_refresh(self._show)  # the view has its new width then

    def _show(self) -> None:
        view = self.query_one("#text", TextView)
        view.update_lines(flow(promql_lines(self._charts), view.size.width, hang=_HANG))

    def action_copy_query(self, place: int) -> None:
        names = names_of(self._charts)
        if place < len(names):
            self.post_message(CopyRequested(self._charts.promql[names[place]], name=f"the PromQL of {names[place]}"))

    def action_leave(self) -> None:
        self.dismiss(None)
