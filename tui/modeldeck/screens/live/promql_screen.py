"""The PromQL that the charts of the live screen come from, in full, to read and to copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from modeldeck.domain.metrics.charts.by_version import query_name
from modeldeck.domain.metrics.charts.chart_kind import NAMES, ChartKind
from modeldeck.domain.metrics.charts.edited_queries import LONGEST_QUERY, QueryEdit
from modeldeck.domain.metrics.charts.heatmap import BUCKETS
from modeldeck.live.deployment_charts import SpanCharts
from modeldeck.render import numbers
from modeldeck.render.cell import Cell, Line
from modeldeck.render.fold import flow
from modeldeck.screens.deck.messages import CopyRequested
from modeldeck.screens.live.view import span
from modeldeck.screens.shared.ask import Prompt
from modeldeck.screens.shared.framed import FramedScreen
from modeldeck.widgets.content.text_view import TextView
from modeldeck.widgets.footer import Footer
from modeldeck.widgets.pane.frame import PaneHead
from modeldeck.widgets.pane.pane import Pane

_HANG = 3
NO_EDITS: Mapping[str, str] = MappingProxyType({})


def names_of(charts: SpanCharts) -> tuple[str, ...]:
    """The queries that there are, in the order of their numbers."""
    versions = [version.name for version in charts.query.versions]
    each = (each for kind in ChartKind for name in NAMES[kind] for each in (name, *(query_name(name, version) for version in versions)))
    return tuple(name for name in (*each, BUCKETS) if name in charts.promql)


def promql_lines(charts: SpanCharts, edited: Mapping[str, str] = NO_EDITS, chosen: int = -1) -> Sequence[Line]:
    """A head for each query, the query as one line (edited where it is), why nothing is drawn of it, and how charts come from answers."""
    asked = f"over {span(charts.start, charts.end)}, every {numbers.duration(charts.step)} (api/v1/query_range)"
    lines: list[Line] = [(Cell(asked, "muted"),)]
    for number, name in enumerate(names_of(charts), 1):
        sign = "▸" if number == chosen + 1 else " "
        head = (Cell(f"{number}{sign} ", "key"), Cell(name, "strong"), Cell("  edited" if name in edited else "", "warn"))
        lines += [(Cell(""),), head, (Cell(" " * _HANG), Cell(edited.get(name, charts.promql[name])))]
        if name in edited and name in charts.refused:
            lines.append((Cell(" " * _HANG), Cell(f"! {charts.refused[name]}", "warn")))
    told = [(kind, charts.computed[kind]) for kind in ChartKind if kind in charts.computed]
    if told:
        lines.append((Cell(""),))
    return [*lines, *((Cell("·  ", "muted"), Cell(f"{kind} drawn: ", "muted"), Cell(how)) for kind, how in told)]


class PromqlScreen(FramedScreen[QueryEdit | None]):
    """A number copies the query that it stands before. Dismisses with what the chosen one is to be instead."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", id="promql.leave"),
        Binding("1", "copy_query(0)", "Copy", id="promql.copy", key_display="1 – 9", tooltip="The query with that number"),
        Binding("tab", "choose(1)", "Choose", id="promql.next", tooltip="The next query, to edit"),
        Binding("shift+tab", "choose(-1)", "The query before", id="promql.previous", show=False),
        Binding("e,enter", "edit", "Edit", id="promql.edit", tooltip="Only for the charts of the live screen, until it is left"),
        Binding("r", "restore", "Restore", id="promql.restore", tooltip="The chart's own query"),
        *(Binding(str(number), f"copy_query({number - 1})", f"Copy the one of {number}", show=False) for number in range(2, 10)),
    ]

    def __init__(self, key: str, charts: SpanCharts, edited: Mapping[str, str] = NO_EDITS) -> None:
        super().__init__()
        self._key, self._charts, self._edited, self._chosen = key, charts, edited, 0

    def compose(self) -> ComposeResult:
        yield Pane(TextView(id="text"), PaneHead(title="PromQL", detail=self._key), filterable=False)
        yield Footer()

    def on_mount(self) -> None:
        self.query_one("#text").focus()

    def on_resize(self, _event: events.Resize) -> None:
        self.call_after_refresh(self._show)  # the view has its new width then

    def _show(self) -> None:
        view = self.query_one("#text", TextView)
        view.update_lines(flow(promql_lines(self._charts, self._edited, self._chosen), view.size.width, hang=_HANG))

    def action_copy_query(self, place: int) -> None:
        names = names_of(self._charts)
        if place < len(names):
            text = self._edited.get(names[place], self._charts.promql[names[place]])
            self.post_message(CopyRequested(text, name=f"the PromQL of {names[place]}"))

    @property
    def _chosen_name(self) -> str | None:
        return next(iter(names_of(self._charts)[self._chosen :]), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "edit":
            return True if self._chosen_name not in (None, BUCKETS) else None
        if action == "restore":
            return True if self._chosen_name in self._edited else None
        return True

    def action_choose(self, by: int) -> None:
        self._chosen = (self._chosen + by) % max(1, len(names_of(self._charts)))
        self._show()
        self.refresh_bindings()

    def action_edit(self) -> None:
        if (name := self._chosen_name) is None:
            return

        def answered(text: str | None) -> None:
            if text is not None and len(text) > LONGEST_QUERY:
                self.say(Cell(f"no more than {LONGEST_QUERY} characters", "warn"))
            elif text is not None:
                own = text == self._charts.promql[name]
                self.dismiss(QueryEdit(name, "" if own else text))

        asked = (Cell("For the charts of this screen alone, until it is left. One line is drawn: the answer must be one series."),)
        text = self._edited.get(name, self._charts.promql[name])
        self.app.push_screen(Prompt(f"The PromQL of {name}", (asked,), text, longest=LONGEST_QUERY), answered)

    def action_restore(self) -> None:
        if self._chosen_name is not None:
            self.dismiss(QueryEdit(self._chosen_name, ""))

    def action_leave(self) -> None:
        self.dismiss(None)
